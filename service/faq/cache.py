"""FAQs held in memory, so that an answer needs no look-up in the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

from service.domain import Faq

_SEEN_WITHIN_S = 0.5
_MOST_FAQS = 20_000  # of one set


class Source(Protocol):
    """The FAQ database as the cache needs it."""

    @property
    def edits(self) -> object:
        """Another one after every transaction of edits that this process has ended."""
        ...

    def last_seq(self, set_name: str, /) -> int:
        """The newest edit of the set. Raises NotFound when there is no such set."""
        ...

    def get_many(self, set_name: str, ids: Sequence[str], /) -> Mapping[str, Faq]:
        """Those of the FAQs that exist, by id."""
        ...


@dataclass(frozen=True, slots=True)
class _State:
    """The FAQs of a set that were read at or after one edit. Thrown away with the next edit."""

    seq: int
    edits: object
    until: float  # monotonic seconds
    faqs: dict[str, Faq] = field(default_factory=dict)


class FaqCache:
    """Thread-safe. Edits of this process are seen at once, those of others within half a second."""

    def __init__(self, source: Source, clock: Callable[[], float] = monotonic) -> None:
        self._source = source
        self._clock = clock
        self._states: dict[str, _State] = {}

    def get_many(self, set_name: str, ids: Sequence[str], /) -> dict[str, Faq]:
        """The FAQs with these ids, in that order; unknown ones are left out. Raises NotFound."""
        known = self._state(set_name).faqs
        found = {faq_id: faq for faq_id in ids if (faq := known.get(faq_id)) is not None}
        missing = [faq_id for faq_id in ids if faq_id not in found]
        if missing:
            fresh = self._source.get_many(set_name, missing)
            if len(known) + len(fresh) > _MOST_FAQS:
                known.clear()  # another thread has what it found in a dict of its own
            known.update(fresh)
            found.update(fresh)
        return {faq_id: found[faq_id] for faq_id in ids if faq_id in found}

    def _state(self, set_name: str) -> _State:
        edits = self._source.edits  # before the look-up: an edit during it makes it worthless
        state = self._states.get(set_name)
        if state is None or state.edits is not edits or self._clock() > state.until:
            until = self._clock() + _SEEN_WITHIN_S
            seq = self._source.last_seq(set_name)
            faqs = state.faqs if state is not None and state.seq == seq else {}
            state = self._states[set_name] = _State(seq, edits, until, faqs)
        return state
