import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
import structlog
from fastapi.testclient import TestClient

from service.analytics import configure_logging
from service.domain import Faq
from service.http import create_app
from service.runtime import Runtime
from tests.fixtures.fake_runtime import FakeRuntime

MakeClient = Callable[..., TestClient]


@pytest.fixture(autouse=True)
def stream() -> Iterator[io.StringIO]:
    """What is logged, as it is logged in service."""
    root = logging.getLogger()
    before = root.handlers, root.level
    stream = io.StringIO()
    configure_logging("INFO", stream)
    yield stream
    root.handlers, root.level = before
    structlog.reset_defaults()


@pytest.fixture
def make_client(tmp_path: Path) -> Iterator[MakeClient]:
    """A client over a fake runtime with the settings given; the runtime is `client.runtime`."""
    opened: list[FakeRuntime] = []

    def make(**settings: object) -> TestClient:
        runtime = FakeRuntime(tmp_path / str(len(opened)), **settings)
        opened.append(runtime)
        for faq in FAQS:
            runtime.add_faq("default", faq, "test")
        app = create_app(cast(Runtime, runtime))
        client = TestClient(app, raise_server_exceptions=False, client=("127.0.0.1", 50000))
        client.runtime = runtime
        return client

    yield make
    for runtime in opened:
        runtime.close()


@pytest.fixture
def client(make_client: MakeClient) -> TestClient:
    return make_client()


@pytest.fixture
def admin(client: TestClient) -> TestClient:
    """The same client with an admin key."""
    key, _ = client.runtime.keys.create("office", ["admin"])
    client.headers["X-API-Key"] = key
    return client


FAQS = (
    Faq(
        "hoc-phi",
        "Học phí một tín chỉ là bao nhiêu?",
        "Xem **thông báo học phí**:\n\n- Đại trà: 450.000 đ\n- Chất lượng cao: 900.000 đ",
        alternates=("1 tín chỉ bao nhiêu tiền",),
        tags=("hoc-phi",),
    ),
    Faq("han-hoc-phi", "Hạn nộp học phí là khi nào?", "Theo thông báo đầu học kỳ."),
    Faq("ky-tuc-xa", "Đăng ký ký túc xá ở đâu?", "Tại phòng Công tác sinh viên."),
)
