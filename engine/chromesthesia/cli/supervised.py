"""The command's part in supervision: the parent that watches, and the engine's side of its life line."""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import json
import logging
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
    from chromesthesia.core.config import ShowConfig
    from chromesthesia.show.models_ahead import ModelsAhead
    from chromesthesia.show.pulse import Pulse


_FOR_A_SHOW = (
    "numpy.ma",
    "numpy.random",
    "chromesthesia.ports.oscquery.serving",
    "chromesthesia.show.live",
)
_FOR_A_WINDOW = ("chromesthesia.display.window", "chromesthesia.show.keys")


def is_watched() -> bool:
    """True in an engine that a supervisor started."""
    return orders_here() is not None


def wait_until_wanted(config: ShowConfig) -> ModelsAhead | None:
    """In a spare engine: make ready what a show needs, and wait for the word; the models, opened ahead.

    Others have None at once. Leaves the process when its supervisor is gone.
    """
    orders = orders_here()
    if orders is None or orders.go < 0:
        return None
    logging.disable()  # what is wrong is said when it is wanted
    ahead = _make_ready(config)
    logging.disable(logging.NOTSET)
    with open(orders.go, "rb", buffering=0) as pipe:
        line = pipe.readline()
    if not line:
        sys.exit(0)
    os.environ[VARIABLE] = orders_text(replace(orders, go=-1, **json.loads(line)))
    return ahead


def _make_ready(config: ShowConfig) -> ModelsAhead:
    """Import, load and open all that no other engine may have to itself."""
    windowed = not config.headless and config.outputs is None
    for module in (*_FOR_A_SHOW, *(_FOR_A_WINDOW if windowed else ())):
        importlib.import_module(module)
    from chromesthesia.display.headless import HeadlessSurface
    from chromesthesia.show.going_on import GoingOn
    from chromesthesia.show.models_ahead import ModelsAhead

    with contextlib.suppress(ChromesthesiaError):
        HeadlessSurface(1, 1).close()  # its libraries stay loaded, and are those of a window
    ahead = ModelsAhead()
    ahead.prepare(GoingOn(config).config.pack, config.provider)
    # Nothing of this is garbage later: whoever collects need not walk through it while the room waits.
    gc.collect()
    gc.freeze()
    return ahead


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
