"""Opens the vector store: a directory that one process owns, or a Chroma server."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from filelock import FileLock, Timeout

from service.domain import FloatArray, Hit, Row
from service.errors import BadSetting, NotReady, StoreLocked
from service.store.chroma import ChromaStore, row_of, similarity_of
from service.store.rows import RowCache

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.config import Settings

LOCK = "vifaq.lock"
OWNER = "vifaq.owner.json"
SERVER_TIMEOUT_S = 30.0


def open_embedded(path: Path) -> EmbeddedStore:
    """Open the index directory as its only owner.

    A second process on one directory would go on returning deleted rows without any error.
    The operating system frees the lock of a process that died.

    Raises StoreLocked that names the owner, or NotReady when the files are damaged.
    """
    path = path.resolve()
    path.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise StoreLocked(_locked_message(path)) from error
    try:
        return EmbeddedStore(path, lock)
    except sqlite3.DatabaseError as error:
        lock.release()
        raise NotReady(
            f"The index in {path} is damaged ({error}). Move that folder away and run: "
            "vifaq reindex (the FAQs are in the database, nothing is lost)"
        ) from error
    except BaseException:
        lock.release()
        raise


def open_server(url: str) -> ServerStore:
    """Connect to `chroma run` at http(s)://host:port.

    Raises BadSetting when the URL cannot be read or no Chroma server answers there.
    """
    import chromadb

    host, port, ssl = _read_url(url)
    try:
        client = chromadb.HttpClient(host=host, port=port, ssl=ssl, settings=_settings())
    except (ValueError, httpx.HTTPError) as error:
        raise BadSetting(
            f"VIFAQ_CHROMA_URL: no Chroma server answers at {url} ({error}). Start one with "
            f"`chroma run --host {host} --port {port} --path DIR`, or unset the variable to use "
            "the embedded index"
        ) from error
    return ServerStore(client)


class EmbeddedStore(ChromaStore):
    """A Chroma directory of one's own."""

    def __init__(self, path: Path, lock: FileLock) -> None:
        import chromadb

        self._path = path
        self._file_lock = lock
        _sweep(path)
        super().__init__(chromadb.PersistentClient(path, settings=_settings()))
        self._rows = RowCache(self._read_rows)
        self._write_owner(url=None)

    def announce(self, url: str) -> None:
        """Tell a process that finds the directory locked where this one answers over HTTP."""
        self._write_owner(url)

    def upsert(self, collection: str, rows: Sequence[Row], vectors: FloatArray, /) -> None:
        """Write rows, durable on return. vectors: (n, dim) float32, L2-normalised."""
        try:
            super().upsert(collection, rows, vectors)
        finally:
            self._rows.forget(collection)

    def drop(self, collection: str, /) -> None:
        """Remove a collection and its files; one that is already gone is fine."""
        super().drop(collection)
        self._rows.forget(collection)
        _sweep(self._path)

    def close(self) -> None:
        """Release files and lock; closing twice is fine."""
        super().close()
        if self._file_lock.is_locked:
            (self._path / OWNER).unlink(missing_ok=True)
            self._file_lock.release()

    def _nearest(self, collection: str, vectors: FloatArray, k: int, where: Any) -> list[list[Hit]]:
        answer: Any = self._open(collection).query(
            query_embeddings=vectors, n_results=k, where=where, include=["distances"]
        )
        rows = self._rows.get(collection, [row_id for ids in answer["ids"] for row_id in ids])
        return [
            [
                Hit(rows[row_id], similarity_of(distance))
                for row_id, distance in zip(ids, distances, strict=True)
                if row_id in rows  # else it was deleted a moment ago
            ]
            for ids, distances in zip(answer["ids"], answer["distances"], strict=True)
        ]

    def _read_rows(self, collection: str, row_ids: Sequence[str]) -> dict[str, Row]:
        answer: Any = self._open(collection).get(
            ids=list(row_ids), include=["metadatas", "documents"]
        )
        columns = zip(answer["ids"], answer["documents"], answer["metadatas"], strict=True)
        return {row_id: row_of(row_id, text, metadata) for row_id, text, metadata in columns}

    def _write_owner(self, url: str | None) -> None:
        draft = self._path / f"{OWNER}.tmp"
        draft.write_text(json.dumps({"pid": os.getpid(), "url": url}))
        draft.replace(self._path / OWNER)


class ServerStore(ChromaStore):
    """Collections on a Chroma server. Its HTTP client has no setting for what is done here."""

    def __init__(self, client: ClientAPI) -> None:
        super().__init__(client)
        inner: Any = client
        # Chroma opens a second connection pool, with which it only looks whether the database is
        # there.
        self._sessions: list[httpx.Client] = [
            inner._server._session,
            inner._admin_client._server._session,
        ]
        for session in self._sessions:
            # It would wait for ever: a server that hangs would take every thread along.
            session.timeout = httpx.Timeout(SERVER_TIMEOUT_S)

    def close(self) -> None:
        """Close the connections, which Chroma's own close leaves open."""
        super().close()
        for session in self._sessions:
            session.close()


def _locked_message(path: Path) -> str:
    try:
        owner: dict[str, Any] = json.loads((path / OWNER).read_text())
    except FileNotFoundError:
        owner = {}  # it is only just opening
    who = f"process {owner['pid']}" if "pid" in owner else "another process"
    if url := owner.get("url"):
        return (
            f"The index in {path} is open in {who}, which serves {url}. Add `--server {url}` to "
            "the command (for reindex and rollback with an admin key in VIFAQ_API_KEY), stop that "
            "process first, or set VIFAQ_CHROMA_URL to a Chroma server that several processes "
            "may share"
        )
    return (
        f"The index in {path} is open in {who}. Wait until it is done or stop it, or set "
        "VIFAQ_CHROMA_URL to a Chroma server that several processes may share"
    )


def _settings() -> Settings:
    from chromadb.config import Settings

    return Settings(anonymized_telemetry=False)


def _sweep(path: Path) -> None:
    """Delete the vector files of dropped collections: Chroma 1.5 leaves them behind.

    A segment is in the `segments` table before its folder exists, so a folder that the table
    does not know is garbage.
    """
    database = path / "chroma.sqlite3"
    if not database.exists():
        return
    # Not read-only: after a kill SQLite first has to roll its journal back.
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=rw", uri=True, timeout=30)) as reader:
        if not reader.execute("SELECT 1 FROM sqlite_master WHERE name = 'segments'").fetchone():
            return  # killed while it made the file
        folders = [entry for entry in path.iterdir() if entry.is_dir() and _is_uuid(entry.name)]
        used = {segment_id for (segment_id,) in reader.execute("SELECT id FROM segments")}
    for folder in folders:
        if folder.name not in used:
            shutil.rmtree(folder)


def _is_uuid(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False


def _read_url(url: str) -> tuple[str, int, bool]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in ("http", "https") or not parts.hostname or port == -1:
        raise BadSetting(f"VIFAQ_CHROMA_URL is {url!r}; write http://host:port")
    ssl = parts.scheme == "https"
    return parts.hostname, port or (443 if ssl else 8000), ssl
