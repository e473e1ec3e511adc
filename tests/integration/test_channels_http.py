"""The webhook routes in the real application, over real requests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Engine, func, select
from starlette.testclient import TestClient

from service.channels.hub import ChannelHub
from service.db.session import reading, writing
from service.db.tables import inbox
from service.http import create_app
from service.runtime import Runtime
from tests.fakes import messenger, zalo_oa
from tests.fakes.desk import FakeDesk
from tests.fixtures.channels import Kit, channel_settings
from tests.fixtures.fake_runtime import FakeRuntime


class Service:
    """The application with one account; the worker does not run."""

    def __init__(self, kit: Kit, folder: Path) -> None:
        self.kit = kit
        settings = channel_settings(
            [kit.platform.account()], data_dir=folder, channel_max_body_bytes=200_000
        )
        self.runtime: Any = FakeRuntime(folder)
        self.runtime.settings = settings
        self.engine: Engine = self.runtime.engine
        self.runtime.channels = ChannelHub(settings, self.engine, FakeDesk().desk())
        app = create_app(cast(Runtime, self.runtime))
        self.client = TestClient(app, raise_server_exceptions=False)

    def post(self, body: bytes, headers: dict[str, str] | None = None) -> int:
        response = self.client.post(
            f"/v1/channels/{self.kit.name}/webhook",
            content=body,
            headers=self.kit.sign(body) if headers is None else headers,
        )
        return response.status_code

    def stored(self) -> int:
        with reading(self.engine) as connection:
            return connection.execute(select(func.count()).select_from(inbox)).scalar_one()

    def close(self) -> None:
        self.runtime.channels.stop()
        self.runtime.close()


@pytest.fixture
def service(kit: Kit, tmp_path: Path) -> Iterator[Service]:
    opened = Service(kit, tmp_path)
    yield opened
    opened.close()


def test_a_signed_event_is_stored_once_however_often_it_comes(service: Service) -> None:
    body = service.kit.text("u1", "Học phí?", "m1", messenger.now_ms())
    assert [service.post(body) for _ in range(3)] == [200, 200, 200]
    assert service.stored() == 1


def test_what_is_not_signed_is_refused_and_not_stored(service: Service) -> None:
    body = service.kit.text("u1", "Học phí?", "m1")
    assert service.post(body, {"content-type": "application/json"}) == 401
    assert service.post(body, service.kit.sign(body, "another secret")) == 401
    assert service.stored() == 0


def test_it_needs_no_api_key_and_knows_no_rate_limit(service: Service) -> None:
    statuses = {service.post(service.kit.text("u1", "A", f"m{number}")) for number in range(200)}
    assert statuses == {200}
    assert service.stored() == 200


def test_too_large_a_body(service: Service) -> None:
    assert service.post(service.kit.text("u1", "x" * 200_000, "m1")) == 413
    assert service.post(service.kit.text("u1", "x" * 100_000, "m1")) == 200


def test_signed_nonsense(service: Service) -> None:
    body = b"[]" if service.kit.name != "zalo_oa" else b'{"event_name":[]}'
    expected = 422 if service.kit.name != "zalo_oa" else 200  # nothing in it to answer
    assert service.post(body) == expected
    assert service.stored() == 0


def test_without_storage_nothing_is_acknowledged(service: Service) -> None:
    body = service.kit.text("u1", "Học phí?", "m1", messenger.now_ms())
    with writing(service.engine) as connection:
        connection.exec_driver_sql("ALTER TABLE inbox RENAME TO away")
    assert service.post(body) == 500
    with writing(service.engine) as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO inbox")
    assert service.post(body) == 200
    assert service.stored() == 1


def test_the_handshake(service: Service) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "let-me-in", "hub.challenge": "1158"}
    url = f"/v1/channels/{service.kit.name}/webhook"
    response = service.client.get(url, params=query)
    wrong = service.client.get(url, params=query | {"hub.verify_token": "x"})
    if service.kit.name == "messenger":
        assert (response.status_code, response.text) == (200, "1158")
        assert response.headers["content-type"].startswith("text/plain")
    else:
        assert response.status_code == 403
    assert wrong.status_code == 403


def test_unknown_channels(service: Service) -> None:
    assert service.client.post("/v1/channels/telegram/webhook", content=b"{}").status_code == 404


def test_accounts_are_kept_apart(
    messenger_platform: messenger.FakeMessenger,
    oa_platform: zalo_oa.FakeZaloOa,
    sqlite_engine: Engine,
) -> None:
    first = messenger_platform.account()
    second = first | {"account_id": "2002", "app_secret": "other", "set": "law"}
    settings = channel_settings([first, second, oa_platform.account()])
    hub = ChannelHub(settings, sqlite_engine, FakeDesk().desk())
    body = messenger.batch(messenger.text("u1", "A", "m1"), page="2002")
    # Signed by the first app, which has no say over the second's Page.
    assert hub.gateway.receive("messenger", messenger.sign(body), body) == 0
    assert hub.gateway.receive("messenger", messenger.sign(body, "other"), body) == 1
    assert [account.responder.set_name for account in hub.accounts] == ["default", "law", "default"]
    hub.stop()
