"""vifaq eval."""

from __future__ import annotations

import json
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.index import Adapt
from service.cli.output import print_json, progress

if TYPE_CHECKING:
    from service.evaluation.ranking import Ranker


class Noise(StrEnum):
    """How the questions are typed."""

    none = "none"
    no_marks = "no-marks"
    teencode = "teencode"
    typo = "typo"
    telex = "telex"


class Baseline(StrEnum):
    """What to measure instead of the service."""

    bm25 = "bm25"
    tfidf = "tfidf"


def evaluate(
    faqs: Annotated[Path, typer.Option(help='Lines of {"id","question","alternates","answer"}.')],
    queries: Annotated[Path, typer.Option(help='Lines of {"question","faq_id"}.')],
    ood: Annotated[
        Path | None, typer.Option(help='Out-of-scope questions: lines of {"question","kind"}.')
    ] = None,
    noise: Annotated[Noise, typer.Option(help="Put typing noise on the questions.")] = Noise.none,
    encoder: Annotated[
        str | None, typer.Option(help="As in VIFAQ_ENCODER.  [default: that setting]")
    ] = None,
    rerank: Annotated[bool, typer.Option("--rerank", help="With VIFAQ_RERANKER.")] = False,
    adapt: Annotated[
        Adapt, typer.Option(help="Teach the encoder these FAQs, as `vifaq reindex` does.")
    ] = Adapt.auto,
    baseline: Annotated[
        Baseline | None, typer.Option(help="Measure this in place of the service.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write the figures to this file.")
    ] = None,
) -> None:
    """Measure quality on any FAQ set, in a temporary index; live data is never touched.

    Prints recall@1, recall@5, MRR@10, nDCG@10 and latency; with --ood how well what is out of
    scope is told apart. All are fractions of 1, times in milliseconds.

    Example: vifaq eval --faqs F.jsonl --queries Q.jsonl --noise no-marks --json out.json
    """
    from service.cli.start import read_settings
    from service.evaluation import baselines, load, run
    from service.evaluation.open import service_ranker

    settings = read_settings(**({"encoder": encoder} if encoder else {}))
    stored = load.read_faqs(faqs)
    asked = load.read_queries(queries, [faq.id for faq in stored])
    task = load.Task(stored, asked, load.read_out_of_scope(ood) if ood else [])
    with ExitStack() as opened:
        on_progress = opened.enter_context(progress())
        ranker: Ranker
        if baseline:
            ranker = baselines.baseline(baseline.value, stored)
        else:
            ranker = opened.enter_context(
                service_ranker(
                    settings, stored, adapt=adapt.value, rerank=rerank, on_progress=on_progress
                )
            )
        result = run.evaluate(ranker, task, noise=noise.value, on_progress=on_progress)
    figures = result.as_json()
    if json_file:
        json_file.write_text(json.dumps(figures, ensure_ascii=False, indent=2), encoding="utf-8")
    print_json(figures)
