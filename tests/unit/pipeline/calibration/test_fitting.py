import numpy as np

from service.pipeline.calibration.fitting import Heads, judge, train
from service.pipeline.calibration.model import sigmoid
from service.pipeline.calibration.samples import Kind, Sample
from service.pipeline.features import NAMES

RNG = np.random.default_rng(0)
SIMILARITY, ENQUIRY = NAMES.index("similarity"), NAMES.index("enquiry")


def drawn(kind: Kind, *, similarity: float, enquiry: float) -> list[Sample]:
    rows = RNG.normal(scale=0.5, size=(200, len(NAMES)))
    rows[:, SIMILARITY] += similarity
    rows[:, ENQUIRY] += enquiry
    return [Sample(kind, f"{kind} {n}", row, kind is Kind.INSIDE) for n, row in enumerate(rows)]


def heads() -> Heads:
    inside = drawn(Kind.INSIDE, similarity=4, enquiry=0)
    near = drawn(Kind.NEAR, similarity=2, enquiry=0)
    far = drawn(Kind.FAR, similarity=4, enquiry=-3)
    return train([*inside, *near, *far], None, hold=1.0, hold_strangers=1.0)


def asked(*, similarity: float, enquiry: float) -> tuple[float, float, float]:
    """Whether it belongs here, whether it is known, whether any FAQ fits."""
    row = np.zeros(len(NAMES))
    row[SIMILARITY], row[ENQUIRY] = similarity, enquiry
    _, belongs, known = HEADS(row[None])[0]
    judged = judge([Sample(Kind.INSIDE, "asked", row, True)], HEADS)
    return belongs, known, judged.fits[0]


HEADS = heads()


def test_any_fits_when_it_belongs_here_and_is_known() -> None:
    assert asked(similarity=4, enquiry=0)[-1] > 0.8
    assert asked(similarity=4, enquiry=-3)[-1] < 0.5
    assert asked(similarity=1.5, enquiry=0)[-1] < 0.5


def test_near_misses_belong_here_and_are_not_known() -> None:
    belongs, known, _ = asked(similarity=2, enquiry=0)
    assert belongs > 0.8
    assert known < 0.2


def test_how_it_is_put_says_nothing_of_whether_it_is_known() -> None:
    enquiry, chat = asked(similarity=3, enquiry=0), asked(similarity=3, enquiry=-3)
    assert enquiry[0] > chat[0]
    assert enquiry[1] == chat[1]


def test_all_models_at_once_say_what_each_says() -> None:
    rows = RNG.normal(size=(5, len(NAMES)))
    for column, model in enumerate((HEADS.right, HEADS.belongs, HEADS.known)):
        scaled = (rows - model.mean) / model.scale
        assert np.allclose(HEADS(rows)[:, column], sigmoid(scaled @ model.weights + model.bias))
