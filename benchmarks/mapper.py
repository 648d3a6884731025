"""The mapper in one video frame: all parameters and a rich preset, beside copying the snapshot it begins with.

python -m benchmarks mapper [--quick]
"""

from __future__ import annotations

from benchmarks.rows import Row, compared, in_turns
from chromesthesia.mapping.mapper import Mapper
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.routes import Route
from chromesthesia.params.tree import ParameterTree
from chromesthesia.signals.table import TABLE
from chromesthesia.testing.render import heard

ROUTES = 12
FRAME_S = 1 / 60


def rows(quick: bool) -> list[Row]:
    """One step in microseconds."""
    targets = [param.path for param in PARAMETERS if param.routable]
    names = list(TABLE.taps)
    routes = tuple(
        Route(names[n % len(names)], targets[n % len(targets)], gain=0.2, attack_s=0.02, release_s=0.3)
        for n in range(ROUTES)
    )
    snapshot, mapper = ParameterTree(PARAMETERS).snapshot(), Mapper()
    sound = heard(0.1, 0.2, 0.5, 3, 0.5)
    spent = in_turns(
        {
            "ours": lambda: mapper.step(FRAME_S, snapshot, routes, sound),
            "copy of the snapshot (floor)": lambda: dict(snapshot),
        },
        300 if quick else 3000,
    )
    ours = spent.pop("ours")
    return compared(f"mapping of a frame, {len(snapshot)} parameters, {ROUTES} routes", ours, spent, "us")
