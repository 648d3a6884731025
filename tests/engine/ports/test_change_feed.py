"""What each subscriber is told: its own news, and no echo of its own."""

from __future__ import annotations

import math

from chromesthesia.control.commands import SetParameter
from chromesthesia.control.feed import ChangeFeed, View
from chromesthesia.params.declaration import Access, Number, Param, Value
from chromesthesia.params.tree import ParameterTree

PARAMS = (
    Number("/look/warp", 0.5, "", low=0.0, high=1.0),
    Number("/status/fps", 0.0, "", access=Access.READ),
)
RIPPLES = (
    Number("/isf/ripples/speed", 1.0, "", low=0.0, high=4.0),
    Number("/isf/ripples/level", 0.0, "", low=0.0, high=1.0, access=Access.READ),
)


def view(param: Param) -> tuple[View]:
    return (View(param.path, lambda value: value),)


class Panel:
    """A subscriber of its own name, with what it was told."""

    def __init__(self, tree: ParameterTree, name: str) -> None:
        self._tree = tree
        self._name = name
        self.feed = ChangeFeed(tree, view, lambda source: math.inf if source == name else 0.0)
        self.removed: tuple[str, ...] = ()
        self.added: tuple[str, ...] = ()

    def hear(self, now_s: float, **readings: Value) -> dict[str, Value]:
        news = self.feed.take(now_s, {f"/status/{name}": value for name, value in readings.items()})
        assert news is not None
        self.removed, self.added = news.removed, news.added
        return {each.address: value for each, value in news.values}


def write(tree: ParameterTree, panels: list[Panel], value: float, source: str) -> None:
    tree.write("/look/warp", value, source)
    for panel in panels:
        panel.feed.note_writes(0.0, [SetParameter("/look/warp", value, source, "/look/warp")])


def test_each_subscriber_hears_the_others_and_not_itself() -> None:
    tree = ParameterTree(PARAMS)
    panels = one, two = [Panel(tree, "one"), Panel(tree, "two")]
    assert one.hear(0.0, fps=60.0) == two.hear(0.0, fps=60.0) == {"/look/warp": 0.5, "/status/fps": 60.0}
    write(tree, panels, 0.75, "one")
    assert (one.hear(0.1), two.hear(0.1)) == ({}, {"/look/warp": 0.75})
    write(tree, panels, 0.25, "two")
    assert (one.hear(0.2), two.hear(0.2)) == ({"/look/warp": 0.25}, {})


def test_one_that_looks_seldom_misses_nothing_and_is_told_the_newest() -> None:
    tree = ParameterTree(PARAMS)
    often, seldom = Panel(tree, "often"), Panel(tree, "seldom")
    for panel in (often, seldom):
        panel.hear(0.0)
    for step in range(1, 10):
        tree.write("/look/warp", step / 10, "hand")
        assert often.hear(step / 10) == {"/look/warp": step / 10}
    assert seldom.hear(1.0) == {"/look/warp": 0.9}


def test_a_namespace_that_comes_brings_its_values_and_one_that_goes_takes_them() -> None:
    tree = ParameterTree(PARAMS)
    panel = Panel(tree, "panel")
    panel.hear(0.0)
    tree.add("/isf/ripples", RIPPLES)
    assert panel.hear(0.1) == {"/isf/ripples/speed": 1.0}
    assert (panel.removed, panel.added) == ((), ("/isf/ripples",))
    assert panel.hear(0.2) == {}
    tree.write("/isf/ripples/speed", 2.0, "hand")
    tree.remove("/isf/ripples")
    assert panel.hear(0.3) == {}
    assert (panel.removed, panel.added) == (("/isf/ripples",), ())
    tree.add("/isf/ripples", RIPPLES[:1])
    panel.hear(0.4)
    tree.remove("/isf/ripples")
    tree.add("/isf/ripples", RIPPLES)
    assert panel.hear(0.5) == {"/isf/ripples/speed": 1.0}
    assert panel.removed == panel.added == ("/isf/ripples",)


def test_readings_of_a_namespace_are_told_while_it_is_there() -> None:
    tree = ParameterTree(PARAMS)
    feed = ChangeFeed(tree, view, lambda source: 0.0)
    feed.take(0.0, {})

    def told(now_s: float) -> list[str]:
        news = feed.take(now_s, {"/isf/ripples/level": now_s})
        assert news is not None
        return [each.address for each, _ in news.values]

    assert told(0.1) == []
    tree.add("/isf/ripples", RIPPLES)
    assert told(0.2) == ["/isf/ripples/level", "/isf/ripples/speed"]
    tree.remove("/isf/ripples")
    assert told(0.3) == []


def test_one_that_left_is_not_kept_informed() -> None:
    tree = ParameterTree(PARAMS)
    panel = Panel(tree, "panel")
    panel.hear(0.0)
    panel.feed.close()
    tree.write("/look/warp", 0.1, "hand")
    assert panel.hear(0.1) == {}
