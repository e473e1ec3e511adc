"""Commands against a running server do there what they are told."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.cli.remote import RemoteServer
from service.domain import Faq
from service.runtime import Runtime
from tests.fixtures.live import live_runtime, served


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    """Two sets, of which only the default one has an index."""
    with live_runtime(tmp_path, encoder="lexical") as runtime:
        runtime.faqs.create_set("khoa-luat")
        runtime.faqs.add("khoa-luat", Faq("an-le", "Án lệ là gì?", "Là bản án mẫu."), "test")
        yield runtime


@pytest.fixture
def remote(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Iterator[RemoteServer]:
    monkeypatch.setenv("VIFAQ_API_KEY", runtime.keys.create("desk", ["admin"])[0])
    with served(runtime) as url, RemoteServer(url) as remote:
        yield remote


def numbers(runtime: Runtime, set_name: str) -> list[int]:
    return [generation.number for generation in runtime.index_status(set_name)]


def test_reindex_builds_the_set_that_is_named(runtime: Runtime, remote: RemoteServer) -> None:
    built = remote.reindex("khoa-luat", "off", lambda _: None)
    assert (built["row_count"], built["adapted"]) == (1, False)
    assert numbers(runtime, "khoa-luat") == [built["generation"]]
    assert len(numbers(runtime, "default")) == 1


def test_rollback_goes_back_in_the_set_that_is_named(
    runtime: Runtime, remote: RemoteServer
) -> None:
    remote.reindex("khoa-luat", "off", lambda _: None)
    remote.reindex("khoa-luat", "on", lambda _: None)
    newest, before = numbers(runtime, "khoa-luat")
    assert remote.roll_back("khoa-luat")["number"] == before < newest


def test_asking_names_the_set(remote: RemoteServer) -> None:
    remote.reindex("khoa-luat", "off", lambda _: None)
    reply = remote.ask({"question": "án lệ là gì", "set": "khoa-luat"})
    assert reply["index"]["set"] == "khoa-luat"
