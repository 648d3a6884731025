"""`chromesthesia-train data`: what is there, and `data check`: what is wrong with it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from chromesthesia.core.errors import UsageError
from chromesthesia_training.cli.options import (
    CacheOption,
    DataOption,
    PicturesOption,
    SoundsOption,
    console,
    default_data_dir,
    errors,
)
from chromesthesia_training.corpora.datasets import DEFAULT_CACHE_DIR, SoundSet, find_sound_sets, load_spectra
from chromesthesia_training.errors import DataError
from chromesthesia_training.progress import progress_bar

data_app = typer.Typer(
    help="Look through the data: check every label, split and file, compute what is cached, print what is there.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@data_app.callback(invoke_without_command=True)
def data(
    context: typer.Context,
    data_dir: DataOption = None,
    sounds: SoundsOption = None,
    pictures: PicturesOption = None,
    cache: CacheOption = DEFAULT_CACHE_DIR,
) -> None:
    """Look through the data: check every label, split and file, compute what is cached, print what is there."""
    if context.invoked_subcommand is not None:
        return
    from chromesthesia_training.corpora.paintings import load_art, read_paintings
    from chromesthesia_training.data.art import STORED_SIDE

    own_only = sounds is not None or pictures is not None
    data_dir = data_dir or (None if own_only else default_data_dir())
    if data_dir is not None or sounds is not None:
        sets = find_sound_sets(data_dir, sounds)
        console.print(_sound_table(sets, cache))
    art_dir = pictures or (data_dir / "art" if data_dir is not None and (data_dir / "art").is_dir() else None)
    if art_dir is not None:
        paintings = read_paintings(art_dir)
        load_art(art_dir, STORED_SIDE, cache)
        console.print(_picture_table(art_dir, [(item.emotion, item.split) for item in paintings]))
    if data_dir is None and sounds is None and art_dir is None:
        raise UsageError("no data was given", "use --data FOLDER, --sounds FOLDER or --pictures FOLDER")


@data_app.command("check")
def check_command(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Folders of corpora, or of several corpora; else the shared data. docs/data.md has the layouts.",
            show_default=False,
        ),
    ] = None,
    corpus: Annotated[
        str | None,
        typer.Option("--corpus", help="Read each folder as this corpus instead of recognising it."),
    ] = None,
    cache: CacheOption = DEFAULT_CACHE_DIR,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Show every finding.")] = False,
) -> None:
    """Validate data: missing, corrupt, empty, duplicated, mislabelled, classes of one, groups leaking between splits.

    Leaves with exit code 9 when there is an error; warnings ask for a look. Files looked at before are not read again.
    """
    from chromesthesia_training.corpora import report
    from chromesthesia_training.corpora.check import check
    from chromesthesia_training.corpora.registry import corpus_named

    shared = default_data_dir()
    chosen = folders or ([shared] if shared is not None else [])
    if not chosen:
        raise UsageError("no folder was given", "chromesthesia-train data check FOLDER...")
    with progress_bar(errors) as progress:
        task = progress.add_task("looking at every file", total=None)
        result = check(
            chosen,
            cache,
            corpus_named(corpus) if corpus else None,
            on_progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    if as_json:
        typer.echo(json.dumps(report.as_json(result), indent=1, ensure_ascii=False))
    else:
        console.print(report.corpora_table(result))
        if result.findings:
            console.print(report.findings_table(result, None if everything else report.SHOWN_PER_KIND))
        console.print(f"{result.count('error')} errors, {result.count('warning')} warnings")
    if result.count("error"):
        raise typer.Exit(DataError.exit_code)


def _sound_table(sets: list[SoundSet], cache: Path) -> Table:
    table = Table(title="sounds")
    counted = ("clips", "minutes", "groups", "train", "val", "test", "angry", "happy", "sad")
    for heading in ("set", "corpus", *counted):
        table.add_column(heading, justify="right" if heading in counted else "left")
    with progress_bar(errors) as progress:
        spectra = load_spectra(sets, cache, progress)
    for sound_set in sets:
        for corpus in dict.fromkeys(clip.corpus for clip in sound_set.clips):
            clips = [clip for clip in sound_set.clips if clip.corpus == corpus]
            splits = Counter(clip.split for clip in clips)
            emotions = Counter(clip.emotion for clip in clips)
            hops = sum(spectra[sound_set.folder].hops(clip.path) for clip in clips)
            table.add_row(
                sound_set.name,
                corpus,
                str(len(clips)),
                f"{hops / 6_000:.0f}",
                str(len({clip.group for clip in clips})),
                *(str(splits[split]) for split in ("train", "val", "test")),
                *(str(emotions[emotion]) for emotion in ("angry", "happy", "sad")),
            )
    return table


def _picture_table(folder: Path, items: list[tuple[str, str]]) -> Table:
    table = Table(title=f"pictures in {folder}")
    table.add_column("emotion")
    for heading in ("pictures", "train", "val", "test"):
        table.add_column(heading, justify="right")
    counts = Counter(items)
    for emotion in sorted({emotion for emotion, _ in items}):
        by_split = [counts[emotion, split] for split in ("train", "val", "test")]
        table.add_row(emotion, str(sum(by_split)), *map(str, by_split))
    return table
