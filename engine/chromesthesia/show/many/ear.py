"""The ear's desk: tells the lights every frame as it is drawn, and stands by for another ear where it does not lead."""

from __future__ import annotations

import logging
import math
import secrets
import threading
from collections.abc import Mapping, Sequence

from chromesthesia.control.commands import LoadPreset, SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.protocols import Clock
from chromesthesia.core.slot import LatestSlot
from chromesthesia.core.user_files import one_line
from chromesthesia.ports.bus.bus import Bus
from chromesthesia.ports.bus.leadership import LEASE_EVERY_S, Leader, Leadership
from chromesthesia.ports.bus.wire import (
    ASK,
    FRAMES,
    KEY,
    LARGEST_KEY,
    LARGEST_MESSAGE,
    LEASE,
    PROBE,
    STATUS,
    Ask,
    Echo,
    Frame,
    KeyTold,
    Lease,
    Probe,
    Status,
    decode,
    encode,
    packed,
)
from chromesthesia.ports.port import Readings
from chromesthesia.score.events import AnyEvent, Drawn, Head, Key, encoded, encoded_event, joined
from chromesthesia.show.many.delay import Delay
from chromesthesia.show.many.follower import Follower
from chromesthesia.show.score_live import Takeover

log = logging.getLogger(__name__)

NAME = "bus"
SOURCE = "ear"
KEY_EVERY_S = 0.25
"""Keys are told to all lights at once, and no oftener than this."""
FRAME_OR_NO_LEASE_S = 0.4
"""An ear whose picture stands still gives no more leases: a stand-by takes over."""
GONE_S = 3.0
"""A light that said nothing for so long is not counted."""
MOST_LIGHTS = 256
SYNC_EVERY_S = 0.1
STEP_S = 0.01


class EarDesk:
    """`score_live.Others` for the frame loop, and a port of the control thread.

    follower: what a stand-by follows its leader by. delay_s: fixed, None for as long as the slowest light needs.
    """

    name = NAME

    def __init__(
        self,
        bus: Bus,
        who: str,
        clock: Clock,
        controller: Controller,
        follower: Follower,
        standby: bool = False,
        delay_s: float | None = None,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._controller = controller
        self._follower = follower
        self._log = BoundedLog(log)
        now_s = clock.now_s()
        self.leadership = Leadership(who, secrets.token_hex(8), standby, now_s)
        self._delay = Delay(delay_s)
        self._lock = threading.Lock()
        self._lights: dict[str, tuple[float, Status]] = {}
        self._offset_s: float | None = None
        """Show time less this machine's clock, while this ear leads."""
        self._led: Leader | None = None
        self._takeover: Takeover | None = None
        self._frame_s = -math.inf
        self._number = 0
        self._key_asked = False
        self._key_due_s = 0.0
        self._keys: LatestSlot[tuple[Leader, int, int, Key]] = LatestSlot()
        self._head = b""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bus", daemon=True)
        self._synced: object = None
        self._sync_due_s = 0.0
        self.next_s = math.inf
        self.frames = self.keys = self.refused = self.too_large = self.failures = 0

    def begin_show(self, head: Head) -> None:
        """What the score begins with is known."""
        self._head = encoded(head)

    # -- main thread: score_live.Others ---------------------------------------------------------------------------

    @property
    def leads(self) -> bool:
        """True while lights follow this ear."""
        return self._led is not None

    @property
    def key_wanted(self) -> bool:
        """A light asked for a key, and it is time for one."""
        return self._led is not None and self._key_asked and self._clock.now_s() >= self._key_due_s

    def begin(self, time_s: float, at_s: float) -> float:
        """Show time of the frame that begins, to be seen `at_s`; from here on this ear leads, or no more."""
        now_s = self._clock.now_s()
        self._frame_s = now_s
        begins = self.leadership.step(now_s)
        if begins:
            self._lead(time_s, at_s, now_s)
        elif self._led is not None and not self.leadership.leads:
            log.warning("another ear leads: this one stands by")
            self._led, self._offset_s = None, None
            self._follower.paused = False
        if self._offset_s is not None:
            return at_s + self._offset_s
        return self._follower.show_s(now_s) + at_s - now_s if self._follower.aligned else time_s

    def taken_over(self) -> Takeover | None:
        """Once, when this ear goes on for another."""
        takeover, self._takeover = self._takeover, None
        return takeover

    def frame(self, time_us: int, events: Sequence[AnyEvent]) -> None:
        """Tell the lights."""
        leader = self._led
        if leader is None or not any(isinstance(event, Drawn) for event in events):
            return
        self._number += 1
        self.frames += 1
        content = joined([encoded_event(event) for event in events])
        if len(content) > LARGEST_MESSAGE:
            # Of the lights each sees a gap, and asks for a key.
            self.too_large += 1
            return
        self._bus.publish(
            FRAMES,
            encode(
                Frame(leader.epoch, leader.ear, leader.show, self._number, time_us, self._delay_us, content)
            ),
        )

    def skipped(self) -> None:
        """The lights see a gap."""
        self._number += 1

    def key(self, key: Key) -> None:
        """Hand a key to the bus's thread."""
        if self._led is None:
            return
        self._key_asked = False
        self._key_due_s = self._clock.now_s() + KEY_EVERY_S
        self._keys.put((self._led, self._number, self._delay_us, key))

    # -- control thread: ports.port.Port --------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to hear, and to say that this ear is there."""
        for topic in (PROBE, ASK, STATUS, LEASE):
            self._bus.subscribe(topic, self._came)
        self._thread.start()
        self.next_s = self._clock.now_s()

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        """Give the lease; as a stand-by, let the parameters be those of the ear that leads."""
        if now_s < self.next_s:
            return
        self.next_s = now_s + LEASE_EVERY_S
        ear, leader = self.leadership.ear, self._led
        if leader is None:
            known = self.leadership.leader
            epoch, show = (known.epoch, known.show) if known else (0, "none")
            self._bus.publish(LEASE, encode(Lease(epoch, ear, show, False)))
        elif now_s - self._frame_s < FRAME_OR_NO_LEASE_S:
            self._bus.publish(LEASE, encode(Lease(leader.epoch, ear, leader.show, True)))
        with self._lock:
            self._delay.step(now_s)
        if leader is None and now_s >= self._sync_due_s:
            self._sync_due_s = now_s + SYNC_EVERY_S
            self._sync()

    def health(self) -> Mapping[str, int]:
        """Counts; times in microseconds."""
        skew_s, lights = self.skew_s, self.lights
        return {
            "lost": self.refused,
            "lights": len(lights),
            "lights_alone": sum(not light.follows for light in lights),
            "late": sum(light.late for light in lights),
            "skew_us": round(1e6 * skew_s),
            "clock_us": max((light.clock_us for light in lights), default=0),
            "delay_us": self._delay_us,
            "leads": int(self.leads),
            "epoch": 0 if self.leadership.leader is None else self.leadership.leader.epoch,
            "handovers": self.leadership.changes,
            "frames": self.frames,
            "keys": self.keys,
            "too_large": self.too_large,
            **self._bus.counts(),
            "failures": self.failures + self._bus.counts()["failures"],
        }

    def stop(self) -> None:
        """Say no more."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(2.0)
        self._bus.close()

    # -- what is told of it ---------------------------------------------------------------------------------------

    @property
    def lights(self) -> list[Status]:
        """Those that were heard of late. Any thread."""
        now_s = self._clock.now_s()
        with self._lock:
            return [status for at_s, status in self._lights.values() if now_s - at_s < GONE_S]

    @property
    def skew_s(self) -> float:
        """How far apart the lights show the same frame, by their own clocks. Any thread."""
        errors = [light.error_us for light in self.lights if light.follows]
        return (max(errors) - min(errors)) / 1e6 if errors else 0.0

    # -- the bus's thread -----------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.step()
            except Exception as error:  # the thread's boundary: the show goes on, and so do its lights
                self.failures += 1
                self._log.warning(self._clock.now_s(), "the bus failed, going on: %s", one_line(error))
            self._stop.wait(STEP_S)

    def step(self) -> None:
        """Pack a key that was handed over; as a stand-by, follow. Body of the bus's thread."""
        handed = self._keys.take()
        if handed is not None:
            leader, number, delay_us, key = handed
            content = packed(encoded(key))
            if len(content) > LARGEST_KEY:
                self.too_large += 1
            else:
                told = KeyTold(leader.epoch, leader.ear, leader.show, number, delay_us, self._head, content)
                self._bus.publish(KEY, encode(told))
                self.keys += 1
        if self._led is None:
            self._follower.step()
            while self._follower.waiting:
                self._follower.take()

    def _came(self, content: bytes) -> None:
        """On a thread of the bus's."""
        now_s = self._clock.now_s()
        try:
            message = decode(content)
        except ChromesthesiaError as error:
            self.refused += 1
            self._log.warning(now_s, "from the bus, left out: %s", one_line(error.message))
            return
        match message:
            case Lease():
                leader = Leader(message.epoch, message.ear, message.show)
                self.leadership.heard(leader, message.leads, now_s)
            case Probe():
                led, offset_s = self._led, self._offset_s
                if led is not None and offset_s is not None:
                    show_us = max(0, round((self._clock.now_s() + offset_s) * 1e6))
                    echo = Echo(led.epoch, led.ear, led.show, message.sent_us, show_us)
                    self._bus.publish(f"echo/{message.who}", encode(echo))
            case Ask():
                self._key_asked = True
            case Status():
                self._light(message, now_s)
            case _:
                self.refused += 1

    def _light(self, status: Status, now_s: float) -> None:
        with self._lock:
            if status.who not in self._lights and len(self._lights) >= MOST_LIGHTS:
                del self._lights[min(self._lights, key=lambda who: self._lights[who][0])]
            self._lights[status.who] = now_s, status
            if status.follows:
                self._delay.needed(status.needs_us / 1e6, now_s)
        self.leadership.seen(status.epoch)

    # -- leading --------------------------------------------------------------------------------------------------

    @property
    def _delay_us(self) -> int:
        return round(self._delay.delay_s * 1e6)

    def _lead(self, time_s: float, at_s: float, now_s: float) -> None:
        leader = self.leadership.leader
        assert leader is not None
        follower = self._follower
        goes_on = follower.leader is not None and follower.aligned and follower.leader.show == leader.show
        if goes_on:
            stage, motion, time_us = follower.state()
            self._offset_s = follower.show_s(now_s) - now_s
            self._takeover = Takeover(stage if follower.keys else {}, motion, time_us)
            log.warning("the ear that led is gone: this one goes on for it, epoch %d", leader.epoch)
        else:
            leader = self.leadership.begin_anew()
            self._offset_s = time_s - at_s
            log.info("leads, epoch %d", leader.epoch)
        follower.paused = True
        self._number = 0
        self._led = leader

    def _sync(self) -> None:
        """Ask for what is set where this ear differs from the one that leads."""
        if not self._follower.follows:
            return
        preset, values = self._follower.current
        own_preset, own = self._controller.current
        if preset.name and preset.name != own_preset.name and preset.name != self._synced:
            self._synced = preset.name
            self._controller.post(LoadPreset(preset.name, SOURCE))
            return
        changed = [
            SetParameter(path, value, SOURCE)
            for path, value in values.items()
            if path in own and own[path] != value
        ]
        self._controller.post(*changed[:200])
