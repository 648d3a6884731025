"""Windows of a stage that come, go and come back: nobody waits, everything is announced, no show is invisible."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from chromesthesia.core.clock import ManualClock
from chromesthesia.display.stage_file import Fallback, OutputSpec, Place
from chromesthesia.display.stage_keeper import OPENING_S, SILENT_S, StageKeeper
from chromesthesia.display.window_words import ALIVE, EVENT, OPENED, REFUSED, Order, Word
from chromesthesia.render.output import OutputShape

LEFT, RIGHT = Place("", 0), Place(":9", 0)


class FakeLink:
    """A window that says what the test has it say."""

    def __init__(self, screen: str, order: Order) -> None:
        self.place = Place(screen, order.display)
        self.orders = [order]
        self.said: list[Word] = []
        self.reason: str | None = None
        self.closed = False

    def tell(self, order: Order) -> None:
        self.orders.append(order)

    def words(self) -> list[Word]:
        said, self.said = self.said, []
        return said

    def ended(self) -> str | None:
        return self.reason

    def close(self) -> None:
        self.closed = True


class Desk:
    """Displays that a test plugs and unplugs; every window opens or is refused at once."""

    def __init__(self, *outputs: OutputSpec, displays: dict[str, int]) -> None:
        self.clock = ManualClock()
        self.displays = displays
        self.links: list[FakeLink] = []
        self.pressed: list[str] = []
        self.keeper = StageKeeper(
            outputs,
            self.open,
            self.clock,
            self.pressed.append,
            answers=lambda screen: screen in self.displays or not screen,
        )
        self.refuse_processes = False

    def open(self, screen: str, order: Order) -> FakeLink:
        if self.refuse_processes:
            raise OSError("too many processes")
        link = FakeLink(screen, order)
        count = self.displays.get(screen, 0)
        if order.display < count:
            link.said.append(Word(what=OPENED, displays=count))
        else:
            link.said.append(Word(what=REFUSED, displays=count, reason="no desktop answers"))
            link.reason = "its window ended (exit code 1)"
        self.links.append(link)
        return link

    @property
    def living(self) -> list[FakeLink]:
        return [link for link in self.links if not link.closed and link.reason is None]

    def run(self, seconds: float) -> None:
        """Steps of a tenth of a second; every living window says so."""
        for _ in range(round(seconds * 10)):
            for link in self.living:
                count = self.displays.get(link.place.screen, 0)
                if count:
                    link.said.append(Word(what=ALIVE, displays=count))
                else:
                    link.reason = "its window ended (exit code 1)"
            self.keeper.step()
            self.clock.advance(0.1)

    def places(self) -> list[Place | None]:
        return [self.keeper.where(1), self.keeper.where(2)]


def two(fallback: Fallback = Fallback.FREE) -> tuple[OutputSpec, OutputSpec]:
    return (
        OutputSpec("left", place=LEFT, fullscreen=True, fallback=fallback),
        OutputSpec("right", place=RIGHT, fullscreen=True, fallback=fallback),
    )


def test_each_output_is_seen_on_its_own_display() -> None:
    desk = Desk(*two(), displays={"": 1, ":9": 1})
    desk.run(1.0)
    assert desk.places() == [LEFT, RIGHT]
    assert desk.keeper.trouble == ""
    assert all(link.orders[0].fullscreen for link in desk.links)
    desk.links[0].said.append(Word(what=EVENT, event="NEXT_PRESET"))
    desk.run(0.1)
    assert desk.pressed == ["NEXT_PRESET"]
    desk.keeper.close()
    assert not desk.living


def test_a_display_that_dies_falls_back_to_a_free_one_and_comes_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk(*two(), displays={"": 2, ":9": 1})
    desk.run(1.0)
    del desk.displays[":9"]
    desk.run(1.0)
    assert desk.places() == [LEFT, Place("", 1)]
    assert "output right" in desk.keeper.trouble
    assert "shown on display 1" in desk.keeper.trouble
    assert not desk.living[-1].orders[0].fullscreen
    before = len(desk.links)
    desk.run(30.0)
    assert len(desk.links) == before, "a screen that does not answer is asked without opening windows"
    desk.displays[":9"] = 1
    desk.run(11.0)
    assert desk.places() == [LEFT, RIGHT]
    assert desk.keeper.trouble == ""
    assert len(desk.living) == 2
    assert desk.keeper.counts()["lost"] == desk.keeper.counts()["returns"] == 1
    assert any("is back on display 0 of :9" in record.message for record in caplog.records)


def test_no_picture_covers_another_that_is_seen() -> None:
    desk = Desk(*two(), displays={"": 1, ":9": 1})
    desk.run(1.0)
    del desk.displays[":9"]
    desk.run(20.0)
    assert desk.places() == [LEFT, None]
    assert "right is not seen" in desk.keeper.trouble
    assert "no display" not in desk.keeper.trouble.split(";")[0]


def test_it_may_if_it_is_told_to() -> None:
    desk = Desk(*two(Fallback.ANY), displays={"": 1, ":9": 1})
    desk.run(1.0)
    del desk.displays[":9"]
    desk.run(1.0)
    assert desk.places() == [LEFT, LEFT]


def test_one_that_is_to_wait_waits() -> None:
    desk = Desk(*two(Fallback.WAIT), displays={"": 3})
    desk.run(5.0)
    assert desk.places() == [LEFT, None]
    desk.displays[":9"] = 1
    desk.run(11.0)
    assert desk.places() == [LEFT, RIGHT]


def test_the_last_output_goes_anywhere_rather_than_be_invisible_and_steps_aside_later() -> None:
    desk = Desk(*two(), displays={":9": 1})
    desk.run(2.0)
    assert desk.places() == [None, RIGHT]
    del desk.displays[":9"]
    desk.run(1.0)
    assert "seen on no display" in desk.keeper.trouble
    desk.displays[""] = 1
    desk.run(11.0)
    assert desk.keeper.where(1) == LEFT
    assert desk.keeper.visible == 1
    desk.displays[":9"] = 1
    desk.run(11.0)
    assert desk.places() == [LEFT, RIGHT]


def test_an_unreachable_first_display_shows_the_show_on_another() -> None:
    """One output, asked for on a screen that nobody has: the picture is seen all the same."""
    desk = Desk(OutputSpec("wall", place=RIGHT), displays={"": 1})
    desk.run(1.0)
    assert desk.keeper.where(1) == LEFT
    assert desk.keeper.visible == 1
    assert "output wall: no display 0 of :9, shown on display 0" in desk.keeper.trouble


def test_a_display_unplugged_under_a_window_is_noticed() -> None:
    second = OutputSpec("right", place=Place("", 1))
    desk = Desk(OutputSpec("left", place=LEFT), second, displays={"": 2})
    desk.run(1.0)
    desk.displays[""] = 1
    desk.run(5.0)
    assert desk.places() == [LEFT, None]
    assert "display 1 was unplugged" in desk.keeper.trouble
    desk.displays[""] = 2
    desk.run(11.0)
    assert desk.places() == [LEFT, Place("", 1)]


@pytest.mark.parametrize("opened", [True, False])
def test_a_window_that_hangs_is_made_again(opened: bool) -> None:
    desk = Desk(OutputSpec("wall", place=LEFT), displays={"": 1})
    desk.keeper.step()
    hung = desk.links[0]
    if opened:
        desk.keeper.step()
    else:
        hung.said.clear()
    patience_s = SILENT_S if opened else OPENING_S
    for _ in range(round(patience_s) + 3):
        desk.clock.advance(1.0)
        desk.keeper.step()
    desk.run(1.0)
    assert hung.closed
    assert desk.keeper.where(1) == LEFT
    assert len(desk.living) == 1


def test_what_is_changed_is_told_once_to_the_window_that_shows_it() -> None:
    left, right = two()
    desk = Desk(left, right, displays={"": 1, ":9": 1})
    desk.run(0.5)
    shape = OutputShape(fade=(0.1, 0.0, 0.0, 0.0))
    desk.keeper.change(2, replace(right, shape=shape))
    desk.keeper.show("memory")
    desk.run(0.5)
    assert [len(link.orders) for link in desk.links] == [2, 2]
    assert desk.links[1].orders[-1].shape == shape
    assert desk.links[0].orders[-1].memory == "memory"
    assert desk.links[0].orders[-1].shape == OutputShape()


def test_where_no_process_can_be_made_it_is_told_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(OutputSpec("wall", place=LEFT), displays={"": 1})
    desk.refuse_processes = True
    with caplog.at_level(logging.WARNING):
        desk.run(3.0)
    assert "too many processes" in desk.keeper.trouble
    desk.refuse_processes = False
    desk.run(11.0)
    assert desk.keeper.where(1) == LEFT
    assert desk.keeper.trouble == ""
