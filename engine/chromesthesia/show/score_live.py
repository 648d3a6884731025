"""What a live show tells its score: the causes of every frame, now and then the state that the next follow from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Protocol

import numpy as np

from chromesthesia.control.commands import Command
from chromesthesia.core.records import MOST_MUSICIANS, Heard, PaintedImage, PaintRequest
from chromesthesia.display.light import Light
from chromesthesia.params.presets import Preset
from chromesthesia.params.tree import Snapshot
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.renderer import Renderer
from chromesthesia.score import fine
from chromesthesia.score.events import (
    AnyEvent,
    Begun,
    Drawn,
    Embedded,
    Heeded,
    HeededMusician,
    Key,
    Later,
    Requested,
    Reshaded,
    Sensed,
    SensedMusician,
    Torn,
)
from chromesthesia.score.hearing import Softening, heard_of
from chromesthesia.score.writer import ScoreWriter
from chromesthesia.show.score_asked import AskedCommands
from chromesthesia.show.score_changes import Changes
from chromesthesia.show.score_head import shader_hash
from chromesthesia.show.stage import Controls

KEY_EVERY_S = 60.0
KEY_BYTES_AN_HOUR = 48 * 1024 * 1024
"""Keys of a large picture come less often, so that they take about this and no more."""
_PACKED_SHARE = 0.4
"""A guess before the first key is written."""
MOST_PENDING = 4096
"""Requests whose picture did not come that are remembered."""


def time_of(time_us: int) -> float:
    """Seconds of the show: the same in the show and when it is painted again."""
    return time_us / 1e6


@dataclass(frozen=True, slots=True)
class Takeover:
    """What an ear goes on from that begins to lead. stage, motion: states; time_us: of the frame shown last."""

    stage: Mapping[str, Any]
    motion: Mapping[str, Any]
    time_us: int


class Others(Protocol):
    """Lights on other machines, which are told every frame as it is drawn. Main thread; nothing here waits or raises.

    `key_wanted`: one of them needs a key. `leads`: this show is the one that they follow.
    """

    @property
    def key_wanted(self) -> bool: ...

    @property
    def leads(self) -> bool: ...

    def begin(self, time_s: float, at_s: float) -> float:
        """A frame begins, of `time_s` here, `at_s` on the clock: its show time, which all machines share."""
        ...

    def taken_over(self) -> Takeover | None:
        """Once, before the first frame of a show that begins to lead in the place of another."""
        ...

    def frame(self, time_us: int, events: Sequence[AnyEvent]) -> None:
        """What one frame was made of."""
        ...

    def skipped(self) -> None:
        """A frame of which nothing can be told."""
        ...

    def key(self, key: Key) -> None:
        """The state behind the frame told last."""
        ...


class FrameScore:
    """Stands between the frame loop and its stage. All of it on the main thread, but for `asked`.

    While a score is kept the picture hears and lives by what the score holds: `hear` gives it levels on a coarse grid,
    `begin` times of whole microseconds, `current` the parameters as they are when the frame begins. Where frames do not
    follow from what was told (a frame that failed, OpenGL made again, no room in the queue), nothing is told until the
    next key.
    """

    def __init__(
        self, writer: ScoreWriter | None, controls: Controls, light: Light, others: Others | None = None
    ) -> None:
        """writer: of a file; without one the picture hears finely. others: are told as well."""
        self._writer = writer or _NoFile()
        self._others = others
        self._controls = controls
        self._light = light
        self.current: tuple[Preset, Snapshot] = controls.current
        self._stage_state: Callable[[], dict[str, Any]] | None = None
        self._stage_restore: Callable[[Mapping[str, Any]], None] | None = None
        self._softening = None if writer is None else Softening()
        self._softenings = tuple(Softening() for _ in range(MOST_MUSICIANS))
        """Of the musicians."""
        self._renderer: Renderer | None = light.renderer
        self._generation = -1 if light.renderer is None else light.renderer.library.generation
        self._told = Changes()
        self._events: list[AnyEvent] = []
        self._pending: dict[int, PaintRequest] = {}
        self._asked_before_key = 0
        self._serial = 0
        self._image = 0
        self._time_us = 0
        self._decided = False
        self._torn = ""
        self._unknown_frames = 0
        self._key_due_us = self._key_every_us(_key_bytes(light.size))
        self._asked = AskedCommands()
        self._start_s = 0.0

    def follow(
        self,
        stage_state: Callable[[], dict[str, Any]],
        stage_restore: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> None:
        """stage_state: gives the state of the stage; stage_restore: takes it."""
        self._stage_state, self._stage_restore = stage_state, stage_restore

    # -- what the show gives ------------------------------------------------------------------------------------

    def asked(self, command: Command, now_s: float, done: bool) -> None:
        """A command was applied, or refused. Control thread."""
        self._asked.put(command, now_s, done)

    def start(self, start_s: float) -> None:
        """The show's time 0 on its clock."""
        self._start_s = start_s

    def taking(self, image: PaintedImage | None) -> PaintedImage | None:
        """The picture that a frame takes, if any."""
        if image is not None and self._others is not None and image.serial not in self._pending:
            return None  # asked for before another show was taken over: nobody else could paint it
        if image is not None:
            self._image = image.serial
        return image

    def asking(self, request: PaintRequest) -> None:
        """A picture is asked of the generator."""
        self._serial = request.serial
        self._pending[request.serial] = request
        if len(self._pending) > MOST_PENDING:
            del self._pending[next(iter(self._pending))]

    def first(self, heard: Heard, factor: float) -> Heard:
        """What the first picture hears. factor: of the generator's rate."""
        self._latch()
        return self._hear(heard, factor)

    def begun(self) -> None:
        """The first picture was decided on."""
        self._tell_image()
        self._events.append(Begun(self._image))
        self._image = 0
        self._put()

    def begin(self, time_s: float) -> float:
        """A frame begins: the time that it is to be drawn for."""
        others = self._others
        if others is not None:
            time_s = others.begin(time_s, self._start_s + time_s)
            if (takeover := others.taken_over()) is not None:
                self._take_over(takeover)
            elif not others.leads:
                self._time_us = round(time_s * 1e6)
        before_us, self._time_us = self._time_us, max(self._time_us, round(time_s * 1e6))
        self._after_us = self._time_us - before_us
        self._decided = False
        self._latch()
        return time_of(self._time_us)

    def hear(self, heard: Heard, factor: float) -> Heard:
        """What the frame hears. factor: of the generator's rate."""
        return self._hear(heard, factor)

    def hear_again(self, heard: Heard) -> Heard:
        """What its last passes hear; between `hear` and `decided`, and only when it is newer."""
        before = len(self._events)
        coarse = self._sense(heard)
        if len(self._events) > before:
            self._events.insert(before, Later())
        return replace(coarse, beat=heard.beat)

    def decided(self, inputs: FrameInputs) -> None:
        """What is drawn; without this call before `end` the stage failed."""
        self._decided = True
        self._told.hud(inputs.hud, self._events)

    def end(self, shown: bool) -> None:
        """The frame is drawn, or could not be."""
        light = self._light
        renderer = light.renderer
        if not self._decided:
            self._tear("the stage failed")
        elif not shown:
            self._tear("a frame could not be drawn")
        elif renderer is not self._renderer:
            self._tear("OpenGL was made again")
        self._renderer = renderer
        self._events += self._asked.take(self._time_us, self._start_s)
        if not self._torn:
            self._tell_image()
            self._events.append(Drawn(self._after_us, self._image, True))
            self._put()
        else:
            self._unknown_frames += 1
            if self._others is not None:
                self._others.skipped()
        self._image = 0
        if shown and renderer is not None and (self._torn or self._time_us >= self._key_due_us):
            self._make_key(renderer)
        if shown and renderer is not None and self._others is not None and self._others.key_wanted:
            self._tell_key(renderer, self._others)
        self._tell_shaders(renderer)
        self._events.clear()

    # -- how it is told -----------------------------------------------------------------------------------------

    def _latch(self) -> None:
        self.current = self._controls.current
        self._told.size(self._light.size, self._events)
        self._told.look(self.current, self._events)

    def _hear(self, heard: Heard, factor: float) -> Heard:
        coarse = self._sense(heard)
        self._told.beat(heard.beat, self._events)
        self._told.factor(factor, self._events)
        return replace(coarse, beat=heard.beat)

    def _sense(self, heard: Heard) -> Heard:
        if self._softening is None:
            signals, embedding = fine.signals_of(heard), fine.embedding_of(heard)
            self._told.sense(Embedded(embedding), self._events)
            self._told.sense(Sensed(signals), self._events)
            coarse = fine.heard_of(signals, embedding)
        else:
            levels = self._softening.levels(heard)
            self._told.sense(Heeded(levels.packed()), self._events)
            coarse = heard_of(levels)
        return replace(coarse, musicians=tuple(map(self._sense_musician, count(1), heard.musicians)))

    def _sense_musician(self, number: int, heard: Heard) -> Heard:
        if self._softening is None:
            signals = fine.signals_of(heard)
            self._told.sense(SensedMusician(number, signals), self._events)
            return fine.heard_of(signals, fine.NO_EMBEDDING)
        levels = self._softenings[number - 1].levels(heard)
        self._told.sense(HeededMusician(number, levels.packed()), self._events)
        return heard_of(levels)

    def _tell_image(self) -> None:
        request = self._pending.get(self._image) if self._image else None
        if request is not None and self._image <= self._asked_before_key:
            self._events.append(Requested(self._image, request.condition.tobytes(), request.noise.tobytes()))
        if self._image:
            self._pending = {serial: one for serial, one in self._pending.items() if serial > self._image}

    def _tell_shaders(self, renderer: Renderer | None) -> None:
        """Shaders are taken over behind a frame: what is told here comes before the next."""
        if renderer is None or renderer.library.generation == self._generation:
            return
        self._generation = renderer.library.generation
        self._told.pending.append(Reshaded(shader_hash(renderer)))

    def _put(self) -> None:
        events = [*self._told.pending, *self._events]
        self._events.clear()
        if self._others is not None:
            self._others.frame(self._time_us, events)
        if self._writer.frame(self._time_us, events):
            self._told.pending.clear()
        elif not self._writer.ended:
            self._tear("the disk was too slow")
            self._unknown_frames += 1

    def _tear(self, why: str) -> None:
        if not self._torn:
            self._torn, self._unknown_frames = why, 0

    def _make_key(self, renderer: Renderer) -> None:
        if self._stage_state is None or self._writer.ended:
            return
        if not self._writer.room_for(4 * _key_bytes(renderer.size)):
            self._key_due_us = self._time_us + 1_000_000
            return
        parts = {"stage": self._stage_state(), "renderer": renderer.state()}
        size_bytes = _bytes_of(parts) + 4096
        if self._torn:
            torn = Torn(self._torn, self._unknown_frames)
            if not self._writer.frame(self._time_us, [*self._told.pending, torn]):
                return
            self._told.pending.clear()
        if self._writer.key(Key(time_us=self._time_us, before=self._told.all(), parts=parts), size_bytes):
            self._torn, self._unknown_frames = "", 0
            self._asked_before_key = self._serial
            self._key_due_us = self._time_us + self._key_every_us(size_bytes)

    def _tell_key(self, renderer: Renderer, others: Others) -> None:
        """To lights: without the buffers of the size of the screen, which come right by themselves."""
        if self._stage_state is None:
            return
        if isinstance(self._writer, _NoFile):
            self._torn = ""
        parts = {"stage": self._stage_state(), "motion": renderer.motion_state()}
        others.key(Key(time_us=self._time_us, before=self._told.all(), parts=parts))
        self._asked_before_key = self._serial

    def _take_over(self, takeover: Takeover) -> None:
        """Go on where another show was: what was asked here before is nobody's any more."""
        self._latch()
        self._time_us = takeover.time_us
        self._pending.clear()
        self._image = 0
        if self._stage_restore is not None and takeover.stage:
            # So far apart, no picture that is still being painted can be taken for one of the new numbers.
            serial = max(self._serial, int(takeover.stage["serial"])) + MOST_PENDING
            self._stage_restore({**takeover.stage, "serial": serial})
            self._serial = serial
        renderer = self._light.renderer
        if renderer is not None and takeover.motion:
            renderer.restore_motion(takeover.motion)

    def _key_every_us(self, size_bytes: float) -> int:
        packed_bytes = self._writer.key_bytes or _PACKED_SHARE * size_bytes
        return round(1e6 * max(KEY_EVERY_S, 3600.0 * packed_bytes / KEY_BYTES_AN_HOUR))


class _NoFile:
    """Stands for the file of a show that only tells its lights."""

    ended = True
    key_bytes = 0

    def frame(self, time_us: int, events: list[AnyEvent]) -> bool:
        return True

    def room_for(self, size_bytes: int) -> bool:
        return False

    def key(self, key: Key, size_bytes: int) -> bool:
        return False


def _key_bytes(size: tuple[int, int]) -> int:
    """About what a key takes in memory: the buffers that keep, and two pictures."""
    return 12 * size[0] * size[1] + (1 << 19)


def _bytes_of(value: object) -> int:
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, Mapping):
        return sum(map(_bytes_of, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(_bytes_of, value))
    return 32
