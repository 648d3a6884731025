"""What more of anything costs: processor time and delay against its number, with fitted slopes.

    python -m benchmarks.growth [--quick] [--markdown FILE] [--only NAME]

Against the number of inputs (listeners, each with features and encoder), parameters, routes, passes, pixels, OSC
partners and panel clients. Processor time is this process's own, so that a busy machine weighs little; a slope is
fitted by least squares. In the one table: the cost at the most of each beside the cost at the least.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from websockets.sync.client import connect

from benchmarks import osc_flood
from benchmarks.render_frame import frame_inputs
from benchmarks.rows import Row
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.paths import resource_dirs
from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.mapping.mapper import Mapper
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Number
from chromesthesia.params.readings import signal_readings
from chromesthesia.params.routes import Route
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.endpoints import TARGET_LIMIT
from chromesthesia.render.graph import SCREEN, Buffer, Graph, Pass
from chromesthesia.render.passes import Drawer
from chromesthesia.render.renderer import Renderer
from chromesthesia.render.running_graph import RunningGraph
from chromesthesia.render.shaders import ShaderLibrary
from chromesthesia.show.listener import Listener
from chromesthesia.show.live import run_show
from chromesthesia.signals.table import TABLE
from chromesthesia.testing.audio import tone
from chromesthesia.testing.render import heard

FRAME_S = 1 / 60
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Growth:
    """Costs by number. unit: of a cost; per: what the slope is for one of; delays_ms: p50 of sound to light, where
    it was measured."""

    what: str
    numbers: tuple[float, ...]
    costs: tuple[float, ...]
    unit: str
    per: str
    delays_ms: tuple[float, ...] = ()

    @property
    def line(self) -> tuple[float, float]:
        """Slope and cost at none, by least squares."""
        return fitted(self.numbers, self.costs)


def fitted(numbers: Sequence[float], costs: Sequence[float]) -> tuple[float, float]:
    """Slope and intercept of the line that is nearest by least squares; slope 0 for a single number."""
    if len(set(numbers)) < 2:
        return 0.0, float(np.mean(costs))
    slope, at_none = np.polyfit(np.asarray(numbers, float), np.asarray(costs, float), 1)
    return float(slope), float(at_none)


def cpu_of(work: Callable[[], object], calls: int) -> float:
    """Milliseconds of this process's processors for one call, of `calls` after a tenth as many; the least of three."""
    for _ in range(max(2, calls // 10)):
        work()
    found = []
    for _ in range(3):
        began_s = time.process_time()
        for _ in range(calls):
            work()
        found.append((time.process_time() - began_s) / calls)
    return 1e3 * min(found)


def _all_hear(listeners: Sequence[Listener], sound: Float32) -> None:
    for one in listeners:
        one.hear(sound)


def _drawn(running: RunningGraph[Any], surface: HeadlessSurface) -> None:
    running.run(None)
    surface.ctx.finish()


def inputs(quick: bool) -> Growth:
    """Listeners: features of every hop and the encoder's steps, for a second of sound."""
    numbers = (1, 2, 4) if quick else (1, 2, 4, 8)
    rng = np.random.default_rng(1)
    second = (0.2 * tone(440.0, 1.0) + 0.05 * rng.standard_normal(SAMPLE_RATE_HZ)).astype(np.float32)
    costs = []
    for number in numbers:
        listeners = [Listener() for _ in range(number)]
        costs.append(cpu_of(partial(_all_hear, listeners, second), 1 if quick else 5))
    return Growth("inputs", numbers, tuple(costs), "ms a second of sound", "input")


def parameters(quick: bool) -> Growth:
    """Parameters in the tree, for the mapping of a frame."""
    numbers = (100, 500, 2000)
    costs = []
    for number in numbers:
        more = tuple(Number(f"/more/{one}", 0.5, "more", low=0.0, high=1.0) for one in range(number))
        snapshot, mapper, sound = ParameterTree((*PARAMETERS, *more)).snapshot(), Mapper(), heard()
        costs.append(cpu_of(partial(mapper.step, FRAME_S, snapshot, (), sound), 50 if quick else 400))
    return Growth("parameters", numbers, tuple(costs), "ms a frame", "parameter")


def routes(quick: bool) -> Growth:
    """Routes of a preset, for the mapping of a frame."""
    numbers = (0, 16, 64)
    targets = [param.path for param in PARAMETERS if param.routable]
    names = list(TABLE.taps)
    snapshot, sound = ParameterTree(PARAMETERS).snapshot(), heard()
    costs = []
    for number in numbers:
        own = tuple(
            Route(names[n % len(names)], targets[n % len(targets)], gain=0.1, attack_s=0.02)
            for n in range(number)
        )
        mapper = Mapper()
        costs.append(cpu_of(partial(mapper.step, FRAME_S, snapshot, own, sound), 100 if quick else 800))
    return Growth("routes", numbers, tuple(costs), "ms a frame", "route")


def passes(quick: bool) -> Growth:
    """Passes over a picture of 640 x 360 that copy what the last one drew."""
    numbers = (2, 8, 32)
    surface = HeadlessSurface(640, 360)
    library = ShaderLibrary(surface.ctx, resource_dirs("shaders"))
    costs = []
    for number in numbers:
        buffers = tuple(Buffer(f"b{one}", keeps=one == 0) for one in range(number + 1))
        steps: tuple[Pass[Any], ...] = tuple(
            Pass(f"p{one}", "blend.frag", f"b{one + 1}", {"u_before": f"b{one}", "u_after": f"b{one}"})
            for one in range(number)
        )
        graph: Graph[Any] = Graph(steps, buffers, f"b{number}")
        running = RunningGraph(Drawer(surface.ctx, library), graph, {SCREEN: (640, 360)})
        costs.append(cpu_of(partial(_drawn, running, surface), 5 if quick else 30))
        running.release()
    library.release()
    surface.close()
    return Growth("passes", numbers, tuple(costs), "ms a frame", "pass")


def pixels(quick: bool) -> Growth:
    """Pixels of the picture, in thousands, for the default look."""
    sizes = (
        ((320, 180), (640, 360), (960, 540)) if quick else ((320, 180), (640, 360), (960, 540), (1280, 720))
    )
    costs = []
    for width, height in sizes:
        surface = HeadlessSurface(width, height)
        renderer = Renderer(surface.ctx, width, height)
        count = itertools.count()

        def draw(renderer: Renderer = renderer, count: itertools.count[int] = count) -> None:
            renderer.render(replace(frame_inputs(0, {}), time_s=next(count) / 60))
            renderer.finish()

        costs.append(cpu_of(draw, 5 if quick else 30))
        renderer.release()
        surface.close()
    numbers = tuple(width * height / 1000.0 for width, height in sizes)
    return Growth("resolution", numbers, tuple(costs), "ms a frame", "1,000 pixels")


def partners(quick: bool) -> Growth:
    """OSC partners that are told everything, for a second of a small show; as many as a show takes."""
    numbers = (1, 4, TARGET_LIMIT) if quick else (1, 2, 4, 8, TARGET_LIMIT)
    costs, delays = [], []
    for number in numbers:
        out = tuple(f"{LOOPBACK}:{port}" for port in range(20_000, 20_000 + number))
        cost, delay_ms = _show(osc_flood._free_port(), quick, osc_out=out)
        costs.append(cost)
        delays.append(delay_ms)
    return Growth("OSC partners", numbers, tuple(costs), "ms a second of show", "partner", tuple(delays))


def clients(quick: bool) -> Growth:
    """Panel clients that listen to every setting and signal, for a second of a small show."""
    numbers = (0, 2, 6) if quick else (0, 2, 6, 12)
    costs, delays = [], []
    for number in numbers:
        cost, delay_ms = _show(osc_flood._free_port(), quick, listeners=number)
        costs.append(cost)
        delays.append(delay_ms)
    return Growth("panel clients", numbers, tuple(costs), "ms a second of show", "client", tuple(delays))


ALL = (inputs, parameters, routes, passes, pixels, partners, clients)


def _show(
    port: int, quick: bool, osc_out: tuple[str, ...] = (f"{LOOPBACK}:19999",), listeners: int = 0
) -> tuple[float, float]:
    """Processor milliseconds a second of a small headless show, and its median from sound to light."""
    seconds = 4.0 if quick else 10.0
    used: list[float] = []
    stop = threading.Event()

    def drive() -> None:
        time.sleep(2.0)
        with ExitStack() as opened:
            if listeners:
                process = opened.enter_context(_listening(port, listeners))
                assert process is not None
            began_s = time.process_time()
            time.sleep(seconds)
            used.append((time.process_time() - began_s) / seconds)
        stop.set()

    thread = threading.Thread(target=drive)
    thread.start()
    report = run_show(
        ShowConfig(
            source="demo",
            headless=True,
            width=160,
            height=90,
            fps=30.0,
            osc_in_port=port,
            osc_out=osc_out,
            announce=False,
            duration_s=600.0,
        ),
        stop,
    )
    thread.join()
    stages: Any = report["latency_ms"]
    return 1e3 * used[0], float(stages["sound_to_light"]["p50"])


class _listening:  # noqa: N801 - used as the context manager it is
    """Clients in a process of their own, each listening to everything, until the block is left."""

    def __init__(self, port: int, count: int) -> None:
        self._command = [
            sys.executable,
            "-m",
            "benchmarks.growth",
            "--listen",
            str(port),
            "--clients",
            str(count),
        ]

    def __enter__(self) -> _listening:
        import subprocess

        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "listening\n":
            raise RuntimeError("the clients could not connect")
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate("\n")


def listen(port: int, count: int) -> None:
    """Body of the clients' process."""
    addresses = [param.path for param in (*PARAMETERS, *signal_readings()) if param.path != "/status/stalled"]

    def take(socket: Any) -> None:
        for _ in socket:
            pass

    with ExitStack() as opened:
        sockets = [opened.enter_context(connect(f"ws://{LOOPBACK}:{port}/?bundle")) for _ in range(count)]
        for one in sockets:
            for address in addresses:
                one.send(json.dumps({"COMMAND": "LISTEN", "DATA": address}))
            threading.Thread(target=take, args=(one,), daemon=True).start()
        print("listening", flush=True)
        sys.stdin.readline()


def table(found: Sequence[Growth]) -> str:
    """The growths as a table of Markdown."""
    lines = [
        "| more | measured at | cost | slope, for one more | sound to light, p50 |",
        "|---|---|---|---|---|",
    ]
    for one in found:
        slope, at_none = one.line
        costs = ", ".join(f"{cost:.3g}" for cost in one.costs)
        numbers = ", ".join(f"{number:g}" for number in one.numbers)
        delays = ", ".join(f"{delay:.0f}" for delay in one.delays_ms)
        lines.append(
            f"| {one.what} | {numbers} | {costs} {one.unit} | {slope:.3g} ms a {one.per}, from {at_none:.3g} | "
            f"{f'{delays} ms' if delays else ''} |"
        )
    return "\n".join(lines)


def rows(quick: bool) -> list[Row]:
    """The cost at the most of each, beside that at the least."""
    found = [measure(quick) for measure in ALL]
    return [
        Row(
            f"{one.what}: {one.numbers[-1]:g}",
            one.costs[-1],
            f"{one.numbers[0]:g}",
            one.costs[0],
            one.unit,
            note=f"{one.line[0]:.3g} ms a {one.per}",
        )
        for one in found
    ]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=[measure.__name__ for measure in ALL], action="append")
    parser.add_argument("--markdown", type=Path, help="also write the table to this file")
    parser.add_argument("--listen", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--clients", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.listen:
        listen(options.listen, options.clients)
        return
    found = [
        measure(options.quick) for measure in ALL if not options.only or measure.__name__ in options.only
    ]
    text = table(found)
    print(text)
    if options.markdown is not None:
        options.markdown.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
