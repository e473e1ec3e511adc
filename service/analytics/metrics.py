"""Prometheus metrics, with a registry of their own so that two runtimes never mix."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from service.domain import Reply

_STAGES = ("segment", "encode", "search", "rerank", "total")  # as Timing names them
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics:
    """What an operator watches. Thread-safe."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        stages = Histogram(
            "vifaq_stage_seconds",
            "Time of each stage of an answer.",
            ["stage"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._stages = {stage: stages.labels(stage) for stage in _STAGES}
        self._outcomes = self._counter("vifaq_questions", "Questions answered.", "set", "outcome")
        self._rerank_failures = self._counter(
            "vifaq_rerank_failures", "Answers given in cosine order: the reranker failed.", "set"
        )
        self._requests = self._counter(
            "vifaq_http_requests", "HTTP requests.", "method", "route", "status"
        )
        self._generation = Gauge(
            "vifaq_index_generation", "Live index.", ["set"], registry=self.registry
        )

    def observe(self, reply: Reply) -> None:
        """Count one answered question."""
        for stage, seen in self._stages.items():
            seen.observe(getattr(reply.timing, f"{stage}_ms") / 1000)
        self._outcomes.labels(reply.index.set_name, reply.decision.outcome.value).inc()
        self._generation.labels(reply.index.set_name).set(reply.index.generation)
        if reply.rerank_failed:
            self._rerank_failures.labels(reply.index.set_name).inc()

    def request(self, method: str, route: str, status: int) -> None:
        """Count an HTTP request by route template, so that ids do not make new series."""
        self._requests.labels(method, route, str(status)).inc()

    def watch(self, name: str, description: str, read: Callable[[], float]) -> None:
        """A gauge whose value is read when it is scraped: a queue length, a drop count."""
        Gauge(f"vifaq_{name}", description, registry=self.registry).set_function(read)

    def render(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, description: str, *labels: str) -> Counter:
        return Counter(name, description, labels, registry=self.registry)
