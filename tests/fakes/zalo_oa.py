"""A fake of a Zalo Official Account: messages, single-use refresh tokens, signed webhooks."""

import hashlib
import json
import time
from urllib.parse import parse_qs

from tests.fakes.platform import Answer, Delivered, FakePlatform, Json, Request

APP = "360000000000000001"
OA = "388000000000000004"
OA_SECRET = "test_oa_secret"
APP_SECRET = "test_zalo_app_secret"


class FakeZaloOa(FakePlatform):
    """One OA. Access tokens work until `expire()`, refresh tokens once."""

    name = "zalo_oa"

    def __init__(self) -> None:
        super().__init__()
        self.blocked: set[str] = set()
        self.error: int | None = None  # that every send gets
        self.refresh_tokens = {"refresh-0"}
        self.access_token = "access-0"
        self.refreshes = 0
        self.refresh_delay_s = 0.0
        self.expires_in = "90000"

    def account(self, **more: object) -> Json:
        """Its entry in VIFAQ_CHANNELS."""
        return {
            "channel": "zalo_oa",
            "account_id": OA,
            "app_id": APP,
            "app_secret": APP_SECRET,
            "oa_secret": OA_SECRET,
            "refresh_token": "refresh-0",
            "base_url": self.url,
            "oauth_url": self.url,
            "rate_per_s": 1000,
            **more,
        }

    def expire(self) -> None:
        """From now on the access token handed out last is refused."""
        self.access_token = "nobody has this one"

    def is_send(self, request: Request) -> bool:
        return request.path == "/v3.0/oa/message/cs"

    def answer(self, request: Request) -> Answer:
        if request.path == "/v4/oa/access_token":
            return self._refresh(request)
        if not self.is_send(request):
            return 404, {}
        if request.headers.get("access_token") != self.access_token:
            return 200, {"error": -216, "message": "Access token is invalid"}
        return self._send(request.json)

    def _send(self, body: Json) -> Answer:
        user, message = body["recipient"]["user_id"], body["message"]
        buttons = message.get("attachment", {}).get("payload", {}).get("buttons", [])
        if not 0 < len(message["text"]) <= 2000 or len(buttons) > 5:
            return 200, {"error": -201, "message": "Params is invalid"}
        if self.error:
            return 200, {"error": self.error, "message": "as the test wants it"}
        if user in self.blocked:
            return 200, {"error": -213, "message": "User has not followed OA"}
        taps = tuple((button["title"], button["payload"]) for button in buttons)
        message_id = self.accept(Delivered(user, message["text"], taps))
        data = {"message_id": message_id, "user_id": user}
        return 200, {"data": data, "error": 0, "message": "Success"}

    def _refresh(self, request: Request) -> Answer:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        time.sleep(self.refresh_delay_s)
        known = form["refresh_token"] in self.refresh_tokens
        if request.headers.get("secret_key") != APP_SECRET or form["app_id"] != APP or not known:
            return 200, {"error": -14014, "error_name": "Invalid refresh token"}
        self.refreshes += 1
        self.refresh_tokens = {f"refresh-{self.refreshes}"}
        self.access_token = f"access-{self.refreshes}"
        return 200, {
            "access_token": self.access_token,
            "refresh_token": f"refresh-{self.refreshes}",
            "expires_in": self.expires_in,
        }


def sign(body: bytes, secret: str = OA_SECRET) -> dict[str, str]:
    """The headers of a webhook request."""
    at = str(json.loads(body).get("timestamp", ""))
    mac = hashlib.sha256(APP.encode() + body + at.encode() + secret.encode()).hexdigest()
    return {"x-zevent-signature": f"mac={mac}", "content-type": "application/json"}


def event(name: str, *, at_ms: int | None = None, **content: object) -> bytes:
    """A webhook's body: UTF-8, ids and times as strings."""
    body = {"app_id": APP, "event_name": name, "timestamp": str(at_ms or now_ms()), **content}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def from_user(
    user: str, message: Json, name: str = "user_send_text", oa: str = OA, at_ms: int | None = None
) -> bytes:
    return event(name, at_ms=at_ms, sender={"id": user}, recipient={"id": oa}, message=message)


def text(user: str, words: str, msg_id: str, at_ms: int | None = None) -> bytes:
    return from_user(user, {"text": words, "msg_id": msg_id}, at_ms=at_ms)


def echo(user: str, words: str, msg_id: str, admin: str | None = None) -> bytes:
    sender = {"id": OA} | ({"admin_id": admin} if admin else {})
    message = {"text": words, "msg_id": msg_id}
    return event("oa_send_text", sender=sender, recipient={"id": user}, message=message)


def follow(user: str, name: str = "follow") -> bytes:
    return event(name, oa_id=OA, follower={"id": user})


def withdraw(user: str) -> bytes:
    return event("user_withdraw", oa_id=OA, sender={"id": user}, user_id=user)


def now_ms() -> int:
    return int(time.time() * 1000)
