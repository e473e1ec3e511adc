"""Access tokens of a Zalo Official Account: 25 hours each, renewed with single-use tokens.

A refresh token is dead as soon as it has been used, and its successor is known to nobody but us:
so one process at a time refreshes, and the new pair is committed before it is used.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import structlog
from sqlalchemy import Engine, Row, select, update

from service.channels.account_state import is_account, locked_row, report_problem
from service.channels.calls import call
from service.channels.message import Delivery
from service.channels.vault import Vault
from service.db.session import reading, writing
from service.db.tables import channel_token
from service.errors import NotAllowed, TimedOut
from service.settings import ZaloOaAccount

_LEASE_S = 60.0  # longer than any refresh
_WAIT_S = 0.1
_RENEW_AT = 0.8  # of the lifetime: 20 of 25 hours
_TRY_AGAIN = timedelta(minutes=5)
_CHANNEL = "zalo_oa"

_Pair = tuple[str, str, float]  # access token, refresh token, lifetime in seconds


class ZaloTokens:
    """Hands out access tokens that work, whoever refreshes them."""

    def __init__(
        self, account: ZaloOaAccount, engine: Engine, vault: Vault, client: httpx.Client
    ) -> None:
        self._account = account
        self._engine = engine
        self._vault = vault
        self._client = client

    def access(self) -> str:
        """The current token, renewed in good time.

        Raises NotAllowed when the refresh token is dead, TimedOut when nobody answers.
        """
        with reading(self._engine) as connection:
            mine = is_account(_CHANNEL, self._account.account_id)
            row = connection.execute(select(channel_token).where(mine)).one_or_none()
        token = self._open(row.access_token) if row else None
        if token and row and datetime.now(UTC) < row.refresh_after:
            return token
        try:
            return self.renew(token)
        except (NotAllowed, TimedOut):
            if token is None:
                raise
            # The old token has hours to live. Should it not, its refusal leads to `renew`.
            self._store(refresh_after=datetime.now(UTC) + _TRY_AGAIN)
            return token

    def renew(self, stale: str | None) -> str:
        """Another token than `stale`: somebody else's fresh one, or a new one."""
        owner = uuid.uuid4().hex
        deadline = time.monotonic() + _LEASE_S
        while time.monotonic() < deadline:
            row = self._row_for(owner, stale)
            token = self._open(row.access_token)
            if token and token != stale:
                return token
            if row.lease_owner == owner:
                return self._refresh(str(self._open(row.refresh_token)))
            time.sleep(_WAIT_S)
        raise TimedOut(f"zalo_oa {self._account.account_id}: waited too long for a new token")

    def _refresh(self, refresh_token: str) -> str:
        try:
            access, successor, lifetime_s = self._exchange(refresh_token)
        except (NotAllowed, TimedOut):
            self._store(lease_owner=None, lease_until=None)
            raise
        self._store(
            access_token=self._vault.seal(access),
            refresh_token=self._vault.seal(successor),
            refresh_after=datetime.now(UTC) + timedelta(seconds=lifetime_s * _RENEW_AT),
            lease_owner=None,
            lease_until=None,
        )
        structlog.get_logger(__name__).info("zalo_token_renewed", account=self._account.account_id)
        report_problem(self._engine, _CHANNEL, self._account.account_id, None)
        return access

    def _exchange(self, refresh_token: str) -> _Pair:
        secret = self._account.app_secret
        answer = call(
            self._client,
            "POST",
            f"{self._account.oauth_url.rstrip('/')}/v4/oa/access_token",
            headers={"secret_key": secret.get_secret_value() if secret else ""},
            data={
                "refresh_token": refresh_token,
                "app_id": self._account.app_id,
                "grant_type": "refresh_token",
            },
        )
        if isinstance(answer, Delivery):
            raise TimedOut(f"zalo_oa {self._account.account_id}: token refresh: {answer.reason}")
        return self._pair(answer)

    def _pair(self, answer: dict[str, Any]) -> _Pair:
        try:
            lifetime_s = float(answer["expires_in"])
            return str(answer["access_token"]), str(answer["refresh_token"]), lifetime_s
        except (KeyError, ValueError) as error:
            reason = answer.get("error_name") or answer.get("message") or answer.get("error")
            problem = (
                f"zalo_oa {self._account.account_id}: the token refresh was refused ({reason}). "
                "Get a new refresh_token in the Zalo developer console, put it into "
                "VIFAQ_CHANNELS and restart"
            )
            report_problem(self._engine, _CHANNEL, self._account.account_id, problem)
            raise NotAllowed(problem) from error

    def _row_for(self, owner: str, stale: str | None) -> Row[Any]:
        """The row; with the lease in it when this owner may refresh."""
        now = datetime.now(UTC)
        with writing(self._engine) as connection:
            row = locked_row(connection, _CHANNEL, self._account.account_id)
            values = self._seed(row)
            fresh = "seed" not in values and self._open(row.access_token) not in (None, stale)
            if not fresh and not (row.lease_until and row.lease_until > now):
                values |= {"lease_owner": owner, "lease_until": now + timedelta(seconds=_LEASE_S)}
            if values:
                mine = is_account(_CHANNEL, self._account.account_id)
                connection.execute(update(channel_token).where(mine).values(values))
            return locked_row(connection, _CHANNEL, self._account.account_id)

    def _seed(self, row: Row[Any]) -> dict[str, object]:
        """Begin with the token in the settings; with another one there when the chain is broken."""
        first = self._account.refresh_token
        if first is None:
            raise NotAllowed(f"zalo_oa {self._account.account_id}: it has no refresh_token yet")
        seed = hashlib.sha256(first.get_secret_value().encode()).hexdigest()
        if row.seed == seed or (row.seed and not row.problem):
            return {}
        return {
            "seed": seed,
            "refresh_token": self._vault.seal(first.get_secret_value()),
            "access_token": None,
            "refresh_after": None,
            "problem": None,
        }

    def _store(self, **values: object) -> None:
        with writing(self._engine) as connection:
            mine = is_account(_CHANNEL, self._account.account_id)
            connection.execute(update(channel_token).where(mine).values(values))

    def _open(self, sealed: bytes | None) -> str | None:
        return self._vault.open(sealed) if sealed else None
