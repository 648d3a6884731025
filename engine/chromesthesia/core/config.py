"""What is fixed for the length of a show: devices, ports, display, files. Live controls are in the parameter tree."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from chromesthesia.core.errors import UsageError
from chromesthesia.core.room import ROOM_FILE
from chromesthesia.core.rungs import RUNGS, Rung, below

LONGEST_S = 366 * 24 * 3600.0
"""Longest duration that may be asked for: a year."""
OSC_PARTNER = "127.0.0.1:9001"
"""Told over OSC when nobody else is named."""
MOST_FPS = 1000.0
LARGEST_SIDE = 16_384


@dataclass(frozen=True, slots=True)
class ShowConfig:
    """Everything `chromesthesia run` can be told.

    source: `auto`, `mic`, `demo` or the path of a sound file. device / host_api: part of a device's and
    host API's name (a number is taken as an index). channels: which
    of them are heard, and how several become one (see `audio.channels`); musicians: the same for each that is heard by
    himself as well, at most four. duration_s: None plays until stopped (a file
    or the demo: until it ends). width, height: of the picture in pixels, fps: frames a second; None fits them to
    the surface (a window: 1280 x 720 at 60; headless, and where OpenGL runs in software: 640 x 360 at 30).
    seed: of the latent walk. osc_in_port 0 switches OSC off. osc_out: the partner, or the partners, told over OSC from
    the start. osc_tcp_port: OSC comes in by TCP there; 0 does not. lan: bind to all interfaces rather than loopback.
    osc_allow: IPv4 addresses and networks that alone are heard then; empty for everybody.
    query_port: TCP port of OSCQuery and the panel; None for the number of `osc_in_port`, 0 for neither. token: what
    everybody must know who comes in by it with `lan`; None makes one. announce: let partners find it by mDNS.
    bpm: tempo of the engine's own beat, None for whoever is heard. midi_in: parts of names of MIDI inputs, `all` or
    `virtual`; midi_map: what they steer, read and written; midi_clock_out: where the clock goes; midi_out: which
    controllers are told what they steer. link: follow Ableton Link. ltc: part of the name of the sound input that
    timecode comes in by, or `default`. dmx: patch of the lamps.
    flash_limiter: hold flashes under three a second; nothing can switch it while the show runs.
    room: what `bench --light` found that the room adds behind the show, where there is such a file.
    score: a file that tells what every frame was made of, of at most score_limit_mib (see `score`).
    resume: go on from the state that is kept in `state` (a folder, None for the usual one), and keep it there.
    hours: when there is light (see `core.wall.parse_hours`), always when empty; fade_s: how long it comes and goes.
    silence_preset: the look of a room in which nothing was heard for silence_after_s.
    record_osc: a file for what comes over OSC; osc_replay: such a file, played again.
    cues: the file of a cue list. outputs: a file of windows and programs that show the picture (see
    `display.stage_file`); with windows in it the show itself is drawn off screen. eye: `camera`,
    `camera:NUMBER OR NAME`, a video or a picture that is painted with what the generator imagines.
    rung: where on the ladder of cheaper pictures the show begins; lowest_rung: it never steps below that.
    ear: the room whose lights, on other machines, show what this show paints, None for no bus; standby: lead them only
    when another ear is gone; bus_listen, bus_connect: endpoints, keys: folder of the room's keys (see `ports.bus`);
    delay_s: how long after its time a frame is shown by all lights, None for as long as they need.
    isf: folders in which ISF shaders are looked for first, and ISF files that are shown at once.
    log_file: takes the log as JSON lines. alert_webhook, alert_command: an address and a command that are told when the
    show is degraded or well again.
    """

    source: str = "auto"
    device: str | None = None
    host_api: str | None = None
    channels: str = ""
    musicians: tuple[str, ...] = ()
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
    osc_out: str | tuple[str, ...] = OSC_PARTNER
    osc_tcp_port: int = 0
    lan: bool = False
    osc_allow: tuple[str, ...] = ()
    query_port: int | None = None
    token: str | None = None
    announce: bool = True
    bpm: float | None = None
    midi_in: tuple[str, ...] = ()
    midi_map: Path = Path("midi.toml")
    room: Path = ROOM_FILE
    midi_clock_out: str = ""
    midi_out: str = ""
    link: bool = False
    ltc: str = ""
    ltc_channel: int = 1
    dmx: Path | None = None
    hud: bool = False
    flash_limiter: bool = True
    score: Path | None = None
    score_limit_mib: int = 4096
    record_osc: Path | None = None
    osc_replay: Path | None = None
    resume: bool = False
    state: Path | None = None
    hours: tuple[str, ...] = ()
    fade_s: float = 10.0
    silence_preset: str | None = None
    silence_after_s: float = 120.0
    cues: Path | None = None
    outputs: Path | None = None
    eye: str | None = None
    rung: Rung = Rung.FULL
    lowest_rung: Rung = RUNGS[-1]
    ear: str | None = None
    standby: bool = False
    bus_listen: tuple[str, ...] = ()
    bus_connect: tuple[str, ...] = ()
    keys: Path | None = None
    delay_s: float | None = None
    isf: tuple[Path, ...] = ()
    log_file: Path | None = None
    alert_webhook: str | None = None
    alert_command: str | None = None


@dataclass(frozen=True, slots=True)
class LightConfig:
    """Everything `chromesthesia light` can be told.

    room: which ear it follows; name: its own, None for that of the machine. crop: left, top, width, height of the part
    of the frame that it shows; corners: where they lie, x and y of upper left, upper right, lower right, lower left;
    fade: over which shares of its left, top, right and bottom edge it rises. The rest as for a show.
    """

    room: str
    name: str | None = None
    headless: bool = False
    fullscreen: bool = False
    display: int = 0
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    pack: Path | None = None
    provider: str = "auto"
    seed: int = 1
    fps: float | None = None
    crop: tuple[float, float, float, float] | None = None
    corners: tuple[float, ...] | None = None
    fade: tuple[float, float, float, float] | None = None
    flash_limiter: bool = True
    lan: bool = False
    connect: tuple[str, ...] = ()
    keys: Path | None = None
    report: Path | None = None


@dataclass(frozen=True, slots=True)
class FilmConfig:
    """Everything `chromesthesia render` can be told: an offline film of a sound file under a manual clock.

    film: where to; None makes none, for callers that look at the frames themselves. flash_limiter: as for a show. osc:
    what came over OSC in a show, played in time. isf: as for a show.
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
    osc: Path | None = None
    bpm: float | None = None
    isf: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class RepaintConfig:
    """A part of a score painted again.

    begin: `21:30:00` by the clock of the show's place, or seconds from its start; duration_s: None to the end. width,
    height: None for the size of the show. film, stills, sheet, report: as for a show; still: one picture, of the first
    frame. other_pack: paint with `pack` though the show was painted with another.
    """

    score: Path
    begin: str = "0"
    duration_s: float | None = None
    film: Path | None = None
    still: Path | None = None
    width: int | None = None
    height: int | None = None
    pack: Path | None = None
    other_pack: bool = False
    provider: str = "auto"
    stills: Path | None = None
    sheet: Path | None = None
    report: Path | None = None


def check_numbers(config: ShowConfig | FilmConfig | RepaintConfig | LightConfig) -> None:
    """Raise UsageError for a duration, frame rate or size that no show can have: not a number, none, or beyond all."""
    for name, value, most, unit in (
        ("duration", config.duration_s, LONGEST_S, "seconds"),
        ("fps", None if isinstance(config, RepaintConfig) else config.fps, MOST_FPS, "frames a second"),
        ("width", config.width, LARGEST_SIDE, "pixels"),
        ("height", config.height, LARGEST_SIDE, "pixels"),
    ):
        # NaN is neither above 0 nor anything else.
        if value is not None and not (math.isfinite(value) and 0 < value <= most):
            raise UsageError(f"{name} is {value:g}", f"give more than 0 and at most {most:.0f} {unit}")


def check_isf(config: ShowConfig) -> None:
    """Raise UsageError for ISF shaders in a show of which something is told that does not know them."""
    if config.isf and (config.score is not None or config.ear is not None):
        option = "--score" if config.score is not None else "--ear"
        raise UsageError(
            f"--isf beside {option}: ISF shaders are not told there yet", f"leave --isf or {option} out"
        )


def check_rungs(config: ShowConfig) -> None:
    """Raise UsageError for a show that is to begin below its lowest rung."""
    if below(config.rung, config.lowest_rung):
        raise UsageError(
            f"--rung {config.rung} is below --lowest-rung {config.lowest_rung}",
            f"the rungs are, best first: {', '.join(RUNGS)}",
        )
