"""Reorders the best few by a model that reads question and FAQ together, if it is quick enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, replace

import structlog

from service.domain import Candidate, FloatArray, PreparedText
from service.ports import Encoder, ExplainingReranker, Reranker


@dataclass(frozen=True, slots=True)
class Ranked:
    """Candidates in their final order; `failed`: in cosine order, since reranking did not work."""

    candidates: list[Candidate]
    failed: bool = False


class Reranking:
    """A reranker under a time limit. One question at a time: the model has no more cores."""

    def __init__(self, reranker: Reranker, *, top: int, timeout_s: float) -> None:
        self._reranker = reranker
        self._top = top
        self._timeout_s = timeout_s
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rerank")

    def rank(self, text: PreparedText, candidates: Sequence[Candidate], encoder: Encoder) -> Ranked:
        """The first `top` by the reranker's score, then the rest as they were.

        Where the reranker explains itself, `reasons` holds its features as "rerank.<name>".
        """
        if not candidates:
            return Ranked([])
        top = candidates[: self._top]
        future = self._worker.submit(self._read, text, top, encoder)
        try:
            scores, reasons = future.result(self._timeout_s)
        except Exception as error:  # whatever a model raises, cosine order still answers
            future.cancel()
            self._log(error)
            return Ranked(list(candidates), failed=True)
        scored = [
            replace(c, rerank_score=float(score), reasons=_named(why))
            for c, score, why in zip(top, scores, reasons, strict=True)
        ]
        scored.sort(key=lambda c: c.rerank_score or 0.0, reverse=True)
        return Ranked([*scored, *candidates[self._top :]])

    def _read(
        self, text: PreparedText, top: Sequence[Candidate], encoder: Encoder
    ) -> tuple[FloatArray, Sequence[Mapping[str, float]]]:
        if isinstance(self._reranker, ExplainingReranker):
            return self._reranker.explain(text, top, encoder)
        return self._reranker.score(text, top, encoder), [{}] * len(top)

    def close(self) -> None:
        """Let a running call finish, drop the waiting ones."""
        self._worker.shutdown(wait=True, cancel_futures=True)

    def _log(self, error: Exception) -> None:
        slow = isinstance(error, FutureTimeout)
        structlog.get_logger(__name__).error(
            "rerank_timed_out" if slow else "rerank_failed",
            reranker=self._reranker.name,
            timeout_s=self._timeout_s,
            exc_info=None if slow else error,
        )


def _named(reasons: Mapping[str, float]) -> dict[str, float]:
    return {f"rerank.{name}": value for name, value in reasons.items()}
