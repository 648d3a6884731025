"""What is measured in which mode, one part after another; a part that fails is told and hides no other."""

from __future__ import annotations

import datetime
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chromesthesia.bench.compare import SCHEMA
from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.core.user_files import one_line

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mode:
    """How much is measured. seconds: of each case of a model or a picture. starts: processes started."""

    name: str
    clicks: int
    pulse_clicks: int
    model_s: float
    frame_s: float
    starts: int
    every_preset: bool
    sizes: int


QUICK = Mode("quick", 16, 0, 0.2, 0.3, 1, False, 2)
USUAL = Mode("usual", 100, 20, 0.5, 1.0, 3, False, 3)
FULL = Mode("full", 300, 100, 2.0, 3.0, 10, True, 4)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person asked for. interop: also the way from CUDA to OpenGL without the host."""

    mode: Mode = USUAL
    pack: Path | None = None
    provider: str = "auto"
    interop: bool = False
    width: int = 640
    height: int = 360
    fps: float = 60.0


def measure_all(choice: Choice, say: Callable[[str], None]) -> dict[str, Any]:
    """The whole measurement as plain values. say: is told what is being measured. Call from the main thread."""
    from chromesthesia.bench.machine import describe, stolen_s

    mode = choice.mode
    stolen_before = stolen_s()
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "kind": "bench",
        "mode": mode.name,
        "made": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": describe(),
        "clicks": {},
        "models": [],
        "frames": [],
        "not_measured": [],
    }
    missing: list[str] = document["not_measured"]
    for title, part in _parts(choice):
        say(title)
        try:
            _take(document, part())
        except (ChromesthesiaError, OSError, RuntimeError) as error:
            log.debug("the whole error", exc_info=True)
            missing.append(f"{title}: {one_line(error)}")
    stolen_after = stolen_s()
    if stolen_before is not None and stolen_after is not None:
        document["machine"]["stolen_s"] = round(stolen_after - stolen_before, 2)
    _not_measured(document, missing)
    return document


def _parts(choice: Choice) -> list[tuple[str, Callable[[], Mapping[str, Any]]]]:
    mode = choice.mode
    parts: list[tuple[str, Callable[[], Mapping[str, Any]]]] = [
        ("start to first picture", lambda: _start(mode.starts)),
        ("sound to light, clicks from memory", lambda: _clicks(choice)),
    ]
    if mode.pulse_clicks:
        parts.append(("sound to light, clicks through PulseAudio", lambda: _pulse(choice)))
    parts.append(("encoder and generator", lambda: _models(choice)))
    parts.append(("frames a second", lambda: _frames(mode)))
    return parts


def _take(document: dict[str, Any], found: Mapping[str, Any]) -> None:
    for key, value in found.items():
        if key == "clicks":
            document["clicks"].update(value)
        elif key in ("models", "frames"):
            document[key].extend(value)
        else:
            document[key] = value


def _start(rounds: int) -> dict[str, Any]:
    from chromesthesia.bench.starting import measure_start

    seconds = sorted(measure_start(rounds))
    return {
        "start": {
            "p50_s": round(seconds[len(seconds) // 2], 3),
            "least_s": round(seconds[0], 3),
            "most_s": round(seconds[-1], 3),
            "rounds": rounds,
        }
    }


def _clicks(choice: Choice) -> dict[str, Any]:
    from chromesthesia.bench.light_of_clicks import Asked, measure_clicks

    mode = choice.mode
    found = measure_clicks(
        Asked(mode.clicks, choice.width, choice.height, choice.fps, choice.pack, choice.provider)
    )
    return {
        "clicks": {"paced": found},
        "power": found["power"],
        "peak_memory_mib": found["peak_memory_mib"],
    }


def _pulse(choice: Choice) -> dict[str, Any]:
    from chromesthesia.bench.light_of_clicks import Asked
    from chromesthesia.bench.pulse_clicks import measure_pulse

    asked = Asked(
        choice.mode.pulse_clicks, choice.width, choice.height, choice.fps, choice.pack, choice.provider
    )
    return {"clicks": {"PulseAudio": measure_pulse(asked)}}


def _models(choice: Choice) -> dict[str, Any]:
    from chromesthesia.bench.throughput import cases, measure
    from chromesthesia.inference.probe import load_pack
    from chromesthesia.packs.find import find_pack

    pack = load_pack(find_pack(choice.pack))
    threads = tuple(dict.fromkeys((1, max(1, (os.cpu_count() or 1) // 2), os.cpu_count() or 1)))
    return {
        "models": [measure(pack, case, choice.mode.model_s) for case in cases(pack, threads, choice.interop)]
    }


def _frames(mode: Mode) -> dict[str, Any]:
    from chromesthesia.bench.frame_rates import SIZES, measure_frames, preset_names

    rows = [measure_frames(size, None, mode.frame_s) for size in SIZES[: mode.sizes]]
    names = preset_names() if mode.every_preset else preset_names()[:1]
    return {"frames": rows + [measure_frames((640, 360), name, mode.frame_s) for name in names]}


def _not_measured(document: Mapping[str, Any], missing: list[str]) -> None:
    for row in document["models"]:
        if "refused" in row:
            missing.append(f"{row['model']} on {row['provider']}, {row['way']}: {row['refused']}")
    for way, clicks in document["clicks"].items():
        if "refused" in clicks:
            missing.append(f"clicks, {way}: {clicks['refused']}")
    for key, value in document.get("power", {}).items():
        if isinstance(value, str):
            missing.append(f"power, {key}: {value}")
