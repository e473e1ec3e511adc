import numpy as np

from service.train.examples import Group
from service.train.negatives import hard_negatives

PLACES = {"a": 0, "a'": 2, "b": 10, "c": 30, "d": 33, "far": 90, "twin": 2.5}  # degrees


def encode(texts):
    angles = np.deg2rad([PLACES[text] for text in texts])
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_named_ones_then_siblings_then_the_nearest():
    groups = [
        Group("f", ("a", "a'"), negatives=("far",)),
        Group("f", ("d",)),
        Group("f", ("b",)),
        Group("g", ("c",)),
        Group("h", ("far",)),
    ]
    assert hard_negatives(groups, encode, 9)[0] == ("far", "b", "d", "c")
    assert hard_negatives(groups, encode, 2)[0] == ("far", "b")


def test_what_is_almost_the_same_is_no_negative_unless_the_data_says_so():
    strangers = [Group("f", ("a", "a'")), Group("g", ("twin",)), Group("h", ("c",))]
    siblings = [Group("f", ("a", "a'")), Group("f", ("twin",)), Group("h", ("c",))]
    assert hard_negatives(strangers, encode, 5)[0] == ("c",)
    assert hard_negatives(siblings, encode, 5)[0] == ("twin", "c")


def test_positives_are_never_negatives():
    groups = [Group("f", ("a", "c"), negatives=("c",)), Group("g", ("c",)), Group("h", ("far",))]
    assert hard_negatives(groups, encode, 5)[0] == ("far",)
