"""The stage as a port: its windows are kept on their displays, its outputs set by OSC and the panel, and saved."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from math import inf
from multiprocessing import resource_tracker
from pathlib import Path

from chromesthesia.control.commands import SaveOutputs, SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.control.notice import Notice
from chromesthesia.core.errors import RenderError
from chromesthesia.core.protocols import Clock
from chromesthesia.core.records import Float32, UInt8
from chromesthesia.core.user_files import one_line
from chromesthesia.display.frame_share import FrameWriter
from chromesthesia.display.stage_file import Kind, OutputSpec, StageSpec, save_shapes
from chromesthesia.display.stage_keeper import StageKeeper
from chromesthesia.display.window_link import OpenLink, ProcessLink, screen_answers
from chromesthesia.params.declaration import Value
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.port import Readings
from chromesthesia.ports.stage.handover import Program, counts_of
from chromesthesia.ports.stage.settings import ALL, IDENTIFY, ROOT, namespace, parameters_of, spec_of

log = logging.getLogger(__name__)

NAME = "stage"
STEP_S = 0.05


class SharedFrames:
    """A FrameSink: the newest frame, in memory that the windows read. Main thread."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        """tell: is told the name of the memory whenever that is another."""
        self._tell = tell
        if sys.platform != "win32":
            # The process that gives shared memory back when this one is killed: it starts longer than a frame may take.
            resource_tracker.ensure_running()
        self._writer: FrameWriter | None = None

    def frame(self, pixels: UInt8, time_s: float) -> None:
        """Keep pixels uint8 [H, W, 3]."""
        size = (pixels.shape[1], pixels.shape[0])
        if self._writer is None or self._writer.size != size:
            former, self._writer = self._writer, FrameWriter(*size)
            self._tell(self._writer.name)
            if former is not None:
                former.close()
        self._writer.put(pixels)

    def sound(self, samples: Float32, start_s: float) -> None:
        """Windows have none."""

    def close(self) -> None:
        """Give the memory back."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()


class StagePort:
    """`ports.port.Port` of the outputs in a file. `frames` takes the show's frames for the windows.

    The windows are kept on a thread of its own, which `start` starts.
    """

    name = NAME

    def __init__(
        self,
        spec: StageSpec,
        path: Path,
        tree: ParameterTree,
        controller: Controller,
        clock: Clock,
        pressed: Callable[[str], None] = lambda event: None,
        open_link: OpenLink = ProcessLink,
        fps: float = 60.0,
    ) -> None:
        """Declares the outputs' parameters in `tree`. pressed: told what a person asked for at any window. fps: what
        other programs are told to expect. Raises UsageError for a program that cannot be given pictures here."""
        self.spec = spec
        self.next_s = inf
        self._path = path
        self._controller = controller
        self._clock = clock
        self._tree = tree
        self._specs = list(spec.outputs)
        self._changed = True
        self._failures = 0
        windows = {n: output for n, output in enumerate(spec.outputs, start=1) if output.kind is Kind.WINDOW}
        self.keeper = StageKeeper(
            tuple(windows.values()), open_link, clock, pressed, tuple(windows), screen_answers
        )
        self._windows = frozenset(windows)
        self.frames = SharedFrames(self.keeper.show)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.programs = tuple(
            Program(number, output, fps, clock)
            for number, output in enumerate(spec.outputs, start=1)
            if output.kind is not Kind.WINDOW
        )
        for program in self.programs:
            if program.spec.kind is Kind.NDI:
                log.warning("output %s: pictures go to the network, by NDI", program.spec.name)
        tree.add(ALL, (IDENTIFY,))
        for number, output in enumerate(spec.outputs, start=1):
            tree.add(namespace(number), parameters_of(number, output))
        tree.listen(self._written)
        controller.handle(SaveOutputs, self._save)

    @property
    def trouble(self) -> str:
        """What a person should read about displays that are gone and programs that get no pictures. Any thread."""
        told = (self.keeper.trouble, *(program.trouble for program in self.programs))
        return "; ".join(filter(None, told))

    @property
    def unseen(self) -> bool:
        """True while there are windows and none of them is seen, though one was or should be. Any thread."""
        return bool(self._windows) and not self.keeper.visible and bool(self.keeper.trouble)

    def output(self, number: int) -> OutputSpec:
        """How an output, counted from 1, looks now. Any thread."""
        return self._specs[number - 1]

    def start(self) -> None:
        """Open the windows."""
        self._update()
        self._thread = threading.Thread(target=self._keep, name="stage", daemon=True)
        self._thread.start()
        for program in self.programs:
            program.start()

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        """Let the outputs look as they are set."""
        if self._changed:
            self._update()

    def health(self) -> Mapping[str, int]:
        """Windows seen, lost and back; pictures for programs."""
        counts, given = self.keeper.counts(), counts_of(self.programs)
        failures = counts["failures"] + self._failures + given["send_failures"]
        return {**counts, **given, "failures": failures}

    def stop(self) -> None:
        """Close the windows, and give no more pictures to programs."""
        self._stop.set()
        for program in self.programs:
            program.stop()
        if self._thread is not None:
            self._thread.join(5.0)
        self._tree.unlisten(self._written)
        self.keeper.close()

    def _written(self, path: str, value: Value, source: str) -> None:
        if path.startswith(f"{ROOT}/"):
            self._changed = True

    def _update(self) -> None:
        self._changed = False
        values = self._tree.latest()
        for number, spec in enumerate(self._specs, start=1):
            try:
                changed = spec_of(number, self.spec.outputs[number - 1], values)
            except RenderError as error:  # half of a move, or too far: what was shown before stays
                self._controller.notice = Notice(
                    f"output {spec.name} stays as it was: {one_line(error)}",
                    self._clock.now_s(),
                    is_error=True,
                )
                continue
            if changed == spec:
                continue
            self._specs[number - 1] = changed
            if number in self._windows:
                self.keeper.change(number, changed)
            else:
                for program in self.programs:
                    if program.number == number:
                        program.spec = changed

    def _save(self, command: SaveOutputs, now_s: float) -> None:
        """Raises StageError."""
        self._update()
        save_shapes(self._path, self._specs)
        self._controller.notice = Notice(f"outputs saved in {one_line(self._path.name)}", now_s)
        log.info("outputs saved in %s", one_line(self._path))

    def _keep(self) -> None:
        while not self._stop.wait(STEP_S):
            try:
                self.keeper.step()
            except Exception:  # the thread's guard: one window must not cost the others
                self._failures += 1
                if self._failures & (self._failures - 1) == 0:
                    log.exception("the stage failed %d times and goes on", self._failures)
