import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from service.analytics import configure_logging


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers, root.level
    stream = io.StringIO()
    configure_logging("INFO", stream)
    yield stream
    root.handlers, root.level = before
    structlog.reset_defaults()


def last_line(stream: io.StringIO) -> dict[str, object]:
    line: dict[str, object] = json.loads(stream.getvalue().splitlines()[-1])
    return line


def test_lines_are_json_with_the_request_id(stream: io.StringIO):
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger("service.http").info("answered", outcome="answer")
    line = last_line(stream)
    assert (line["event"], line["request_id"], line["outcome"]) == ("answered", "r-1", "answer")
    assert (line["level"], line["logger"]) == ("info", "service.http")
    assert str(line["timestamp"]).endswith("Z")


@pytest.mark.parametrize(
    ("fields", "secret"),
    [
        ({"question": "điểm của em"}, "điểm của em"),
        ({"headers": {"Authorization": "Bearer abc"}}, "abc"),
        ({"path": "/x?k=vfq_abcDEF-123_z"}, "abcDEF"),
        ({"url": "postgresql://admin:hunter2@db/x"}, "hunter2"),
        ({"urls": ["https://graph.example/me?access_token=EAAB1"]}, "EAAB1"),
        ({"url": "https://bot-api.example/bot123:sEcret/getMe"}, "sEcret"),
    ],
)
def test_questions_and_secrets_are_blanked(stream: io.StringIO, fields, secret: str):
    structlog.get_logger().warning("happened", **fields)
    assert secret not in stream.getvalue()
    assert "[hidden]" in stream.getvalue()


def test_library_lines_and_tracebacks_are_cleaned_too(stream: io.StringIO):
    try:
        raise RuntimeError("refused vfq_verysecretkey")
    except RuntimeError:
        logging.getLogger("uvicorn.error").exception("failed for %s", "vfq_another")
    line = last_line(stream)
    assert line["event"] == "failed for [hidden]"
    assert "RuntimeError: refused [hidden]" in str(line["exception"])


def test_the_level_is_respected(stream: io.StringIO):
    structlog.get_logger("x").debug("quiet")
    logging.getLogger("httpx").info("GET https://…")
    assert stream.getvalue() == ""
