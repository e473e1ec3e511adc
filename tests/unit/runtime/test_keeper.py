import threading

import structlog

from service.runtime.keeper import Chore, Keeper


def test_chores_are_done_again_and_again_and_one_that_fails_stops_nobody() -> None:
    done_often, failed_often = threading.Event(), threading.Event()
    counts = {"good": 0, "bad": 0}

    def good() -> None:
        counts["good"] += 1
        if counts["good"] == 3:
            done_often.set()

    def bad() -> None:
        counts["bad"] += 1
        if counts["bad"] == 3:
            failed_often.set()
        raise RuntimeError("the database is away")

    with structlog.testing.capture_logs() as logs:
        keeper = Keeper([Chore("bad", 0.001, bad), Chore("good", 0.001, good)])
        assert done_often.wait(10)
        assert failed_often.wait(10)
        keeper.close()
    assert {log["chore"] for log in logs} == {"bad"}
    seen = dict(counts)
    assert threading.Event().wait(0.05) is False
    assert counts == seen


def test_a_rare_chore_waits_its_turn() -> None:
    done: list[str] = []
    often = threading.Event()

    def frequent() -> None:
        done.append("frequent")
        if len(done) >= 3:
            often.set()

    keeper = Keeper(
        [Chore("frequent", 0.001, frequent), Chore("rare", 1000.0, lambda: done.append("rare"))]
    )
    assert often.wait(10)
    keeper.close()
    assert "rare" not in done
