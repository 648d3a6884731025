"""How a show went, in two lines for the terminal."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

from chromesthesia.cli.console import say
from chromesthesia.core.user_files import is_there, one_line

log = logging.getLogger(__name__)


def tell_outcome(figures: Mapping[str, object], *files: Path | None) -> None:
    """Say what the report of a show or film tells first, and which of `files` it left."""
    kept = [one_line(file) for file in files if file is not None and is_there(file)]
    try:
        say(" · ".join(_figures(figures)))
        if kept:
            say(f"Kept: {', '.join(kept)}", "green")
    except OSError as error:  # the terminal hung up: the show was whole all the same
        log.debug("nobody to tell: %s", error)


def _figures(figures: Mapping[str, object]) -> Iterator[str]:
    yield f"{figures.get('frames', 0)} frames in {figures.get('duration_s', 0)} s"
    if "fps" in figures:
        yield f"{figures['fps']} fps, {figures.get('late_frames', 0)} late"
    latency = figures.get("latency_ms")
    light = latency.get("sound_to_light") if isinstance(latency, Mapping) else None
    if isinstance(light, Mapping) and light.get("p95") is not None:
        yield f"sound to light {light['p50']:.0f} ms (p95 {light['p95']:.0f} ms)"
    yield f"source {figures.get('source', '?')}"
    yield f"preset {figures.get('preset', '?')}"
    yield f"pack {figures.get('pack', '?')}"
