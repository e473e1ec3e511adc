"""Runs the application until it is told to stop, and stops without dropping anybody."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from types import FrameType

import uvicorn

from service.http.app import create_app
from service.runtime import Runtime


class DrainingServer(uvicorn.Server):
    """On SIGTERM /readyz fails first, so that a load balancer looks elsewhere; then it stops."""

    def __init__(self, config: uvicorn.Config, runtime: Runtime) -> None:
        super().__init__(config)
        self._runtime = runtime
        self._notified = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM gives notice once; a second one, or Ctrl-C, stops at once."""
        self._runtime.stop_accepting()
        notice_s = self._runtime.settings.drain_notice_s
        if sig == signal.SIGTERM and not self._notified and notice_s:
            self._notified = True
            loop = asyncio.get_running_loop()
            loop.call_soon_threadsafe(loop.call_later, notice_s, self._stop)
            return
        if self.should_exit:
            self.force_exit = True
        self._stop()

    def _stop(self) -> None:
        self.should_exit = True


def serve(runtime: Runtime, listener: socket.socket | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C. The caller opens and closes the runtime.

    `listener` is a bound socket to use in place of the settings' host and port.
    """
    settings = runtime.settings
    config = uvicorn.Config(
        create_app(runtime),
        host=settings.host,
        port=settings.port,
        log_config=None,  # configure_logging has done it
        access_log=False,  # ours has the route instead of the address
        server_header=False,
        timeout_graceful_shutdown=max(1, round(settings.drain_s)),
    )
    gc.freeze()  # tables and models stay as long as the process: no collection need look at them
    DrainingServer(config, runtime).run(sockets=[listener] if listener else None)
