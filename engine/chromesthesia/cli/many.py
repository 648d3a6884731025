"""`chromesthesia light` and `chromesthesia keys`: one ear, many lights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chromesthesia.cli import options
from chromesthesia.cli.console import say
from chromesthesia.cli.environment import has_display
from chromesthesia.cli.options import ManyOption, PictureOption
from chromesthesia.cli.streams import never_wait
from chromesthesia.core.config import LightConfig
from chromesthesia.core.user_files import one_line

LIGHT_EXAMPLES = """[bold]Examples[/bold]

chromesthesia run --ear hall          (on the machine with the microphone)

chromesthesia light hall --fullscreen --crop 0,0,0.5,1

chromesthesia light hall --lan --keys hall-keys --fullscreen
"""


def light(
    room: Annotated[
        str, typer.Argument(metavar="ROOM", help="The room whose ear (run --ear ROOM) it follows.")
    ],
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            help="What to call this light.  [default: the machine's name]",
            rich_help_panel=ManyOption,
        ),
    ] = None,
    headless: options.Headless = False,
    fullscreen: options.Fullscreen = False,
    display: options.Display = 0,
    crop: Annotated[
        str | None,
        typer.Option(
            metavar="X,Y,W,H",
            help="The part of the frame that this light shows, in shares of it from the upper left.",
            rich_help_panel=PictureOption,
        ),
    ] = None,
    corners: Annotated[
        str | None,
        typer.Option(
            metavar="X,Y,...",
            help="Where its corners lie, 0 to 1: upper left, upper right, lower right, lower left.",
            rich_help_panel=PictureOption,
        ),
    ] = None,
    fade: Annotated[
        str | None,
        typer.Option(
            metavar="L,T,R,B",
            help="Over which shares its edges rise, where it overlaps with another.",
            rich_help_panel=PictureOption,
        ),
    ] = None,
    size: options.Size = None,
    flash_limiter: options.FlashLimiterSwitch = options.FlashLimiter.ON,
    pack: options.Pack = None,
    provider: options.Where = options.Provider.AUTO,
    duration: options.Duration = None,
    report: options.Report = None,
    lan: Annotated[
        bool,
        typer.Option(
            "--lan", metavar="", help="Look for the ear in the whole network.", rich_help_panel=ManyOption
        ),
    ] = False,
    connect: options.BusConnect = None,
    keys: options.Keys = None,
) -> None:
    """Show what the ear of ROOM paints, in step with all other lights; goes on alone while it is not heard."""
    never_wait()
    width, height = options.parse_size(size) if size else (None, None)
    if not headless and not has_display():
        say("No display here: playing without a window.", "cyan")
        headless = True
    from chromesthesia.show.many.light import run_light

    figures = run_light(
        LightConfig(
            room=room,
            name=name,
            headless=headless,
            fullscreen=fullscreen,
            display=display,
            width=width,
            height=height,
            duration_s=duration,
            pack=pack,
            provider=provider.value,
            crop=None if crop is None else _four(crop, "left, top, width, height"),
            corners=None if corners is None else options.parse_numbers(corners, 8, "x and y of each corner"),
            fade=None if fade is None else _four(fade, "left, top, right, bottom"),
            flash_limiter=flash_limiter is options.FlashLimiter.ON,
            lan=lan,
            connect=tuple(connect or ()),
            keys=keys,
            report=report,
        )
    )
    say(
        f"{figures['frames']} frames in {figures['duration_s']} s · {figures['fps']} fps, "
        f"{figures['late_frames']} late · {figures['source']}"
    )


def keys(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to; must not hold keys yet.")],
) -> None:
    """Make the keys of a room: copy the folder to every machine of it, and to no other."""
    from chromesthesia.ports.bus.keys import make_keys

    make_keys(folder)
    say(f"Keys: {one_line(folder)}. Copy this folder to every machine of the room, and to no other.", "green")


def _four(text: str, what: str) -> tuple[float, float, float, float]:
    a, b, c, d = options.parse_numbers(text, 4, what)
    return a, b, c, d
