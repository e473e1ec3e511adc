"""From settings to the ranker that `vifaq eval` measures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from service.db.engine import open_engine
from service.db.migrate import upgrade
from service.domain import Faq
from service.errors import BadSetting
from service.evaluation.service_path import ServiceRanker
from service.models.factory import open_reranker
from service.pipeline.rerank import Reranking
from service.ports import OnProgress
from service.reindex import EmbeddingCache
from service.runtime.confidence import open_confidence
from service.runtime.learning import Adapt
from service.runtime.wiring import open_learning, open_text_paths, text_path_of
from service.settings import Settings
from service.store import open_embedded
from service.text.path import TextPath

_PATIENCE_S = 60.0  # a slow reranker is to be measured, not cut off


@contextmanager
def service_ranker(
    settings: Settings,
    faqs: Sequence[Faq],
    *,
    adapt: Adapt = "auto",
    rerank: bool = False,
    on_progress: OnProgress = lambda progress: None,
) -> Iterator[ServiceRanker]:
    """The service as the settings make it, over these FAQs in a temporary embedded index.

    Neither the database nor the live index is opened. Raises BadSetting or
    ModelUnavailable.
    """
    with ExitStack() as closing:
        text = text_path_of(faqs, open_text_paths())
        reranking = _open_reranking(settings, text, closing) if rerank else None
        # A temporary folder goes last: store and database must have let go of it.
        folder = Path(closing.enter_context(TemporaryDirectory(prefix="vifaq-eval-")))
        store = open_embedded(folder)
        closing.callback(store.close)
        engine = open_engine(f"sqlite:///{folder}/vectors.db")
        closing.callback(engine.dispose)
        upgrade(engine)
        learning = open_learning(settings, EmbeddingCache(engine))
        yield ServiceRanker(
            faqs,
            text=text,
            plan=learning.plan(adapt),
            store=store,
            reranking=reranking,
            open_confidence=partial(open_confidence, settings),
            retrieve_k=settings.retrieve_k,
            on_progress=on_progress,
        )


def _open_reranking(settings: Settings, text: TextPath, closing: ExitStack) -> Reranking:
    reranker = open_reranker(settings, text.prepare)
    if reranker is None:
        raise BadSetting("Reranking needs VIFAQ_RERANKER; `vifaq models list` shows the names")
    reranking = Reranking(reranker, top=settings.rerank_k, timeout_s=_PATIENCE_S)
    closing.callback(reranking.close)
    return reranking
