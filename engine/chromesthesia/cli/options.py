"""Options that `run` and `render` share, and the parsing of what they take."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from chromesthesia.core.rungs import Rung as RungName

SMALLEST, LARGEST = 16, 8192


class Provider(StrEnum):
    """Where the networks run."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    TENSORRT = "tensorrt"


class FlashLimiter(StrEnum):
    """Whether flashes are held under three a second."""

    ON = "on"
    OFF = "off"


def parse_size(text: str) -> tuple[int, int]:
    """`1280x720` as (1280, 720); raises typer.BadParameter."""
    match = re.fullmatch(r"(\d{1,5})\s*[xX×]\s*(\d{1,5})", text.strip())
    size = (int(match[1]), int(match[2])) if match else (0, 0)
    if not all(SMALLEST <= side <= LARGEST for side in size):
        raise typer.BadParameter(
            f"{text!r} is not WIDTHxHEIGHT with {SMALLEST} to {LARGEST} pixels, e.g. 1280x720"
        )
    return size


PictureOption = "Picture"
HealthOption = "Left alone"
SoundOption = "Sound"
FilesOption = "Files"
NetworkOption = "Control (OSC)"
ScoreOption = "A logged show"

ManyOption = "Many machines"
TempoOption = "Tempo, MIDI, lights"

Preset = Annotated[
    str | None,
    typer.Option(
        "--preset", "-p", help="A preset by name, or the path of its file.", rich_help_panel=PictureOption
    ),
]
Isf = Annotated[
    list[Path] | None,
    typer.Option(
        "--isf",
        help="A folder of ISF shaders for presets, or a .fs file to be shown at once; may be given again.",
        rich_help_panel=PictureOption,
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        min=0, help="Another seed takes another way through the pictures.", rich_help_panel=PictureOption
    ),
]
Headless = Annotated[
    bool, typer.Option("--headless", metavar="", help="No window.", rich_help_panel=PictureOption)
]
Fullscreen = Annotated[
    bool,
    typer.Option("--fullscreen", "-f", metavar="", help="Fill the display.", rich_help_panel=PictureOption),
]
Display = Annotated[
    int, typer.Option(min=0, help="Number of the display, from 0.", rich_help_panel=PictureOption)
]
Size = Annotated[
    str | None, typer.Option(metavar="WxH", help="Pixels, e.g. 1920x1080.", rich_help_panel=PictureOption)
]
Fps = Annotated[
    float | None, typer.Option(min=1, max=240, help="Frames a second.", rich_help_panel=PictureOption)
]
Duration = Annotated[
    float | None,
    typer.Option(
        "--duration",
        "--for",
        min=0.1,
        help="End after this many seconds; without it, when the sound ends.",
        rich_help_panel=FilesOption,
    ),
]
Pack = Annotated[
    Path | None,
    typer.Option(help="Folder of another model pack than the bundled one.", rich_help_panel=PictureOption),
]
Where = Annotated[
    Provider, typer.Option("--provider", help="Where the networks run.", rich_help_panel=PictureOption)
]
Stills = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Keep a PNG every 2 s in this folder.", rich_help_panel=FilesOption),
]
Sheet = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.png", help="Keep a contact sheet of the whole show.", rich_help_panel=FilesOption
    ),
]
Score = Annotated[
    Path | None,
    typer.Option(
        metavar="NIGHT.score", help="Paint this logged show instead of a sound.", rich_help_panel=ScoreOption
    ),
]
From = Annotated[
    str,
    typer.Option(
        "--from",
        metavar="TIME",
        help="Begin there: 21:30:00 by the clock of the show's place, or seconds from its start.",
        rich_help_panel=ScoreOption,
    ),
]
OtherPack = Annotated[
    bool,
    typer.Option(
        "--other-pack",
        metavar="",
        help="Paint with --pack though the show was painted by another.",
        rich_help_panel=ScoreOption,
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.json",
        help="Keep figures: frame rate, late frames, latency.",
        rich_help_panel=FilesOption,
    ),
]
FlashLimiterSwitch = Annotated[
    FlashLimiter,
    typer.Option(
        "--flash-limiter",
        help="Hold flashes under three a second (WCAG 2.3.1). Off: only where everybody who sees it has been warned.",
        rich_help_panel=PictureOption,
    ),
]
Bpm = Annotated[
    float | None,
    typer.Option("--bpm", min=20, max=400, help="Let a beat of this tempo run.", rich_help_panel=TempoOption),
]
MidiIn = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="Part of a MIDI input's name (see: devices), all, or virtual; may be repeated.",
        rich_help_panel=TempoOption,
    ),
]
MidiMap = Annotated[
    Path,
    typer.Option(
        metavar="FILE.toml",
        help="What the controllers steer: read at the start, written when one is learned.",
        rich_help_panel=TempoOption,
    ),
]
Room = Annotated[
    Path,
    typer.Option(
        metavar="FILE.toml",
        help="What the room adds behind the show, as `bench --light` measured it; read where it is there.",
        rich_help_panel=PictureOption,
    ),
]
MidiClockOut = Annotated[
    str, typer.Option(metavar="NAME", help="Send MIDI clock to this output.", rich_help_panel=TempoOption)
]
MidiOut = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Tell this output what its controllers steer: motor faders, rings, lamps.",
        rich_help_panel=TempoOption,
    ),
]
Link = Annotated[
    bool,
    typer.Option("--link", metavar="", help="Follow Ableton Link.", rich_help_panel=TempoOption),
]
Ltc = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Read linear timecode from this sound input, or default.",
        rich_help_panel=TempoOption,
    ),
]
LtcChannel = Annotated[int, typer.Option(min=1, max=2, help="Its channel.", rich_help_panel=TempoOption)]
OutputsFile = Annotated[
    Path | None,
    typer.Option(
        metavar="STAGE.toml",
        help="Show the picture on several displays and in other programs, as this file says.",
        rich_help_panel=PictureOption,
    ),
]
EyeSource = Annotated[
    str | None,
    typer.Option(
        metavar="camera|FILE",
        help="Paint what a camera (camera, camera:1, camera:NAME), a video or a picture shows.",
        rich_help_panel=PictureOption,
    ),
]
Dmx = Annotated[
    Path | None,
    typer.Option(
        metavar="PATCH.toml",
        help="Light the room's lamps over sACN and Art-Net as this file says.",
        rich_help_panel=TempoOption,
    ),
]
Rung = Annotated[
    RungName,
    typer.Option(
        "--rung", help="Begin on this rung; better ones are tried later.", rich_help_panel=HealthOption
    ),
]
LowestRung = Annotated[
    RungName,
    typer.Option(
        "--lowest-rung", help="When frames come late, never step below it.", rich_help_panel=HealthOption
    ),
]
Ear = Annotated[
    str | None,
    typer.Option(
        metavar="ROOM",
        help="Be the ear of this room: machines that run `light ROOM` show the same picture in step.",
        rich_help_panel=ManyOption,
    ),
]
Standby = Annotated[
    bool,
    typer.Option(
        "--standby",
        metavar="",
        help="With --ear: go on when the other ear is gone.",
        rich_help_panel=ManyOption,
    ),
]
BusListen = Annotated[
    list[str] | None,
    typer.Option(
        "--bus-listen",
        metavar="ENDPOINT",
        help="Where lights come in, e.g. tls/192.168.1.10:7447; may be repeated.  [default with --lan: port 7447]",
        rich_help_panel=ManyOption,
    ),
]
BusConnect = Annotated[
    list[str] | None,
    typer.Option(
        "--bus-connect",
        metavar="ENDPOINT",
        help="Where an ear is, when it is not found by itself; may be repeated.",
        rich_help_panel=ManyOption,
    ),
]
Keys = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER", help="The room's keys, made with `chromesthesia keys`.", rich_help_panel=ManyOption
    ),
]
Delay = Annotated[
    float | None,
    typer.Option(
        min=1,
        max=5000,
        metavar="MS",
        help="All lights show a frame so long after its time.  [default: as long as the slowest needs]",
        rich_help_panel=ManyOption,
    ),
]


def parse_numbers(text: str, count: int, what: str) -> tuple[float, ...]:
    """`count` numbers with commas between; raises typer.BadParameter."""
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != count:
        raise typer.BadParameter(f"{text!r}: give {count} numbers with commas between, {what}")
    return numbers


Supervise = Annotated[
    bool,
    typer.Option(
        "--supervise",
        metavar="",
        help="Watch the show from a small process of its own, and start it again whatever happens.",
        rich_help_panel=HealthOption,
    ),
]
Resume = Annotated[
    bool | None,
    typer.Option(
        "--resume/--no-resume",
        help="Go on from where the last such show ended, and keep the state.  [default: with --supervise]",
        rich_help_panel=HealthOption,
    ),
]
Spare = Annotated[
    bool,
    typer.Option(
        "--spare/--no-spare",
        help="With --supervise: keep a second engine in waiting, so that the picture goes on a second sooner.",
        rich_help_panel=HealthOption,
    ),
]
StateFolder = Annotated[
    Path | None,
    typer.Option(
        "--state",
        metavar="FOLDER",
        help="Where the state, the events and crash reports are kept.",
        rich_help_panel=HealthOption,
    ),
]
MostMemory = Annotated[
    float | None,
    typer.Option(
        min=64,
        metavar="MIB",
        help="With --supervise: start again beyond so much memory.  [default: 4096, or 80 % of the machine's]",
        rich_help_panel=HealthOption,
    ),
]
MostVideoMemory = Annotated[
    float | None,
    typer.Option(
        min=64,
        metavar="MIB",
        help="The same for memory of an NVIDIA card.",
        rich_help_panel=HealthOption,
    ),
]
MostHandles = Annotated[
    int | None,
    typer.Option(
        min=32,
        metavar="N",
        help="The same for open files and connections.  [default: 80 % of what the system allows]",
        rich_help_panel=HealthOption,
    ),
]
MostThreads = Annotated[
    int | None,
    typer.Option(
        min=16, metavar="N", help="The same for threads.  [default: 256]", rich_help_panel=HealthOption
    ),
]
LogFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.log",
        help="Keep the log as JSON lines too, with a line of figures a minute; turned over at 8 MiB, five are kept.",
        rich_help_panel=HealthOption,
    ),
]
AlertWebhook = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="POST JSON there when the show is degraded, fails, or is well again.",
        rich_help_panel=HealthOption,
    ),
]
AlertCommand = Annotated[
    str | None,
    typer.Option(
        metavar="COMMAND",
        help="Start this then, without a shell; {state} and {text} are filled in.",
        rich_help_panel=HealthOption,
    ),
]
Hours = Annotated[
    list[str] | None,
    typer.Option(
        metavar='"[DAYS] HH:MM-HH:MM"',
        help="Light only then, e.g. tue-sun 10:00-22:00; may be repeated.",
        rich_help_panel=HealthOption,
    ),
]
FadeSeconds = Annotated[
    float,
    typer.Option(
        "--fade",
        min=0,
        max=3600,
        metavar="S",
        help="How long light comes and goes.",
        rich_help_panel=HealthOption,
    ),
]
RestartAt = Annotated[
    str | None,
    typer.Option(
        metavar="HH:MM",
        help="With --supervise: a fresh engine every night, with the state kept.",
        rich_help_panel=HealthOption,
    ),
]
SilenceLook = Annotated[
    str | None,
    typer.Option(
        metavar="PRESET", help="The look of a room in which nothing is heard.", rich_help_panel=HealthOption
    ),
]
SilenceAfter = Annotated[
    float,
    typer.Option(
        min=1, max=86_400, metavar="S", help="After so many seconds of it.", rich_help_panel=HealthOption
    ),
]
