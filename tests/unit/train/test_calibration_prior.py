"""What stands in for users' FAQ sets."""

from service.train.calibration_prior import _domains


def test_a_chatbot_is_a_set_of_its_own_and_domains_are_without_them() -> None:
    sets = _domains()
    chatbots = [name for name in sets if "/" in name]
    assert len(chatbots) > 20
    assert all(name.startswith("chatbots_") for name in chatbots)
    assert not any(name.startswith("chatbots_") for name in sets.keys() - chatbots)
    assert all(25 <= len(sets[name]) <= 45 for name in chatbots)
