"""From settings to working parts: the only place that names concrete classes across packages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from types import MappingProxyType
from typing import Any, cast

from threadpoolctl import threadpool_limits

from service.analytics.feedback import Feedback
from service.analytics.keys import KeyRing
from service.analytics.metrics import Metrics
from service.analytics.questions import QuestionLog
from service.db.jobs import JobTable
from service.domain import Faq, IndexRef
from service.faq.cache import FaqCache
from service.faq.repository import FaqRepository
from service.models.factory import open_adapter, open_encoder, open_reranker
from service.models.profiles import encoder_profile
from service.pipeline.answer import Answerer
from service.pipeline.index import OpenIndex
from service.pipeline.rerank import Reranking
from service.pipeline.small_talk import read_small_talk
from service.reindex import (
    EmbeddingCache,
    GenerationRepository,
    IndexSync,
    Leases,
    LiveIndexes,
    OpenGeneration,
    Reindexer,
)
from service.runtime.confidence import open_confidence, open_small_talk
from service.runtime.database import open_database
from service.runtime.jobs import JobRunner
from service.runtime.keeper import Keeper
from service.runtime.learning import Learning
from service.runtime.parts import Parts
from service.runtime.records import Records
from service.runtime.runtime import Runtime
from service.settings import Settings
from service.store import ChromaStore, open_embedded, open_server
from service.text.courtesy import Courtesies
from service.text.initialisms import initialisms
from service.text.lexicon import Lexicon
from service.text.path import TextPath
from service.text.segment import PyviSegmenter
from service.text.spelling import Speller

_TEXT_CHARS = 4000  # of an answer, when it is learned from; questions have a limit of their own


def open_records(settings: Settings) -> Records:
    """Everything that only needs the database. Raises BadSetting or NotReady."""
    engine = open_database(settings)
    questions = QuestionLog(engine, keep_text=settings.log_questions)
    return Records(
        engine=engine,
        faqs=FaqRepository(engine),
        keys=KeyRing(engine),
        questions=questions,
        feedback=Feedback(engine, questions),
        generations=GenerationRepository(engine),
        jobs=JobTable(engine),
    )


def open_text_paths() -> Callable[[Mapping[str, str]], TextPath]:
    """Makes the text path of a set from its own abbreviations."""
    segmenter = PyviSegmenter()
    segmenter.warm()
    lexicon, speller, courtesies = Lexicon.load(), Speller.load(), Courtesies.load()

    def text_path(own: Mapping[str, str]) -> TextPath:
        own_lexicon = lexicon.with_additions(own)
        return TextPath(segmenter, own_lexicon, speller, courtesies, max_chars=_TEXT_CHARS)

    return text_path


def text_path_of(
    faqs: Sequence[Faq],
    make: Callable[[Mapping[str, str]], TextPath],
    own: Mapping[str, str] = MappingProxyType({}),
) -> TextPath:
    """The text path that a reindex of these FAQs makes. own: the set's own abbreviations."""
    names = initialisms((faq.texts for faq in faqs), Lexicon.load(), own)
    return make({**names, **own})


def open_runtime(settings: Settings, *, background: bool = True) -> Runtime:
    """Open database, index and models. `background` starts the chores of a long-running process.

    Raises BadSetting, ModelUnavailable, StoreLocked, or NotReady for a database of another schema.
    """
    closing = ExitStack()
    try:
        runtime = Runtime(_open_parts(settings, closing))
        if background:
            # Numpy's threads wait for each other on a busy machine: ten times as long a question.
            closing.enter_context(threadpool_limits(1, "blas"))
            runtime.warm_up()
            closing.callback(Keeper(runtime.chores()).close)
        return runtime
    except BaseException:
        closing.close()
        raise


def _open_parts(settings: Settings, closing: ExitStack) -> Parts:
    read_small_talk(settings.small_talk_file)  # a bad file is told now, not at the first question
    records = closing.enter_context(open_records(settings))
    store = open_store(settings)
    closing.callback(store.close)
    engine, faqs, generations = records.engine, records.faqs, records.generations
    text_paths = open_text_paths()
    cache = EmbeddingCache(engine)
    learning = open_learning(settings, cache)
    live = LiveIndexes(generations, store, learning.load, text_paths)
    sync = IndexSync(faqs, store, generations, live)
    leases = Leases(engine)
    reranking = _open_reranking(settings, text_paths({}), closing)
    answerer = Answerer(
        index_of=_index_of(settings, live, store),
        faqs=FaqCache(faqs),
        reranking=reranking,
        retrieve_k=settings.retrieve_k,
        max_chars=settings.max_question_chars,
        queue_size=settings.queue_size,
    )
    metrics = Metrics()
    metrics.watch("lookups_waiting", "Questions waiting for the encoder.", lambda: answerer.waiting)
    metrics.watch("questions_not_logged", "Log entries lost.", lambda: records.questions.dropped)
    jobs = JobRunner(records.jobs)
    closing.callback(jobs.close, settings.drain_s)
    return Parts(
        settings=settings,
        records=records,
        store=store,
        live=live,
        sync=sync,
        reindexer=Reindexer(faqs, store, generations, leases, sync, cache, text_paths),
        learning=learning,
        answerer=answerer,
        can_rerank=reranking is not None,
        metrics=metrics,
        jobs=jobs,
        closing=closing,
    )


def open_learning(settings: Settings, cache: EmbeddingCache) -> Learning:
    """What learns an FAQ set. Raises BadSetting or ModelUnavailable."""
    encoder = open_encoder(settings)
    built_in = encoder_profile(settings).kind == "built-in"  # quicker than a look-up
    live = open_adapter(encoder)
    remembering, adapter = encoder, live
    if not built_in:
        remembering = cache.over(encoder)
        adapter = open_adapter(remembering)
    return Learning(encoder, live, remembering, adapter, settings.target_precision)


def _index_of(
    settings: Settings, live: LiveIndexes, store: ChromaStore
) -> Callable[[str], OpenIndex]:
    """What belongs to a generation is opened once; that two threads may both do it is harmless."""
    indexes: dict[str, tuple[OpenGeneration, OpenIndex]] = {}

    def index_of(set_name: str) -> OpenIndex:
        opened = live.for_asking(set_name)
        known = indexes.get(set_name)
        if known is None or known[0] is not opened:
            known = indexes[set_name] = (opened, _open_index(settings, opened, store))
        return known[1]

    return index_of


def _open_index(settings: Settings, opened: OpenGeneration, store: ChromaStore) -> OpenIndex:
    generation, text, encoder = opened.generation, opened.text, opened.encoder
    calibration = cast("dict[str, Any] | None", generation.report.get("calibration"))
    return OpenIndex(
        ref=IndexRef(generation.set_name, generation.number, generation.encoder),
        text=text,
        encoder=encoder,
        store=store,
        collection=generation.collection,
        confidence=open_confidence(settings, calibration, text, encoder),
        small_talk=open_small_talk(settings.small_talk_file, text, encoder),
    )


def _open_reranking(settings: Settings, text: TextPath, closing: ExitStack) -> Reranking | None:
    reranker = open_reranker(settings, text.prepare)
    if reranker is None:
        return None
    reranking = Reranking(reranker, top=settings.rerank_k, timeout_s=settings.rerank_timeout_s)
    closing.callback(reranking.close)
    return reranking


def open_store(settings: Settings) -> ChromaStore:
    """Raises StoreLocked or BadSetting."""
    if settings.chroma_url:
        return open_server(settings.chroma_url)
    return open_embedded(settings.chroma_dir)
