"""Pictures on their way to another program: read back a frame later, the newest wins, and the show waits for nobody."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence

import moderngl
import numpy as np

from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.protocols import Clock
from chromesthesia.core.records import UInt8
from chromesthesia.core.slot import LatestSlot
from chromesthesia.core.user_files import one_line
from chromesthesia.display.outputs import OffscreenOutput, OpenOutputs, Output
from chromesthesia.display.stage_file import OutputSpec
from chromesthesia.display.surface import Surface
from chromesthesia.ports.stage.programs import Feed, Sender, check_way
from chromesthesia.render.cards import Card, card_picture

log = logging.getLogger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
WAIT_S = 0.2
END_S = 3.0


class Program:
    """One output to another program: `pixels` takes pictures, a thread of its own gives them on.

    What fails is announced, and opened again after 1 to 30 s. `spec` may be changed at any time, by any thread.
    """

    def __init__(
        self,
        number: int,
        spec: OutputSpec,
        fps: float,
        clock: Clock,
        open_sender: Callable[[Feed], Sender] | None = None,
    ) -> None:
        """Raises UsageError where the library is not installed or the system has none of the kind."""
        way = check_way(spec.kind, spec.name) if open_sender is None else None
        self.number = number
        self.spec = spec
        self.trouble = ""
        self.pixels: LatestSlot[UInt8] = LatestSlot()
        self.sent = self.failures = 0
        self._feed = Feed(spec.name, *spec.size, fps, spec.device)
        self._open = open_sender if way is None else way.open
        self._clock = clock
        self._log = BoundedLog(log)
        self._stop = threading.Event()
        self._pause_s = FIRST_PAUSE_S
        self._sender: Sender | None = None
        self._thread = threading.Thread(target=self._run, name=f"output {number}", daemon=True)

    def start(self) -> None:
        """Begin to give pictures on."""
        self._thread.start()

    def stop(self) -> None:
        """Give no more."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(END_S)

    def step(self, wait_s: float = WAIT_S) -> None:
        """Open the way out where it is not open, and give the newest picture on. On its own thread; raises nothing."""
        try:
            if self._sender is None:
                assert self._open is not None
                self._sender = self._open(self._feed)
                self._pause_s = FIRST_PAUSE_S
                if self.trouble:
                    log.warning("output %s is back", self.spec.name)
                else:
                    log.info("output %s: %s", self.spec.name, self.spec.kind.value)
                self.trouble = ""
            picture = self.pixels.take(wait_s)
            if picture is not None:
                self._sender.send(picture[..., : self._sender.channels])
                self.sent += 1
        except Exception as error:  # whatever a library raises: the show and the other outputs go on
            self.failures += 1
            self.trouble = f"output {self.spec.name} is not sent: {one_line(error)}"
            self._log.warning(self._clock.now_s(), "%s", self.trouble)
            self._close()
            self._stop.wait(self._pause_s)
            self._pause_s = min(LONGEST_PAUSE_S, 2.0 * self._pause_s)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.step()
        self._close()

    def _close(self) -> None:
        sender, self._sender = self._sender, None
        if sender is not None:
            try:
                sender.close()
            except Exception as error:  # it is given up all the same
                log.warning("output %s did not close: %s", self.spec.name, one_line(error))


class ProgramOutput(OffscreenOutput):
    """The picture for a program, in the context of the surface. A frame is read back while the next one is drawn."""

    def __init__(self, ctx: moderngl.Context, program: Program) -> None:
        super().__init__(ctx, program.spec.name, *program.spec.size, program.spec.shape)
        self._program = program
        width, height = program.spec.size
        self._read: moderngl.Buffer = ctx.buffer(reserve=width * height * 4, dynamic=True)
        self._is_read = False
        self._card: UInt8 | None = None
        self._card_of: Card = Card.OFF

    def present(self) -> None:
        """Hand the frame before on, and let the card copy this one."""
        program = self._program
        spec = program.spec
        self.shape = spec.shape
        if spec.card is not Card.OFF:
            program.pixels.put(self._card_pixels(spec))
            self._is_read = False
            return
        if self._is_read:
            width, height = self._size
            pixels = np.frombuffer(self._read.read(), np.uint8).reshape(height, width, 4)
            program.pixels.put(pixels)
        self.target.read_into(self._read, components=4, alignment=1)
        self._is_read = True

    def close(self) -> None:
        """Free it."""
        self._read.release()
        super().close()

    def _card_pixels(self, spec: OutputSpec) -> UInt8:
        if self._card is None or self._card_of is not spec.card:
            width, height = self._size
            card = card_picture(spec.card, width, height, self._program.number, spec.name)
            self._card = np.dstack([card, np.full((height, width, 1), 255, np.uint8)])
            self._card_of = spec.card
        return self._card


def with_programs(opened: OpenOutputs, programs: Sequence[Program]) -> OpenOutputs:
    """What `opened` opens, and a picture for each of `programs` beside it."""

    def both(surface: Surface) -> Sequence[Output]:
        return (*opened(surface), *(ProgramOutput(surface.ctx, program) for program in programs))

    return both


def counts_of(programs: Sequence[Program]) -> Mapping[str, int]:
    """Pictures sent, left out because a newer one came, and failures of all of them."""
    return {
        "sent": sum(program.sent for program in programs),
        "left_out": sum(program.pixels.replaced for program in programs),
        "send_failures": sum(program.failures for program in programs),
    }
