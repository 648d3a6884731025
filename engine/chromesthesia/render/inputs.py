"""What the renderer needs for one frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chromesthesia.core.records import Heard, UInt8
from chromesthesia.isf.plan import NO_ISF, IsfPlan
from chromesthesia.params.declaration import Value

FLASH_LIMITER_OFF = "flash limiter off"


@dataclass(frozen=True, slots=True)
class HudInfo:
    """Figures and names for the on-screen display.

    nearest: artist and title of the painting nearest to what is heard; empty for none. lights: how the lights on other
    machines are; empty for none. beat: tempo, who tells it, how far the light is from it; empty for none. message: one
    line, e.g. a shader error; empty for none. warning: a line that stays for as long as it is true, even when the rest
    is hidden (panel False); empty for none.
    """

    fps: float
    latency_ms: float
    source: str
    pack: str
    preset: str
    overruns: int = 0
    message: str = ""
    warning: str = ""
    panel: bool = True
    nearest: str = ""
    lights: str = ""
    beat: str = ""

    def hidden(self) -> HudInfo | None:
        """What is left of it when the display is hidden: the warning, or None."""
        return (
            replace(self, nearest="", message="", lights="", beat="", panel=False) if self.warning else None
        )


@dataclass(frozen=True, slots=True)
class Later:
    """What was heard while a frame was being drawn, and the parameter values that come of it: for its last passes."""

    values: Mapping[str, Value]
    heard: Heard


@dataclass(frozen=True, slots=True)
class FrameInputs:
    """Everything one frame depends on: the same sequence of inputs gives the same pixels.

    time_s: show time; dt_s: since the last frame. values: live parameter values by path (a missing one takes its
    declared default). heard: None before the first sound. previous, current: the last two generator pictures, uint8
    [H, W, 3], row 0 at the top, with their serial numbers (uploaded only when a serial is new); None before the first.
    mix: 0 shows `previous`, 1 `current`. hud: None hides the on-screen display. later: what the passes follow that are
    drawn last (see `graph.Pass`); None where these follow `values` and `heard` as well. isf: shaders of a user's to be
    drawn. date: year, month, day and seconds of the day for them, None for a day that begins with the show.
    """

    time_s: float
    dt_s: float
    values: Mapping[str, Value]
    heard: Heard | None = None
    previous: UInt8 | None = None
    current: UInt8 | None = None
    mix: float = 1.0
    previous_serial: int = -1
    current_serial: int = -1
    hud: HudInfo | None = None
    later: Later | None = None
    isf: IsfPlan = NO_ISF
    date: tuple[float, float, float, float] | None = None
