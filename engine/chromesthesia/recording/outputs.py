"""All files that a show was asked for, behind one FrameSink."""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

from chromesthesia.core.errors import ChromesthesiaError, RecordError
from chromesthesia.core.protocols import Counting, FrameSink
from chromesthesia.core.records import Float32, UInt8
from chromesthesia.core.safe_write import reason
from chromesthesia.recording.contact_sheet import ContactSheet
from chromesthesia.recording.report import prepare_report, write_report
from chromesthesia.recording.stills import StillsFolder

log = logging.getLogger(__name__)


@runtime_checkable
class Abandonable(Protocol):
    """A sink whose file can be left unfinished beside an older one."""

    def abandon(self) -> None:
        """End it before it is whole."""
        ...


class Closing(Protocol):
    """Something that is written all through the show and ends with it."""

    def close(self) -> None:
        """Raises RecordError when not all of it could be written."""
        ...


class Outputs:
    """Hands frames and sound on to every sink; `close` closes them all even when one fails.

    live=True: a sink that raises loses that frame, is logged once and counted in `failures`; nobody else notices.
    live=False: it raises to the caller.
    """

    def __init__(
        self, sinks: tuple[FrameSink, ...], live: bool = False, beside: tuple[Closing, ...] = ()
    ) -> None:
        """beside: what takes no frames and is closed, and asked for its counts, with the sinks."""
        self.sinks = sinks
        self._beside = beside
        self.failures = 0
        self._live = live
        self._failed: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Close; when the body was left by an error or Ctrl-C, no unfinished film replaces an older one."""
        if kind is not None:
            self.abandon()
        try:
            self.close()
        except RecordError:
            if kind is None:
                raise

    def frame(self, pixels: UInt8, time_s: float) -> None:
        """Hand on pixels uint8 [H, W, 3], row 0 at the top."""
        for sink in self.sinks:
            with self._guard(sink):
                sink.frame(pixels, time_s)

    def sound(self, samples: Float32, start_s: float) -> None:
        """Hand on mono float32 samples; start_s is the show time of the first."""
        for sink in self.sinks:
            with self._guard(sink):
                sink.sound(samples, start_s)

    def abandon(self) -> None:
        """End the films before they are whole: each stays under its `.part` name, an older one is kept."""
        for sink in self.sinks:
            if isinstance(sink, Abandonable):
                sink.abandon()

    def close(self) -> None:
        """Close every sink. Raises the first error, as a RecordError, after all were closed."""
        first: RecordError | None = None
        for sink in (*self.sinks, *self._beside):
            try:
                sink.close()
            except RecordError as error:
                log.error("%s", error)
                first = first or error
            except Exception as error:  # one sink must not cost the files of the others
                log.exception("an output did not close")
                first = first or RecordError(f"an output did not close: {reason(error)}", "see the log")
        if first is not None:
            raise first

    @contextlib.contextmanager
    def _guard(self, sink: FrameSink) -> Iterator[None]:
        try:
            yield
        except Exception:
            if not self._live:
                raise
            self.failures += 1
            if id(sink) not in self._failed:
                self._failed.add(id(sink))
                log.exception(
                    "an output failed and is tried again with the next frame: %s", type(sink).__name__
                )

    def counts(self) -> dict[str, int]:
        """Those of every sink, added up by name."""
        total: Counter[str] = Counter()
        for sink in (*self.sinks, *self._beside):
            if isinstance(sink, Counting):
                total.update(sink.counts())
        return dict(total)


def open_outputs(
    width: int,
    height: int,
    fps: float,
    live: bool,
    film: Path | None = None,
    stills: Path | None = None,
    sheet: Path | None = None,
    report: Path | None = None,
) -> Outputs:
    """Open the sinks that have a path; the report is only checked to be writable (`write_report` writes it).

    Raises RecordError before anything is begun that cannot be ended.
    """
    if report is not None:
        prepare_report(report)
    sinks: list[FrameSink] = []
    if sheet is not None:
        sinks.append(ContactSheet(sheet))
    if stills is not None:
        sinks.append(StillsFolder(stills, live=live))
    if film is not None:
        from chromesthesia.recording.recorder import (
            FilmRecorder,
        )  # slow to import, and most shows record nothing

        sinks.append(FilmRecorder(film, width, height, fps, live=live))
    return Outputs(tuple(sinks))


def close_and_report(
    outputs: Outputs, path: Path | None, figures: Callable[[], dict[str, object]]
) -> dict[str, object]:
    """Close `outputs`, write the report to `path` (None: nowhere), and only then raise what failed.

    figures: called once everything is closed. Answers the report; its `output_errors` names what could not be written.
    Raises the first RecordError.
    """
    failed: RecordError | None = None
    try:
        outputs.close()
    except RecordError as error:
        failed = error
    report = {**figures(), "output_errors": [] if failed is None else [str(failed)]}
    try:
        if path is not None:
            write_report(path, report)
    except RecordError as error:
        log.error("%s", error)
        failed = failed or error
    if failed is not None:
        raise failed
    return report


@contextlib.contextmanager
def abandoned_unless_whole(
    outputs: Outputs, path: Path | None, figures: Callable[[], dict[str, object]]
) -> Iterator[None]:
    """For work that is worth nothing half done: what ends it leaves its files unfinished, and is raised. The report is
    written all the same; who comes to the end of the work calls `close_and_report`."""
    try:
        yield
    except BaseException:
        outputs.abandon()
        with contextlib.suppress(ChromesthesiaError):  # said in the log; what ended the work matters more
            close_and_report(outputs, path, figures)
        raise
