"""What the room sees of a show, looked at as it is shown: is it a picture, and is its light on the beat?"""

from __future__ import annotations

from collections.abc import Callable

from chromesthesia.core.records import Heard, UInt8
from chromesthesia.display.light import Light
from chromesthesia.display.output_probe import OutputProbe
from chromesthesia.features.onset import DELAY_S
from chromesthesia.health.beat_light import BeatLight
from chromesthesia.health.output_watch import Expected, OutputWatch
from chromesthesia.params.live import Values
from chromesthesia.params.sound import MASTER_BRIGHTNESS, MASTER_FREEZE
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.show.sound import HOP_S

LEAST_BRIGHTNESS, LEAST_ACTIVITY = 0.1, 0.5
"""Above these a picture is meant to be seen, and sound is heard that would move it."""


class Seen:
    """Main thread, but for `heard`; `output` and `beats` may be read from any."""

    def __init__(self, light: Light, room_s: float, drawn: Callable[[], FrameInputs | None]) -> None:
        """room_s: from a frame that is handed over to its light; drawn: what the last frame was made of."""
        self.output = OutputWatch()
        self.beats = BeatLight()
        self.keep_picture: Callable[[UInt8], None] | None = None
        """Takes a small copy of the output, uint8 [h, w, 3], twice a second."""
        self._room_s = room_s
        self._drawn = drawn
        self._probe = OutputProbe(light, self._look)
        self._strokes = 0

    def heard(self, heard: Heard) -> None:
        """The newest that is heard: where something was struck, light belongs. Analysis thread."""
        if heard.onset_count > self._strokes:
            self._strokes = heard.onset_count
            self.beats.struck(heard.frame.entered_s + HOP_S - DELAY_S)

    def shown(self, now_s: float) -> None:
        """A frame was shown at `now_s`."""
        inputs = self._drawn()
        if inputs is not None and inputs.heard is not None:
            beat = inputs.heard.beat
            self.beats.shown(beat.beats, beat.running, now_s + self._room_s)
        self._probe.shown(now_s)

    def _look(self, pixels: UInt8, numbers: bool, shown_s: float) -> None:
        self.output.take(pixels, numbers, _expected(self._drawn()), shown_s)
        if self.keep_picture is not None:
            self.keep_picture(pixels)


def _expected(drawn: FrameInputs | None) -> Expected:
    """What the picture should be like, by what was drawn last."""
    if drawn is None or drawn.heard is None:
        return Expected(heard=False)
    values = Values.of(drawn.values)
    return Expected(
        lit=values[MASTER_BRIGHTNESS] > LEAST_BRIGHTNESS,
        moving=not values[MASTER_FREEZE],
        heard=drawn.heard.emotion.activity > LEAST_ACTIVITY,
    )
