"""A fake of Facebook Messenger: the Send API, and signed webhooks."""

import hashlib
import hmac
import json
import time

from tests.fakes.platform import Answer, Delivered, FakePlatform, Json, Request

PAGE = "1001"
APP = "4242"
APP_SECRET = "test_app_secret"
VERIFY_TOKEN = "let-me-in"
PAGE_TOKEN = "PAGE_TOKEN"


class FakeMessenger(FakePlatform):
    """One Page. `blocked` people cannot be reached; a dead token refuses everything."""

    name = "messenger"

    def __init__(self, version: str = "v26.0") -> None:
        super().__init__()
        self.path = f"/{version}/me"
        self.blocked: set[str] = set()
        self.error: tuple[int, int] | None = None  # code and subcode that every send gets
        self.token = PAGE_TOKEN

    def account(self, **more: object) -> Json:
        """Its entry in VIFAQ_CHANNELS."""
        return {
            "channel": "messenger",
            "account_id": PAGE,
            "app_id": APP,
            "app_secret": APP_SECRET,
            "verify_token": VERIFY_TOKEN,
            "page_token": PAGE_TOKEN,
            "base_url": self.url,
            "rate_per_s": 1000,
            **more,
        }

    def is_send(self, request: Request) -> bool:
        return request.path == f"{self.path}/messages"

    def answer(self, request: Request) -> Answer:
        proof = hmac.new(APP_SECRET.encode(), self.token.encode(), hashlib.sha256).hexdigest()
        if request.query.get("access_token") != self.token:
            return _error(190, 463, "Error validating access token")
        if request.query.get("appsecret_proof") != proof:
            return _error(100, 0, "Invalid appsecret_proof provided")
        if request.path == self.path:
            return 200, {"id": PAGE, "name": "Trường thử nghiệm"}
        return self._send(request.json) if self.is_send(request) else (404, {})

    def _send(self, body: Json) -> Answer:
        message, user = body["message"], body["recipient"]["id"]
        replies = message.get("quick_replies", [])
        if body["messaging_type"] != "RESPONSE" or not 0 < len(message["text"]) <= 2000:
            return _error(100, 2018002, "Length of param message[text] must be <= 2000")
        if len(replies) > 13 or any(
            reply["content_type"] != "text"
            or len(reply["title"]) > 20
            or len(reply["payload"]) > 1000
            for reply in replies
        ):
            return _error(100, 0, "Wrong quick replies")
        if self.error:
            return _error(*self.error, "as the test wants it")
        if user in self.blocked:
            return _error(551, 0, "This person isn't available right now")
        buttons = tuple((reply["title"], reply["payload"]) for reply in replies)
        said = Delivered(user, message["text"], buttons, message.get("metadata"))
        return 200, {"recipient_id": user, "message_id": self.accept(said)}


def _error(code: int, subcode: int, message: str) -> Answer:
    error = {"message": message, "code": code, "error_subcode": subcode, "type": "OAuthException"}
    return 400, {"error": error}


def sign(body: bytes, secret: str = APP_SECRET) -> dict[str, str]:
    """The headers of a webhook request."""
    mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"x-hub-signature-256": f"sha256={mac}", "content-type": "application/json"}


def batch(*events: Json, page: str = PAGE) -> bytes:
    """A webhook's body; ASCII with \\u escapes, as Meta writes it."""
    entry = {"id": page, "time": now_ms(), "messaging": list(events)}
    return json.dumps({"object": "page", "entry": [entry]}, separators=(",", ":")).encode()


def event(user: str, at_ms: int | None = None, page: str = PAGE, **content: Json) -> Json:
    """One event of a person."""
    return {
        "sender": {"id": user},
        "recipient": {"id": page},
        "timestamp": at_ms or now_ms(),
        **content,
    }


def text(user: str, words: str, mid: str, at_ms: int | None = None) -> Json:
    return event(user, at_ms, message={"mid": mid, "text": words})


def tap(user: str, title: str, payload: str, mid: str) -> Json:
    return event(user, message={"mid": mid, "text": title, "quick_reply": {"payload": payload}})


def echo(user: str, words: str, mid: str, app: str | None = APP, ref: str | None = None) -> Json:
    message = {"is_echo": True, "app_id": app, "metadata": ref, "mid": mid, "text": words}
    return {
        "sender": {"id": PAGE},
        "recipient": {"id": user},
        "timestamp": now_ms(),
        "message": {key: value for key, value in message.items() if value is not None},
    }


def now_ms() -> int:
    return int(time.time() * 1000)
