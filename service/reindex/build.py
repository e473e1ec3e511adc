"""Builds a new index beside the live one, checks it, and switches to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import cast

from service.domain import (
    Faq,
    Generation,
    GenerationStatus,
    PreparedFaq,
    Progress,
)
from service.errors import BadInput
from service.ports import FaqSource, OnProgress, VectorStore
from service.reindex.cache import EmbeddingCache
from service.reindex.generations import GenerationRepository
from service.reindex.lease import Leases
from service.reindex.live import OpenGeneration
from service.reindex.plan import (
    ContentHash,
    EncoderPlan,
    Learned,
    MakeTextPath,
    TextPath,
    fingerprint,
    hash_fingerprint,
    prepare_faq,
    rows_of,
)
from service.reindex.sync import IndexSync, encode_rows
from service.reindex.verify import Sample, verify
from service.text.initialisms import initialisms
from service.text.lexicon import Lexicon

CHUNK = 250  # FAQs in memory at a time


@dataclass(slots=True)
class _Source:
    """What one pass over the FAQ set found. Edits after `seq` are applied later."""

    set_name: str
    seq: int
    names: dict[str, str]  # short forms of the set's own names
    lexicon: dict[str, str]  # those and the set's own abbreviations
    text: TextPath
    content: ContentHash
    n_faqs: int = 0
    n_rows: int = 0
    prepared: list[PreparedFaq] = field(default_factory=list)  # only when an encoder learns
    faqs: list[Faq] = field(default_factory=list)  # only when something is calibrated


class Reindexer:
    """One reindex of a set at a time. Killed at any moment, the live index goes on answering."""

    def __init__(
        self,
        faqs: FaqSource,
        store: VectorStore,
        generations: GenerationRepository,
        leases: Leases,
        sync: IndexSync,
        cache: EmbeddingCache,
        make_text: MakeTextPath,
    ) -> None:
        self._faqs = faqs
        self._store = store
        self._generations = generations
        self._leases = leases
        self._sync = sync
        self._cache = cache
        self._make_text = make_text

    def run(self, set_name: str, plan: EncoderPlan, on_progress: OnProgress) -> Generation:
        """Build, verify, switch; returns the generation that is live now.

        An error from `on_progress` stops it, and leaves the live index as it is. Raises NotFound
        (no such set), BadInput (no FAQs), Conflict (another one runs), IndexBroken.
        """
        with self._leases.hold(set_name):
            self._clean_up(set_name)
            source = self._read(set_name, plan, on_progress)
            learned = self._learn(source, plan, on_progress)
            calibration = self._calibrate(source, plan, learned, on_progress)
            building = self._start(source, plan, learned, calibration)
            try:
                sample = self._write(building, source.n_rows, on_progress)
                self._verify(building, sample, on_progress)
                live = self._switch(building, on_progress)
            except BaseException:
                self._give_up(building.generation)
                raise
            self._forget_unused_vectors()
        on_progress(Progress("switch", 1, 1))
        return live

    def _clean_up(self, set_name: str) -> None:
        """Drop what killed runs left over, and what was retired before this run began.

        Retired generations are dropped here and nowhere else: a request that began on one when it
        was live is long done.
        """
        existing = set(self._store.collections())
        for generation in self._generations.all(set_name):
            match generation.status:
                case GenerationStatus.LIVE | GenerationStatus.PREVIOUS:
                    continue
                case GenerationStatus.BUILDING:
                    self._generations.mark_failed(generation)
            if generation.collection in existing:
                self._store.drop(generation.collection)
            if generation.has_artefact:
                self._generations.forget_artefact(generation)

    def _read(self, set_name: str, plan: EncoderPlan, on_progress: OnProgress) -> _Source:
        seq, own = self._faqs.last_seq(set_name), self._faqs.lexicon(set_name)
        named = _counted(self._faqs.iterate(set_name), "names", on_progress)
        names = initialisms((faq.texts for faq in named), Lexicon.load(), own)
        lexicon = {**names, **own}
        text = self._make_text(lexicon)
        content = ContentHash(plan, text.version)
        source = _Source(set_name, seq, names, lexicon, text, content)
        for faq in _counted(self._faqs.iterate(set_name), "read", on_progress):
            source.content.add(faq)
            source.n_faqs += 1
            source.n_rows += len(faq.texts)
            if plan.learn is not None:
                source.prepared.append(prepare_faq(text, faq))
            if plan.calibrate is not None:
                source.faqs.append(faq)
        if source.n_faqs == 0:
            raise BadInput(
                f"FAQ set {set_name!r} has no FAQs to index; import some first: "
                f"vifaq import FILE --set {set_name}"
            )
        return source

    def _learn(self, source: _Source, plan: EncoderPlan, on_progress: OnProgress) -> Learned:
        if plan.learn is None:
            return Learned(plan.base, artefact=None)
        live = self._live_of_same_content(source)
        if live is not None:
            artefact = self._generations.artefact(live.set_name, live.number)
            report = cast(dict[str, object], live.report["learned"])
            return Learned(plan.load(artefact), artefact, report)
        return plan.learn(source.prepared, on_progress)

    def _calibrate(
        self, source: _Source, plan: EncoderPlan, learned: Learned, on_progress: OnProgress
    ) -> dict[str, object]:
        """What goes into the report; nothing without a calibration."""
        if plan.calibrate is None:
            return {}
        live = self._live_of_same_content(source)
        options = {"calibrate_options": plan.calibrate_options}
        if live is not None and live.report.get("calibrate_options") == plan.calibrate_options:
            return options | {"calibration": live.report["calibration"]}
        calibration = plan.calibrate(source.faqs, source.text, learned, on_progress)
        return options | {"calibration": dict(calibration)}

    def _live_of_same_content(self, source: _Source) -> Generation | None:
        live = self._generations.live(source.set_name)
        same = live is not None and live.report.get("content") == source.content.hexdigest()
        return live if same else None

    def _start(
        self,
        source: _Source,
        plan: EncoderPlan,
        learned: Learned,
        calibration: Mapping[str, object],
    ) -> OpenGeneration:
        report: dict[str, object] = {
            "content": source.content.hexdigest(),
            "names": source.names,
            "lexicon": source.lexicon,
            "base": hash_fingerprint(plan.base),
            "faqs": source.n_faqs,
            "learned": dict(learned.report),
            **calibration,
        }
        generation = self._generations.start(
            source.set_name,
            encoder=plan.base.name,
            fingerprint=fingerprint(source.text.version, learned.encoder),
            applied_seq=source.seq,
            artefact=learned.artefact,
            report=report,
        )
        return OpenGeneration(generation, learned.encoder, source.text)

    def _write(self, building: OpenGeneration, n_rows: int, on_progress: OnProgress) -> Sample:
        self._store.create(building.collection)
        sample = Sample(n_rows)
        done = 0
        for faqs in _chunks(self._faqs.iterate(building.generation.set_name)):
            rows = [row for faq in faqs for row in rows_of(faq)]
            vectors = encode_rows(building, rows)
            on_progress(Progress("encode", done + len(rows), n_rows))
            self._store.upsert(building.collection, rows, vectors)
            sample.add(rows, vectors)
            done += len(rows)
            on_progress(Progress("write", done, n_rows))
        return sample

    def _verify(self, building: OpenGeneration, sample: Sample, on_progress: OnProgress) -> None:
        checks = verify(self._store, building.collection, sample, on_progress)
        report = {**building.generation.report, "checks": checks}
        self._generations.record(building.generation, row_count=sample.rows, report=report)

    def _switch(self, building: OpenGeneration, on_progress: OnProgress) -> Generation:
        on_progress(Progress("switch", 0, 1))
        return self._sync.make_live(building)

    def _give_up(self, generation: Generation) -> None:
        """Unless it is live after all, or whoever took over has given it up already."""
        if self._generations.mark_failed(generation):
            self._store.drop(generation.collection)

    def _forget_unused_vectors(self) -> None:
        used = {str(report["base"]) for report in self._generations.reports_in_use()}
        self._cache.forget_others(used)


def _counted(faqs: Iterator[Faq], stage: str, on_progress: OnProgress) -> Iterator[Faq]:
    """The same, telling after every chunk how many have been through."""
    done = 0
    for chunk in _chunks(faqs):
        yield from chunk
        done += len(chunk)
        on_progress(Progress(stage, done, 0))


def _chunks(faqs: Iterator[Faq]) -> Iterator[list[Faq]]:
    while chunk := list(islice(faqs, CHUNK)):
        yield chunk
