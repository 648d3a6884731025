"""Ways to capture while a renderer keeps Python busy: JSON with what each lost and how late it was.

    python -m benchmarks.capture_under_load [--seconds 3] [--json FILE]

A sawtooth whose every sample says its own number is played into a PulseAudio null sink and captured through PortAudio.
A second thread holds the interpreter lock in bursts, as a C call that does not release it does (`hold_5`, 15, 30 ms,
each followed by 1 ms of rest; `hold_400` by 200 ms), or runs pure Python without a pause (`python`). Ways: a Python
callback with a small and with a large buffer, a blocking read of 5 ms, and the read of `chromesthesia.audio.capture`
(ask what is there, read just that); `_quick` asks the sound server for fragments of 10 ms (PULSE_LATENCY_MSEC), as the
engine does.

`lost_ms`: sound that never arrived (gaps in the sawtooth). `overflows`: flags that PortAudio raised. `age_ms`: over all
samples, from the moment at which a sample could be had at the earliest in this run to the moment Python had it.

In the one table (`python -m benchmarks`): the age of a sample by the engine's way beside PortAudio's callback, under
bursts of 15 ms. Needs pulseaudio.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.rows import Row
from chromesthesia.audio.capture import BLOCK_S, BUFFER_S, LOOK_AGAIN_S, SERVER_LATENCY_MS
from chromesthesia.testing.pulse import RATE_HZ, SINK, PulseStage

BLOCK_FRAMES = round(RATE_HZ * BLOCK_S)
WARM_UP_S = 1.0
REST_S = 0.001
LONG_REST_S = 0.2
SMALL_BUFFER_S = 0.02
LOADS = ("none", "hold_5", "hold_15", "hold_30", "hold_400", "python")


class Capture:
    """What one way of capturing got: (moment, frames) per block, one big array, flags."""

    def __init__(self) -> None:
        self.moments: list[tuple[float, int]] = []
        self.pieces: list[NDArray[np.float32]] = []
        self.overflows = 0

    def take(self, frames: NDArray[np.float32], overflowed: bool, moment_s: float) -> None:
        self.moments.append((moment_s, frames.shape[0]))
        self.pieces.append(frames[:, 0].copy())
        self.overflows += overflowed


def by_callback(buffer_s: float) -> Callable[[Capture, float], None]:
    def run(capture: Capture, duration_s: float) -> None:
        import sounddevice

        def heard(frames: NDArray[np.float32], _count: int, _time: object, status: Any) -> None:
            capture.take(frames, bool(status.input_overflow), time.perf_counter())

        with sounddevice.InputStream(**stream_options(buffer_s), callback=heard):
            time.sleep(duration_s)

    return run


def by_blocking_read(capture: Capture, duration_s: float) -> None:
    import sounddevice

    with sounddevice.InputStream(**stream_options(BUFFER_S)) as stream:
        end_s = time.perf_counter() + duration_s
        while time.perf_counter() < end_s:
            frames, overflowed = stream.read(BLOCK_FRAMES)
            capture.take(frames, overflowed, time.perf_counter())


def by_available_read(capture: Capture, duration_s: float) -> None:
    import sounddevice

    pause = threading.Event()
    with sounddevice.InputStream(**stream_options(BUFFER_S)) as stream:
        end_s = time.perf_counter() + duration_s
        while time.perf_counter() < end_s:
            available = stream.read_available
            if available < BLOCK_FRAMES:
                pause.wait(LOOK_AGAIN_S)
                continue
            frames, overflowed = stream.read(min(available, round(RATE_HZ * BUFFER_S)))
            capture.take(frames, overflowed, time.perf_counter())


WAYS: dict[str, tuple[Callable[[Capture, float], None], bool]] = {
    "callback_small_buffer": (by_callback(SMALL_BUFFER_S), False),
    "callback": (by_callback(BUFFER_S), False),
    "callback_quick": (by_callback(BUFFER_S), True),
    "blocking_read": (by_blocking_read, False),
    "blocking_read_quick": (by_blocking_read, True),
    "available_read": (by_available_read, False),
    "available_read_quick": (by_available_read, True),
}
"""How to capture, and whether the sound server is asked to be quick."""


def stream_options(buffer_s: float) -> dict[str, Any]:
    return {
        "samplerate": RATE_HZ,
        "blocksize": BLOCK_FRAMES,
        "device": "pulse",
        "channels": 1,
        "dtype": "float32",
        "latency": buffer_s,
    }


@contextmanager
def load(kind: str) -> Iterator[None]:
    """Keep the interpreter busy on another thread."""
    stop = threading.Event()
    thread = threading.Thread(target=_burn, args=(kind, stop))
    if kind != "none":
        thread.start()
    try:
        yield
    finally:
        stop.set()
        if kind != "none":
            thread.join()


def _burn(kind: str, stop: threading.Event) -> None:
    if kind == "python":
        while not stop.is_set():
            sum(range(1000))
        return
    # PyDLL calls keep the interpreter lock, CDLL calls release it.
    hold = ctypes.PyDLL(None).usleep
    burst_ms = int(kind.removeprefix("hold_"))
    while not stop.is_set():
        hold(burst_ms * 1000)
        time.sleep(REST_S if burst_ms < 100 else LONG_REST_S)


def lost_frames(samples: NDArray[np.float32]) -> tuple[int, int]:
    """Frames missing from the sawtooth, and frames of silence the player put in (underruns of its own)."""
    numbers = np.rint(samples * 32768.0).astype(np.int64)
    nought = np.pad(numbers == 0, 1)
    silent = nought[1:-1] & (nought[:-2] | nought[2:])
    steps = np.diff(numbers[~silent]) % 65536
    # A step back is sound played twice by the player, not lost by the capture.
    return int(np.sum(steps[(steps > 1) & (steps < 32768)] - 1)), int(silent.sum())


def measure(way: str, kind: str, duration_s: float) -> dict[str, Any]:
    run, quick = WAYS[way]
    os.environ.pop("PULSE_LATENCY_MSEC", None)
    if quick:
        os.environ["PULSE_LATENCY_MSEC"] = str(SERVER_LATENCY_MS)
    # A sound server that has just started may take longer to give its first sound.
    for patience_s in (WARM_UP_S, 5.0 * WARM_UP_S):
        capture = Capture()
        with load(kind):
            run(capture, duration_s + patience_s)
        if capture.pieces:
            break
    samples = np.concatenate(capture.pieces)
    begin = min(round(WARM_UP_S * RATE_HZ), samples.shape[0] // 2)  # a very busy machine starts late
    counts = np.array([count for _, count in capture.moments])
    had_s = np.repeat([moment for moment, _ in capture.moments], counts)
    late_s = had_s - np.arange(1, samples.shape[0] + 1) / RATE_HZ
    ages_ms = 1e3 * (late_s - late_s.min())[begin:]
    lost, silent = lost_frames(samples[begin:])
    p50, p99 = np.percentile(ages_ms, [50, 99])
    return {
        "way": way,
        "load": kind,
        "blocks": len(counts),
        "heard_s": round(samples.shape[0] / RATE_HZ, 2),
        "lost_ms": round(1e3 * lost / RATE_HZ, 2),
        "overflows": capture.overflows,
        "age_ms": {"p50": round(p50, 2), "p99": round(p99, 2), "max": round(float(ages_ms.max()), 2)},
        "player_silence_ms": round(1e3 * silent / RATE_HZ, 2),
    }


def play_sawtooth(stage: PulseStage, folder: Path, duration_s: float) -> subprocess.Popen[bytes]:
    path = folder / "sawtooth.raw"
    ramp = np.arange(-32768, 32768, dtype=np.int32).astype("<i2")
    np.resize(ramp, round(duration_s * RATE_HZ)).tofile(path)
    command = ["pacat", "--raw", "--format=s16le", f"--rate={RATE_HZ}", "--channels=1", "--latency-msec=100"]
    return subprocess.Popen(
        [*command, f"--device={SINK}", str(path)], env={**os.environ, **stage.environment}
    )


def rows(quick: bool) -> list[Row]:
    """Age of a sample in milliseconds when Python has it, and what was lost."""
    kind, ours, beside = "hold_15", "available_read_quick", "callback_quick"
    name = f"captured sample's age while Python is held, {kind.removeprefix('hold_')} ms bursts"
    missing = [program for program in ("pulseaudio", "pactl", "pacat") if shutil.which(program) is None]
    if missing:
        return [
            Row(name, None, "PortAudio callback", None, "ms", note=f"not installed: {', '.join(missing)}")
        ]
    seconds = 2.0 if quick else 3.0
    with on_stage(5 * (seconds + WARM_UP_S + 2.0)):
        found = {way: measure(way, kind, seconds) for way in (ours, beside)}
    ages = [found[way]["age_ms"] for way in (ours, beside)]
    lost = [found[way]["lost_ms"] for way in (ours, beside)]
    return [
        Row(name, ages[0]["p50"], "PortAudio callback", ages[1]["p50"], "ms", ages[0]["p99"], ages[1]["p99"]),
        Row("sound lost meanwhile", lost[0], "PortAudio callback", lost[1], "ms"),
    ]


@contextmanager
def on_stage(seconds: float) -> Iterator[None]:
    """A private sound server that plays the sawtooth for so long, and is this process's own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with PulseStage(folder) as stage:
            os.environ.update(stage.environment)
            player = play_sawtooth(stage, folder, seconds)
            try:
                yield
            finally:
                player.kill()
                player.wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="measured time of each case")
    parser.add_argument("--load", action="append", choices=LOADS, help="only this one (may be given again)")
    parser.add_argument("--json", type=Path, help="also write the result to this file")
    arguments = parser.parse_args()
    loads = arguments.load or LOADS
    results = []
    with on_stage(len(WAYS) * len(loads) * (arguments.seconds + WARM_UP_S + 2.0)):
        for kind in loads:
            for way in WAYS:
                results.append(measure(way, kind, arguments.seconds))
                print(json.dumps(results[-1]), file=sys.stderr)
    report = {
        "machine": {
            "cores": os.cpu_count(),
            "load_average": os.getloadavg()[0],
            "python": platform.python_version(),
        },
        "rate_hz": RATE_HZ,
        "block_ms": 1e3 * BLOCK_S,
        "buffer_ms": {"callback_small_buffer": 1e3 * SMALL_BUFFER_S, "others": 1e3 * BUFFER_S},
        "results": results,
    }
    text = json.dumps(report, indent=2)
    print(text)
    if arguments.json is not None:
        arguments.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
