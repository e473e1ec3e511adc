"""Which index answers for each set, with the encoder and text path it was built with."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import cast

from service.domain import Generation
from service.errors import BadInput, NotFound, NotReady
from service.ports import Encoder, VectorStore
from service.reindex.generations import GenerationRepository
from service.reindex.plan import MakeTextPath, TextPath, fingerprint

_SEEN_WITHIN_S = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class OpenGeneration:
    """A generation that may be searched, and what must be searched with it."""

    generation: Generation  # as it was when opened: its applied_seq moves on
    encoder: Encoder
    text: TextPath

    @property
    def collection(self) -> str:
        """The vector store's name for it."""
        return self.generation.collection


@dataclass(frozen=True, slots=True)
class _Asked:
    opened: OpenGeneration
    switches: int
    until: float  # monotonic seconds


class LiveIndexes:
    """Thread-safe. A request that got an index keeps it although another one goes live.

    Its collection outlives the request: a generation that is no longer live is kept as the
    previous one by the next reindex, retired by the one after, and dropped by the one after that.
    """

    def __init__(
        self,
        generations: GenerationRepository,
        store: VectorStore,
        load_encoder: Callable[[bytes | None], Encoder],
        make_text: MakeTextPath,
    ) -> None:
        self._generations = generations
        self._store = store
        self._load_encoder = load_encoder
        self._make_text = make_text
        self._lock = threading.Lock()
        self._open: dict[str, OpenGeneration] = {}
        self._asked: dict[str, _Asked] = {}
        self._switches = 0  # of this process

    def for_asking(self, set_name: str) -> OpenGeneration:
        """As `get`, but what another process makes live may take half a second to be seen.

        What this process makes live is seen at once (`look_again`).
        """
        switches = self._switches  # before the look-up: a switch during it makes it worthless
        asked = self._asked.get(set_name)
        if asked is None or asked.switches != switches or monotonic() > asked.until:
            opened = self.get(set_name)
            asked = _Asked(opened, switches, monotonic() + _SEEN_WITHIN_S)
            self._asked[set_name] = asked
        return asked.opened

    def look_again(self) -> None:
        """Another generation has gone live."""
        with self._lock:
            self._switches += 1

    def get(self, set_name: str) -> OpenGeneration:
        """The live index; opened again only when another one has gone live.

        Raises NotFound (no such set), or NotReady that says what to run.
        """
        number = self._generations.live_number(set_name)
        opened = self._open.get(set_name)
        if opened is not None and opened.generation.number == number:
            return opened
        with self._lock:
            return self._open_live(set_name)

    def open(self, generation: Generation) -> OpenGeneration:
        """Open any generation. Raises NotReady when it does not fit what runs here."""
        text = self._make_text(cast(dict[str, str], generation.report["lexicon"]))
        artefact = self._generations.artefact(generation.set_name, generation.number)
        try:
            encoder = self._load_encoder(artefact)
        except BadInput as error:
            raise _does_not_fit(generation, str(error)) from error
        if fingerprint(text.version, encoder) != generation.fingerprint:
            raise _does_not_fit(
                generation,
                f"it was built with encoder {generation.encoder}, and the encoder or the text "
                f"rules are others now (encoder {encoder.name})",
            )
        try:
            self._store.count(generation.collection)
        except NotFound as error:
            raise _does_not_fit(generation, "its vectors are gone") from error
        return OpenGeneration(generation, encoder, text)

    def status(self, set_name: str) -> dict[str, object]:
        """How the set's index stands: which one is live, and what keeps it from answering."""
        live = self._generations.live(set_name)
        previous = self._generations.previous(set_name)
        problem = None
        try:
            self.get(set_name)
        except NotReady as error:
            problem = str(error)
        last_seq = self._generations.last_seq(set_name)
        return {
            "set": set_name,
            "live": live and live.number,
            "encoder": live and live.encoder,
            "built_at": live and live.created_at.isoformat(),
            "rows": self._store.count(live.collection) if live and problem is None else None,
            "edits_waiting": last_seq - live.applied_seq if live else last_seq,
            "previous": previous and previous.number,
            "problem": problem,
        }

    def _open_live(self, set_name: str) -> OpenGeneration:
        live = self._generations.live(set_name)
        if live is None:
            raise NotReady(
                f"FAQ set {set_name!r} has no index yet; run: vifaq reindex --set {set_name}"
            )
        opened = self._open.get(set_name)
        if opened is None or opened.generation.number != live.number:
            opened = self._open[set_name] = self.open(live)
        return opened


def _does_not_fit(generation: Generation, why: str) -> NotReady:
    return NotReady(
        f"Index generation {generation.number} of FAQ set {generation.set_name!r} cannot be "
        f"searched: {why}. Run: vifaq reindex --set {generation.set_name}"
    )
