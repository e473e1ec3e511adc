"""The webhook routes and the worker over a stand-in for the answering: starts in a second.

`python -m tests.fakes.service serve PORT` or `python -m tests.fakes.service worker`; settings come
from the environment, as for the real one.
"""

import os
import signal
import sys
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING

from service.channels.hub import ChannelHub
from service.db.engine import open_engine
from service.settings import Settings, load_settings
from tests.fakes.desk import FakeDesk

if TYPE_CHECKING:
    from fastapi import FastAPI


def make_app(settings: Settings, hub: ChannelHub) -> "FastAPI":
    """The real routes, errors and lifespan."""
    from fastapi import FastAPI

    from service.http.errors import add_handlers
    from service.http.routes import channels

    app = FastAPI()
    app.state.vifaq = SimpleNamespace(runtime=SimpleNamespace(settings=settings, channels=hub))
    add_handlers(app)
    app.include_router(channels.router)
    return app


def main(role: str, port: str = "0") -> None:
    settings = load_settings()
    engine = open_engine(settings.resolved_database_url)
    desk = FakeDesk(
        slow_s=float(os.environ.get("FAKE_SLOW_S", "0.01")),
        busy_s=float(os.environ.get("FAKE_BUSY_S", "0")),
    )
    hub = ChannelHub(settings, engine, desk.desk())
    if role == "serve":
        import uvicorn

        uvicorn.run(make_app(settings, hub), port=int(port), log_level="warning")
        return
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    hub.start()
    stopping.wait()
    hub.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
