"""What a reindex learns: weighing and calibrating share what they teach."""

from collections.abc import Sequence

from service.domain import Faq, PreparedFaq
from service.ports import OnProgress
from service.reindex.plan import prepare_faq
from service.runtime.learning import Learning
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


def test_no_fold_is_taught_twice() -> None:
    adapter = Adapter()
    text = TextPath(FakeSegmenter(), Lexicon.load(), Speller.load(), max_chars=4000)
    learning = Learning(FakeEncoder(), FakeEncoder(), adapter, target_precision=0.95)
    plan = learning.plan("on")
    assert plan.learn is not None
    assert plan.calibrate is not None
    learned = plan.learn([prepare_faq(text, faq) for faq in FAQS], lambda _: None)
    report = plan.calibrate(FAQS, text, learned, lambda _: None)
    assert report["samples"]["inside"] > 0
    assert adapter.taught == [30, 30, 30, 40]
