"""Structured logs: one JSON object a line, with request ids, without secrets or questions."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_PRIVATE_FIELDS = frozenset(
    {"question", "text", "answer", "key", "api_key", "authorization", "secret", "token", "password"}
)
_SECRETS = re.compile(
    r"vfq_[\w-]+"  # our API keys
    r"|(?<=access_token=)[^&\s\"']+"  # tokens in the URLs of channel providers
    r"|(?<=bot)\d+:[\w-]+"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # user:password of a database URL
)
_HIDDEN = "[hidden]"


def configure_logging(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every log line, the libraries' too, as JSON to `stream` (default: stderr)."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(shared))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("httpx", "httpcore", "chromadb", "alembic"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True


def _formatter(shared: list[Processor]) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            hide_private,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )


def hide_private(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Blank fields that hold questions or secrets, and secrets inside any other text."""
    return {name: _clean(name, value) for name, value in event.items()}


def _clean(name: str, value: Any) -> Any:
    if name.lower() in _PRIVATE_FIELDS:
        return _HIDDEN
    if isinstance(value, Mapping):
        return {key: _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", inner) for inner in value]
    return _SECRETS.sub(_HIDDEN, value) if isinstance(value, str) else value
