import pytest

from service.errors import BadInput, Conflict
from service.train.workspace import workspace


def begun(folder):
    return (folder / "checkpoint").exists()


def opened(out, *, resume=False, **recipe):
    return workspace(out, {"seed": 0} | recipe, resume=resume, has_progress=begun)


def leave_checkpoint(out, **recipe):
    def interrupted():
        with opened(out, **recipe) as place:
            place.checkpoints.mkdir()
            (place.checkpoints / "checkpoint").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()


def test_the_output_appears_whole_and_nothing_else_stays(tmp_path):
    out = tmp_path / "deep" / "model"
    with opened(out) as place:
        place.publish(lambda folder: (folder / "weights").write_text("w"))
        assert not (place.folder / "model").exists()
    assert [path.name for path in out.parent.iterdir()] == ["model"]
    assert (out / "weights").read_text() == "w"


def test_a_failure_while_writing_leaves_no_output(tmp_path):
    def broken(folder):
        (folder / "half").touch()
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"), opened(tmp_path / "m") as place:
        place.publish(broken)
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_exists_is_never_touched(tmp_path):
    (tmp_path / "m").mkdir()
    with pytest.raises(BadInput, match="exists already"), opened(tmp_path / "m"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_what_was_begun_is_kept_until_it_is_resumed(tmp_path):
    leave_checkpoint(tmp_path / "m")
    with pytest.raises(BadInput, match="--resume"), opened(tmp_path / "m"):
        pass
    with opened(tmp_path / "m", resume=True) as place:
        assert begun(place.checkpoints)


def test_another_recipe_is_not_resumed(tmp_path):
    leave_checkpoint(tmp_path / "m", loss="mnr")
    with (
        pytest.raises(BadInput, match="changed: loss"),
        opened(tmp_path / "m", resume=True, loss="triplet"),
    ):
        pass
    with opened(tmp_path / "m", resume=True, loss="mnr"):
        pass


def test_nothing_to_resume(tmp_path):
    with pytest.raises(BadInput, match="no checkpoint"), opened(tmp_path / "m", resume=True):
        pass


def test_two_at_once_are_refused(tmp_path):
    with (
        opened(tmp_path / "m"),
        pytest.raises(Conflict, match="Another training"),
        opened(tmp_path / "m"),
    ):
        pass
