"""The log as a file of JSON lines for machines: bounded, turned over by size, and never waited for."""

from __future__ import annotations

import json
import logging
import math
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic

from chromesthesia.core.errors import RecordError
from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.user_files import one_line

FILE_BYTES = 8 * 1024 * 1024
KEPT_FILES = 5
"""The file itself and older ones: `night.log`, `night.log.1` ... `night.log.4`."""
MOST_WAITING = 4096
LONGEST_TEXT = 2000
LONGEST_FIELD = 200
MOST_FIELDS = 32
REPEAT_S = 1.0
"""Of lines from one place in the code at most one in so long is written, ever less often while they come."""
MOST_PLACES = 512
RETRY_S = 30.0
CLOSE_WITHIN_S = 2.0
LOGGER = "chromesthesia"


class JsonLog(logging.Handler):
    """Writes `{"time", "level", "logger", "text", ...fields}` a line. `emit` on any thread; it never waits for a disk.

    A record's `fields` (given as `extra={"fields": {...}}`) are beside the text. Lines that repeat are left out, as are
    those that find no room because the disk is slow: `counts` tells, and the next line says how many were `left_out`.
    A disk that is full is tried again every 30 s. Raises RecordError when the file cannot be opened at the start.
    """

    def __init__(
        self,
        path: Path,
        file_bytes: int = FILE_BYTES,
        kept_files: int = KEPT_FILES,
        now_s: Callable[[], float] = monotonic,
    ) -> None:
        super().__init__(logging.INFO)
        self._path = path
        self._file_bytes = file_bytes
        self._kept_files = kept_files
        self._now_s = now_s
        self._places: dict[tuple[str, int], BoundedLog] = {}
        self._lines: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._ending = False
        self._left_out = 0
        self._retry_s = -math.inf
        self.failures = 0
        self.dropped = 0
        self.repeats = 0
        try:
            with path.open("ab"):
                pass
        except (OSError, ValueError) as error:
            raise RecordError(
                f"the log cannot be written to {one_line(path)}: {one_line(error)}",
                "choose another file with --log-file",
            ) from error
        self._thread = threading.Thread(target=self._write, name="log file", daemon=True)

    def counts(self) -> dict[str, int]:
        """Lines that were not written: for want of room, and because they repeated; and times the disk failed."""
        return {"dropped": self.dropped, "repeats": self.repeats, "failures": self.failures}

    @property
    def waiting(self) -> int:
        """Lines that are not written yet."""
        return len(self._lines)

    def open(self) -> None:
        """Begin to write."""
        self._thread.start()
        logging.getLogger(LOGGER).addHandler(self)

    def close(self) -> None:
        """Write what waits, and no more."""
        logging.getLogger(LOGGER).removeHandler(self)
        with self._changed:
            self._ending = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(CLOSE_WITHIN_S)
        super().close()

    def tell(self, text: str, fields: Mapping[str, object]) -> None:
        """One line for this file alone: a terminal has no use for it."""
        record = logging.LogRecord(f"{LOGGER}.show", logging.INFO, __file__, 0, text, None, None)
        record.fields = fields
        self.handle(record)

    def emit(self, record: logging.LogRecord) -> None:
        """Take one line; `logging` holds this handler's lock."""
        fields = getattr(record, "fields", None)
        # What changed is told however often it does.
        if fields is None and not self._admits(record):
            self.repeats += 1
            self._left_out += 1
            return
        line: dict[str, object] = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "text": _text_of(record),
        }
        if isinstance(fields, Mapping):
            line |= {
                one_line(name, 40): _plain(value)
                for name, value in list(fields.items())[:MOST_FIELDS]
                if name not in line
            }
        if self._left_out:
            line["left_out"], self._left_out = self._left_out, 0
        text = json.dumps(line, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace") + b"\n"
        with self._changed:
            if len(self._lines) >= MOST_WAITING:
                self.dropped += 1
                self._left_out += 1
                return
            self._lines.append(text)
            self._changed.notify()

    def _admits(self, record: logging.LogRecord) -> bool:
        place = record.pathname, record.lineno
        bound = self._places.get(place)
        if bound is None:
            if len(self._places) >= MOST_PLACES:
                self._places.clear()
            bound = self._places[place] = BoundedLog(_NOWHERE, REPEAT_S)
        now_s = self._now_s()
        admitted = bound.admits(now_s)
        if admitted:
            bound.info(now_s, "")
        return admitted

    def _write(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._ending)
                lines = list(self._lines)
                self._lines.clear()
                ending = self._ending
            if lines:
                self._append(lines)
            elif ending:
                return

    def _append(self, lines: list[bytes]) -> None:
        if self._now_s() < self._retry_s:
            self.dropped += len(lines)
            return
        try:
            for start in range(0, len(lines), 64):
                self._turn_over()
                with self._path.open("ab") as file:
                    file.write(b"".join(lines[start : start + 64]))
        except OSError:
            self.failures += 1
            self.dropped += len(lines)
            self._retry_s = self._now_s() + RETRY_S

    def _turn_over(self) -> None:
        try:
            if self._path.stat().st_size < self._file_bytes:
                return
        except FileNotFoundError:
            return
        for number in range(self._kept_files - 1, 0, -1):
            older = self._path if number == 1 else self._numbered(number - 1)
            if older.exists():
                os.replace(older, self._numbered(number))
        if self._kept_files == 1:
            self._path.unlink()

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


def _text_of(record: logging.LogRecord) -> str:
    try:
        text = record.getMessage()
    except Exception as error:  # as logging itself: a bad line must not harm who logs it
        return f"a line that cannot be told: {type(error).__name__}"
    if record.exc_info and (raised := record.exc_info[1]) is not None:
        text += f": {type(raised).__name__}: {raised}"
    return one_line(text, LONGEST_TEXT)


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return one_line(value, LONGEST_FIELD)


_NOWHERE = logging.Logger("nowhere")
_NOWHERE.disabled = True
