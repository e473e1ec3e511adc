import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import structlog

from service.domain import Candidate, Faq, FloatArray, PreparedText
from service.pipeline.rerank import Reranking
from service.ports import Encoder, Reranker
from tests.fixtures.fakes import FakeEncoder

ENCODER = FakeEncoder()
TEXT = PreparedText("học phí", "học_phí", True)
FOUND = [Candidate(Faq(str(n), f"{n}?", f"{n}."), f"{n}?", 0.9 - n / 10) for n in range(4)]


class Backwards:
    """Prefers the last."""

    name = "backwards"

    def score(
        self, question: PreparedText, candidates: Sequence[Candidate], encoder: Encoder, /
    ) -> FloatArray:
        return np.arange(len(candidates), dtype=np.float32)


class Broken(Backwards):
    def score(
        self, question: PreparedText, candidates: Sequence[Candidate], encoder: Encoder, /
    ) -> FloatArray:
        raise RuntimeError("out of memory")


class Stuck(Backwards):
    def __init__(self) -> None:
        self.let_go = threading.Event()

    def score(
        self, question: PreparedText, candidates: Sequence[Candidate], encoder: Encoder, /
    ) -> FloatArray:
        assert self.let_go.wait(10)
        return super().score(question, candidates, encoder)


@contextmanager
def reranking(reranker: Reranker, top: int = 3, timeout_s: float = 5.0) -> Iterator[Reranking]:
    opened = Reranking(reranker, top=top, timeout_s=timeout_s)
    try:
        yield opened
    finally:
        opened.close()


def ids(candidates: Sequence[Candidate]) -> list[str]:
    return [candidate.faq.id for candidate in candidates]


def test_only_the_top_is_reordered() -> None:
    with reranking(Backwards()) as opened:
        ranked = opened.rank(TEXT, FOUND, ENCODER)
    assert ids(ranked.candidates) == ["2", "1", "0", "3"]
    assert [c.rerank_score for c in ranked.candidates] == [2, 1, 0, None]
    assert not ranked.failed


def test_nothing_found_is_nothing_to_rank() -> None:
    with reranking(Broken()) as opened:
        assert opened.rank(TEXT, [], ENCODER).candidates == []


def test_a_failing_reranker_leaves_cosine_order_and_is_logged() -> None:
    with structlog.testing.capture_logs() as logs, reranking(Broken()) as opened:
        ranked = opened.rank(TEXT, FOUND, ENCODER)
    assert ranked.failed
    assert ranked.candidates == FOUND
    assert [(log["event"], log["log_level"]) for log in logs] == [("rerank_failed", "error")]


def test_a_slow_reranker_is_not_waited_for_and_works_again_later() -> None:
    stuck = Stuck()
    with reranking(stuck, timeout_s=0.05) as opened:
        with structlog.testing.capture_logs() as logs:
            assert opened.rank(TEXT, FOUND, ENCODER).failed
            assert opened.rank(TEXT, FOUND, ENCODER).failed
        assert [log["event"] for log in logs] == ["rerank_timed_out"] * 2
        stuck.let_go.set()
        for _ in range(200):
            ranked = opened.rank(TEXT, FOUND, ENCODER)
            if not ranked.failed:
                break
        assert ids(ranked.candidates)[0] == "2"


class Explaining(Backwards):
    def explain(
        self, question: PreparedText, candidates: Sequence[Candidate], encoder: Encoder, /
    ) -> tuple[FloatArray, list[Mapping[str, float]]]:
        scores = self.score(question, candidates, encoder)
        return scores, [{"letters": float(len(c.matched_text))} for c in candidates]


def test_a_reranker_that_explains_itself_is_heard() -> None:
    with reranking(Explaining()) as opened:
        first, *_, last = opened.rank(TEXT, FOUND, ENCODER).candidates
    assert (first.rerank_score, first.reasons) == (2, {"rerank.letters": 2.0})
    assert (last.rerank_score, last.reasons) == (None, {})


def test_the_encoder_that_found_the_candidates_is_handed_on() -> None:
    seen = []

    class Noting(Backwards):
        def score(
            self, question: PreparedText, candidates: Sequence[Candidate], encoder: Encoder, /
        ) -> FloatArray:
            seen.append(encoder)
            return super().score(question, candidates, encoder)

    with reranking(Noting()) as opened:
        opened.rank(TEXT, FOUND, ENCODER)
    assert seen == [ENCODER]
