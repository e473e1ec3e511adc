import numpy as np

from service.domain import PreparedFaq, PreparedText
from service.reindex.evidence import learn_if_it_pays
from service.text.diacritics import fold
from tests.fixtures.fakes import FakeEncoder

TOPICS = [f"chủ đề số {n}" for n in range(12)]


def prepared(text):
    return PreparedText(text, text, has_marks=True)


def faqs(alternates=4):
    return [
        PreparedFaq(
            topic,
            prepared(f"câu hỏi về {topic}"),
            tuple(prepared(f"lời khác {i} {topic} x{i * 7}") for i in range(alternates)),
        )
        for topic in TOPICS
    ]


class Oracle(FakeEncoder):
    """Knows the topic of every text."""

    def encode(self, texts):
        return np.array([self._topic(text.plain) for text in texts], dtype=np.float32)

    def _topic(self, text):
        number = max((n for n, t in enumerate(TOPICS) if t in text), default=0)
        return np.eye(len(TOPICS))[number]


class Slipping(Oracle):
    """Takes one text for anything rather than for its own topic."""

    def _topic(self, text):
        if text == f"lời khác 1 {TOPICS[5]} x7":
            return (1 - super()._topic(TOPICS[5]) / 2) / 10
        return super()._topic(text)


class Blind(FakeEncoder):
    """Takes every text for the same."""

    def encode(self, texts):
        return np.ones((len(texts), 1), dtype=np.float32)


class Teacher:
    """Hands out a ready encoder per variant."""

    def __init__(self, *encoders):
        self.encoders = encoders
        self.taught = []

    def adapt(self, faqs, *, on_progress):
        self.taught.append(list(faqs))
        return b"full"

    def variants(self, artefact):
        return [bytes([at]) for at in range(len(self.encoders))]

    def load(self, artefact):
        return self.encoders[artefact[0]]


def learn(teacher, base, faqs, **options):
    return learn_if_it_pays(teacher, base, faqs, lambda _: None, **options)


def test_what_is_better_on_held_out_questions_goes_live():
    learned = learn(Teacher(Oracle()), Blind(), faqs())
    assert learned.report["adapted"]
    assert learned.report["figures"]["as typed"]["after"]["recall@1"] == 1
    assert learned.report["examples"]["mended"]


def test_what_is_worse_stays_out_and_says_why():
    base = Oracle()
    learned = learn(Teacher(Blind()), base, faqs())
    assert learned.encoder is base
    assert learned.artefact is None
    assert "worse" in learned.report["reason"]


def test_asked_for_it_adapts_all_the_same():
    learned = learn(Teacher(Blind()), Oracle(), faqs(), always=True)
    assert learned.artefact is not None


def test_the_best_variant_is_taken():
    learned = learn(Teacher(Blind(), Oracle()), Blind(), faqs())
    assert learned.variant == 1
    assert learned.artefact == b"\x01"


def test_held_out_alternates_are_never_taught():
    teacher = Teacher(Oracle())
    learn(teacher, Blind(), faqs())
    *folds, final = teacher.taught
    seen = [[text for faq in fold for text in faq.alternates] for fold in folds]
    everything = [text for faq in final for text in faq.alternates]
    assert len(everything) == 48
    assert all(len(kept) < len(everything) for kept in seen)
    assert all(sum(text not in kept for kept in seen) >= 1 for text in everything)


def test_without_alternates_the_careful_variant_is_taken():
    learned = learn(Teacher(Oracle(), Blind()), Blind(), faqs(alternates=0))
    assert learned.artefact == b"\x00"
    assert "too few" in learned.report["reason"]


def test_too_few_to_tell_takes_the_best_variant_unless_it_is_worse():
    same = learn(Teacher(Oracle(), Blind()), Oracle(), faqs())
    assert same.artefact == b"\x00"
    assert "too few" in same.report["reason"]
    assert learn(Teacher(Blind(), Oracle()), Oracle(), faqs()).artefact == b"\x01"
    assert learn(Teacher(Blind(), Blind()), Oracle(), faqs()).artefact is None


class Folded(Oracle):
    """Finds unmarked questions as well."""

    def _topic(self, text):
        for topic in sorted(TOPICS, key=len, reverse=True):
            text = text.replace(fold(topic), topic)
        return super()._topic(text)


def test_all_ways_of_typing_choose_the_variant():
    learned = learn(Teacher(Oracle(), Folded()), Blind(), faqs())
    assert learned.variant == 1


def test_of_few_questions_one_lost_by_chance_decides_nothing():
    learned = learn(Teacher(Slipping(), Blind()), Oracle(), faqs())
    assert learned.report["figures"]["as typed"]["gain_mrr@10"] < 0
    assert learned.artefact == b"\x00"


def test_of_many_questions_no_gain_means_no_adapting():
    learned = learn(Teacher(Oracle()), Oracle(), faqs(alternates=40))
    assert learned.artefact is None
    assert "no better" in learned.report["reason"]


def test_a_gain_for_unmarked_questions_alone_is_one():
    learned = learn(Teacher(Folded()), Oracle(), faqs(alternates=40))
    assert learned.report["figures"]["as typed"]["gain_mrr@10"] == 0
    assert learned.report["adapted"]
