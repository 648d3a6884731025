"""What the commands print with: results to standard output; log, progress and errors to standard error."""

from __future__ import annotations

import logging
from enum import StrEnum

from rich.console import Console
from rich.logging import RichHandler
from rich.text import Text

OUT = Console(highlight=False)
ERR = Console(stderr=True, highlight=False)


class LogLevel(StrEnum):
    """How much the log tells."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def set_up_log(level: LogLevel) -> None:
    """Send the engine's log to standard error; other libraries speak only from warnings on."""
    handler = RichHandler(console=ERR, show_path=level is LogLevel.DEBUG, log_time_format="[%X]")
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[handler], force=True)
    logging.getLogger("chromesthesia").setLevel(level.value.upper())


def say(text: str, style: str = "") -> None:
    """One line for a person, on standard output, never wrapped."""
    OUT.print(Text(text, style), soft_wrap=True)


def complain(message: str, remedy: str = "") -> None:
    """One line `error: message (remedy)` on standard error, never wrapped."""
    line = " ".join(message.split())
    if remedy:
        line += f" ({' '.join(remedy.split())})"
    ERR.print(Text.assemble(("error: ", "bold red"), line), soft_wrap=True)
