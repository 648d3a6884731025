"""Keeps the windows of a stage on their displays: what is lost is announced, shown elsewhere, and brought back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.protocols import Clock
from chromesthesia.core.user_files import one_line
from chromesthesia.display.stage_file import Fallback, OutputSpec, Place
from chromesthesia.display.window_link import OpenLink, WindowLink
from chromesthesia.display.window_words import ALIVE, EVENT, OPENED, REFUSED, Order

log = logging.getLogger(__name__)

OPENING_S = 20.0
"""A window that is not there after so long is given up; a busy machine takes seconds to start a process."""
SILENT_S = 6.0
"""A window that says nothing for so long hangs."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 10.0


@dataclass(slots=True)
class _Held:
    """A window and where it is."""

    link: WindowLink
    place: Place
    since_s: float
    heard_s: float
    opened: bool = False


@dataclass(slots=True)
class _Output:
    """One output. now: the window that is seen; next: one that is being opened to take its place. asked: how it is to
    look, set by any thread; spec: how its windows were told to."""

    spec: OutputSpec
    number: int
    asked: OutputSpec
    now: _Held | None = None
    next: _Held | None = None
    tried: list[Place] = field(default_factory=list)
    retry_s: float = float("-inf")
    pause_s: float = FIRST_PAUSE_S
    trouble: str = ""


class StageKeeper:
    """Opens a window for each output and keeps it seen. `step` on one thread; all else may be called from any.

    A display that is gone: the output goes where its `fallback` lets it, and its own display is tried again after 0.5
    to 10 s; when it is there a window is opened on it before the other is closed. `lost` counts windows that were lost,
    `returns` those that came back to their display.
    """

    def __init__(
        self,
        outputs: Sequence[OutputSpec],
        open_link: OpenLink,
        clock: Clock,
        pressed: Callable[[str], None] = lambda event: None,
        numbers: Sequence[int] | None = None,
        answers: Callable[[str], bool] = lambda screen: True,
    ) -> None:
        """pressed: told what a person asked for at any window. numbers: of the outputs, by which they are known.
        answers: False for a screen of which it is sure, without opening a window, that it is not there."""
        self._open_link = open_link
        self._clock = clock
        self._pressed = pressed
        known = range(1, len(outputs) + 1) if numbers is None else numbers
        self._outputs = [_Output(spec, number, spec) for spec, number in zip(outputs, known, strict=True)]
        self._memory = self._told_memory = ""
        self._answers = answers
        self._displays: dict[str, int] = {}
        self._log = BoundedLog(log)
        self.lost = self.returns = self.failures = 0

    def show(self, memory: str) -> None:
        """Frames are in this memory from now on."""
        self._memory = memory

    def change(self, number: int, spec: OutputSpec) -> None:
        """Let an output look like `spec`; its place stays."""
        for one in self._outputs:
            if one.number == number:
                one.asked = spec

    @property
    def trouble(self) -> str:
        """What a person should read, on one line; empty when every output is seen on its own display."""
        told = [one.trouble for one in self._outputs if one.trouble]
        if told and not any(self._seen(one) for one in self._outputs):
            told.insert(0, "the picture is seen on no display")
        return "; ".join(told)

    @property
    def visible(self) -> int:
        """How many outputs are seen."""
        return sum(self._seen(one) for one in self._outputs)

    def counts(self) -> dict[str, int]:
        """For the report."""
        return {
            "failures": self.failures,
            "outputs": len(self._outputs),
            "visible": self.visible,
            "elsewhere": sum(self._seen(one) and bool(one.trouble) for one in self._outputs),
            "lost": self.lost,
            "returns": self.returns,
        }

    def where(self, number: int) -> Place | None:
        """The display on which an output is seen; None for none."""
        for one in self._outputs:
            if one.number == number and one.now is not None and one.now.opened:
                return one.now.place
        return None

    def step(self) -> None:
        """Hear every window, and do what is to be done about those that are gone."""
        now_s = self._clock.now_s()
        for one in self._outputs:
            self._hear(one, now_s)
        self._tell_changes()
        for one in self._outputs:
            self._mend(one, now_s)

    def close(self) -> None:
        """Close every window. The counts stay as they were, for the report."""
        links = [held.link for one in self._outputs for held in (one.now, one.next) if held is not None]
        for link in links:
            link.close()
        for link in links:
            join = getattr(link, "join", None)
            if join is not None:
                join()

    # -- hearing ----------------------------------------------------------------------------------------------

    def _hear(self, one: _Output, now_s: float) -> None:
        for held in (one.now, one.next):
            if held is None:
                continue
            ended = held.link.ended()
            reason = self._words(one, held, now_s) or ended
            if reason is None and held.opened and now_s - held.heard_s > SILENT_S:
                reason = f"its window said nothing for {SILENT_S:g} s"
            if reason is None and not held.opened and now_s - held.since_s > OPENING_S:
                reason = f"its window did not open within {OPENING_S:g} s"
            if reason is not None:
                self._gone(one, held, reason, now_s)

    def _words(self, one: _Output, held: _Held, now_s: float) -> str | None:
        """What the window said; why it cannot be, if that is what it says."""
        for word in held.link.words():
            held.heard_s = now_s
            if word.displays or word.what in (OPENED, ALIVE):
                self._displays[held.place.screen] = word.displays
            if word.what == REFUSED:
                if not word.displays:
                    self._displays[held.place.screen] = 0
                return one_line(word.reason)
            if word.what == OPENED:
                held.opened = True
                self._opened(one, held, now_s)
            elif word.what == EVENT:
                self._pressed(word.event)
            elif word.what == ALIVE and held.place.display >= word.displays:
                return f"{held.place} was unplugged"
        return None

    def _opened(self, one: _Output, held: _Held, now_s: float) -> None:
        former, one.now, one.next = one.now, held, None
        if former is not None and former is not held:
            former.link.close()
        one.tried.clear()
        if held.place == one.spec.place:
            if one.trouble:
                self.returns += 1
                log.warning("output %s is back on %s", one.spec.name, held.place)
            else:
                log.info("output %s: %s", one.spec.name, held.place)
            one.trouble, one.pause_s = "", FIRST_PAUSE_S
        else:
            one.trouble = f"output {one.spec.name}: no {one.spec.place}, shown on {held.place}"
            one.retry_s = now_s + one.pause_s
            log.warning("%s until that is back", one.trouble)

    def _gone(self, one: _Output, held: _Held, reason: str, now_s: float) -> None:
        held.link.close()
        seen = held.opened
        if held is one.next:
            one.next = None
        if held is one.now:
            one.now = None
        if seen:
            self.lost += 1
            one.tried.clear()
            one.retry_s = now_s
        self.failures += 1
        if held.place not in one.tried:
            one.tried.append(held.place)
        if one.now is None:
            one.trouble = f"output {one.spec.name} is not seen: {reason}"
            self._log.warning(now_s, "output %s on %s: %s", one.spec.name, held.place, reason)
        else:
            self._wait(one, now_s)

    # -- mending ----------------------------------------------------------------------------------------------

    def _mend(self, one: _Output, now_s: float) -> None:
        if one.next is not None:
            return
        if one.now is not None:
            if self._in_the_way(one):
                one.now.link.close()
                one.now = None
                one.trouble = f"output {one.spec.name} is not seen: no {one.spec.place}"
                log.warning("output %s steps aside: another is back on its display", one.spec.name)
                self._wait(one, now_s)
            elif (
                one.now.place != one.spec.place
                and now_s >= one.retry_s
                and self._may_be_there(one.spec.place)
            ):
                one.tried.clear()
                self._open(one, one.spec.place, now_s)
            return
        if now_s < one.retry_s:
            return
        place = next((place for place in self._choices(one) if place not in one.tried), None)
        if place is not None:
            self._open(one, place, now_s)
            return
        if not one.trouble:
            one.trouble = f"output {one.spec.name} is not seen: no {one.spec.place}"
            self._log.warning(now_s, "%s", one.trouble)
        one.tried.clear()
        self._wait(one, now_s)

    def _open(self, one: _Output, place: Place, now_s: float) -> None:
        order = self._order(one)
        if place != one.spec.place:
            # A window that stands in does not hide all that is there.
            order = msgspec.structs.replace(order, fullscreen=False)
        order = msgspec.structs.replace(order, display=place.display)
        try:
            link = self._open_link(place.screen, order)
        except OSError as error:
            self.failures += 1
            one.trouble = f"output {one.spec.name} is not seen: no process for its window: {one_line(error)}"
            self._log.warning(now_s, "%s", one.trouble)
            one.tried.append(place)
            return
        one.next = _Held(link, place, now_s, now_s)

    def _choices(self, one: _Output) -> Iterator[Place]:
        if self._may_be_there(one.spec.place):
            yield one.spec.place
        if one.spec.fallback is Fallback.WAIT:
            return
        screens = dict.fromkeys(["", *(other.spec.place.screen for other in self._outputs)])
        places = [
            Place(screen, display)
            for screen in screens
            for display in range(max(1, self._displays.get(screen, 1)))
            if self._displays.get(screen, 1) > 0
        ]
        taken = {
            held.place
            for other in self._outputs
            if other is not one
            for held in (other.now, other.next)
            if held is not None
        } | {other.spec.place for other in self._outputs if other is not one and not other.trouble}
        yield from (place for place in places if place not in taken)
        if one.spec.fallback is Fallback.ANY or not any(self._hopeful(other) for other in self._outputs):
            yield from (place for place in places if place in taken)

    def _in_the_way(self, one: _Output) -> bool:
        """True where it stands in on a display on which another output is seen as it should be."""
        place = None if one.now is None else one.now.place
        return one.spec.fallback is not Fallback.ANY and any(
            other is not one and place == other.spec.place and self._seen(other) and not other.trouble
            for other in self._outputs
        )

    def _may_be_there(self, place: Place) -> bool:
        """False only when a window on its screen says that there are fewer displays, or no such screen answers."""
        if not self._answers(place.screen):
            return False
        told = any(
            other.now is not None and other.now.opened and other.now.place.screen == place.screen
            for other in self._outputs
        )
        return not told or place.display < self._displays.get(place.screen, place.display + 1)

    def _wait(self, one: _Output, now_s: float) -> None:
        one.retry_s = now_s + one.pause_s
        one.pause_s = min(LONGEST_PAUSE_S, 2.0 * one.pause_s)

    def _tell_changes(self) -> None:
        memory = self._memory
        changed, self._told_memory = memory != self._told_memory, memory
        for one in self._outputs:
            asked = one.asked
            if asked is one.spec and not changed:
                continue
            one.spec = asked
            for held in (one.now, one.next):
                if held is not None:
                    held.link.tell(self._order(one))

    def _order(self, one: _Output) -> Order:
        spec = one.spec
        return Order(
            number=one.number,
            name=spec.name,
            display=spec.place.display,
            fullscreen=spec.fullscreen,
            size=spec.size,
            memory=self._memory,
            shape=spec.shape,
            card=spec.card,
        )

    def _hopeful(self, one: _Output) -> bool:
        """Seen, or about to be."""
        return self._seen(one) or (one.next is not None and not one.trouble)

    @staticmethod
    def _seen(one: _Output) -> bool:
        return one.now is not None and one.now.opened
