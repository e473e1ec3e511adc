"""One conversation's turn: send what waits, answer what came, in order, until nothing is due."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Engine, update

from service.channels import conversations, inbox, outbox
from service.channels.account_state import report_problem
from service.channels.conversations import Conversation
from service.channels.forget import forget_conversation
from service.channels.inbox import Received
from service.channels.message import Delivery, Kind, Sent
from service.channels.outbox import Queued
from service.channels.pacer import Pacer
from service.channels.port import Channel
from service.channels.respond import NOTHING, Responder, Response
from service.db.session import writing
from service.db.tables import conversation
from service.settings import Settings

_RETRY_FACTOR = 3
_LONGEST_RETRY_S = 600.0
_NO_ACCESS_RETRY = timedelta(minutes=5)
_NEEDS_REPLY = (Kind.TEXT, Kind.TAP, Kind.MEDIA, Kind.FOLLOW)


@dataclass(frozen=True, slots=True)
class Account:
    """A channel's account with what belongs to it."""

    channel: Channel
    responder: Responder
    pacer: Pacer


class Turn:
    """Works on one claimed conversation."""

    def __init__(
        self, engine: Engine, settings: Settings, account: Account, talk: Conversation, owner: str
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._account = account
        self._talk = talk
        self._owner = owner
        self._leased_at = time.monotonic()
        self._log = structlog.get_logger(__name__).bind(
            channel=talk.channel, account=talk.account_id, subject=talk.subject
        )

    def run(self, stopping: threading.Event) -> None:
        """Until nothing is due, or the worker stops, or the lease is lost."""
        lost = outbox.orphans_to_unknown(self._engine, self._talk.id)
        if lost:
            self._log.warning("channel_message_unknown", messages=lost, reason="worker died")
        while not stopping.is_set() and self._keep_lease():
            if not self._send_next() and not self._answer_next():
                break
        conversations.release(self._engine, self._talk.id, owner=self._owner)

    def _keep_lease(self) -> bool:
        lease_s = self._settings.channel_lease_s
        if time.monotonic() - self._leased_at < lease_s / 3:
            return True
        self._leased_at = time.monotonic()
        return conversations.renew(self._engine, self._talk.id, owner=self._owner, lease_s=lease_s)

    def _send_next(self) -> bool:
        queued = outbox.next_message(self._engine, self._talk.id)
        if queued is None:
            return False
        if not self._window_is_open():
            self._move(queued, "failed", was=["pending"], error="outside the reply window")
            return True
        self._account.pacer.wait()
        if self._move(queued, "sending", was=["pending"]):
            delivery = self._account.channel.send(
                self._talk.user_id, queued.message, ref=queued.ref
            )
            self._record(queued, delivery)
        return True

    def _record(self, queued: Queued, delivery: Delivery) -> None:
        problem = delivery.reason if delivery.state is Sent.NO_ACCESS else None
        if delivery.state in (Sent.OK, Sent.NO_ACCESS):
            report_problem(self._engine, self._talk.channel, self._talk.account_id, problem)
        values: dict[str, object] = {"error": delivery.reason}
        match delivery.state:
            case Sent.OK:
                status, values["message_id"] = "sent", delivery.message_id
            case Sent.REFUSED:
                status = "failed"
            case Sent.UNSURE:
                status = "unknown"
            case Sent.NO_ACCESS:  # no try used up: it is not the message's fault
                status, values["next_attempt_at"] = "pending", datetime.now(UTC) + _NO_ACCESS_RETRY
            case Sent.RETRY:
                tries = values["attempts"] = queued.attempts + 1
                status = "dead" if tries >= self._settings.channel_max_tries else "pending"
                values["next_attempt_at"] = self._try_again_at(tries, delivery.retry_after_s)
        # "unknown": our lease ran out meanwhile. We do know.
        self._move(queued, status, was=["sending", "unknown"], **values)
        if status != "sent":
            self._log.warning("channel_send", status=status, reason=delivery.reason)

    def _answer_next(self) -> bool:
        event = inbox.next_event(self._engine, self._talk.id)
        if event is None:
            return False
        match event.kind:
            case Kind.WITHDRAW:
                forget = self._account.responder.desk.forget_subject
                forget_conversation(self._engine, self._talk.id, self._talk.subject, forget)
                self._log.info("channel_person_forgotten")
                return False
            case Kind.ECHO:
                outbox.reconcile(self._engine, self._talk.id, event.payload, event.text)
                self._finish(event, NOTHING)
            case kind if kind in _NEEDS_REPLY and self._too_late(event.sent_at):
                self._finish(event, NOTHING, error="outside the reply window")
            case _:
                self._respond(event)
        return True

    def _respond(self, event: Received) -> None:
        try:
            self._finish(event, self._account.responder.respond(event, self._talk))
        except Exception as error:
            # Whatever it is, it must not stop the messages behind this one.
            tries = event.attempts + 1
            reason = f"{type(error).__name__}: {error}"
            self._log.exception("channel_answer_failed", tries=tries)
            if tries < self._settings.channel_max_tries:
                inbox.postpone(self._engine, event.id, self._try_again_at(tries), reason)
            else:
                apology = self._account.responder.apology()
                self._finish(event, apology, status="failed", error=reason)

    def _finish(
        self, event: Received, response: Response, *, status: str = "", error: str | None = None
    ) -> None:
        """In one transaction: the event is done, its reply is queued, the conversation moves on."""
        status = status or ("done" if response.messages or response.changes else "ignored")
        with writing(self._engine) as connection:
            if not inbox.finish(connection, event.id, status, error):
                return
            outbox.enqueue(connection, self._talk.id, event.id, response.messages)
            if response.changes:
                connection.execute(
                    update(conversation)
                    .where(conversation.c.id == self._talk.id)
                    .values(**response.changes)
                )
        if response.changes:
            self._talk = self._talk.changed(response.changes)

    def _window_is_open(self) -> bool:
        heard_at = inbox.last_word_at(self._engine, self._talk.id)
        return heard_at is not None and not self._too_late(heard_at)

    def _too_late(self, heard_at: datetime) -> bool:
        return datetime.now(UTC) > heard_at + self._account.channel.limits.window

    def _move(self, queued: Queued, status: str, *, was: Sequence[str], **values: object) -> bool:
        return outbox.mark(self._engine, queued.id, status, was=was, **values)

    def _try_again_at(self, tries: int, at_least_s: float | None = None) -> datetime:
        base_s = self._settings.channel_retry_base_s * _RETRY_FACTOR ** (tries - 1)
        jitter = random.uniform(0.75, 1.25)  # noqa: S311 — spreads retries, guards nothing
        wait_s = max(min(base_s, _LONGEST_RETRY_S) * jitter, at_least_s or 0.0)
        return datetime.now(UTC) + timedelta(seconds=wait_s)
