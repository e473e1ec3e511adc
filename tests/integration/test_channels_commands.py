"""Channels with nothing of ours replaced: `vifaq serve` and the operator's commands."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from service.channels import outbox
from service.channels.hub import ChannelHub
from service.channels.vault import Vault
from service.db.session import reading
from service.db.tables import feedback, question_log
from service.runtime import open_records
from service.settings import Settings, load_settings
from tests.fakes import messenger, zalo_bot
from tests.fakes.desk import FakeDesk
from tests.fakes.platform import Faults, call_webhook
from tests.fixtures.channels import SECRET_KEY
from tests.integration.test_channels_conversations import until

VIFAQ = (sys.executable, "-c", "from service.cli.main import main; main()")
FAQS = (
    "Mã,Câu hỏi,Trả lời\n"
    "hoc-phi,Học phí một tín chỉ là bao nhiêu?,Xem **thông báo học phí** đầu năm học.\n"
    "the-sv,Làm lại thẻ sinh viên thế nào?,Nộp đơn tại phòng công tác sinh viên.\n"
    "thu-vien,Thư viện mở cửa lúc nào?,Từ 7:30 đến 21:00.\n"
)


class Office:
    """A data folder, the environment of its commands, and a server to talk to."""

    def __init__(self, folder: Path, accounts: list[dict[str, object]]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = folder
        self.environment = os.environ | {
            "VIFAQ_DATA_DIR": str(folder / "data"),
            "VIFAQ_CHANNELS": json.dumps(accounts),
            "VIFAQ_SECRET_KEY": SECRET_KEY,
            "VIFAQ_CHANNEL_RETRY_BASE_S": "0.02",
            "VIFAQ_ANSWER_THRESHOLD": "0.95",
            "VIFAQ_SUGGEST_THRESHOLD": "0.1",
            "VIFAQ_DRAIN_NOTICE_S": "0",
        }

    def run(self, *arguments: str, rc: int = 0) -> str:
        done = subprocess.run(
            [*VIFAQ, *arguments], env=self.environment, cwd=self.folder, capture_output=True
        )
        assert done.returncode == rc, done.stderr.decode()
        return (done.stdout or done.stderr).decode()

    def settings(self) -> Settings:
        return load_settings(_env_file=None, data_dir=self.folder / "data")

    def webhook(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/v1/channels/{name}/webhook"


@pytest.fixture
def office(
    tmp_path: Path,
    messenger_platform: messenger.FakeMessenger,
    bot_platform: zalo_bot.FakeZaloBot,
) -> Office:
    return Office(tmp_path, [messenger_platform.account(), bot_platform.account()])


def test_from_webhook_to_reply_to_forgotten(
    office: Office, messenger_platform: messenger.FakeMessenger
) -> None:
    (office.folder / "faqs.csv").write_text(FAQS, encoding="utf-8")
    office.run("import", "faqs.csv")
    office.run("reindex")
    server = subprocess.Popen(
        [*VIFAQ, "serve", "--port", str(office.port)],
        env=office.environment,
        cwd=office.folder,
        stderr=subprocess.PIPE,
    )
    try:
        body = messenger.batch(messenger.text("u1", "Thư viện mở cửa lúc nào?", "m1"))
        call_webhook(office.webhook("messenger"), messenger.sign(body), body)
        until(lambda: messenger_platform.texts("u1") == ["Từ 7:30 đến 21:00."], patience_s=60)
        body = messenger.batch(messenger.text("u1", "học phí thư viện", "m2"))
        call_webhook(office.webhook("messenger"), messenger.sign(body), body)
        until(lambda: len(messenger_platform.texts("u1")) == 2)
        assert "Bạn trả lời 1" in messenger_platform.texts("u1")[1]
        body = messenger.batch(messenger.text("u1", "1", "m3"))
        call_webhook(office.webhook("messenger"), messenger.sign(body), body)
        until(lambda: len(messenger_platform.texts("u1")) == 3)
        assert office.run("outbox", "list").splitlines()[1:] == []
    finally:
        server.send_signal(signal.SIGTERM)
        log = server.communicate(timeout=30)[1].decode()
    assert server.returncode == 0, log
    assert "u1" not in log
    assert messenger.PAGE_TOKEN not in log
    subject = Vault(SecretStr(SECRET_KEY)).pseudonym("messenger", messenger.PAGE, "u1")
    with open_records(office.settings()) as records, reading(records.engine) as connection:
        subjects = connection.execute(select(question_log.c.subject, question_log.c.channel)).all()
        chosen = connection.execute(select(feedback.c.chosen_faq_id)).scalars().all()
    assert subjects == [(subject, "messenger")] * 2
    assert len(chosen) == 1
    assert office.run("forget", "u1") == "Deleted 1 conversation(s) and 2 question(s) of the log.\n"
    assert office.run("forget", subject).startswith("Deleted 0 conversation(s) and 0")


def test_operators_see_and_resend_what_was_not_delivered(
    office: Office, messenger_platform: messenger.FakeMessenger
) -> None:
    messenger_platform.faults = Faults(fail=1.0)
    accounts = json.loads(office.environment["VIFAQ_CHANNELS"])
    settings = load_settings(
        _env_file=None,
        data_dir=office.folder / "data",
        channels=accounts,
        secret_key=SECRET_KEY,
        channel_retry_base_s=0.02,
    )
    with open_records(settings) as records:
        hub = ChannelHub(settings, records.engine, FakeDesk().desk())
        hub.start()
        body = messenger.batch(messenger.text("u1", "một", "m1"))
        hub.gateway.receive("messenger", messenger.sign(body), body)
        until(lambda: [row.status for row in outbox.list_messages(records.engine)] == ["dead"])
        (listed,) = json.loads(office.run("outbox", "list", "--json"))
        assert (listed["status"], listed["error"], listed["channel"]) == (
            "dead",
            "HTTP 500",
            "messenger",
        )
        assert "một" not in office.run("outbox", "list")
        messenger_platform.faults = Faults()
        assert office.run("outbox", "retry", "--dead") == "1 message(s) will be sent again.\n"
        until(lambda: messenger_platform.texts("u1") == ["Trả lời: một"])
        hub.stop()
    assert "There is no message 7" in office.run("outbox", "retry", "7", rc=2)
    assert "--dead" in office.run("outbox", "retry", rc=2)


def test_check_says_which_account_works(
    office: Office,
    messenger_platform: messenger.FakeMessenger,
    bot_platform: zalo_bot.FakeZaloBot,
) -> None:
    said = office.run("channels", "check")
    assert "Page Trường thử nghiệm" in said
    assert "bot help-desk-bot" in said
    messenger_platform.token = "another"
    said = office.run("channels", "check", rc=1)
    assert messenger.PAGE_TOKEN not in said
    url = "https://school.example/v1/channels/zalo_bot/webhook"
    office.run("channels", "connect", zalo_bot.BOT, url)
    assert bot_platform.webhook
    assert bot_platform.webhook["url"] == url


def test_a_worker_without_channels_says_so(office: Office) -> None:
    office.environment["VIFAQ_CHANNELS"] = "[]"
    assert "VIFAQ_CHANNELS is empty" in office.run("worker", rc=2)
