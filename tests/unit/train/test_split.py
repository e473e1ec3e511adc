import pytest

from service.errors import BadInput
from service.faq.folding import fold
from service.train.examples import Examples, Group, Judged, Scored
from service.train.split import split_by_family


def corpus(families=30):
    return Examples(
        tuple(
            Group(
                f"family {n // 2}",
                (f"câu hỏi số {n}", f"cách hỏi khác {n}"),
                (f"câu hỏi số {(n + 7) % (2 * families)}",),
            )
            for n in range(2 * families)
        ),
        tuple(Scored(f"bên trái {n}", f"bên phải {n}", 0.5) for n in range(20)),
    )


def test_about_a_tenth_is_held_out():
    split = split_by_family(corpus(), 0)
    assert 4 <= len(split.dev.groups) + len(split.dev.scored) <= 12
    assert len(split.train.groups) + len(split.dev.groups) == 60


@pytest.mark.parametrize("seed", range(5))
def test_nothing_held_out_is_seen_in_training(seed):
    split = split_by_family(corpus(), seed)
    held_out = {fold(text) for text in split.dev.texts()}
    seen = {fold(text) for text in split.train.texts()}
    seen |= {fold(text) for group in split.train.groups for text in group.negatives}
    assert held_out
    assert not held_out & seen
    families = [{group.family for group in part.groups} for part in (split.train, split.dev)]
    assert not families[0] & families[1]


def test_families_that_share_a_text_with_or_without_marks_stay_together():
    examples = Examples(
        tuple(
            Group(f"f{n}", (f"câu {n}", "Học phí?" if n % 2 else "hoc phi", f"riêng {n}"))
            for n in range(6)
        )
        + tuple(Group(f"g{n}", (f"hỏi {n}", f"khác {n}")) for n in range(40))
    )
    for seed in range(20):
        split = split_by_family(examples, seed)
        sharing = {g.family for g in split.dev.groups if g.family.startswith("f")}
        assert len(sharing) in (0, 6)


def test_pairs_that_share_a_text_stay_together():
    judged = tuple(Judged(f"tiền đề {n // 3}", f"giả thuyết {n}", "neutral") for n in range(60))
    split = split_by_family(Examples(judged=judged), 1)
    sides = [{pair.left for pair in part.judged} for part in (split.train, split.dev)]
    assert sides[0]
    assert sides[1]
    assert not sides[0] & sides[1]


def test_the_same_seed_holds_out_the_same():
    assert split_by_family(corpus(), 3) == split_by_family(corpus(), 3)
    assert split_by_family(corpus(), 3) != split_by_family(corpus(), 4)


@pytest.mark.parametrize("texts", [("một câu",), ("một câu", "câu ấy")])
def test_too_little_to_split(texts):
    with pytest.raises(BadInput, match="too few"):
        split_by_family(Examples((Group("f", texts),)), 0)
