"""What a Runtime is made of."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from service.analytics.metrics import Metrics
from service.pipeline.answer import Answerer
from service.reindex import IndexSync, LiveIndexes, Reindexer
from service.runtime.jobs import JobRunner
from service.runtime.learning import Learning
from service.runtime.records import Records
from service.settings import Settings
from service.store import ChromaStore


@dataclass(frozen=True, slots=True)
class Parts:
    """What a Runtime is made of."""

    settings: Settings
    records: Records
    store: ChromaStore
    live: LiveIndexes
    sync: IndexSync
    reindexer: Reindexer
    learning: Learning
    answerer: Answerer
    can_rerank: bool
    metrics: Metrics
    jobs: JobRunner
    closing: ExitStack  # closes what was opened, last first
