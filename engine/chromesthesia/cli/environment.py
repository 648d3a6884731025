"""What this machine has, and how a show fits it: without a display it plays headless and leaves a film."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from chromesthesia.core.config import ShowConfig

log = logging.getLogger(__name__)

OUT_FOLDER = Path("out")


def has_display(platform: str = sys.platform, environment: Mapping[str, str] = os.environ) -> bool:
    """True where a window may open: always on macOS and Windows, elsewhere when X or Wayland is announced."""
    if platform in ("darwin", "win32"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def has_microphone() -> bool:
    """True when the default input can really be opened."""
    from chromesthesia.audio.microphone import MicrophoneSource
    from chromesthesia.core.clock import SystemClock
    from chromesthesia.core.errors import AudioError

    try:
        MicrophoneSource(None, None, SystemClock()).close()
    except AudioError as error:
        log.debug("no microphone: %s", error)
        return False
    return True


def headless_instead(
    config: ShowConfig, microphone: Callable[[], bool] = has_microphone
) -> tuple[ShowConfig, str]:
    """The same show without a window, and one line that says what it does instead.

    A sound that ends (the étude when there is no microphone, a file) leaves a film and a contact sheet in `out/`
    unless files were asked for; a microphone plays on until stopped, seen by nobody but OSC partners.
    """
    named = config.device is not None or config.host_api is not None
    source = config.source
    if source == "auto":
        source = "mic" if named or microphone() else "demo"
    config = replace(config, headless=True, fullscreen=False, source=source)
    if any(path is not None for path in (config.record, config.stills, config.sheet, config.report)):
        return config, "No display here: playing without a window."
    if source == "mic":
        return config, (
            "No display here: following the microphone without a window, its emotion goes out by OSC. "
            "Ctrl-C ends it; --record FILM.mp4 keeps a film."
        )
    name, stem = ("the étude", "etude") if source == "demo" else (source, Path(source).stem)
    film, sheet = OUT_FOLDER / f"{stem}.mp4", OUT_FOLDER / f"{stem}.png"
    return (
        replace(config, record=film, sheet=sheet),
        f"No display here: playing {name} once, without a window; see {film} and {sheet} afterwards.",
    )
