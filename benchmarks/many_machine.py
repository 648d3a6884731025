"""One machine of a room that is measured: an ear or a light, in a process and a network namespace of its own."""

from __future__ import annotations

import argparse
import json
import os
import resource
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.many_traces import Trace
from benchmarks.network import NETWORK
from chromesthesia.core.config import LightConfig, ShowConfig
from chromesthesia.inference.generator import OnnxGenerator
from chromesthesia.inference.probe import load_pack
from chromesthesia.packs.find import find_pack
from chromesthesia.testing.models import PlainGenerator

SIZE, FPS = (160, 90), 15.0
PORT = 7447


def be_ear(options: argparse.Namespace) -> None:
    """Body of an ear's process."""
    from chromesthesia.show.assembly import OwnParts
    from chromesthesia.show.live import run_show

    machine, folder = options.machine, options.folder
    others = [f"tls/{NETWORK}.{other}:{PORT}" for other in range(1, options.ears + 1) if other != machine]
    config = ShowConfig(
        source="demo",
        headless=True,
        width=SIZE[0],
        height=SIZE[1],
        fps=FPS,
        osc_in_port=0,
        query_port=0,
        duration_s=3600.0,
        ear="bench",
        standby=options.standby,
        bus_listen=(f"tls/{NETWORK}.{machine}:{PORT}",),
        bus_connect=tuple(others),
        keys=folder / "keys",
    )
    own = OwnParts() if options.paint else OwnParts(generator=PlainGenerator())
    begin_s = time.perf_counter()
    report = run_show(config, threading.Event(), (Trace(folder / f"{machine}.trace"),), own=own)
    counts: Any = report["counts"]
    bus = counts["port bus"]
    _say(
        folder / f"{machine}.json",
        begin_s,
        delay_ms=bus["delay_us"] / 1e3,
        skew_ms=bus["skew_us"] / 1e3,
    )


def be_light(options: argparse.Namespace) -> None:
    """Body of a light's process."""
    from chromesthesia.show.many.light import run_light

    machine, folder = options.machine, options.folder
    config = LightConfig(
        room="bench",
        headless=True,
        width=SIZE[0],
        height=SIZE[1],
        connect=tuple(f"tls/{NETWORK}.{ear}:{PORT}" for ear in range(1, options.ears + 1)),
        keys=folder / "keys",
    )
    generator = OnnxGenerator(load_pack(find_pack(None)), "cpu") if options.paint else PlainGenerator()
    begin_s = time.perf_counter()
    report = run_light(config, threading.Event(), (Trace(folder / f"{machine}.trace"),), generator=generator)
    counts: Any = report["counts"]
    _say(
        folder / f"{machine}.json",
        begin_s,
        late=report["late_frames"],
        left_out=report["left_out_frames"],
        made_up=counts["follower"]["made_up"],
        gaps=counts["follower"]["gaps"],
    )


def _say(path: Path, begin_s: float, **figures: Any) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = (used.ru_utime + used.ru_stime) / (time.perf_counter() - begin_s)
    path.write_text(json.dumps({"cpu": cpu, **figures}), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ear", action="store_true")
    parser.add_argument("--light", action="store_true")
    parser.add_argument("--standby", action="store_true")
    parser.add_argument("--paint", action="store_true")
    parser.add_argument("--machine", type=int, default=1)
    parser.add_argument("--ears", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path())
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    (be_ear if options.ear else be_light)(options)
