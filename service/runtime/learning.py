"""What is learned from a set when its index is built: by the encoder, and about its answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from service.domain import Faq, PreparedFaq
from service.pipeline.calibration.calibrate import calibrate, version
from service.ports import Adapter, Encoder, OnProgress
from service.reindex.evidence import learn_if_it_pays
from service.reindex.plan import EncoderPlan, Learned, TextPath, key_of, prepare_faq

Adapt = Literal["auto", "on", "off"]


@dataclass(frozen=True, slots=True)
class Learning:
    """An encoder and what teaches it."""

    base: Encoder  # for what people ask
    live: Adapter  # of `base`
    remembering: Encoder  # the same for building; one that is slow keeps vectors of known texts
    adapter: Adapter  # of `remembering`
    target_precision: float  # of answers

    def plan(self, adapt: Adapt) -> EncoderPlan:
        """What a reindex is to do: adapt where it pays, adapt, or leave the encoder as it ships."""
        return EncoderPlan(
            self.remembering,
            self.load,
            learn=None if adapt == "off" else partial(self._learn, always=adapt == "on"),
            learn_options=adapt,
            calibrate=self._calibrate,
            calibrate_options=f"{version()} {self.target_precision}",
        )

    def load(self, artefact: bytes | None) -> Encoder:
        """The encoder as it ships, or as it was taught. Raises BadInput when that cannot be."""
        return self.base if artefact is None else self.live.load(artefact)

    def _learn(
        self, faqs: Sequence[PreparedFaq], on_progress: OnProgress, *, always: bool
    ) -> Learned:
        return learn_if_it_pays(self.adapter, self.remembering, faqs, on_progress, always=always)

    def _calibrate(
        self, faqs: Sequence[Faq], text: TextPath, learned: Learned, on_progress: OnProgress
    ) -> Mapping[str, object]:
        def teach(some: Sequence[Faq]) -> Encoder:
            """The encoder as the live one came about, had it seen these FAQs alone."""
            if learned.artefact is None:
                return self.remembering
            prepared = [prepare_faq(text, faq) for faq in some]
            taught = learned.taught.get(key_of(prepared))
            if taught is None:
                taught = self.adapter.adapt(prepared, on_progress=lambda _: None)
            return self.adapter.load(self.adapter.variants(taught)[learned.variant])

        return calibrate(
            faqs,
            text,
            learned.encoder,
            teach,
            target_precision=self.target_precision,
            on_progress=on_progress,
        )
