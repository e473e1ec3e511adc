"""The channels over the FAQ database and the answering."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import partial

from service.channels.hub import ChannelHub
from service.channels.port import Ask, Desk
from service.domain import Faq
from service.errors import NotFound
from service.runtime.records import Records
from service.settings import Settings

_VIETNAM = timezone(timedelta(hours=7))  # FAQs are valid on Vietnamese days


def open_channels(settings: Settings, records: Records, ask: Ask) -> ChannelHub:
    """All accounts of VIFAQ_CHANNELS; nothing is started. Raises BadSetting."""
    desk = Desk(
        ask=ask,
        find_faq=partial(_find_faq, records),
        chosen=partial(_note_choice, records),
        forget_subject=records.questions.delete_subject,
    )
    return ChannelHub(settings, records.engine, desk)


def _find_faq(records: Records, set_name: str, faq_id: str) -> Faq | None:
    try:
        faq = records.faqs.get(set_name, faq_id)
    except NotFound:
        return None
    return faq if faq.is_valid_on(datetime.now(_VIETNAM).date()) else None


def _note_choice(records: Records, request_id: str, faq_id: str) -> None:
    records.feedback.record(request_id, helpful=True, chosen_faq_id=faq_id)
