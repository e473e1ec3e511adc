"""The runs of a quality measurement as Markdown tables. Figures are percentages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

RANKERS = ("bm25", "tfidf", "classifier", "embedded", "embedded, adapted")
NOISES = ("none", "no-marks", "teencode", "typo", "telex")
BUNDLED = "bundled"  # written by the authors of the training data: in no mean

_ABOUT = """# Quality

Written by `make quality DATA=folder`; the figures of every run are in quality.json. All are
percentages. **bundled** is the FAQ set that comes with the project, its alternates asked as
questions; it was written by the authors of the training data and is in no mean.

## Titles alone

Every question of the file, as typed; recall@1 / recall@5 / MRR@10."""

_ABOUT_ALTERNATES = """## With alternates

Recall@1 / recall@5. Every FAQ got up to so many of its questions as alternates, on average the
number in brackets. The rows of one set ask the same questions: none was an alternate in any row,
and of near-identical ones only one is asked."""

_ABOUT_NOISE = """## Typing noise

Mean recall@1 over the sets but the bundled one; titles alone, every question."""


@dataclass(frozen=True, slots=True)
class Run:
    """One ranker on one split of one set, typed in one way."""

    set: str
    ranker: str
    alternates: int  # at most, per FAQ
    mean_alternates: float
    questions: str  # "all" of the file, or those "held out" from every split with alternates
    noise: str
    n_faqs: int
    n_queries: int
    adapted: bool  # "auto" may decide against it
    data_hash: str
    figures: dict[str, float]  # recall@1, recall@5, mrr@10, ndcg@10; fractions

    def as_json(self) -> dict[str, object]:
        """As it stands in the record."""
        flat: dict[str, object] = asdict(self)
        del flat["figures"]
        return flat | self.figures


@dataclass(frozen=True, slots=True)
class Runs:
    """Finds runs."""

    runs: Sequence[Run]

    @property
    def sets(self) -> list[str]:
        """Names, in the order measured."""
        return list(dict.fromkeys(run.set for run in self.runs))

    @property
    def outside_sets(self) -> list[str]:
        """Those that a mean is taken over."""
        return [name for name in self.sets if name != BUNDLED]

    def splits(self, set_name: str) -> list[tuple[str, int]]:
        """(questions, alternates) that the set was measured with."""
        return list(
            dict.fromkeys((r.questions, r.alternates) for r in self.runs if r.set == set_name)
        )

    def of(
        self, set_name: str, ranker: str, questions: str, alternates: int, noise: str
    ) -> Run | None:
        """That run; None for one that was not measured."""
        wanted = (set_name, ranker, questions, alternates, noise)
        return next(
            (
                run
                for run in self.runs
                if (run.set, run.ranker, run.questions, run.alternates, run.noise) == wanted
            ),
            None,
        )

    def mean(self, measure: str, ranker: str, noise: str) -> float:
        """Over the outside sets, titles alone, all questions; in percent."""
        found = [self.of(name, ranker, "all", 0, noise) for name in self.outside_sets]
        return 100 * fmean(run.figures[measure] for run in found if run)


def write_tables(runs: Runs, folder: Path) -> Path:
    """Write folder/quality.md and return its path."""
    parts = [_ABOUT, titles_table(runs), _ABOUT_ALTERNATES, alternates_table(runs)]
    parts += [_ABOUT_NOISE, noise_table(runs), "## Everything\n\nRecall@1.", everything_table(runs)]
    path = folder / "quality.md"
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path


def titles_table(runs: Runs) -> str:
    """Rankers down, sets across."""
    measures = ("recall@1", "recall@5", "mrr@10")
    head = ["", *runs.outside_sets, "**mean**", BUNDLED]
    counts = ["FAQs / questions", *(_size(runs, name) for name in runs.outside_sets)]
    rows = [[*counts, "", _size(runs, BUNDLED)]]
    for ranker in RANKERS:
        by_set = [_cell(runs.of(n, ranker, "all", 0, "none"), measures) for n in runs.sets]
        if any(by_set):
            mean = " / ".join(f"{runs.mean(m, ranker, 'none'):.1f}" for m in measures)
            rows.append([ranker, *by_set[:-1], f"**{mean}**", by_set[-1]])
    return _markdown(head, rows)


def alternates_table(runs: Runs) -> str:
    """Sets and alternates down, rankers across."""
    rows = []
    for name in runs.sets:
        for questions, alternates in runs.splits(name):
            if questions == "held out":
                cells = [runs.of(name, r, questions, alternates, "none") for r in RANKERS]
                given = next(run.mean_alternates for run in cells if run)
                label = f"{alternates} ({given:.1f})" if alternates else "0"
                rows.append([name, label, *(_cell(c, ("recall@1", "recall@5")) for c in cells)])
    return _markdown(["set", "alternates", *RANKERS], rows)


def noise_table(runs: Runs) -> str:
    """Rankers down, noise across."""
    rankers = [ranker for ranker in RANKERS if ranker != "classifier"]
    rows = [[r, *(f"{runs.mean('recall@1', r, noise):.1f}" for noise in NOISES)] for r in rankers]
    return _markdown(["", *NOISES], rows)


def everything_table(runs: Runs) -> str:
    """Every set, split and ranker down, noise across."""
    rows = []
    for name in runs.sets:
        for questions, alternates in runs.splits(name):
            for ranker in RANKERS:
                cells = [
                    _cell(runs.of(name, ranker, questions, alternates, n), ("recall@1",))
                    for n in NOISES
                ]
                if any(cells):
                    rows.append([name, questions, str(alternates), ranker, *cells])
    return _markdown(["set", "questions", "alternates", "", *NOISES], rows)


def _size(runs: Runs, set_name: str) -> str:
    run = runs.of(set_name, "bm25", "all", 0, "none")
    return f"{run.n_faqs} / {run.n_queries}" if run else ""


def _cell(run: Run | None, measures: Iterable[str]) -> str:
    if run is None:
        return ""
    return " / ".join(f"{100 * run.figures[measure]:.1f}" for measure in measures)


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
