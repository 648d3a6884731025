"""`chromesthesia render`: a film of a sound file, or a part of a logged show painted again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from chromesthesia.cli import options
from chromesthesia.cli.console import ERR, say
from chromesthesia.cli.options import NetworkOption
from chromesthesia.cli.outcome import tell_outcome
from chromesthesia.cli.streams import never_wait
from chromesthesia.core.config import FilmConfig, RepaintConfig
from chromesthesia.core.user_files import one_line

RENDER_EXAMPLES = """[bold]Examples[/bold]

chromesthesia render song.wav film.mp4 --preset Ember --seed 7 --size 1920x1080 --fps 60

chromesthesia render --score night.score minute.mp4 --from 21:30:00 --for 60

chromesthesia render --score night.score print.png --from 21:30:00 --size 7680x4320
"""


def render(
    sound: Annotated[
        Path | None, typer.Argument(metavar="[SOUND]", help="A sound file, or a video with sound.")
    ] = None,
    film: Annotated[
        Path | None,
        typer.Argument(metavar="FILM.mp4", help="The film to write; of a score also PRINT.png, one picture."),
    ] = None,
    preset: options.Preset = None,
    isf: options.Isf = None,
    seed: options.Seed = 1,
    size: options.Size = None,
    fps: options.Fps = 30.0,
    flash_limiter: options.FlashLimiterSwitch = options.FlashLimiter.ON,
    pack: options.Pack = None,
    provider: options.Where = options.Provider.AUTO,
    duration: options.Duration = None,
    stills: options.Stills = None,
    sheet: options.Sheet = None,
    report: options.Report = None,
    osc: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.osc",
            help="Play what `run --record-osc` wrote, in time.",
            rich_help_panel=NetworkOption,
        ),
    ] = None,
    score: options.Score = None,
    begin: options.From = "0",
    other_pack: options.OtherPack = False,
    bpm: options.Bpm = None,
) -> None:
    """Make a film of a sound file, or paint a part of a logged show again, as fast as this machine can.

    The same sound, preset, seed, size and frame rate give the same frames. A score at its own size gives the frames
    that were shown.
    """
    never_wait()
    if score is not None:
        _repaint(
            RepaintConfig(
                score=score,
                begin=begin,
                duration_s=duration,
                pack=pack,
                other_pack=other_pack,
                provider=provider.value,
                stills=stills,
                sheet=sheet,
                report=report,
            ),
            [path for path in (sound, film) if path is not None],
            size,
        )
        return
    if sound is None or film is None:
        raise typer.BadParameter("give SOUND and FILM.mp4, or --score NIGHT.score")
    width, height = options.parse_size(size or "1280x720")
    config = FilmConfig(
        sound=sound,
        film=film,
        preset=preset,
        isf=tuple(isf or ()),
        seed=seed,
        width=width,
        height=height,
        fps=fps or 30.0,
        duration_s=duration,
        pack=pack,
        provider=provider.value,
        stills=stills,
        report=report,
        sheet=sheet,
        bpm=bpm,
        flash_limiter=flash_limiter is options.FlashLimiter.ON,
        osc=osc,
    )
    from chromesthesia.show.offline import render_film

    with _progress(f"Rendering {one_line(film.name)}") as advance:
        figures = render_film(config, advance)
    tell_outcome(figures, film, config.sheet, config.stills, config.report)


def _repaint(config: RepaintConfig, files: list[Path], size: str | None) -> None:
    if len(files) > 1:
        raise typer.BadParameter(f"a score takes one file to write, not {len(files)}")
    if size is not None:
        width, height = options.parse_size(size)
        config = replace(config, width=width, height=height)
    file = files[0] if files else None
    if file is not None and file.suffix.lower() == ".png":
        config = replace(config, still=file)
    elif file is not None:
        config = replace(config, film=file)
    elif config.stills is None and config.sheet is None:
        raise typer.BadParameter(
            "say what to paint: FILM.mp4, PRINT.png, --stills FOLDER or --sheet FILE.png"
        )
    from chromesthesia.show.repaint import repaint

    with _progress(f"Painting {one_line(config.score.name)} again") as advance:
        figures = repaint(config, advance)
    tell_outcome(figures, file, config.sheet, config.stills, config.report)
    for line in _strings(figures.get("differs")):
        say(f"Not byte for byte as shown: {line}", "yellow")
    for line in _strings(figures.get("notes")):
        say(line, "yellow")


def _strings(lines: object) -> list[str]:
    return [str(line) for line in lines] if isinstance(lines, list) else []


@contextlib.contextmanager
def _progress(title: str) -> Iterator[Callable[[float], None]]:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with Progress(*columns, console=ERR, transient=True) as progress:
        task = progress.add_task(title, total=1.0)
        yield lambda share: progress.update(task, completed=share)
