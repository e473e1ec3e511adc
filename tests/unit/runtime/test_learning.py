"""What a reindex learns: weighing and calibrating share what they teach."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from service.db.engine import open_engine
from service.db.migrate import upgrade
from service.domain import Faq, FloatArray, PreparedFaq, PreparedText
from service.models.residual import ResidualAdapter
from service.ports import OnProgress
from service.reindex import EmbeddingCache
from service.reindex.plan import prepare_faq
from service.runtime.learning import Learning
from service.text.courtesy import Courtesies
from service.text.lexicon import Lexicon
from service.text.path import TextPath
from service.text.spelling import Speller
from tests.fixtures.fakes import FakeEncoder, FakeSegmenter

FAQS = [
    Faq(f"faq-{n}", f"câu hỏi về chủ đề {n}", f"Trả lời {n}.", (f"chủ đề {n} a", f"b {n} chủ đề"))
    for n in range(40)
]


class Adapter:
    def __init__(self) -> None:
        self.taught: list[int] = []

    def adapt(self, faqs: Sequence[PreparedFaq], /, *, on_progress: OnProgress) -> bytes:
        self.taught.append(len(faqs))
        return b"learned"

    def variants(self, artefact: bytes, /) -> list[bytes]:
        return [artefact]

    def load(self, artefact: bytes, /) -> FakeEncoder:
        return FakeEncoder()


TEXT = TextPath(FakeSegmenter(), Lexicon.load(), Speller.load(), Courtesies.load(), max_chars=4000)


class Counting(FakeEncoder):
    """Remembers what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[PreparedText] = []

    def encode(self, texts: Sequence[PreparedText], /) -> FloatArray:
        self.given += texts
        return super().encode(texts)


def test_a_slow_encoder_sees_no_text_twice(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/cache.db")
    upgrade(engine)
    slow = Counting()
    remembering = EmbeddingCache(engine).over(slow)
    adapter = ResidualAdapter(remembering)
    learning = Learning(slow, ResidualAdapter(slow), remembering, adapter, target_precision=0.95)
    plan = learning.plan("on")
    assert plan.learn is not None
    assert plan.calibrate is not None
    learned = plan.learn([prepare_faq(TEXT, faq) for faq in FAQS], lambda _: None)
    plan.calibrate(FAQS, TEXT, learned, lambda _: None)
    engine.dispose()
    assert len(slow.given) == len(set(slow.given)) > 0
    live = learning.load(learned.artefact)
    question = [TEXT.prepare("chủ đề 3")]
    assert live.encode(question) == pytest.approx(learned.encoder.encode(question), abs=1e-5)


def test_no_fold_is_taught_twice() -> None:
    adapter = Adapter()
    learning = Learning(FakeEncoder(), adapter, FakeEncoder(), adapter, target_precision=0.95)
    plan = learning.plan("on")
    assert plan.learn is not None
    assert plan.calibrate is not None
    learned = plan.learn([prepare_faq(TEXT, faq) for faq in FAQS], lambda _: None)
    report = plan.calibrate(FAQS, TEXT, learned, lambda _: None)
    assert report["samples"]["inside"] > 0
    assert adapter.taught == [30, 30, 30, 40]
