"""Requests and responses of asking and of FAQs, with the examples that OpenAPI shows."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from service.domain import ChangeKind, Outcome
from service.http.errors import FieldProblem

SetName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
FaqId = Annotated[str, StringConstraints(min_length=1, max_length=128)]
FaqIdPath = Annotated[FaqId, Path()]


class Request(BaseModel):
    """A body; a misspelt field is an error, not ignored."""

    model_config = ConfigDict(extra="forbid")


class Response(BaseModel):
    """Read from a domain value."""

    model_config = ConfigDict(from_attributes=True)


# asking


class AskRequest(Request):
    """One question."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"question": "đkhp kỳ này tới ngày nào v ạ", "k": 3}]},
    )

    question: str = Field(min_length=1, description="As typed; at most VIFAQ_MAX_QUESTION_CHARS")
    set: SetName | None = Field(None, description="FAQ set; the default one when left out")
    k: int | None = Field(None, ge=1, le=10, description="How many suggestions at most")
    tags: list[str] = Field([], max_length=10, description="Only FAQs that carry all of these")
    rerank: bool | None = Field(None, description="Override the setting for this question")


class Answer(Response):
    """The stored answer of the FAQ that asks the same."""

    faq_id: str
    question: str
    answer: str
    answer_html: str = Field(description="Markdown rendered and sanitised")
    confidence: float = Field(ge=0, le=1)


class Suggestion(Response):
    """An FAQ that may be meant."""

    faq_id: str
    question: str
    similarity: float = Field(description="Cosine in [-1, 1]")
    confidence: float = Field(ge=0, le=1)


class IndexUsed(Response):
    """Which index answered."""

    set: str
    generation: int
    encoder: str


class StageTimes(Response):
    """Wall-clock in milliseconds."""

    segment: float
    encode: float
    search: float
    rerank: float
    total: float


class AskResponse(Response):
    """What the service makes of a question."""

    request_id: str
    outcome: Outcome
    answer: Answer | None
    suggestions: list[Suggestion] = Field(
        description="The nearest FAQs; beside an answer, what else the message likely asks"
    )
    index: IndexUsed
    timing_ms: StageTimes
    message: str | None = Field(description="What to say when there is no answer")


class StoredAnswer(Response):
    """The answer of one FAQ, for a tapped suggestion."""

    faq_id: str
    question: str
    answer: str
    answer_html: str


class FeedbackRequest(Request):
    """What the person says about an answer."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"request_id": "9f6c2c9e-6f0f-4f8a-9d8e-0a5b3a2c1d4e", "helpful": True}]
        },
    )

    request_id: str = Field(min_length=1, max_length=36)
    helpful: bool
    chosen_faq_id: FaqId | None = Field(None, description="The suggestion that was picked")


class FeedbackStored(Response):
    """The feedback's number."""

    id: int


# FAQs


class FaqContent(Request):
    """What an admin writes."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "question": "Học phí một tín chỉ là bao nhiêu?",
                    "answer": "Mức học phí của từng ngành nằm ở **thông báo học phí** đầu năm.",
                    "alternates": ["1 tín bao nhiêu tiền", "hoc phi 1 tin chi"],
                    "tags": ["hoc-phi"],
                }
            ]
        },
    )

    question: str
    answer: str = Field(description="Plain text or Markdown")
    alternates: list[str] = []
    tags: list[str] = []
    valid_from: date | None = Field(None, description="First day it may be answered")
    valid_to: date | None = Field(None, description="Last day it may be answered")


class NewFaq(FaqContent):
    """An FAQ with an id of its own choice, or one made for it."""

    id: FaqId | None = Field(None, description="Letters, digits, '.', '_', '-'; made when left out")


class FaqOut(Response):
    """An FAQ as stored."""

    id: str
    question: str
    answer: str
    alternates: list[str]
    tags: list[str]
    valid_from: date | None
    valid_to: date | None
    updated_at: datetime | None
    revision: int


class FaqPage(Response):
    """Some FAQs by id, and how many there are in all."""

    items: list[FaqOut]
    total: int
    offset: int


class FaqRevision(Response):
    """The FAQ after one edit, or as it was when removed."""

    kind: ChangeKind
    changed_at: datetime
    actor: str
    faq: FaqOut


class NewAlternate(Request):
    """Another way to ask an FAQ's question."""

    text: str = Field(min_length=1, examples=["1 tín chỉ mấy tiền v"])


class SetsOut(Response):
    """Names of FAQ sets."""

    sets: list[str]
    default: str


class ImportOut(Response):
    """What an import did, or would do."""

    dry_run: bool
    added: int
    changed: int
    removed: int
    unchanged: int
    problems: list[FieldProblem] = Field(description="Of the rows left out, in file order")
    ignored: list[str] = Field(description="Columns, sheets and keys that mean nothing here")
