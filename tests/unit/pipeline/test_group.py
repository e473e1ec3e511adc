from collections.abc import Mapping, Sequence
from datetime import date

from service.domain import Faq, Hit, Row
from service.pipeline.group import group_by_faq

TODAY = date(2026, 3, 1)


class Shelf:
    def __init__(self, *faqs: Faq) -> None:
        self.faqs = {("uni", faq.id): faq for faq in faqs}

    def get_many(self, set_name: str, faq_ids: Sequence[str], /) -> Mapping[str, Faq]:
        found = {i: self.faqs.get((set_name, i)) for i in faq_ids}
        return {i: faq for i, faq in found.items() if faq is not None}


def hit(faq_id: str, position: int, similarity: float) -> Hit:
    return Hit(Row(f"{faq_id}#{position}", faq_id, f"dòng {position}"), similarity)


def group(hits: list[Hit], *faqs: Faq) -> list[tuple[str, str, float]]:
    candidates = group_by_faq(hits, Shelf(*faqs), "uni", TODAY)
    return [(c.faq.id, c.matched_text, c.similarity) for c in candidates]


def test_the_best_row_of_each_faq_wins() -> None:
    hits = [hit("b", 2, 0.9), hit("a", 0, 0.8), hit("b", 0, 0.7), hit("a", 1, 0.6)]
    assert group(hits, Faq("a", "?", "."), Faq("b", "?", ".")) == [
        ("b", "dòng 2", 0.9),
        ("a", "dòng 0", 0.8),
    ]


def test_expired_and_future_faqs_are_left_out_and_both_ends_count() -> None:
    hits = [hit(faq_id, 0, 0.9) for faq_id in ("over", "last", "first", "soon")]
    assert [
        faq_id
        for faq_id, *_ in group(
            hits,
            Faq("over", "?", ".", valid_to=date(2026, 2, 28)),
            Faq("last", "?", ".", valid_to=TODAY),
            Faq("first", "?", ".", valid_from=TODAY),
            Faq("soon", "?", ".", valid_from=date(2026, 3, 2)),
        )
    ] == ["last", "first"]


def test_an_faq_that_is_gone_is_left_out() -> None:
    assert group([hit("gone", 0, 0.9), hit("a", 0, 0.5)], Faq("a", "?", ".")) == [
        ("a", "dòng 0", 0.5)
    ]


def test_no_hits_ask_nothing_of_the_database() -> None:
    class Closed:
        def get_many(self, set_name: str, faq_ids: Sequence[str], /) -> Mapping[str, Faq]:
            raise AssertionError("asked")

    assert group_by_faq([], Closed(), "uni", TODAY) == []
