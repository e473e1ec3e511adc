"""The values everything else talks in. Frozen, with no behaviour beyond reading themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

DEFAULT_SET = "default"


@dataclass(frozen=True, slots=True)
class Faq:
    """One stored question with its answer. `answer` is plain text or Markdown."""

    id: str
    question: str
    answer: str
    alternates: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    valid_from: date | None = None  # first day it may be answered
    valid_to: date | None = None  # last day it may be answered
    updated_at: datetime | None = None  # UTC; set by the repository
    revision: int = 0  # 0: never stored

    @property
    def texts(self) -> tuple[str, ...]:
        """The question and its alternates: one index row each."""
        return (self.question, *self.alternates)

    def is_valid_on(self, day: date) -> bool:
        """Whether it may be answered on that day; both ends are included."""
        return not (self.valid_from and day < self.valid_from) and not (
            self.valid_to and day > self.valid_to
        )


class ChangeKind(StrEnum):
    """What an edit did to an FAQ."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class FaqChange:
    """One edit, in the order of `seq` within its set. `faq` is the state after it (or removed)."""

    seq: int  # 1, 2, 3… per set, in commit order, without gaps
    kind: ChangeKind
    faq: Faq
    changed_at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class PreparedText:
    """A text after the one text path: what every encoder, reranker and trainer is given."""

    plain: str  # normalised, abbreviations written out, marks and slips mended, case kept; without
    # courtesies, where more than those was said
    segmented: str  # the same with the syllables of a word joined by "_"
    has_marks: bool  # whether it was typed with any Vietnamese diacritic
    left_out: str = ""  # the courtesies: who asks may stand there, and guards read it


@dataclass(frozen=True, slots=True)
class PreparedFaq:
    """An FAQ as a learner sees it."""

    id: str
    question: PreparedText
    alternates: tuple[PreparedText, ...] = ()
    answer: PreparedText | None = None  # None: no answer worth learning from


@dataclass(frozen=True, slots=True)
class Row:
    """One vector of an index: the question of an FAQ or one of its alternates."""

    id: str  # "<faq_id>#<position>", position 0 is the question
    faq_id: str
    text: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A row found by search. `similarity` is a cosine in [-1, 1], higher is better."""

    row: Row
    similarity: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """An FAQ found for a question: its best row, and what is known about how well it fits."""

    faq: Faq
    matched_text: str
    similarity: float  # cosine of its best row
    rerank_score: float | None = None  # reranker's own scale, higher is better
    confidence: float = 0.0  # calibrated probability in [0, 1] that it answers the question
    reasons: Mapping[str, float] = field(default_factory=dict)  # features, for --explain


class Outcome(StrEnum):
    """What the service does with a question."""

    ANSWER = "answer"
    SUGGEST = "suggest"
    HANDOVER = "handover"


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict over ranked candidates, best first."""

    outcome: Outcome
    answer: Candidate | None
    suggestions: tuple[Candidate, ...]  # beside an answer: what else the message likely asks


@dataclass(frozen=True, slots=True)
class Timing:
    """Wall-clock of each stage in milliseconds."""

    segment_ms: float
    encode_ms: float
    search_ms: float
    rerank_ms: float
    total_ms: float


@dataclass(frozen=True, slots=True)
class IndexRef:
    """Which index answered."""

    set_name: str
    generation: int
    encoder: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a question gets back."""

    request_id: str
    question: str
    decision: Decision
    index: IndexRef
    timing: Timing
    rerank_failed: bool = False  # the reranker timed out or failed: cosine order answered
    small_talk: str | None = None  # a polite line from the small-talk pack, instead of an FAQ
    # For --explain:
    text: PreparedText | None = None  # what was looked up
    candidates: tuple[Candidate, ...] = ()  # all that were judged for it, best first
    parts: tuple[tuple[str, Candidate], ...] = ()  # looked up alone, each with its nearest FAQ


class GenerationStatus(StrEnum):
    """Life of an index generation."""

    BUILDING = "building"
    LIVE = "live"
    PREVIOUS = "previous"  # kept for rollback
    RETIRED = "retired"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Generation:
    """One built index of one set, as the database records it."""

    set_name: str
    number: int  # 1, 2, 3… per set
    status: GenerationStatus
    collection: str  # the vector store's name for it
    encoder: str  # profile name
    fingerprint: str  # of text path + encoder + adaptation: must match to be searched
    applied_seq: int  # edits up to this one are in it
    row_count: int
    created_at: datetime
    report: Mapping[str, object] = field(default_factory=dict)  # adaptation, calibration, checks
    has_artefact: bool = False  # adapted weights are stored with it


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a long job is."""

    stage: str
    done: int
    total: int  # 0: unknown


class JobStatus(StrEnum):
    """Life of a background job."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Job:
    """A long task that runs in the background, as the database records it."""

    id: str
    kind: str  # reindex
    set_name: str
    status: JobStatus
    progress: Progress
    created_at: datetime
    finished_at: datetime | None = None
    result: Mapping[str, object] | None = None
    error: str | None = None  # fit to show; only of a failed job
