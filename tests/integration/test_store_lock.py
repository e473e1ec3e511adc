"""One owner process of an index directory."""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from service.domain import Row
from service.errors import BadSetting, NotReady, StoreLocked
from service.store import open_embedded, open_server
from tests.fixtures.chroma_server import start_chroma

OWN = """
import sys, time
from pathlib import Path
from service.store import open_embedded
store = open_embedded(Path(sys.argv[1]))
if len(sys.argv) > 2:
    store.announce(sys.argv[2])
print("open", flush=True)
time.sleep(600)
"""


def own(path: Path, *url: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", OWN, str(path), *url], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    process.stdout.close()
    return process


def test_a_second_process_is_told_who_owns_it(tmp_path: Path) -> None:
    owner = own(tmp_path, "http://127.0.0.1:8000")
    try:
        with pytest.raises(StoreLocked) as caught:
            open_embedded(tmp_path)
    finally:
        os.kill(owner.pid, signal.SIGKILL)
        owner.wait()
    message = str(caught.value)
    assert f"process {owner.pid}, which serves http://127.0.0.1:8000" in message
    assert "VIFAQ_CHROMA_URL" in message
    open_embedded(tmp_path).close()  # a dead owner is no obstacle


def test_a_second_owner_in_one_process_is_refused_too(tmp_path: Path) -> None:
    first = open_embedded(tmp_path)
    with pytest.raises(StoreLocked, match=f"open in process {os.getpid()}. Wait until"):
        open_embedded(tmp_path / ".." / tmp_path.name)
    first.close()
    first.close()
    open_embedded(tmp_path).close()


def test_a_damaged_directory_is_named_and_not_left_locked(tmp_path: Path) -> None:
    (tmp_path / "chroma.sqlite3").write_bytes(b"no database" * 500)
    for _ in range(2):
        with pytest.raises(NotReady, match=r"damaged.*vifaq reindex"):
            open_embedded(tmp_path)


def test_dropping_leaves_no_files(tmp_path: Path) -> None:
    store = open_embedded(tmp_path)
    for name in ("one", "two"):
        store.create(name)
        store.upsert(name, [Row("a#0", "a", "A")], np.eye(3, dtype=np.float32)[:1])
        store.search(name, np.eye(3, dtype=np.float32)[:1], k=1)
    (tmp_path / "kept-by-hand").mkdir()
    orphan = tmp_path / "0b4f7b1e-58a3-4a4f-9e0a-000000000000"
    orphan.mkdir()
    store.drop("one")
    assert not orphan.exists()
    assert store.search("two", np.eye(3, dtype=np.float32)[:1], k=1)[0][0].row.id == "a#0"
    store.drop("two")
    store.close()
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_dir()] == ["kept-by-hand"]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_may_not_use_it(tmp_path: Path) -> None:
    store = open_embedded(tmp_path)
    store.create("before")

    def use() -> None:
        try:
            store.count("before")
        except StoreLocked:
            os._exit(7)
        os._exit(0)

    child = multiprocessing.get_context("fork").Process(target=use)
    child.start()
    child.join(30)
    assert child.exitcode == 7
    assert store.count("before") == 0
    store.close()


def test_a_wrong_server_url_is_named() -> None:
    for url in ("127.0.0.1:8000", "ftp://host", "http://", "http://host:port"):
        with pytest.raises(BadSetting, match="VIFAQ_CHROMA_URL"):
            open_server(url)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(BadSetting, match="no Chroma server answers"):
            open_server(url)


@pytest.mark.chroma_server
def test_a_server_that_went_away_is_named(tmp_path: Path) -> None:
    with start_chroma(tmp_path) as (url, process):
        store = open_server(url)
        store.create("there")
        process.kill()
        process.wait()
        with pytest.raises(NotReady, match="VIFAQ_CHROMA_URL does not answer"):
            store.count("there")
        store.close()


def test_threads_may_share_it(tmp_path: Path) -> None:
    store = open_embedded(tmp_path)
    store.create("shared")
    vectors = np.eye(8, dtype=np.float32)

    def write(i: int) -> None:
        store.upsert("shared", [Row(f"{i}#0", str(i), "x")], vectors[i : i + 1])

    threads = [threading.Thread(target=write, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.count("shared") == 8
    store.close()
