"""What is fixed for the length of a show: devices, ports, display, files. Live controls are in the parameter tree."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ShowConfig:
    """Everything `chromesthesia run` can be told.

    source: `auto`, `mic`, `demo` or the path of a sound file. device / host_api: part of a device's and
    host API's name (a number is taken as an index). duration_s: None plays until stopped (a file or the
    demo: until it ends). width, height: of the picture in pixels, fps: frames a second; None fits them to
    the surface (a window: 1280 x 720 at 60; headless, and where OpenGL runs in software: 640 x 360 at 30).
    seed: of the latent walk. osc_in_port 0 switches OSC off. lan: bind to all interfaces rather than
    loopback. flash_limiter: hold flashes under three a second; nothing can switch it while the show runs.
    """

    source: str = "auto"
    device: str | None = None
    host_api: str | None = None
    headless: bool = False
    fullscreen: bool = False
    display: int = 0
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    duration_s: float | None = None
    preset: str | None = None
    seed: int = 1
    pack: Path | None = None
    provider: str = "auto"
    record: Path | None = None
    stills: Path | None = None
    sheet: Path | None = None
    report: Path | None = None
    osc_in_port: int = 9000
    osc_out: str = "127.0.0.1:9001"
    lan: bool = False
    hud: bool = False
    flash_limiter: bool = True


@dataclass(frozen=True, slots=True)
class FilmConfig:
    """Everything `chromesthesia render` can be told: an offline film of a sound file under a manual clock.

    film: where to; None makes none, for callers that look at the frames themselves. flash_limiter: as for a show.
    """

    sound: Path
    film: Path | None
    preset: str | None = None
    seed: int = 1
    width: int = 1280
    height: int = 720
    fps: float = 30.0
    duration_s: float | None = None
    pack: Path | None = None
    provider: str = "auto"
    stills: Path | None = None
    sheet: Path | None = None
    report: Path | None = None
    flash_limiter: bool = True
