import numpy as np

from service.pipeline.calibration.fitting import Heads, train
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


def asked(*, similarity: float, enquiry: float) -> np.ndarray:
    row = np.zeros((1, len(NAMES)))
    row[0, SIMILARITY], row[0, ENQUIRY] = similarity, enquiry
    return row


def test_any_fits_when_it_belongs_here_and_is_known() -> None:
    found = heads()
    assert found.fits(asked(similarity=4, enquiry=0)) > 0.8
    assert found.fits(asked(similarity=4, enquiry=-3)) < 0.5
    assert found.fits(asked(similarity=1.5, enquiry=0)) < 0.5


def test_near_misses_belong_here_and_are_not_known() -> None:
    found, near = heads(), asked(similarity=2, enquiry=0)
    assert found.belongs(near) > 0.8
    assert found.known(near) < 0.2


def test_how_it_is_put_says_nothing_of_whether_it_is_known() -> None:
    found = heads()
    enquiry, chat = asked(similarity=3, enquiry=0), asked(similarity=3, enquiry=-3)
    assert found.known(enquiry) == found.known(chat)
    assert found.belongs(enquiry) > found.belongs(chat)
