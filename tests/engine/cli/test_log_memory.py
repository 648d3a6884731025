"""A log of weeks takes no memory."""

from __future__ import annotations

import io
import logging

from rich.cells import cached_cell_len
from rich.console import Console

from chromesthesia.cli.console import FORGET_AFTER, LogHandler


def test_what_was_measured_of_lines_that_went_by_is_let_go_of() -> None:
    handler = LogHandler(console=Console(file=io.StringIO(), width=100))
    cached_cell_len.cache_clear()
    most = 0
    for number in range(10 * FORGET_AFTER):
        text = f"preset {number} of the night, as no other line of this log is called"
        handler.emit(logging.LogRecord("chromesthesia", logging.INFO, "", 0, text, (), None))
        most = max(most, cached_cell_len.cache_info().currsize)
    assert 0 < most < 15 * FORGET_AFTER
    assert cached_cell_len.cache_info().currsize == 0
