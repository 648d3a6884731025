"""VGMIDI (Ferreira and Whitehead 2019): `labelled/annotations/vgmidi_raw_1.json` and the pieces as MIDI."""

from __future__ import annotations

import json
from collections import defaultdict
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from chromesthesia.core.user_files import one_line, read_text
from chromesthesia_training.corpora.corpus import Corpus
from chromesthesia_training.corpora.music_files import Song, find_file, music_clips, sounds_by_stem
from chromesthesia_training.data.clips import Clip, EmotionPoint
from chromesthesia_training.data.walking import files_below
from chromesthesia_training.errors import DataError, Report, stop

TABLES = "vgmidi_raw_*.json"
PARTS = ("annotations", "pieces")
LIMIT_BYTES = 64 << 20


def read_vgmidi_original(folder: Path, report: Report = stop) -> list[Clip]:
    """Pieces with the median rating of their listeners per measure, split by game series.

    `annotations` are keyed `piece0_1` (piece, listener) and hold one valence and one arousal in -1..1 a measure;
    `pieces` hold `midi`, `duration` (s) and `measures`. MIDI makes no sound: each piece has to be rendered into a
    sound of the name of its MIDI file, anywhere below the folder. The series is what that name begins with
    (series_console_game_piece). Raises DataError for a rating outside the scale, a piece without sound, a damaged
    table.
    """
    tables = [path for path in files_below(folder, (".json",)) if fnmatchcase(path.name, TABLES)]
    if not tables:
        raise DataError(
            f"there is no {TABLES} below {folder}", "give the folder of the repository", "missing"
        )
    sounds = sounds_by_stem(folder)
    songs = []
    for table in tables:
        content = _load(table)
        ratings: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for key, rating in content["annotations"].items():
            ratings[key.rpartition("_")[0]].append(rating)
        for number, piece in content["pieces"].items():
            where = f"{table.name}: {number}"
            try:
                songs.append(_song(piece, ratings[number], sounds, where))
            except DataError as problem:
                report(problem)
            except (KeyError, TypeError, ValueError) as error:
                report(DataError(f"{where} lacks or garbles {one_line(error)}", "restore it", "layout"))
    return music_clips("vgmidi", songs, "label")


def _load(table: Path) -> dict[str, Any]:
    text = read_text(table, LIMIT_BYTES, partial(DataError, kind="corrupt"))
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{table} is damaged: {one_line(error)}", "restore it", "corrupt") from error
    if isinstance(content, dict) and all(isinstance(content.get(part), dict) for part in PARTS):
        return content
    raise DataError(f"{table} holds no annotations and pieces", "restore it", "layout")


def _song(piece: dict[str, Any], ratings: list[dict[str, Any]], sounds: dict[str, Path], where: str) -> Song:
    stem = Path(str(piece["midi"])).stem
    if stem not in sounds:
        raise DataError(f"{where}: there is no sound {stem!r}", f"render {stem}.mid to {stem}.wav", "missing")
    if not ratings:
        raise DataError(f"{where} has no rating", "take the piece out", "missing")
    axes = {}
    for axis in ("valence", "arousal"):
        measures = min(len(rating[axis]) for rating in ratings)
        axes[axis] = np.array([rating[axis][:measures] for rating in ratings], np.float64)
        if np.abs(axes[axis]).max(initial=0.0) > 1.0:
            raise DataError(
                f"{where}: a rating of {axis} is {np.abs(axes[axis]).max():g}",
                "ratings lie in -1..1",
                "scale",
            )
    valence, arousal = (np.median(axes[axis], axis=0).tolist() for axis in ("valence", "arousal"))
    step_s = float(piece["duration"]) / max(1, int(piece["measures"]))
    points = tuple(
        EmotionPoint(measure * step_s, *at) for measure, at in enumerate(zip(valence, arousal, strict=False))
    )
    return Song(sounds[stem], f"vgmidi_{stem.split('_', 1)[0]}", points)


CORPUS = Corpus(
    name="vgmidi",
    title="VGMIDI (piano pieces of games)",
    kind="music",
    layout=f"`labelled/annotations/{TABLES}`, each piece rendered to `<name of its MIDI file>.wav`",
    labels="valence and arousal a measure, -1 to 1, about 30 listeners a piece",
    group="game series",
    licence="not stated, research",
    here="yes, prepared (187 pieces)",
    matches=lambda folder: find_file(folder, TABLES) is not None,
    read_clips=read_vgmidi_original,
)
