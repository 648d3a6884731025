"""What the commands print with: results to standard output; log, progress and errors to standard error.

In the process of a command both go through `streams.Outlet`: a reader that stalls holds nobody up.
"""

from __future__ import annotations

import logging
from enum import StrEnum

from rich.cells import cached_cell_len
from rich.console import Console, ConsoleRenderable
from rich.logging import RichHandler
from rich.text import Text

from chromesthesia.core.user_files import one_line

OUT = Console(highlight=False)
ERR = Console(stderr=True, highlight=False)


class LogLevel(StrEnum):
    """How much the log tells."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


COMPLAINT_LETTERS = 2000
LOG_LETTERS = 8000
"""Longest message of the log that is shown."""
FORGET_AFTER = 64
"""Records."""


class LogHandler(RichHandler):
    """Shows records with nothing in them that could steer a terminal; lines after the first stay indented."""

    _shown = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Show one. Rich keeps thousands of the texts it measured, a KiB a line: a log of weeks is never short of new
        ones, so they are let go of."""
        super().emit(record)
        self._shown += 1
        if self._shown % FORGET_AFTER == 0:
            cached_cell_len.cache_clear()

    def render_message(self, record: logging.LogRecord, message: str) -> ConsoleRenderable:
        """The message of a record, foreign text included, as text."""
        return super().render_message(record, printable(message))


def printable(text: str, limit: int = LOG_LETTERS) -> str:
    """`text` with its line breaks, and a replacement sign for every other sign that is not printable."""
    lines = text[:limit].replace("\t", "    ").split("\n")
    return "\n".join(
        "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line.rstrip("\r"))
        for line in lines
    )


def set_up_log(level: LogLevel) -> None:
    """Send the engine's log to standard error; other libraries speak only from warnings on."""
    handler = LogHandler(console=ERR, show_path=level is LogLevel.DEBUG, log_time_format="[%X]")
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[handler], force=True)
    logging.getLogger("chromesthesia").setLevel(level.value.upper())


def say(text: str, style: str = "") -> None:
    """One line for a person, on standard output, never wrapped."""
    OUT.print(Text(printable(text), style), soft_wrap=True)


def complain(message: str, remedy: str = "") -> None:
    """One line `error: message (remedy)` on standard error, never wrapped."""
    line = one_line(message, COMPLAINT_LETTERS)
    if remedy:
        line += f" ({one_line(remedy, COMPLAINT_LETTERS)})"
    ERR.print(Text.assemble(("error: ", "bold red"), line), soft_wrap=True)
