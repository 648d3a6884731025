"""The command's part in supervision: the parent that watches, and the engine's side of its life line."""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.core.rungs import RUNGS, Rung, below
from chromesthesia.supervise.run import Supervision, supervise
from chromesthesia.supervise.supervisor import Due
from chromesthesia.supervise.usage import usual_ceilings
from chromesthesia.supervise.watch import Ceilings
from chromesthesia.supervise.wire import VARIABLE, orders_here, orders_text

if TYPE_CHECKING:
    from chromesthesia.show.pulse import Pulse


_FOR_A_SHOW = (
    "chromesthesia.display.headless",
    "chromesthesia.inference.sessions",
    "numpy.ma",
    "numpy.random",
    "chromesthesia.ports.oscquery.serving",
    "chromesthesia.show.live",
)
_FOR_A_WINDOW = ("chromesthesia.display.window", "chromesthesia.show.keys")


def is_watched() -> bool:
    """True in an engine that a supervisor started."""
    return orders_here() is not None


def wait_until_wanted(headless: bool) -> None:
    """In a spare engine: import what a show needs and wait for the word; others return at once.

    Leaves the process when its supervisor is gone.
    """
    orders = orders_here()
    if orders is None or orders.go < 0:
        return
    for module in (*_FOR_A_SHOW, *(() if headless else _FOR_A_WINDOW)):
        importlib.import_module(module)
    from chromesthesia.inference.sessions import load_runtime

    with contextlib.suppress(ChromesthesiaError):  # the show itself says what is wrong with it
        load_runtime()
    with open(orders.go, "rb", buffering=0) as pipe:
        line = pipe.readline()
    if not line:
        sys.exit(0)
    os.environ[VARIABLE] = orders_text(replace(orders, go=-1, **json.loads(line)))


def keep_playing(folder: Path | None, most: Ceilings, nightly: Due | None = None, spare: bool = True) -> int:
    """Be the supervisor of a show with this process' arguments; its exit code. most: None for the usual ceilings."""
    usual = usual_ceilings()
    most = replace(
        usual,
        rss_mib=most.rss_mib or usual.rss_mib,
        vram_mib=most.vram_mib,
        handles=most.handles or usual.handles,
        threads=most.threads or usual.threads,
    )
    return supervise(Supervision(tuple(sys.argv[1:]), folder, most, nightly, spare))


def rung_here(asked: Rung) -> Rung:
    """The rung to begin on: the one that the supervisor chose where that is cheaper than `asked`."""
    orders = orders_here()
    if orders is None or orders.rung not in RUNGS:
        return asked
    chosen = Rung(orders.rung)
    return chosen if below(chosen, asked) else asked


@functools.cache
def pulse_here() -> Pulse | None:
    """This engine's pulse, begun with the first call; None where nobody watches."""
    orders = orders_here()
    if orders is None:
        return None
    from chromesthesia.show.pulse import Pulse

    return Pulse(orders)
