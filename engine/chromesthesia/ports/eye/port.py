"""The eye as a port: reads what is seen on a thread of its own, and mixes it into what is painted."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import inf

import numpy as np

from chromesthesia.control.commands import SetParameter
from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.protocols import Clock
from chromesthesia.core.records import PaintedImage, UInt8
from chromesthesia.core.slot import LatestSlot
from chromesthesia.core.user_files import one_line
from chromesthesia.params.declaration import Number, Switch
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.eye.sources import Eye, check_eye, is_live, open_eye
from chromesthesia.ports.port import Readings

log = logging.getLogger(__name__)

NAME = "eye"
NAMESPACE = "/eye"
MIX = Number(f"{NAMESPACE}/mix", 0.5, "How much of what is seen is painted", low=0.0, high=1.0, room=True)
MIRROR = Switch(f"{NAMESPACE}/mirror", False, "What is seen as in a mirror", room=True)
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 10.0
END_S = 3.0
SIDE = 256
"""Of what is kept before the generator's own size is known."""


class EyePort:
    """`ports.port.Port` of a camera, video or picture. `see` mixes what is seen into a picture of the generator.

    What ends begins again; what fails is announced and opened again after 0.5 to 10 s, and meanwhile the generator
    paints alone.
    """

    name = NAME

    def __init__(
        self, what: str, tree: ParameterTree, clock: Clock, open_it: Callable[[str], Eye] = open_eye
    ) -> None:
        """Declares its parameters in `tree`. Raises UsageError for a file that is not there."""
        if open_it is open_eye:
            check_eye(what)
        tree.add(NAMESPACE, (MIX, MIRROR))
        self.next_s = inf
        self.trouble = ""
        self._what = what
        self._live = is_live(what)
        self._tree = tree
        self._clock = clock
        self._open = open_it
        self._log = BoundedLog(log)
        self._seen: LatestSlot[UInt8] = LatestSlot()
        self._size = (SIDE, SIDE)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="eye", daemon=True)
        self._pause_s = FIRST_PAUSE_S
        self._frames = self._failures = 0

    def see(self, image: PaintedImage) -> PaintedImage:
        """`image` with what is seen in it, as much as `/eye/mix` says. Any thread; never waits."""
        height, width = image.pixels.shape[:2]
        self._size = (width, height)
        mix = float(self._tree.snapshot()[MIX.path])
        seen = self._seen.peek()
        if seen is None or mix <= 0.0 or seen.shape != image.pixels.shape or self.trouble:
            return image
        if self._tree.snapshot()[MIRROR.path]:
            seen = seen[:, ::-1]
        mixed = image.pixels * np.float32(1.0 - mix) + seen * np.float32(mix)
        return replace(image, pixels=np.rint(mixed).astype(np.uint8))

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        """It tells nothing."""

    def health(self) -> Mapping[str, int]:
        """Pictures seen, and times that nothing could be."""
        return {"failures": self._failures, "seen": self._frames}

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(END_S)

    def look(self) -> None:
        """See all that there is, once, from its beginning to its end. On its own thread; raises nothing."""
        frames = self._frames
        try:
            eye = self._open(self._what)
            try:
                self._follow(eye)
            finally:
                eye.close()
        except Exception as error:  # whatever a camera or a file does: the show goes on and it is tried again
            self._failures += 1
            self.trouble = f"nothing is seen: {one_line(error)}"
            self._log.warning(self._clock.now_s(), "%s", self.trouble)
        if self._frames == frames:
            self._stop.wait(self._pause_s)
            self._pause_s = min(LONGEST_PAUSE_S, 2.0 * self._pause_s)
        elif not self.trouble:
            self._pause_s = FIRST_PAUSE_S

    def _follow(self, eye: Eye) -> None:
        begin_s, count = self._clock.now_s(), 0
        for pixels, at_s in eye.pictures():
            if not self._live:
                self._clock.wait_until(begin_s + at_s, self._stop)
            if self._stop.is_set():
                return
            size = self._size
            self._take(pixels, size)
            count += 1
        if count == 1 and not self._live:
            self._stay(pixels, size)

    def _stay(self, pixels: UInt8, size: tuple[int, int]) -> None:
        """One picture is a still: it is seen until the end, at the size that is asked for."""
        while not self._stop.wait(FIRST_PAUSE_S):
            if self._size != size:
                size = self._size
                self._seen.put(fitted(pixels, size))

    def _take(self, pixels: UInt8, size: tuple[int, int]) -> None:
        self._seen.put(fitted(pixels, size))
        self._frames += 1
        if self.trouble:
            log.warning("something is seen again")
            self.trouble = ""

    def _run(self) -> None:
        while not self._stop.is_set():
            self.look()


def fitted(pixels: UInt8, size: tuple[int, int]) -> UInt8:
    """The middle of a picture uint8 [H, W, 3] in the shape of `size` (width, height), at that size."""
    from PIL import Image

    width, height = size
    share = min(pixels.shape[1] / width, pixels.shape[0] / height)
    wide, high = max(1.0, share * width), max(1.0, share * height)
    left, top = (pixels.shape[1] - wide) / 2, (pixels.shape[0] - high) / 2
    image = Image.fromarray(np.ascontiguousarray(pixels))
    shown = image.resize(
        size, Image.Resampling.BILINEAR, box=(left, top, left + wide, top + high), reducing_gap=2.0
    )
    return np.asarray(shown, np.uint8)
