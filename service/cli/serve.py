"""vifaq serve."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.output import note, say
from service.errors import BadSetting

if TYPE_CHECKING:
    from service.settings import Settings


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on.  [default: VIFAQ_HOST, 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="0 takes a free one.  [default: VIFAQ_PORT, 8000]")
    ] = None,
) -> None:
    """Serve the chat page and the HTTP API until SIGTERM or Ctrl-C.

    Beyond loopback every question needs an API key, unless VIFAQ_ASK_NEEDS_KEY=false.

    Example: vifaq serve --port 8080
    """
    from service.analytics.logs import configure_logging
    from service.settings import load_settings

    given = {"host": host, "port": port}
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    configure_logging(settings.log_level)
    with _listen(settings) as listener:  # before models are loaded: a taken port shows at once
        _serve(settings, listener)


def _serve(settings: Settings, listener: socket.socket) -> None:
    from service.http.server import serve as serve_http
    from service.runtime import open_runtime

    url = _url(listener)
    with open_runtime(settings) as runtime:
        runtime.announce(url)
        for reason in runtime.ready():
            note(f"Not ready: {reason}")
        say(f"Chat page: {url}/")
        say(
            f"Ask: curl -s {url}/v1/ask -H 'Content-Type: application/json' "
            """-d '{"question": "học phí 1 tín chỉ bao nhiêu"}'"""
        )
        serve_http(runtime, listener)


def _listen(settings: Settings) -> socket.socket:
    """A socket bound to the address. Raises BadSetting when that is not possible."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise BadSetting(
            f"VIFAQ_HOST, VIFAQ_PORT: cannot listen on {settings.host} port {settings.port} "
            f"({error.strerror}). Choose another port: vifaq serve --port 8001"
        ) from error
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"
