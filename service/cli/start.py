"""How every command begins."""

from __future__ import annotations

import logging
import sys

from service.settings import Settings, load_settings


def read_settings(**overrides: object) -> Settings:
    """The settings; from here on warnings of the service are plain lines on stderr."""
    import structlog

    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, pad_level=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    return load_settings(**overrides)
