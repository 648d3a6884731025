"""Follows an ear: takes what the bus tells, decides the same frames, and goes on by itself while nothing comes.

No OpenGL. Frames come out of it with the moment at which every light is to show them.
"""

from __future__ import annotations

import logging
import math
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.protocols import Clock, Generator
from chromesthesia.core.records import Heard
from chromesthesia.core.user_files import one_line
from chromesthesia.params.live import Values
from chromesthesia.params.presets import Preset
from chromesthesia.params.sound import MASTER_FREEZE
from chromesthesia.params.tree import Snapshot
from chromesthesia.ports.bus.bus import Bus
from chromesthesia.ports.bus.clock import AlignedClock
from chromesthesia.ports.bus.leadership import Leader
from chromesthesia.ports.bus.wire import (
    ASK,
    FRAMES,
    KEY,
    LEASE,
    PROBE,
    Ask,
    Echo,
    Frame,
    KeyTold,
    Lease,
    Probe,
    decode,
    encode,
    unpacked,
)
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.motion import Motion
from chromesthesia.score.events import Drawn, Head, Reshaded, decode_events, decode_head, decode_key
from chromesthesia.show.many.glide import Glide
from chromesthesia.show.retelling import FAULTS, Mark, Retelling, part_of

log = logging.getLogger(__name__)

MOST_WAITING = 1024
"""Messages, and frames, that wait at most."""
LOST_S = 1.0
"""After so long without a word from its ear a light believes another one, of a lower epoch too."""
PATIENCE_S, PATIENCE_FRAMES = 0.1, 2
"""A frame that is missing for so long, whichever is longer, is made up."""
FORGET_S = 2.0
"""So long after the first frame that was made up it can still be gone back, when what was missing comes after all."""
ASK_EVERY_S, LONGEST_ASK_S = 0.25, 2.0
PROBE_EVERY_S, FIRST_PROBES_S, FIRST_PROBES = 0.5, 0.05, 20
FADE_S = 2.0
"""What was heard last fades with this time constant while nothing comes."""
FIRST_DELAY_US = 100_000
AHEAD_US = 40_000
"""Frames that are made up are made so long before they are due."""
MOST_FILLED = 120
"""Frames that are made up at once before a key."""
FARTHEST_S = 5.0
"""A frame that is due later than this is one of a clock that is not known yet."""


@dataclass(frozen=True, slots=True)
class Due:
    """One frame. due_us: show time at which it is to be seen; ready_s: how long after its time it was ready here, NaN
    for one that was made up. motion: state that the renderer takes over before it, else None. size: of the show's
    picture, None as long as it is not known."""

    time_us: int
    due_us: int
    ready_s: float
    inputs: FrameInputs
    motion: Mapping[str, Any] | None
    size: tuple[int, int] | None
    shown: bool = True


class Follower:
    """One machine's view of a show that another one leads.

    who: the name of this machine. `step` on one thread; `take` and `next_due` on another, everything else on any.
    seed, fps: as long as no ear was heard. It carries the motion of the renderer as well: a stand-by goes on from
    it, and a light goes back to it when frames that it made up come after all.
    """

    def __init__(
        self,
        bus: Bus,
        who: str,
        clock: Clock,
        generator: Generator,
        seed: int = 1,
        fps: float = 30.0,
    ) -> None:
        self._bus = bus
        self._who = who
        self._clock = clock
        self._generator = generator
        self._lock = threading.RLock()
        self._log = BoundedLog(log)
        self._messages: deque[tuple[float, bytes]] = deque()
        self._messages_lock = threading.Lock()
        self._ready: deque[Due] = deque(maxlen=MOST_WAITING)
        self._aligned = AlignedClock()
        self._began_s = clock.now_s()
        self._leader: Leader | None = None
        self._heard_s = -math.inf
        self._fps = fps
        self._seed = seed
        self._told = Retelling(seed, fps, generator, hold=True)
        self._motion = Motion()
        self._renew_motion: Mapping[str, Any] | None = None
        self._number: int | None = None
        self._held: dict[int, Frame] = {}
        self._ask_due_s = 0.0
        self._ask_pause_s = ASK_EVERY_S
        self._probe_due_s = 0.0
        self._probes = 0
        self._delay_us = FIRST_DELAY_US
        self._alone_since_us: int | None = 0
        self._mark: tuple[Mark, Mapping[str, Any]] | None = None
        self._last_due_us = -1
        self._glide = Glide()
        self.head: Head | None = None
        """Of the show that is followed."""
        self.refused = self.gaps = self.made_up = self.keys = self.lost = 0
        self.paused = False
        """True while this machine leads: what is told is its own."""
        self.wake = threading.Event()
        """Set when a message came."""
        for topic in (FRAMES, LEASE, KEY, f"echo/{who}"):
            bus.subscribe(topic, self._came)

    # -- any thread -----------------------------------------------------------------------------------------------

    @property
    def follows(self) -> bool:
        """True while frames come from an ear and follow each other."""
        return self._number is not None and self._mark is None

    @property
    def leader(self) -> Leader | None:
        """Whose frames these are."""
        return self._leader

    @property
    def clock_bound_s(self) -> float:
        """By how much show time may be wrong here; infinite before the first answer."""
        return self._aligned.bound_s

    @property
    def aligned(self) -> bool:
        """True when show time is that of an ear."""
        return self._aligned.aligned

    @property
    def current(self) -> tuple[Preset, Snapshot]:
        """Preset and parameters of the show that is followed."""
        return self._told.current

    @property
    def period_s(self) -> float:
        """From frame to frame."""
        return 1.0 / self._fps

    def show_s(self, now_s: float) -> float:
        """Show time; that of this machine alone before the first ear answered."""
        with self._lock:
            return self._show_s(now_s)

    def next_due(self) -> Due | None:
        """The next frame, which stays."""
        try:
            return self._ready[0]
        except IndexError:  # another thread empties it where the time of the show is another
            return None

    def take(self) -> Due | None:
        """The next frame."""
        try:
            return self._ready.popleft()
        except IndexError:
            return None

    @property
    def waiting(self) -> int:
        """Frames that are ready."""
        return len(self._ready)

    def counts(self) -> dict[str, int]:
        """What came and what did not."""
        return {
            "failures": self._told.failures,
            "lost": self.lost,
            "refused": self.refused,
            "gaps": self.gaps,
            "made_up": self.made_up,
            "keys": self.keys,
        }

    def state(self) -> tuple[dict[str, Any], dict[str, Any], int]:
        """State of stage and motion, and the time of the last frame: what a stand-by goes on from."""
        with self._lock:
            return self._told.state(), self._motion.state(), self._told.time_us

    # -- the follower's thread ------------------------------------------------------------------------------------

    def step(self) -> None:
        """Take what came, ask for what is missing, and make up what is late."""
        with self._messages_lock:
            messages = list(self._messages)
            self._messages.clear()
        with self._lock:
            for received_s, content in messages:
                self._guarded(received_s, content)
            now_s = self._clock.now_s()
            self._ask(now_s)
            self._make_up(now_s)

    def _came(self, content: bytes) -> None:
        """On a thread of the bus's."""
        if self.paused:
            return
        with self._messages_lock:
            if len(self._messages) < MOST_WAITING:
                self._messages.append((self._clock.now_s(), content))
            else:
                self.lost += 1
        self.wake.set()

    def _guarded(self, received_s: float, content: bytes) -> None:
        try:
            self._heard(received_s, content)
        except ChromesthesiaError as error:
            self._refuse(f"{error.message}")
        except FAULTS as error:
            self._refuse(f"{type(error).__name__}: {one_line(error)}")

    def _refuse(self, why: str) -> None:
        """What makes no sense is left out, and what follows needs a key."""
        self.refused += 1
        self._lose()
        self._log.warning(self._clock.now_s(), "from the bus, left out: %s", one_line(why))

    def _heard(self, received_s: float, content: bytes) -> None:
        message = decode(content)
        match message:
            case Echo() if self._believes(message, received_s):
                before = self._aligned.aligned
                self._aligned.answered(message.sent_us / 1e6, message.show_us / 1e6, received_s)
                if self._aligned.aligned and not before:
                    self._move(received_s)
            case Lease(leads=True):
                self._believes(message, received_s)
            case Frame() if self._believes(message, received_s):
                self._frame(message)
            case KeyTold() if self._believes(message, received_s) and self._number is None:
                if self._aligned.aligned:
                    self._key(message)
            case _:
                pass

    def _believes(self, told: Frame | Lease | Echo | KeyTold, now_s: float) -> bool:
        """Whether it comes from the ear that leads: of two the higher epoch, until that has long been silent."""
        leader = Leader(told.epoch, told.ear, told.show)
        before = self._leader
        if before != leader:
            if before is not None and leader.rank < before.rank and now_s - self._heard_s < LOST_S:
                return False
            if isinstance(told, KeyTold | Echo):
                return False  # an old answer is no reason to turn to whoever gave it
            self._turn(before, leader)
        self._heard_s = now_s
        return True

    def _turn(self, before: Leader | None, leader: Leader) -> None:
        log.info("follows %s, epoch %d", leader.ear, leader.epoch)
        self._leader = leader
        self._lose()
        self._held.clear()
        self._ask_due_s = self._probe_due_s = 0.0
        self._ask_pause_s = ASK_EVERY_S
        if before is None or before.show != leader.show:
            self._aligned = AlignedClock()
            self._probes = 0
            self.head = None

    def _move(self, now_s: float) -> None:
        """Into the time of another show: what this machine painted by itself goes on there."""
        time_us = max(0, round(self._show_s(now_s) * 1e6) - self._delay_us)
        self._ready.clear()
        self._last_due_us = -1
        if self._alone_since_us is not None:
            self._alone_since_us += time_us - self._told.time_us
        self._told.move(time_us)

    def _frame(self, frame: Frame) -> None:
        if self._number is None:
            self._held[frame.number] = frame
            if len(self._held) > MOST_WAITING:
                del self._held[min(self._held)]
            return
        if frame.number <= self._number:
            return
        if frame.number != self._number + 1:
            self.gaps += 1
            self._lose()
            self._held[frame.number] = frame
            return
        self._retell(frame)

    def _lose(self) -> None:
        """What comes next does not follow from what is known: only a key helps."""
        self._number = self._mark = None

    def _retell(self, frame: Frame) -> None:
        told = self._told
        if self._mark is not None:
            mark, motion = self._mark
            told.go_back(mark)
            self._motion.restore(motion)
            self._renew_motion = motion
            self._mark = self._alone_since_us = None
        self._delay_us = frame.delay_us
        for event in decode_events(frame.events):
            if isinstance(event, Drawn):
                told.passes(event)
                if told.time_us != frame.time_us:
                    raise ValueError(f"a frame at {frame.time_us} us that follows {told.time_us} us")
                self._put(told.decide(event), frame.delay_us, made_up=False, shown=event.shown)
            elif not isinstance(event, Reshaded):
                told.take(event)
        told.asked.clear()
        self._number = frame.number

    def _key(self, told: KeyTold) -> None:
        head = decode_head(told.head)
        key = decode_key(unpacked(told.key))
        self._fill(key.time_us)
        if self.head is None or head.show != self.head.show or head.seed != self._seed:
            self._seed, self._fps = head.seed, head.fps
            self._told = Retelling(head.seed, head.fps, self._generator, hold=True)
        if self._alone_since_us is not None:
            self._glide.begin(key.time_us)
        self._told.restore(key)
        motion = part_of(key, "motion")
        self._motion.restore(motion)
        self._renew_motion = motion
        self.head = head
        self.keys += 1
        self._alone_since_us = self._mark = None
        self._delay_us = told.delay_us
        self._number = told.number
        self._ask_pause_s = ASK_EVERY_S
        held, self._held = self._held, {}
        for number in sorted(held):
            self._frame(held[number])

    def _ask(self, now_s: float) -> None:
        if now_s >= self._probe_due_s and self._leader is not None:
            self._probes += 1
            self._probe_due_s = now_s + (FIRST_PROBES_S if self._probes < FIRST_PROBES else PROBE_EVERY_S)
            self._bus.publish(PROBE, encode(Probe(self._who, round(self._clock.now_s() * 1e6))))
        if self._number is None and self._aligned.aligned and now_s >= self._ask_due_s:
            self._ask_due_s = now_s + self._ask_pause_s
            self._ask_pause_s = min(LONGEST_ASK_S, 2.0 * self._ask_pause_s)
            self._bus.publish(ASK, encode(Ask(self._who)))

    def _make_up(self, now_s: float) -> None:
        """Frames on the grid of the show's rate, so that lights that are alone are alone in step."""
        told, period_us = self._told, round(1e6 / self._fps)
        now_us = round(self._show_s(now_s) * 1e6)
        late_us = now_us - (told.time_us + period_us + self._delay_us)
        alone = self._alone_since_us is not None
        if late_us < -AHEAD_US or (
            not alone and late_us < max(PATIENCE_S * 1e6, PATIENCE_FRAMES * period_us)
        ):
            return
        missed = max(0, late_us) // period_us
        self._breathe(told.time_us + period_us * (1 + missed))

    def _fill(self, until_us: int) -> None:
        """Frames up to a key's: it is newer than what is shown by as much as frames are shown later."""
        period_us = round(1e6 / self._fps)
        if until_us - self._told.time_us > MOST_FILLED * period_us:
            return
        while self._told.time_us + 1.5 * period_us < until_us:
            self._breathe(self._told.time_us + period_us)

    def _breathe(self, time_us: int) -> None:
        told = self._told
        if self._alone_since_us is None:
            self._alone_since_us = told.time_us
            self._mark = told.mark(), self._motion.state()
        if self._mark is not None and told.time_us - self._alone_since_us > FORGET_S * 1e6:
            self._lose()
        fade = math.exp(-max(0, time_us - self._alone_since_us) / 1e6 / FADE_S)
        self.made_up += 1
        inputs = told.breathe(time_us, _fading(told.heard, fade))
        self._put(inputs, self._delay_us, made_up=True, shown=True)

    def _put(self, inputs: FrameInputs, delay_us: int, made_up: bool, shown: bool) -> None:
        told = self._told
        now_s = self._clock.now_s()
        if not inputs.values.get(MASTER_FREEZE.path):
            self._motion.step(inputs.time_s, inputs.dt_s, Values.of(inputs.values), inputs.heard)
        inputs = self._glide.crossed(inputs, told.time_us)
        ready_s = math.nan if made_up else self._show_s(now_s) - told.time_us / 1e6
        motion, self._renew_motion = self._renew_motion, None
        # After a clock was put right, or an ear was followed by another, due times never go back.
        due_us = max(told.time_us + delay_us, self._last_due_us + 1)
        if due_us / 1e6 > self._show_s(now_s) + FARTHEST_S:
            due_us = told.time_us + delay_us
        self._last_due_us = due_us
        self._ready.append(Due(told.time_us, due_us, ready_s, inputs, motion, told.size, shown))

    def _show_s(self, now_s: float) -> float:
        return self._aligned.show_s(now_s) if self._aligned.aligned else max(0.0, now_s - self._began_s)


def _fading(heard: Heard, share: float) -> Heard:
    frame = heard.frame
    quiet = replace(
        frame,
        bands=frame.bands * type(frame.bands[0])(share),
        rms_dbfs=-120.0 + (frame.rms_dbfs + 120.0) * share,
        lufs_momentary=-120.0 + (frame.lufs_momentary + 120.0) * share,
        flux=frame.flux * share,
    )
    return replace(
        heard,
        frame=quiet,
        onset_envelope=heard.onset_envelope * share,
        musicians=tuple(_fading(each, share) for each in heard.musicians),
    )
