from service.domain import Faq
from service.holdout import folds

FAQS = [
    Faq(f"faq-{n}", "Câu hỏi?", "A", tuple(f"cách {n} {i}" for i in range(4))) for n in range(40)
]
IDS = [faq.id for faq in FAQS]


def test_a_fold_asks_nothing_that_it_teaches() -> None:
    for fold in folds(IDS):
        taught = {text for faq in fold.keep(FAQS) for text in faq.alternates}
        asked = {text for faq in FAQS for text in fold.held_out(faq)}
        gone = {text for faq in FAQS if faq.id in fold.gone for text in faq.alternates}
        everything = {text for faq in FAQS for text in faq.alternates}
        assert taught | asked | gone == everything
        assert len(taught) + len(asked) + len(gone) == len(everything)
        assert len(fold.gone) == len(FAQS) / 4


def test_folds_leave_out_different_faqs_and_alternates() -> None:
    first, second, third = folds(IDS)
    assert not first.gone & second.gone
    assert not second.gone & third.gone
    faq = next(faq for faq in FAQS if faq.id not in first.gone | second.gone | third.gone)
    held = [text for fold in (first, second, third) for text in fold.held_out(faq)]
    assert sorted(held) == sorted(faq.alternates)


def test_the_order_of_the_faqs_changes_nothing() -> None:
    assert folds(IDS) == folds(IDS[::-1])


def test_a_large_set_has_one_fold() -> None:
    assert len(folds([f"faq-{n}" for n in range(501)])) == 1
