"""Finds FAQs that get in one another's way."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from service.domain import Faq, FloatArray, PreparedText
from service.faq.folding import fold, squash
from service.ports import Encoder

NEAR = 0.95  # cosine from which two questions count as one
MIN_WORDS = 2
_ENCODE_ROWS = 512
_BLOCK_ROWS, _BLOCK_COLUMNS = 1024, 8192
_CLEARLY = 0.15  # cosine; by less than that, most alternates stand where they should

Prepare = Callable[[Sequence[str]], Sequence[PreparedText]]


class FindingKind(StrEnum):
    """What can be wrong with an FAQ beside the others."""

    EXACT_DUPLICATE = "exact duplicate"
    NEAR_DUPLICATE = "near duplicate"
    DIFFERENT_ANSWERS = "same question, different answers"
    TOO_SHORT = "too short"
    CLOSER_TO_ANOTHER = "alternate closer to another FAQ"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at. `similarity` is a cosine, where one was measured."""

    kind: FindingKind
    faq_id: str
    text: str
    advice: str
    other_id: str | None = None
    other_text: str | None = None
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class _Row:
    faq: Faq
    owner: int  # position of the FAQ
    text: str

    @property
    def is_alternate(self) -> bool:
        return self.text != self.faq.question


def check_faqs(
    faqs: Iterable[Faq],
    *,
    prepare: Prepare,
    encoder: Encoder,
    today: date | None = None,
    near: float = NEAR,
) -> list[Finding]:
    """Findings by kind, each pair of FAQs once a kind.

    Vectors lie in a temporary file and are multiplied block by block: the memory needed does not
    grow with the square of the FAQs, the time does.
    """
    stored = list(faqs)
    rows = [_Row(faq, owner, text) for owner, faq in enumerate(stored) for text in faq.texts]
    return [
        *_expired(stored, today or date.today()),
        *_too_short(rows),
        *_duplicates(rows, prepare, encoder, near),
    ]


def _expired(faqs: Sequence[Faq], today: date) -> Iterator[Finding]:
    for faq in faqs:
        if faq.valid_to and faq.valid_to < today:
            advice = f"was valid until {faq.valid_to}: extend it, or delete the FAQ"
            yield Finding(FindingKind.EXPIRED, faq.id, faq.question, advice)


def _too_short(rows: Sequence[_Row]) -> Iterator[Finding]:
    for row in rows:
        if len(squash(row.text).split()) < MIN_WORDS:
            advice = "one word matches too much: write the question out"
            yield Finding(FindingKind.TOO_SHORT, row.faq.id, row.text, advice)


def _duplicates(
    rows: Sequence[_Row], prepare: Prepare, encoder: Encoder, near: float
) -> Iterator[Finding]:
    told: set[frozenset[int]] = set()
    for form, same in ((squash, True), (fold, False)):
        for first, second in _pairs_with_same(rows, form):
            pair = frozenset((first.owner, second.owner))
            if pair not in told:
                told.add(pair)
                yield _same_text(first, second, exact=same)
    if not rows:
        return
    yield from _by_vector(rows, prepare, encoder, near, told)


def _pairs_with_same(
    rows: Sequence[_Row], form: Callable[[str], str]
) -> Iterator[tuple[_Row, _Row]]:
    # Every row against the first with its text: n rows give n pairs, not n².
    first: dict[str, _Row] = {}
    for row in rows:
        key = form(row.text)
        other = first.setdefault(key, row)
        if key and other.owner != row.owner:
            yield other, row


def _same_text(first: _Row, second: _Row, *, exact: bool) -> Finding:
    if exact and squash(first.faq.answer) != squash(second.faq.answer):
        kind = FindingKind.DIFFERENT_ANSWERS
        advice = "a student gets one of the two by chance: keep one, or make the questions differ"
    elif exact:
        kind = FindingKind.EXACT_DUPLICATE
        advice = "join the two FAQs"
    else:
        kind = FindingKind.NEAR_DUPLICATE
        advice = "the same without marks: join the two FAQs, or make the questions differ"
    return _pair(kind, first, second, advice, None)


def _pair(
    kind: FindingKind, row: _Row, other: _Row, advice: str, similarity: float | None
) -> Finding:
    return Finding(kind, row.faq.id, row.text, advice, other.faq.id, other.text, similarity)


def _by_vector(
    rows: Sequence[_Row],
    prepare: Prepare,
    encoder: Encoder,
    near: float,
    told: set[frozenset[int]],
) -> Iterator[Finding]:
    owners = np.array([row.owner for row in rows])
    with tempfile.TemporaryFile() as file:
        vectors: FloatArray = np.memmap(
            file, dtype=np.float32, mode="w+", shape=(len(rows), encoder.dimension)
        )
        for start in range(0, len(rows), _ENCODE_ROWS):
            chunk = [row.text for row in rows[start : start + _ENCODE_ROWS]]
            vectors[start : start + len(chunk)] = encoder.encode(prepare(chunk))
        nearest, similarity = _nearest_of_others(vectors, owners)
        own = _nearest_of_own(vectors, owners)
    for row, other, cosine in zip(rows, nearest, similarity, strict=True):
        pair = frozenset((row.owner, rows[other].owner))
        if cosine >= near and pair not in told:
            told.add(pair)
            advice = "join the two FAQs, or make the questions differ"
            yield _pair(FindingKind.NEAR_DUPLICATE, row, rows[other], advice, float(cosine))
    yield from _strays(rows, nearest, similarity, own)


def _strays(
    rows: Sequence[_Row], nearest: npt.NDArray[np.int64], similarity: FloatArray, own: FloatArray
) -> Iterator[Finding]:
    """Alternates that another FAQ attracts clearly more than their own, the worst first."""
    strays: set[int] = set()
    gaps = similarity - own
    for position in np.argsort(-gaps, kind="stable"):
        row, other = rows[position], int(nearest[position])
        # What only a stray attracts is in its place: the stray is not.
        if gaps[position] >= _CLEARLY and row.is_alternate and other not in strays:
            strays.add(int(position))
            advice = f"move it there, or reword it (its own FAQ: {own[position]:.2f})"
            found = float(similarity[position])
            yield _pair(FindingKind.CLOSER_TO_ANOTHER, row, rows[other], advice, found)


def _nearest_of_others(
    vectors: FloatArray, owners: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Per row, the most similar row of another FAQ (-1: none) and its cosine."""
    count = len(owners)
    nearest = np.full(count, -1)
    best = np.full(count, -2, dtype=np.float32)
    for start in range(0, count, _BLOCK_ROWS):
        rows = slice(start, min(start + _BLOCK_ROWS, count))
        block = np.array(vectors[rows])
        for left in range(0, count, _BLOCK_COLUMNS):
            columns = slice(left, min(left + _BLOCK_COLUMNS, count))
            cosines = block @ np.asarray(vectors[columns]).T  # (rows, columns)
            ours, theirs = owners[rows], owners[columns]
            if ours[0] <= theirs[-1] and theirs[0] <= ours[-1]:  # else no FAQ is in both blocks
                cosines[ours[:, None] == theirs] = -2
            at = cosines.argmax(axis=1)
            found = cosines[np.arange(len(at)), at]
            better = found > best[rows]
            nearest[rows] = np.where(better, at + left, nearest[rows])
            best[rows] = np.where(better, found, best[rows])
    return nearest, best


def _nearest_of_own(vectors: FloatArray, owners: npt.NDArray[np.int64]) -> FloatArray:
    """Per row, the cosine of the most similar other row of its FAQ; 1 when it has no other."""
    own = np.ones(len(owners), dtype=np.float32)
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(owners)], strict=True):
        if end - start > 1:
            block = np.array(vectors[start:end])
            cosines = block @ block.T
            np.fill_diagonal(cosines, -2)
            own[start:end] = cosines.max(axis=1)
    return own
