"""The generator's own step: newest request in, newest picture out, and no picture is ever worse than the last."""

from __future__ import annotations

import logging
import threading

from chromesthesia.core.emotions import condition_size
from chromesthesia.core.protocols import Clock, Generator
from chromesthesia.core.records import PaintedImage, PaintRequest
from chromesthesia.core.slot import LatestSlot
from chromesthesia.inference.generator import check_picture

log = logging.getLogger(__name__)


class GeneratorWorker:
    """Takes the newest request, paints, publishes. `step` runs on one thread; the counters may be read from any.

    A generator that raises, or paints something flat or of a wrong or changed shape, is counted in `failures` with
    `last_error`, and the picture shown last stays. Each picture is an array of its own that nobody writes again
    (a copy of 48 to 192 kB costs microseconds), so a reader may keep it for as long as it likes.
    """

    def __init__(
        self,
        generator: Generator,
        clock: Clock,
        requests: LatestSlot[PaintRequest],
        images: LatestSlot[PaintedImage],
    ) -> None:
        self.failures = 0
        self.failures_in_a_row = 0
        self.last_error: str | None = None
        self.painted = 0
        self._generator = generator
        self._clock = clock
        self._requests = requests
        self._images = images
        self._shape: tuple[int, ...] | None = None
        self._next: Generator | None = None
        self._next_lock = threading.Lock()
        self._painter = 0

    def change(self, generator: Generator) -> None:
        """Paint with another generator from the first request on that has its sizes. Any thread."""
        with self._next_lock:
            self._next = generator

    def step(self, timeout_s: float | None = 0.0) -> bool:
        """Wait for a request for at most `timeout_s`; True when a picture was published."""
        request = self._requests.take(timeout_s)
        if request is None:
            return False
        self._take_next(request)
        started_s = self._clock.now_s()
        try:
            pixels = self._generator.paint(request.condition, request.noise)
            check_picture(pixels, self._shape)
        except Exception as error:  # whatever a model's runtime throws, the show holds its last picture
            self._fail(error)
            return False
        painted_s = self._clock.now_s()
        self._shape = pixels.shape
        pixels.flags.writeable = False
        self._images.put(
            PaintedImage(
                request.serial,
                request.end_sample,
                request.entered_s,
                painted_s,
                painted_s - started_s,
                pixels,
                self._painter,
            )
        )
        self.painted += 1
        self.failures_in_a_row = 0
        return True

    def _take_next(self, request: PaintRequest) -> None:
        with self._next_lock:
            if self._next is None or not _fits(self._next, request):
                return
            self._generator, self._next = self._next, None
        self._shape = None
        self._painter += 1
        self.failures_in_a_row = 0

    def counts(self) -> dict[str, int]:
        """Pictures painted, and times that none came of it."""
        return {"painted": self.painted, "failures": self.failures}

    def _fail(self, error: Exception) -> None:
        self.failures += 1
        self.failures_in_a_row += 1
        self.last_error = f"{type(error).__name__}: {error}"
        # The first, the second, the fourth...: a model that is broken for weeks does not fill the disk.
        if self.failures & (self.failures - 1) == 0:
            log.warning(
                "generator failed (%d so far), holding the last picture: %s", self.failures, self.last_error
            )


def _fits(generator: Generator, request: PaintRequest) -> bool:
    sizes = condition_size(generator.condition_labels), generator.noise_size
    return sizes == (request.condition.size, request.noise.size)
