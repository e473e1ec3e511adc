"""A conversation through each channel against its fake platform: `make demo-channels`.

The webhooks are signed and sent over HTTP to the real routes; worker, outbox and the platforms'
APIs are real too. Only the answering is a stand-in, with three FAQs.
"""

import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn

from service.channels.hub import ChannelHub
from service.db.engine import open_engine
from service.db.migrate import upgrade
from tests.fakes import messenger, zalo_bot, zalo_oa
from tests.fakes.desk import FakeDesk
from tests.fakes.platform import FakePlatform, call_webhook
from tests.fakes.service import make_app
from tests.fixtures.channels import KITS, Kit, channel_settings

WORDS = ("thư viện mở cửa lúc nào ạ", "gợi ý về thư viện", "câu 2 ạ", "cho em gặp nhân viên")


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        messenger.FakeMessenger() as first,
        zalo_oa.FakeZaloOa() as second,
        zalo_bot.FakeZaloBot() as third,
    ):
        engine = open_engine(f"sqlite:///{Path(folder) / 'demo.db'}")
        upgrade(engine)
        platforms = (first, second, third)
        settings = channel_settings([platform.account() for platform in platforms])
        app = make_app(settings, ChannelHub(settings, engine, FakeDesk().desk()))
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
        thread = threading.Thread(target=server.run)
        thread.start()
        _wait(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        for platform in platforms:
            _converse(KITS[platform.name][1](platform), f"http://127.0.0.1:{port}/v1/channels")
        server.should_exit = True
        thread.join()
        engine.dispose()


def _converse(kit: Kit, url: str) -> None:
    platform: FakePlatform = kit.platform
    print(f"\n━━ {kit.name} ━━")  # noqa: T201
    _greet(kit, url)
    for number, words in enumerate(WORDS):
        print(f"  sinh viên: {words}")  # noqa: T201
        heard = len(platform.delivered)
        body = kit.text("student", words, f"m{number}")
        call_webhook(f"{url}/{kit.name}/webhook", kit.sign(body), body)
        _show(platform, heard)


def _greet(kit: Kit, url: str) -> None:
    bodies = {
        "messenger": messenger.batch(
            messenger.event("student", postback={"payload": "GET_STARTED", "title": "Bắt đầu"})
        ),
        "zalo_oa": zalo_oa.follow("student"),
    }
    if body := bodies.get(kit.name):
        print("  (bắt đầu)")  # noqa: T201
        call_webhook(f"{url}/{kit.name}/webhook", kit.sign(body), body)
        _show(kit.platform, 0)


def _show(platform: FakePlatform, heard: int) -> None:
    _wait(lambda: len(platform.delivered) > heard)
    for message in platform.delivered[heard:]:
        print("  trợ lý:    " + message.text.replace("\n", "\n             "))  # noqa: T201
        if message.buttons:
            titles = " ".join(f"[{title}]" for title, _ in message.buttons)
            print(f"             {titles}")  # noqa: T201


def _wait(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("no reply came")
        time.sleep(0.02)


if __name__ == "__main__":
    main()
