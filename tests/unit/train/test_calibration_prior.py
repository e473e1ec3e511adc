"""What stands in for users' FAQ sets."""

from service.train.calibration_prior import _domains


def test_domains_are_sets_without_chatbots() -> None:
    sets = _domains()
    assert len(sets) > 15
    assert not any(name.startswith("chatbots") for name in sets)
    assert all(len(faqs) >= 40 for faqs in sets.values())
