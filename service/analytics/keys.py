"""API keys: shown once, stored as a hash, checked from memory."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, RowMapping, insert, select, update

from service.db.session import reading, writing
from service.db.tables import api_key
from service.errors import BadInput, NotAllowed, NotFound

SCOPES = ("ask", "admin")
KEY_PREFIX = "vfq_"
_VISIBLE_CHARS = 12  # "vfq_" and eight more: enough to find a key in a list, useless to guess it
_REMEMBER_S = 2.0  # a key revoked by another process stops working after this long


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What may be shown of a key."""

    id: int
    prefix: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None

    def allows(self, scope: str) -> bool:
        """An admin key may ask, too."""
        return scope in self.scopes or "admin" in self.scopes


class KeyRing:
    """All API keys. Safe to share between threads."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._known: dict[str, tuple[ApiKey, float]] = {}  # hash → key, valid until

    def create(self, name: str, scopes: Iterable[str]) -> tuple[str, ApiKey]:
        """A new key in full, for the only time, and what is kept of it."""
        wanted = _checked_scopes(scopes)
        if not name.strip():
            raise BadInput("An API key needs a name that tells who uses it.")
        key = KEY_PREFIX + secrets.token_urlsafe(32)
        values: dict[str, Any] = {
            "prefix": key[:_VISIBLE_CHARS],
            "hash": _hash(key),
            "name": name.strip(),
            "scopes": list(wanted),
            "created_at": datetime.now(UTC),
        }
        with writing(self._engine) as connection:
            row = connection.execute(insert(api_key).values(values).returning(api_key)).one()
        return key, _to_key(row._mapping)

    def list(self) -> list[ApiKey]:
        """Every key, revoked ones too, oldest first."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(api_key).order_by(api_key.c.id)).mappings().all()
        return [_to_key(row) for row in rows]

    def revoke(self, prefix: str) -> ApiKey:
        """Stop a key from working; revoking twice is fine. Raises NotFound."""
        with writing(self._engine) as connection:
            connection.execute(
                update(api_key)
                .where(api_key.c.prefix == prefix, api_key.c.revoked_at.is_(None))
                .values(revoked_at=datetime.now(UTC))
            )
            row = connection.execute(select(api_key).where(api_key.c.prefix == prefix)).first()
        if row is None:
            raise NotFound(f"There is no API key that starts with {prefix!r}.")
        self._known.clear()
        return _to_key(row._mapping)

    def check(self, key: str | None, scope: str) -> ApiKey:
        """The key's record. Raises NotAllowed when it is missing, unknown, revoked or too weak."""
        if not key:
            raise NotAllowed("An API key is needed: send it as X-API-Key or Authorization: Bearer.")
        found = self._look_up(key)
        if found is None:
            raise NotAllowed("The API key is unknown or has been revoked.")
        if not found.allows(scope):
            raise NotAllowed(f"The API key {found.prefix}… lacks the scope {scope!r}.", known=True)
        return found

    def _look_up(self, key: str) -> ApiKey | None:
        digest = _hash(key)
        now = self._clock()
        remembered = self._known.get(digest)
        if remembered is not None and now < remembered[1]:
            return remembered[0]
        found = self._load(key, digest)
        if found is None:
            self._known.pop(digest, None)
        else:
            self._known[digest] = (found, now + _REMEMBER_S)
        return found

    def _load(self, key: str, digest: str) -> ApiKey | None:
        query = select(api_key).where(
            api_key.c.prefix == key[:_VISIBLE_CHARS], api_key.c.revoked_at.is_(None)
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        if row is None or not hmac.compare_digest(row["hash"], digest):
            return None
        return _to_key(row)


def _checked_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(scopes))
    unknown = [scope for scope in wanted if scope not in SCOPES]
    if unknown or not wanted:
        raise BadInput(f"Scopes are {' and '.join(SCOPES)}; got {', '.join(wanted) or 'none'}.")
    return wanted


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _to_key(row: RowMapping) -> ApiKey:
    return ApiKey(
        id=row["id"],
        prefix=row["prefix"],
        name=row["name"],
        scopes=tuple(row["scopes"]),
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
    )
