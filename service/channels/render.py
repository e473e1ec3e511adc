"""A reply in the best form that a channel has."""

from __future__ import annotations

from collections.abc import Sequence

from service.channels import wording
from service.channels.message import Choice, Outbound, faq_payload
from service.channels.plain import plain_text, split_text
from service.channels.port import Limits
from service.domain import Faq, Outcome, Reply


def render_reply(reply: Reply, limits: Limits, *, handover_text: str) -> list[Outbound]:
    """The messages for one reply, in order."""
    if reply.small_talk is not None:
        return render_text(reply.small_talk, limits)
    decision = reply.decision
    offered = [found.faq for found in decision.suggestions]
    if decision.outcome is Outcome.ANSWER and decision.answer:
        answer = render_faq(decision.answer.faq, limits)
        return answer + render_suggestions(offered, limits, wording.ALSO) if offered else answer
    if offered:
        return render_suggestions(offered, limits, wording.PERHAPS)
    return render_text(handover_text, limits)


def render_faq(faq: Faq, limits: Limits) -> list[Outbound]:
    """The stored answer."""
    return render_text(plain_text(faq.answer), limits)


def render_text(text: str, limits: Limits) -> list[Outbound]:
    """Plain text in as many messages as it needs."""
    return [Outbound(part) for part in split_text(text, limits.text_chars)]


def render_suggestions(faqs: Sequence[Faq], limits: Limits, title: str) -> list[Outbound]:
    """A numbered list; with buttons under its last part where there are buttons."""
    text = wording.suggestions(title, [faq.question for faq in faqs])
    *parts, last = split_text(text, limits.text_chars)
    choices = tuple(
        Choice(_title(number, faq.question, limits.title_chars), faq_payload(faq.id))
        for number, faq in enumerate(faqs[: limits.choices], start=1)
    )
    return [*map(Outbound, parts), Outbound(last, choices)]


def _title(number: int, question: str, limit: int) -> str:
    title = f"{number}. {question}"
    return title if len(title) <= limit else title[: limit - 1].rstrip() + "…"
