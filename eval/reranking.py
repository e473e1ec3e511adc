"""Whether the built-in reranker earns its place: recall@1 and MRR@5 before and after it.

Every labelled set with titles alone (all questions) and with up to three alternates (questions
held out), as the encoder that adapted to it finds five FAQs for each question. `make ranker` makes
the models that are compared.

Run: python -m eval.reranking FOLDER   (its sub-folders hold faqs.jsonl and queries.jsonl)
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from math import sqrt
from pathlib import Path
from statistics import fmean
from time import perf_counter

import numpy as np
import numpy.typing as npt

from eval.quality_data import LabelledSet, read_sets, splits
from eval.quality_tables import BUNDLED
from eval.record import RESULTS, write_record
from service.errors import BadFile
from service.evaluation.run import data_hash
from service.models.embedded.encoder import EmbeddedEncoder, open_embedded_encoder
from service.models.factory import open_adapter
from service.models.late_interaction import Interaction, MaxSim, PolyAttention
from service.models.ranker.features import Features
from service.models.ranker.reranker import BuiltInReranker, Linear, Model
from service.reindex.plan import prepare_faq
from service.runtime.learning import Learning
from service.runtime.wiring import open_text_paths, text_path_of
from service.settings import Settings
from service.text.path import TextPath
from service.train.ranker import LINEAR, TRIALS
from service.train.ranker_fit import Boosted
from service.train.ranking_lists import Asked, look_up

_SPLITS = (("all", 0), ("held out", 3))  # questions, alternates
_MISSING = 99  # place of an FAQ that was not found
_DEPTH = 5
_AIM = 3.0  # points
_BEYOND_NOISE = 1.64  # standard errors: one-sided, 95 %
_WARM, _TIMED = 50, 500  # questions
_COSINE = Linear({"cosine": 1.0})

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Run:
    """One model on one split."""

    set: str
    alternates: int
    words: str  # vectors of the "adapted" encoder or of the "base"
    model: str
    questions: int
    recall_before: float
    recall_after: float
    mrr_before: float
    mrr_after: float
    won: int  # questions whose right FAQ came first by reranking
    lost: int
    data_hash: str

    @classmethod
    def of(
        cls, at: tuple[str, int, str, str], before: Places, after: Places, data_hash: str
    ) -> Run:
        """Places of the right FAQ, from 0, of every question."""
        return cls(
            *at,
            questions=len(before),
            recall_before=float((before == 0).mean()),
            recall_after=float((after == 0).mean()),
            mrr_before=_mrr(before),
            mrr_after=_mrr(after),
            won=int(((after == 0) & (before > 0)).sum()),
            lost=int(((after > 0) & (before == 0)).sum()),
            data_hash=data_hash,
        )

    def as_json(self) -> dict[str, object]:
        """As it stands in the record."""
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(self).items()}

    @property
    def gain(self) -> float:
        """Points of recall@1."""
        return 100 * (self.recall_after - self.recall_before)

    @property
    def worse(self) -> bool:
        """Beyond noise, by McNemar's test."""
        return self.lost - self.won > _BEYOND_NOISE * sqrt(self.lost + self.won)


def main() -> None:
    """Measure, write the record and the table, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    models = read_models(TRIALS)
    runs: list[Run] = []
    speed: dict[str, dict[str, float]] = {}
    for labelled in read_sets(options.folder):
        if labelled.name == BUNDLED:  # trained on
            continue
        for alternates, asked, adapted, text, hashed in _looked_up(labelled):
            runs += _runs(labelled.name, alternates, asked, adapted, hashed, models, text)
            speed = measure_speed(asked, adapted, models, text)
            print(f"{labelled.name}, {alternates} alternates: done", file=sys.stderr)
    figures: dict[str, object] = {"runs": [run.as_json() for run in runs], "ms": speed}
    print(f"Written to {write_record('reranking', figures)}")
    table = as_markdown(runs, speed)
    (RESULTS / "reranking.md").write_text(table, encoding="utf-8")
    print(table)


def read_models(folder: Path) -> dict[str, Model]:
    """What `make ranker` left there. Raises BadFile when it did not run yet."""
    import lightgbm

    models: dict[str, Model] = {name: Linear({name: 1.0}) for name in ("maxsim", "poly")}
    try:
        for name in LINEAR:
            record = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
            models[name if name not in models else f"cosine + {name}"] = Linear(record["weights"])
        booster = lightgbm.Booster(model_file=folder / "lambdarank.txt")
    except (OSError, lightgbm.basic.LightGBMError) as error:
        raise BadFile(f"{folder} lacks a model, so make ranker first ({error})") from error
    return {**models, "lambdarank": Boosted(booster)}


def _looked_up(
    labelled: LabelledSet,
) -> Iterator[tuple[int, list[Asked], EmbeddedEncoder, TextPath, str]]:
    base = open_embedded_encoder()
    adapter = open_adapter(base)
    learning = Learning(base, adapter, base, adapter, Settings().target_precision)
    learn, text_paths = learning.plan("auto").learn, open_text_paths()
    for split in splits(labelled):
        if learn and (split.questions, split.alternates) in _SPLITS:
            faqs, queries = split.task.faqs, split.task.queries
            text = text_path_of(faqs, text_paths)
            encoder = learn([prepare_faq(text, faq) for faq in faqs], lambda progress: None).encoder
            assert isinstance(encoder, EmbeddedEncoder)  # noqa: S101 - the adapter's own
            questions = [(query.question, query.faq_id) for query in queries]
            asked = look_up(faqs, questions, cache(text.prepare), encoder)
            yield split.alternates, asked, encoder, text, data_hash(split.task)


def _runs(
    name: str,
    alternates: int,
    asked: Sequence[Asked],
    adapted: EmbeddedEncoder,
    hashed: str,
    models: Mapping[str, Model],
    text: TextPath,
) -> Iterator[Run]:
    right = [each.right for each in asked]
    reader = BuiltInReranker(_COSINE, cache(text.prepare))
    for words, encoder in (("adapted", adapted), ("base", EmbeddedEncoder(adapted.table))):
        found = [reader.features(each.question, each.candidates, encoder) for each in asked]
        before = _places(_COSINE, found, right)
        for model_name, model in models.items():
            at = name, alternates, words, model_name
            yield Run.of(at, before, _places(model, found, right), hashed)


def _places(model: Model, found: Sequence[Features], right: Sequence[int | None]) -> Places:
    """(questions,) of the right FAQ in the model's order, from 0."""
    orders = [np.argsort(-model.predict(each), kind="stable").tolist() for each in found]
    pairs = zip(orders, right, strict=True)
    return np.array([_MISSING if at is None else order.index(at) for order, at in pairs])


def _mrr(places: Places) -> float:
    return float(np.where(places < _DEPTH, 1 / (places + 1), 0.0).mean())


def measure_speed(
    asked: Sequence[Asked], encoder: EmbeddedEncoder, models: Mapping[str, Model], text: TextPath
) -> dict[str, dict[str, float]]:
    """Milliseconds for one question and its five candidates, texts of the FAQs read before."""
    full = [each for each in asked if len(each.candidates) == _DEPTH][: _WARM + _TIMED]
    known = cache(lambda stored: encoder.words(text.prepare(stored)))

    def meet(interaction: Interaction) -> Callable[[Asked], object]:
        def run(each: Asked) -> list[float]:
            words = encoder.words(each.question)
            return [interaction.score(words, known(c.matched_text)) for c in each.candidates]

        return run

    def read(model: Model) -> Callable[[Asked], object]:
        reranker = BuiltInReranker(model, text.prepare)
        return lambda each: reranker.score(each.question, each.candidates, encoder)

    ways = {"maxsim": meet(MaxSim()), "poly": meet(PolyAttention())}
    ways |= {name: read(models[name]) for name in ("linear", "lambdarank")}
    return {name: _timed(way, full) for name, way in ways.items()}


def _timed(way: Callable[[Asked], object], asked: Iterable[Asked]) -> dict[str, float]:
    spent = []
    for each in asked:
        started = perf_counter()
        way(each)
        spent.append(1000 * (perf_counter() - started))
    median, p95 = np.percentile(spent[_WARM:], [50, 95])
    return {"median": round(float(median), 3), "p95": round(float(p95), 3)}


def as_markdown(runs: Sequence[Run], speed: Mapping[str, Mapping[str, float]]) -> str:
    """A table for each kind of word vectors, and the times."""
    about = (
        "Written by `python -m eval.reranking FOLDER`; reranking.json has the figures of every "
        "run. Recall@1 in percent, points gained, and questions won/lost in brackets; in bold what "
        f"is lost beyond noise. The aim: {_AIM:.0f} points on the mean and nothing in bold."
    )
    parts = ["# Built-in reranking", about]
    for words in dict.fromkeys(run.words for run in runs):
        parts += [f"## Words of the {words} encoder", _table([r for r in runs if r.words == words])]
    rows = [[name, f"{ms['median']:.2f}", f"{ms['p95']:.2f}"] for name, ms in speed.items()]
    parts += ["## Milliseconds for five candidates", _rows(["", "median", "95 %"], rows)]
    return "\n\n".join(parts) + "\n"


def _table(runs: Sequence[Run]) -> str:
    at = list(dict.fromkeys((run.set, run.alternates) for run in runs))
    head = ["", *(f"{name}, {alternates}" for name, alternates in at), "mean", "MRR@5"]
    models = list(dict.fromkeys(run.model for run in runs))
    first = [run for run in runs if run.model == models[0]]
    recalls = [run.recall_before for run in first]
    cosine = [*recalls, fmean(recalls), fmean(run.mrr_before for run in first)]
    rows = [["cosine", *(f"{100 * figure:.1f}" for figure in cosine)]]
    for model in models:
        own = [run for run in runs if run.model == model]
        mean, mrr = fmean(run.gain for run in own), fmean(run.mrr_after for run in own)
        rows.append([model, *map(_cell, own), f"{mean:+.2f}", f"{100 * mrr:.1f}"])
    return _rows(head, rows)


def _cell(run: Run) -> str:
    mark = "**" if run.worse else ""
    return f"{mark}{run.gain:+.1f}{mark} ({run.won}/{run.lost})"


def _rows(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


if __name__ == "__main__":
    main()
