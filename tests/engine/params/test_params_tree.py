"""The live values: one writer, snapshots that never change, listeners that know the source."""

from __future__ import annotations

import pytest

from chromesthesia.params.declaration import Access, Param, Value
from chromesthesia.params.tree import ParameterTree
from chromesthesia.params.values import ParameterError, UnknownParameterError

PARAMS = (
    Param("/look/amount", 0.5, "", low=0.0, high=1.0),
    Param("/look/mode", "none", "", choices=("none", "mirror")),
    Param("/audio/gain_db", 0.0, "", low=-24.0, high=24.0, room=True),
    Param("/status/fps", 0.0, "", access=Access.READ),
)


@pytest.fixture
def tree() -> ParameterTree:
    return ParameterTree(PARAMS)


def test_a_write_makes_a_new_snapshot_and_leaves_the_old_one(tree: ParameterTree) -> None:
    before = tree.snapshot()
    assert tree.write("/look/amount", 7, "test") == 1.0
    after = tree.snapshot()
    assert (before["/look/amount"], after["/look/amount"]) == (0.5, 1.0)
    assert after.version > before.version
    assert after.look_version == before.look_version


def test_a_snapshot_holds_the_settings_only(tree: ParameterTree) -> None:
    assert set(tree.snapshot()) == {"/look/amount", "/look/mode", "/audio/gain_db"}
    assert tree.snapshot().number("/look/amount") == 0.5
    with pytest.raises(TypeError, match="/look/mode"):
        tree.snapshot().number("/look/mode")


def test_listeners_hear_changes_with_their_source_and_nothing_else(tree: ParameterTree) -> None:
    heard: list[tuple[str, Value, str]] = []
    tree.listen(lambda path, value, source: heard.append((path, value, source)))
    tree.write("/look/amount", 0.25, "osc:10.0.0.1:5")
    tree.write("/look/amount", 0.25, "keyboard")
    assert heard == [("/look/amount", 0.25, "osc:10.0.0.1:5")]


def test_a_failing_listener_does_not_keep_the_value_from_the_others(
    tree: ParameterTree, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Value] = []

    def failing(path: str, value: Value, source: str) -> None:
        raise RuntimeError("ill")

    tree.listen(failing)
    tree.listen(lambda path, value, source: heard.append(value))
    tree.write("/look/amount", 0.25, "test")
    assert heard == [0.25]
    assert "a listener failed on /look/amount" in caplog.text


def test_an_unknown_path_names_the_nearest(tree: ParameterTree) -> None:
    with pytest.raises(UnknownParameterError, match="did you mean /look/amount"):
        tree.write("/look/amuont", 1, "test")


def test_a_reading_cannot_be_written(tree: ParameterTree) -> None:
    with pytest.raises(ParameterError, match="/status/fps is a reading"):
        tree.write("/status/fps", 1, "test")


def test_loading_a_look_resets_what_it_does_not_name_and_spares_the_room(tree: ParameterTree) -> None:
    tree.write("/look/mode", "mirror", "test")
    tree.write("/audio/gain_db", 6, "test")
    before = tree.snapshot()
    tree.load_look({"/look/amount": 0.75}, "preset")
    after = tree.snapshot()
    assert dict(after) == {"/look/amount": 0.75, "/look/mode": "none", "/audio/gain_db": 6.0}
    assert after.look_version == before.look_version + 1


def test_a_look_with_one_bad_value_changes_nothing(tree: ParameterTree) -> None:
    before = tree.snapshot()
    with pytest.raises(ParameterError):
        tree.load_look({"/look/amount": 0.75, "/look/mode": "kaleidoscop"}, "preset")
    assert tree.snapshot() is before


def test_reset_takes_some_or_all_back_to_their_defaults(tree: ParameterTree) -> None:
    tree.write("/look/amount", 0.9, "test")
    tree.write("/audio/gain_db", 6, "test")
    tree.reset(["/look/amount"], "test")
    assert (tree.snapshot()["/look/amount"], tree.snapshot()["/audio/gain_db"]) == (0.5, 6.0)
    tree.reset(None, "test")
    assert tree.snapshot()["/audio/gain_db"] == 0.0


def test_a_listener_that_fails_on_and_on_fills_no_log(
    tree: ParameterTree, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(path: str, value: Value, source: str) -> None:
        raise RuntimeError("ill")

    tree.listen(failing)
    for step in range(100):
        tree.write("/look/amount", step / 100, "osc:10.0.0.9:1")
    assert tree.snapshot()["/look/amount"] == 0.99
    assert len(caplog.records) == 7
