"""The last lines of the log, for the panel's log page."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence

from chromesthesia.core.user_files import one_line

MOST_LINES = 200
LONGEST_LINE = 400
LOGGER = "chromesthesia"


class LogLines(logging.Handler):
    """Keeps the newest lines, each cut short; any thread."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._lines: deque[Mapping[str, object]] = deque(maxlen=MOST_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line. A message that cannot be made is told as that."""
        try:
            text = one_line(record.getMessage(), LONGEST_LINE)
        except Exception as error:  # as logging itself: a bad line must not harm who logs it
            text = f"a line that cannot be told: {type(error).__name__}"
        self._lines.append(
            {"time": round(record.created, 3), "level": record.levelname, "name": record.name, "text": text}
        )

    def lines(self) -> Sequence[Mapping[str, object]]:
        """The oldest first; time: seconds since 1970."""
        return list(self._lines)

    def open(self) -> None:
        """Begin to keep."""
        logging.getLogger(LOGGER).addHandler(self)

    def close(self) -> None:
        """Keep no more."""
        logging.getLogger(LOGGER).removeHandler(self)
        super().close()
