import hashlib

import pytest
from sqlalchemy import Engine, select

from service.analytics import KeyRing
from service.db.session import reading
from service.db.tables import api_key
from service.errors import BadInput, NotAllowed, NotFound


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_new_key_works_and_is_stored_as_a_hash_only(engine: Engine):
    ring = KeyRing(engine)
    key, kept = ring.create("Trang tuyển sinh", ["ask"])

    assert ring.check(key, "ask") == kept
    assert key.startswith("vfq_")
    assert len(key) == 4 + 43  # 32 bytes, base64 without padding
    with reading(engine) as connection:
        row = connection.execute(select(api_key)).mappings().one()
    assert row["hash"] == hashlib.sha256(key.encode()).hexdigest()
    assert key not in str(dict(row))
    assert key.startswith(row["prefix"])


def test_scopes_decide(engine: Engine):
    ring = KeyRing(engine)
    ask, _ = ring.create("widget", ["ask"])
    admin, _ = ring.create("office", ["admin"])

    assert ring.check(admin, "ask").name == "office"
    with pytest.raises(NotAllowed, match="lacks the scope 'admin'"):
        ring.check(ask, "admin")


@pytest.mark.parametrize("key", [None, "", "vfq_nonsense", "vfq_" + "A" * 43, "ключ"])
def test_strangers_are_refused(engine: Engine, key: str | None):
    KeyRing(engine).create("office", ["admin"])
    with pytest.raises(NotAllowed):
        KeyRing(engine).check(key, "ask")


def test_a_key_with_the_right_prefix_and_a_wrong_rest_is_refused(engine: Engine):
    ring = KeyRing(engine)
    key, _ = ring.create("office", ["admin"])
    forged = key[:-1] + ("A" if key[-1] != "A" else "B")
    with pytest.raises(NotAllowed, match="unknown"):
        ring.check(forged, "admin")


def test_revoking_works_at_once_here_and_soon_elsewhere(engine: Engine):
    clock = Clock()
    here, elsewhere = KeyRing(engine, clock), KeyRing(engine, clock)
    key, kept = here.create("office", ["admin"])
    elsewhere.check(key, "admin")

    assert here.revoke(kept.prefix).revoked_at is not None
    with pytest.raises(NotAllowed, match="revoked"):
        here.check(key, "admin")
    elsewhere.check(key, "admin")  # remembered for a moment: the hot path costs no query
    clock.now_s = 5.0
    with pytest.raises(NotAllowed, match="revoked"):
        elsewhere.check(key, "admin")


def test_lists_show_revoked_keys_and_never_a_key(engine: Engine):
    ring = KeyRing(engine)
    first, kept = ring.create("first", ["ask"])
    ring.create("second", ["ask", "admin"])
    ring.revoke(kept.prefix)

    listed = ring.list()
    assert [(key.name, key.revoked_at is None) for key in listed] == [
        ("first", False),
        ("second", True),
    ]
    assert first not in str(listed)


def test_bad_requests_say_what_is_wrong(engine: Engine):
    ring = KeyRing(engine)
    with pytest.raises(BadInput, match="ask and admin; got root"):
        ring.create("x", ["root"])
    with pytest.raises(BadInput, match="got none"):
        ring.create("x", [])
    with pytest.raises(BadInput, match="name"):
        ring.create("  ", ["ask"])
    with pytest.raises(NotFound, match="vfq_none"):
        ring.revoke("vfq_none")
