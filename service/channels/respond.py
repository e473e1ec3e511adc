"""What to do about one event. Says what is to be sent and remembered; changes nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog

from service.channels import wording
from service.channels.conversations import Conversation
from service.channels.inbox import Received
from service.channels.message import Kind, Outbound, faq_id_in
from service.channels.port import Desk, Limits
from service.channels.render import render_faq, render_reply, render_text
from service.channels.understand import chosen_number, wants_agent, wants_assistant
from service.domain import Reply
from service.errors import BadInput, VifaqError
from service.settings import Settings
from service.text.normalise import normalise


@dataclass(frozen=True, slots=True)
class Response:
    """The messages, in order, and what changes in the conversation's row."""

    messages: Sequence[Outbound] = ()
    changes: Mapping[str, object] = field(default_factory=dict)


NOTHING = Response()


@dataclass(frozen=True, slots=True)
class Responder:
    """Answers the events of one account."""

    desk: Desk
    settings: Settings
    set_name: str
    limits: Limits

    def respond(self, event: Received, talk: Conversation) -> Response:
        """Raises whatever the answering raises, when trying again later may help."""
        paused = talk.paused_until is not None and datetime.now(UTC) < talk.paused_until
        match event.kind:
            case Kind.TAKEOVER:
                return Response(changes=self._pause())
            case Kind.FOLLOW:
                return self._say(self.settings.greeting_text)
            case Kind.TEXT if paused and wants_assistant(event.text):
                return self._say(wording.WELCOME_BACK, paused_until=None)
            case Kind.TEXT | Kind.TAP | Kind.MEDIA if paused:
                return NOTHING
            case Kind.MEDIA:
                return self._say(wording.TEXT_ONLY)
            case Kind.TAP if faq_id := faq_id_in(event.payload):
                return self._stored(faq_id, talk)
            case Kind.TEXT | Kind.TAP:
                return self._text(event.text, talk)
        return NOTHING

    def apology(self) -> Response:
        """What to say when the answering failed for good."""
        return self._say(self.settings.handover_text)

    def _text(self, text: str, talk: Conversation) -> Response:
        if not normalise(text):
            return NOTHING
        if len(text) > self.settings.max_question_chars:
            return self._say(wording.TOO_LONG)
        if wants_agent(text):
            return self._say(self.settings.agent_text, **self._pause())
        if wants_assistant(text):
            return self._say(wording.WELCOME_BACK)
        number = chosen_number(text) if talk.offered else None
        if number is None:
            return self._ask(text, talk)
        if 1 <= number <= len(talk.offered):
            return self._stored(talk.offered[number - 1][1], talk)
        return self._say(wording.wrong_number(len(talk.offered)))

    def _ask(self, text: str, talk: Conversation) -> Response:
        try:
            reply = self.desk.ask(
                text, set_name=self.set_name, channel=talk.channel, subject=talk.subject
            )
        except BadInput:
            return self.apology()
        messages = render_reply(reply, self.limits, handover_text=self.settings.handover_text)
        return Response(messages, {"offered": _offers(reply)})

    def _stored(self, faq_id: str, talk: Conversation) -> Response:
        faq = self.desk.find_faq(self.set_name, faq_id)
        if faq is None:
            return self._say(wording.GONE)
        for request_id, offered in talk.offered:
            if request_id and offered == faq_id:
                self._note_choice(request_id, faq_id)
        return Response(render_faq(faq, self.limits))

    def _note_choice(self, request_id: str, faq_id: str) -> None:
        try:
            self.desk.chosen(request_id, faq_id)
        except VifaqError as error:  # the person gets the answer all the same
            logger = structlog.get_logger(__name__)
            logger.warning("channel_choice_not_noted", request_id=request_id, error=str(error))

    def _say(self, text: str, **changes: object) -> Response:
        return Response(render_text(text, self.limits), changes)

    def _pause(self) -> dict[str, object]:
        silence = timedelta(seconds=self.settings.takeover_pause_s)
        return {"paused_until": datetime.now(UTC) + silence}


def _offers(reply: Reply) -> list[tuple[str, str]]:
    """Beside an answer a choice says nothing about what was asked first, so it is not noted."""
    judged = "" if reply.decision.answer else reply.request_id
    return [(judged, found.faq.id) for found in reply.decision.suggestions]
