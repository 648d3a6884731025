"""All files that a show was asked for, behind one FrameSink."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Self

from chromesthesia.errors import RecordError
from chromesthesia.out.contact_sheet import ContactSheet
from chromesthesia.out.files import prepare_file
from chromesthesia.out.recorder import FilmRecorder
from chromesthesia.out.stills import StillsFolder
from chromesthesia.seams import Float32, FrameSink, UInt8

log = logging.getLogger(__name__)


class Outputs:
    """Hands frames and sound on to every sink; `close` closes them all even when one fails."""

    def __init__(self, sinks: tuple[FrameSink, ...]) -> None:
        self.sinks = sinks

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Close; when the body was left by an error or Ctrl-C, no unfinished film replaces an older one."""
        if kind is not None:
            for sink in self.sinks:
                if isinstance(sink, FilmRecorder):
                    sink.abandon()
        try:
            self.close()
        except RecordError:
            if kind is None:
                raise

    def frame(self, pixels: UInt8, time_s: float) -> None:
        """Hand on pixels uint8 [H, W, 3], row 0 at the top."""
        for sink in self.sinks:
            sink.frame(pixels, time_s)

    def sound(self, samples: Float32, start_s: float) -> None:
        """Hand on mono float32 samples; start_s is the show time of the first."""
        for sink in self.sinks:
            sink.sound(samples, start_s)

    def close(self) -> None:
        """Close every sink. Raises the first RecordError after all were closed."""
        first: RecordError | None = None
        for sink in self.sinks:
            try:
                sink.close()
            except RecordError as error:
                log.error("%s", error)
                first = first or error
        if first is not None:
            raise first

    @property
    def dropped_frames(self) -> int:
        """Frames that a film recorder dropped."""
        return sum(sink.dropped_frames for sink in self.sinks if isinstance(sink, FilmRecorder))


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
        prepare_file(report)
    sinks: list[FrameSink] = []
    if sheet is not None:
        sinks.append(ContactSheet(sheet))
    if stills is not None:
        sinks.append(StillsFolder(stills, live=live))
    if film is not None:
        sinks.append(FilmRecorder(film, width, height, fps, live=live))
    return Outputs(tuple(sinks))
