"""A fake of the Zalo Bot Platform: sendMessage, getUpdates, and webhooks with a shared secret."""

import json
import time

from tests.fakes.platform import Answer, Delivered, FakePlatform, Json, Request

TOKEN = "123456:bot-token"
WEBHOOK_SECRET = "test_webhook_secret"
BOT = "help-desk-bot"


class FakeZaloBot(FakePlatform):
    """One bot. Messages put into `updates` are handed out by getUpdates, once."""

    name = "zalo_bot"

    def __init__(self) -> None:
        super().__init__()
        self.blocked: set[str] = set()
        self.error: int | None = None
        self.updates: list[Json] = []
        self.webhook: Json | None = None
        self.token = TOKEN

    def account(self, **more: object) -> Json:
        """Its entry in VIFAQ_CHANNELS."""
        return {
            "channel": "zalo_bot",
            "account_id": BOT,
            "token": TOKEN,
            "webhook_secret": WEBHOOK_SECRET,
            "base_url": self.url,
            "rate_per_s": 1000,
            **more,
        }

    def is_send(self, request: Request) -> bool:
        return request.path.endswith("/sendMessage")

    def answer(self, request: Request) -> Answer:
        prefix, method = request.path.rsplit("/", 1)
        if prefix != f"/bot{self.token}":
            return _error(401, "Unauthorized")
        match method:
            case "getMe":
                return 200, {"ok": True, "result": {"id": "1", "account_name": BOT}}
            case "setWebhook":
                self.webhook = request.json
                return 200, {"ok": True, "result": {"url": request.json["url"]}}
            case "getUpdates":
                return self._updates()
            case "sendMessage":
                return self._send(request.json)
        return _error(404, "Not Found")

    def _updates(self) -> Answer:
        with self._lock:
            if self.updates:
                return 200, {"ok": True, "result": self.updates.pop(0)}
        time.sleep(0.05)
        return 200, {"ok": True, "result": None}

    def _send(self, body: Json) -> Answer:
        if self.error:
            return _error(self.error, "as the test wants it")
        if not 0 < len(body["text"]) <= 2000 or body["chat_id"] in self.blocked:
            return _error(400, "Bad Request")
        message_id = self.accept(Delivered(body["chat_id"], body["text"]))
        return 200, {"ok": True, "result": {"message_id": message_id, "date": now_ms()}}


def _error(code: int, description: str) -> Answer:
    return 200, {"ok": False, "error_code": code, "description": description}


def sign(_body: bytes, secret: str = WEBHOOK_SECRET) -> dict[str, str]:
    """The headers of a webhook request: the secret itself, whatever the body."""
    return {"x-bot-api-secret-token": secret, "content-type": "application/json"}


def update(
    user: str,
    words: str,
    message_id: str,
    *,
    at_ms: int | None = None,
    name: str = "message.text.received",
    chat_type: str = "PRIVATE",
) -> Json:
    message = {
        "message_id": message_id,
        "date": at_ms or now_ms(),
        "from": {"id": user, "display_name": "Sinh viên"},
        "chat": {"id": user, "chat_type": chat_type},
        "text": words,
    }
    return {"event_name": name, "message": message}


def body(content: Json, *, wrapped: bool = True) -> bytes:
    wire = {"ok": True, "result": content} if wrapped else content
    return json.dumps(wire, ensure_ascii=False).encode()


def text(user: str, words: str, message_id: str, at_ms: int | None = None) -> bytes:
    return body(update(user, words, message_id, at_ms=at_ms))


def now_ms() -> int:
    return int(time.time() * 1000)
