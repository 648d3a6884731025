"""How a show is, as one value: everything that reports, displays and partners tell is read from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from chromesthesia.audio.soundness import Soundness
from chromesthesia.core.protocols import UNKNOWN_LOSS, Clock
from chromesthesia.core.rungs import Rung
from chromesthesia.health.counters import Counters, Groups, Read
from chromesthesia.health.heartbeat import Heart, LoopState, LoopStatus
from chromesthesia.health.host import HostLoad
from chromesthesia.packs.art_index import Artwork

# Groups of counts that the figures below are made of.
SOURCE, RING, FRAMES, GENERATOR, ANALYSIS, GL, FAULTS, CONTROL, OSC, OUTPUTS, LADDER, LATE, BUS = (
    "source", "ring", "frames", "generator", "analysis", "gl", "faults", "control", "port osc", "outputs",
    "ladder", "late", "port bus",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figures:
    """What is measured or named rather than counted.

    elapsed_s: since the show began. fps: frames shown per second lately; latency_ms: sound to light, median of the last
    frames; generator_fps: pictures painted per second. rung: of the ladder that the show stands
    on. routes: how often they became others. parameters: version of the list of parameters. message: what a person
    should read now, one line; size: of the picture in pixels. nearest: paintings to the sound, nearest first.
    tempo_source: what the beat clock follows, at bpm; beat_error_ms: how far the light is
    from the beat, None before it was measured. sound, host: how what comes in and the machine are. latency_p95_ms: of
    the last minute. picture: what is wrong with what is shown (see `OutputWatch`), empty for nothing.
    trouble: what is wrong with OpenGL, a shader or a display, for as long as it is. unseen: no display that was asked
    for shows the picture.
    """

    elapsed_s: float = 0.0
    fps: float = 0.0
    latency_ms: float = 0.0
    generator_fps: float = 0.0
    source: str = ""
    rung: Rung = Rung.FULL
    pack: str = ""
    preset: str = ""
    preset_index: int = 0
    cue: str = ""
    cue_next: str = ""
    cue_left_s: float = 0.0
    routes: int = 0
    tempo_source: str = ""
    bpm: float = 0.0
    beat_error_ms: float | None = None
    timecode: str = ""
    parameters: int = 0
    message: str = ""
    picture: str = ""
    trouble: str = ""
    unseen: bool = False
    size: tuple[int, int] = (0, 0)
    flash_limiter: bool = True
    nearest: tuple[Artwork, ...] = ()
    sound: Soundness = field(default_factory=Soundness)
    host: HostLoad = field(default_factory=HostLoad)
    latency_p95_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class ShowStatus:
    """A show at one moment."""

    figures: Figures
    counts: Groups
    loops: tuple[LoopStatus, ...]

    def count(self, group: str, name: str, default: int = 0) -> int:
        """One count; `default` where nobody counts it in this show."""
        return self.counts.get(group, {}).get(name, default)

    @property
    def frames(self) -> int:
        """Frames drawn."""
        return self.count(FRAMES, "drawn")

    @property
    def late_frames(self) -> int:
        """Frames that missed their time, lost ones included."""
        return self.count(FRAMES, "late")

    @property
    def lost_frames(self) -> int:
        """Frames that could not be drawn."""
        return self.count(FRAMES, "lost")

    @property
    def overruns(self) -> int:
        """Times that sound was lost: blocks by the driver, hops by the ring."""
        return self.count(SOURCE, "overruns") + self.count(RING, "lost_hops")

    @property
    def osc_lost(self) -> int:
        """OSC packets that the system lost; `UNKNOWN_LOSS` where it does not tell."""
        return self.count(OSC, "lost", UNKNOWN_LOSS)

    @property
    def osc_dropped(self) -> int:
        """Commands dropped because more waited than are kept."""
        return self.count(CONTROL, "dropped")

    @property
    def lights(self) -> int:
        """Machines that show this show's frames."""
        return self.count(BUS, "lights")

    @property
    def light_skew_ms(self) -> float:
        """How far apart they show the same frame."""
        return self.count(BUS, "skew_us") / 1e3

    @property
    def faults(self) -> int:
        """Parts of frames, and outputs, that failed and were left out."""
        return sum(self.counts.get(FAULTS, {}).values())

    @property
    def stalled(self) -> tuple[str, ...]:
        """Names of the loops that stand still and should not."""
        return tuple(loop.name for loop in self.loops if loop.state is LoopState.STALLED)


class Health:
    """Where the parts of a show register their counts and their loops.

    figures: called whenever a status is asked for. Hearts and counts are added before the threads start; `status` may
    be called from any thread.
    """

    def __init__(self, clock: Clock, figures: Callable[[], Figures] = Figures) -> None:
        self._clock = clock
        self._figures = figures
        self._hearts: list[Heart] = []
        self._counters = Counters()

    def heart(self, name: str, patience_s: float, may_wait: bool = False) -> Heart:
        """The heartbeat of one more loop; see `Heart`."""
        heart = Heart(name, self._clock, patience_s, may_wait)
        self._hearts.append(heart)
        return heart

    def count(self, group: str, read: Read) -> None:
        """Register the counts of one part; see `Counters.add`."""
        self._counters.add(group, read)

    def status(self) -> ShowStatus:
        """How the show is now."""
        now_s = self._clock.now_s()
        loops = tuple(heart.status(now_s) for heart in self._hearts)
        return ShowStatus(self._figures(), self._counters.read(), loops)
