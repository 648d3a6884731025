"""One ear and many lights, each in a network namespace of its own: skew, bandwidth, cost, and a hand-over.

    python -m benchmarks many [--quick]

Ear and lights are processes with software OpenGL at 160 x 90 and 15 frames a second, joined with keys (TLS and token)
by a switch that delays and loses packets. They share one processor clock, so skew is measured and not told by
themselves: at moments 5 ms apart it is asked which frame each light shows, and how far the times of these frames lie
apart. The floor beside it is one frame. In the last room the ear is killed while a stand-by is there: the row is the
time until that one's first frame. A black frame anywhere, or lights that never follow, is a failure. --quick: two
lights, and the hand-over.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.many_machine import FPS
from benchmarks.many_traces import Shown, handover, skew
from benchmarks.network import Switch, Weather, machines, missing
from benchmarks.rows import Row
from chromesthesia.ports.bus.keys import make_keys

ROOT = Path(__file__).resolve().parent.parent
PERIOD_MS = 1000.0 / FPS
SETTLE_S = 4.0
START_S = 150.0
"""Longest time until all lights follow."""


@dataclass(frozen=True)
class Room:
    """One measurement."""

    name: str
    lights: int
    loss: float = 0.0
    delay_s: float = 0.0
    jitter_s: float = 0.0
    paint: bool = False
    """With the shipped pack's generator in every light, else with one that costs nothing."""
    kill: bool = False


ROOMS = (
    Room("2 lights", 2),
    Room("2 lights, each paints", 2, paint=True),
    Room("4 lights", 4),
    Room("8 lights", 8),
    Room("4 lights, loss 1 %, 20 +- 5 ms", 4, 0.01, 0.020, 0.005),
    Room("4 lights, loss 5 %, 20 +- 5 ms", 4, 0.05, 0.020, 0.005),
    Room("4 lights, the ear is killed", 4, kill=True),
)
QUICK = (Room("2 lights", 2), Room("2 lights, the ear is killed", 2, kill=True))


def rows(quick: bool) -> list[Row]:
    """Skew in milliseconds beside one frame; of a hand-over the time it took beside a second."""
    if (why := missing()) is not None:
        return [Row("frames of lights apart", None, "one frame", PERIOD_MS, "ms", note=why)]
    found = []
    for room in QUICK if quick else ROOMS:
        measured = measure(room, 8.0 if quick else 25.0)
        print(json.dumps(measured), file=sys.stderr, flush=True)
        if measured["black"]:
            raise RuntimeError(f"{room.name}: {measured['black']} black frames")
        note = (
            f"at most {measured['skew_frames_max']} frames apart, {100 * measured['within_one']:.2f} % of the time "
            f"within one; shown {measured['delay_ms']:.0f} ms later; ear out {measured['ear_kb_s']:.1f} kB/s, "
            f"each light in {measured['light_kb_s']:.1f} kB/s; "
            f"processor: ear {measured['ear_cpu']:.2f}, light {measured['light_cpu']:.2f} of a core; "
            f"{100 * measured['equal']:.0f} % of the frames equal byte for byte"
        )
        name = f"frames of lights apart, {room.name}"
        found.append(
            Row(
                name,
                measured["skew_ms_p50"],
                "one frame",
                PERIOD_MS,
                "ms",
                measured["skew_ms_p99"],
                None,
                note,
            )
        )
        if room.kill:
            found.append(
                Row(
                    f"killed ear to the first frame of its stand-by, {room.lights} lights",
                    measured["replaced_ms"],
                    "a second",
                    1000.0,
                    "ms",
                    note=f"longest time without a new frame on a light {measured['still_ms']:.0f} ms",
                )
            )
    return found


def measure(room: Room, seconds: float) -> dict[str, Any]:
    """One room for so long after all lights follow."""
    ears = 2 if room.kill else 1
    weather = Weather(room.loss, room.delay_s, room.jitter_s)
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        make_keys(folder / "keys")
        switch = opened.enter_context(machines(ears + room.lights, weather))
        run = _Run(room, folder, switch, ears, opened)
        run.start_ears()
        run.start_lights()
        began_s = run.wait_until_followed()
        time.sleep(SETTLE_S)
        sent, received = dict(switch.sent), dict(switch.received)
        begin_s = time.perf_counter()
        killed_s = None
        if room.kill:
            time.sleep(seconds / 2)
            killed_s = time.perf_counter()
            run.kill(1)
            time.sleep(seconds / 2)
        else:
            time.sleep(seconds)
        end_s = time.perf_counter()
        passed_s = end_s - begin_s
        out = (switch.sent[1] - sent.get(1, 0)) / passed_s / 1e3
        each = [
            (switch.received[machine] - received.get(machine, 0)) / passed_s / 1e3
            for machine in range(ears + 1, ears + room.lights + 1)
        ]
        reports = run.end()
        found = skew(run.lights(), [run.ear(1)], begin_s, end_s)
        found |= {
            "room": room.name,
            "followed_after_s": round(began_s, 1),
            "ear_kb_s": round(out, 2),
            "light_kb_s": round(sum(each) / len(each), 2),
            **reports,
        }
        if killed_s is not None:
            found |= handover(run.ear(2), run.lights(), killed_s)
        return found


class _Run:
    """The processes of one room."""

    def __init__(self, room: Room, folder: Path, switch: Switch, ears: int, opened: ExitStack) -> None:
        self._room = room
        self._folder = folder
        self._switch = switch
        self._ears = ears
        self._opened = opened
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def start_ears(self) -> None:
        for machine in range(1, self._ears + 1):
            self._start(machine, "--ear", *(["--standby"] if machine > 1 else []))

    def start_lights(self) -> None:
        for machine in range(self._ears + 1, self._ears + self._room.lights + 1):
            self._start(machine, "--light")

    def _start(self, machine: int, *what: str) -> None:
        command = [
            "ip",
            "netns",
            "exec",
            self._switch.namespace(machine),
            sys.executable,
            "-m",
            "benchmarks.many_machine",
        ]
        command += [
            *what,
            "--machine",
            str(machine),
            "--ears",
            str(self._ears),
            "--folder",
            str(self._folder),
        ]
        command += ["--paint"] if self._room.paint else []
        log = self._opened.enter_context((self._folder / f"{machine}.log").open("wb"))
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._opened.callback(self._put_down, process)
        self._processes[machine] = process

    def _put_down(self, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            process.kill()
            with suppress(subprocess.TimeoutExpired):  # a busy machine takes its time
                process.wait(30.0)

    def kill(self, machine: int) -> None:
        self._processes[machine].kill()

    def wait_until_followed(self) -> float:
        """Until every light shows frames of the ear."""
        began_s = time.perf_counter()
        while time.perf_counter() - began_s < START_S:
            time.sleep(0.5)
            if any(process.poll() not in (None,) for process in self._processes.values()):
                break
            if not all(self._trace(m).exists() for m in self._processes):
                continue
            of_ear = set(Shown.read(self._trace(1)).times_us)
            if all(of_ear & set(light.times_us[-5:]) for light in self.lights()):
                return time.perf_counter() - began_s
        logs = "\n".join(path.read_text(errors="replace")[-800:] for path in self._folder.glob("*.log"))
        raise RuntimeError(f"{self._room.name}: the lights do not follow\n{logs}")

    def end(self) -> dict[str, float]:
        """Stop all; what they say of themselves."""
        for process in self._processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for process in self._processes.values():
            try:
                process.wait(30.0)
            except subprocess.TimeoutExpired:
                self._put_down(process)
        said: dict[int, dict[str, float]] = {}
        for machine in self._processes:
            path = self._folder / f"{machine}.json"
            if path.exists():
                said[machine] = json.loads(path.read_text(encoding="utf-8"))
        ears = [one for machine, one in said.items() if machine <= self._ears]
        lights = [one for machine, one in said.items() if machine > self._ears]
        return {
            "ear_cpu": round(max((one["cpu"] for one in ears), default=0.0), 3),
            "light_cpu": round(sum(one["cpu"] for one in lights) / max(1, len(lights)), 3),
            "delay_ms": round(max((one.get("delay_ms", 0.0) for one in ears), default=0.0), 1),
            "told_skew_ms": round(max((one.get("skew_ms", 0.0) for one in ears), default=0.0), 2),
            "late": sum(one.get("late", 0) for one in lights),
            "left_out": sum(one.get("left_out", 0) for one in lights),
            "made_up": sum(one.get("made_up", 0) for one in lights),
            "gaps": sum(one.get("gaps", 0) for one in lights),
        }

    def lights(self) -> list[Shown]:
        return [Shown.read(self._trace(m)) for m in sorted(self._processes) if m > self._ears]

    def ear(self, machine: int) -> Shown:
        return Shown.read(self._trace(machine))

    def _trace(self, machine: int) -> Path:
        return self._folder / f"{machine}.trace"
