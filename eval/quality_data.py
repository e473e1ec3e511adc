"""The labelled sets that quality is measured on, and how they are split."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from service.domain import Faq
from service.errors import BadFile
from service.evaluation.load import Query, Task, read_faqs, read_queries
from service.evaluation.splits import with_alternates
from service.faq.drafts import Draft
from service.faq.parse import parse

BUNDLED = Path(__file__).parent.parent / "faq_data" / "university"
ALTERNATES = (0, 3, 5)  # per FAQ, at most


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """FAQs without alternates, and questions that are known to ask one of them."""

    name: str
    faqs: list[Faq]
    queries: list[Query]


@dataclass(frozen=True, slots=True)
class Split:
    """One way to use a labelled set. `questions`: "all" of the file, or "held out"."""

    alternates: int
    questions: str
    task: Task

    @property
    def mean_alternates(self) -> float:
        """How many an FAQ really got."""
        return sum(len(faq.alternates) for faq in self.task.faqs) / len(self.task.faqs)


def read_sets(folder: Path) -> list[LabelledSet]:
    """The bundled set and every sub-folder with faqs.jsonl and queries.jsonl. Raises BadFile."""
    found = [_read(path.parent) for path in sorted(folder.glob("*/queries.jsonl"))]
    if not found:
        raise BadFile(f"No sub-folder of {folder} has faqs.jsonl and queries.jsonl.")
    return [*found, _bundled()]


def splits(labelled: LabelledSet) -> list[Split]:
    """All questions against titles alone; then 0, 3 and 5 alternates asked the same questions.

    Half of an FAQ's questions are kept for asking, so FAQs with few get fewer alternates. Where
    that makes 5 the same as 3, there is no split with 5.
    """
    found = [Split(0, "all", Task(labelled.faqs, labelled.queries, []))]
    for count in ALTERNATES:
        task = with_alternates(
            labelled.faqs, labelled.queries, alternates=count, set_aside=max(ALTERNATES)
        )
        if task != found[-1].task:
            found.append(Split(count, "held out", task))
    return found


def _read(folder: Path) -> LabelledSet:
    faqs = read_faqs(folder / "faqs.jsonl")
    queries = read_queries(folder / "queries.jsonl", [faq.id for faq in faqs])
    return LabelledSet(folder.name, faqs, queries)


def _bundled() -> LabelledSet:
    """Its alternates become the questions."""
    faqs = [draft.faq for draft in parse(BUNDLED) if isinstance(draft, Draft)]
    queries = [Query(text, faq.id) for faq in faqs for text in faq.alternates]
    return LabelledSet("bundled", [replace(faq, alternates=()) for faq in faqs], queries)
