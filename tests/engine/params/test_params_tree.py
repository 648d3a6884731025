"""The live values: one writer, snapshots that never change, listeners that know the source."""

from __future__ import annotations

from contextlib import suppress

import pytest

from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Access, Choice, Number, Param, Switch, Value, Whole
from chromesthesia.params.live import Values
from chromesthesia.params.tree import NAMESPACE_LIMIT, NAMESPACE_SIZE, ParameterTree
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


RIPPLES = (
    Number("/isf/ripples/speed", 1.0, "", low=0.0, high=4.0),
    Choice("/isf/ripples/shape", "ring", "", choices=("ring", "line")),
    Number("/isf/ripples/level", 0.0, "", access=Access.READ),
)


def test_parameters_come_and_go_and_the_others_stay_as_they_are(tree: ParameterTree) -> None:
    tree.write("/look/amount", 0.8, "test")
    before, declared = tree.snapshot(), tree.declared
    tree.add("/isf/ripples", RIPPLES)
    grown = tree.snapshot()
    assert {path: grown[path] for path in before} == dict(before)
    assert (grown["/isf/ripples/speed"], grown["/isf/ripples/shape"]) == (1.0, "ring")
    assert "/isf/ripples/level" not in grown
    assert grown.declared is tree.declared is not declared
    assert tree.declared.version == declared.version + 1
    assert list(tree.declared.namespaces) == ["/isf/ripples"]
    assert grown.look_version == before.look_version
    assert tree.write("/isf/ripples/speed", 9.0, "test") == 4.0
    tree.remove("/isf/ripples")
    assert dict(tree.snapshot()) == dict(before)
    assert tree.declared.version == declared.version + 2
    with pytest.raises(UnknownParameterError):
        tree.write("/isf/ripples/speed", 1.0, "test")
    tree.add("/isf/ripples", RIPPLES)
    assert tree.snapshot()["/isf/ripples/speed"] == 1.0


@pytest.mark.parametrize(
    ("namespace", "params", "reason"),
    [
        ("/isf/ripples", (Number("/isf/other/speed", 1.0, ""),), "below"),
        ("isf", (Number("isf/speed", 1.0, ""),), "below"),
        ("/look", (Number("/look/amount", 1.0, ""),), "twice"),
        ("/look/amount", (Number("/look/amount/x", 1.0, ""),), "container"),
        ("/isf", (Number("/isf/a", 9.0, "", low=0.0, high=1.0),), "outside"),
        ("/isf", (), "0 parameters"),
        ("/isf", tuple(Number(f"/isf/{n}", 0.0, "") for n in range(NAMESPACE_SIZE + 1)), "at most"),
    ],
)
def test_a_namespace_that_does_not_fit_changes_nothing(
    tree: ParameterTree, namespace: str, params: tuple[Param, ...], reason: str
) -> None:
    declared, snapshot = tree.declared, tree.snapshot()
    with pytest.raises(ParameterError, match=reason):
        tree.add(namespace, params)
    assert tree.declared is declared
    assert tree.snapshot() is snapshot


def test_a_namespace_comes_once_goes_once_and_there_is_an_end_to_them(tree: ParameterTree) -> None:
    tree.add("/isf/ripples", RIPPLES)
    with pytest.raises(ParameterError, match="already"):
        tree.add("/isf/ripples", RIPPLES)
    tree.remove("/isf/ripples")
    with pytest.raises(UnknownParameterError, match="no namespace"):
        tree.remove("/isf/ripples")
    with pytest.raises(UnknownParameterError):
        tree.remove("/look")
    for number in range(NAMESPACE_LIMIT):
        tree.add(f"/isf/{number}", (Number(f"/isf/{number}/x", 0.0, ""),))
    with pytest.raises(ParameterError, match="at most"):
        tree.add("/isf/more", (Number("/isf/more/x", 0.0, ""),))


def test_a_room_that_is_restored_has_the_parameters_of_now(tree: ParameterTree) -> None:
    tree.add("/isf/a", (Number("/isf/a/x", 0.5, ""),))
    start = tree.snapshot()
    tree.remove("/isf/a")
    tree.add("/isf/b", (Number("/isf/b/x", 0.25, ""),))
    tree.write("/isf/b/x", 3.0, "test")
    tree.restore(start, "test")
    assert "/isf/a/x" not in tree.snapshot()
    assert tree.snapshot()["/isf/b/x"] == 0.25


def test_a_look_resets_what_was_added_too(tree: ParameterTree) -> None:
    tree.add("/isf/ripples", RIPPLES)
    tree.write("/isf/ripples/speed", 3.0, "test")
    tree.load_look({"/look/amount": 0.1}, "test")
    assert tree.snapshot()["/isf/ripples/speed"] == 1.0


def test_a_declaration_is_a_typed_key() -> None:
    size, count, on = Number("/a/size", 0.5, ""), Whole("/a/count", 3, ""), Switch("/a/on", False, "")
    shape = Choice("/a/shape", "ring", "", choices=("ring", "line"))
    values = Values({"/a/size": 0.75, "/a/on": True, "/a/shape": "line"})
    assert (values[size], values[count], values[on], values[shape]) == (0.75, 3, True, "line")
    assert values.index(shape) == 1
    assert values["/a/size"] == 0.75
    with pytest.raises(KeyError):
        values["/a/count"]


@pytest.mark.parametrize("param", [Number("/a", 1, ""), Whole("/a", 1.0, ""), Switch("/a", 1, "")])
def test_a_key_of_another_type_than_its_value_is_no_declaration(param: Param) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        ParameterTree((param,))


def test_writes_made_together_are_seen_together_and_told_one_by_one() -> None:
    tree = ParameterTree(PARAMETERS)
    before = tree.snapshot()
    told: list[tuple[str, object]] = []
    tree.listen(lambda path, value, source: told.append((path, value)))
    with tree.together():
        tree.write("/audio/gain_db", 3.0, "t")
        tree.nudge("/audio/gain_db", 1.5, "t")
        tree.load_look({"/look/flow/amount": 0.75}, "t", morph_s=2.0)
        tree.add("/isf/ripples", [Param("/isf/ripples/speed", 1.0, "")])
        assert tree.snapshot() is before
        assert tree.value("/audio/gain_db") == 4.5
        assert tree.value("/isf/ripples/speed") == 1.0
    after = tree.snapshot()
    assert (after["/audio/gain_db"], after["/look/flow/amount"], after["/isf/ripples/speed"]) == (
        4.5,
        0.75,
        1.0,
    )
    assert (after.look_version, after.morph_s) == (before.look_version + 1, 2.0)
    assert after.declared is tree.declared
    assert ("/audio/gain_db", 3.0) in told
    assert ("/audio/gain_db", 4.5) in told
    with tree.together():
        pass
    assert tree.snapshot() is after
    with suppress(RuntimeError), tree.together():
        tree.write("/audio/gain_db", 1.0, "t")
        raise RuntimeError
    assert tree.snapshot()["/audio/gain_db"] == 1.0
    with pytest.raises(UnknownParameterError, match="/audio/gain_db"):
        tree.value("/audio/gain")
