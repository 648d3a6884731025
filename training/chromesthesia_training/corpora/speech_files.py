"""What the speech corpora share: sounds whose file names say who spoke, and how."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia_training.corpora.grouped_split import grouped_split
from chromesthesia_training.data.clips import Clip, read_rows
from chromesthesia_training.data.folders import OWN_SUFFIXES, SOUND_SUFFIXES
from chromesthesia_training.data.speech import speech_points
from chromesthesia_training.data.tables import Row, headings_of, read_table
from chromesthesia_training.data.walking import files_below
from chromesthesia_training.errors import DataError, Report

STRONG, NORMAL = 1.1, 0.8
"""How far out the proxy lies for strong and for normal acting, as in `speech.INTENSITY_GAIN`."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One sound; `label` is one of `speech.PROXY_VALENCE_AROUSAL`, `gain` how strongly it was acted."""

    path: Path
    speaker: str
    label: str
    gain: float = 1.0


def sound_files(folder: Path) -> list[Path]:
    """All sounds below a folder, in order, without hidden files and what archives leave beside them."""
    return files_below(folder, SOUND_SUFFIXES)


def mostly_named(pattern: re.Pattern[str]) -> Callable[[Path], bool]:
    """A test for folders: most of the first 200 sounds below it have a stem that fits `pattern`."""

    def matches(folder: Path) -> bool:
        stems = [path.stem for path in islice(sound_files(folder), 200)]
        return bool(stems) and sum(bool(pattern.fullmatch(stem)) for stem in stems) > len(stems) / 2

    return matches


def named(path: Path, pattern: re.Pattern[str], form: str) -> re.Match[str]:
    """The parts of a file name. Raises DataError saying which form was expected."""
    match = pattern.fullmatch(path.stem)
    if match is None:
        raise DataError(f"{path} is not named {form}", "give it its published name or take it out", "layout")
    return match


def meaning(codes: Mapping[str, str], code: str, what: str, path: Path) -> str:
    """What a code stands for. Raises DataError for one that the corpus does not know."""
    if code not in codes:
        raise DataError(f"{path}: {what} {code!r}", f"it is one of {', '.join(codes)}", "label")
    return codes[code]


def read_named(
    corpus: str, folder: Path, parse: Callable[[Path], Utterance | None], report: Report
) -> list[Clip]:
    """Clips of all sounds below a folder; `parse` reads a file name, and gives None for a sound that is left out.

    Names that say nothing go to `report`. Raises DataError where there is no sound.
    """
    files = sound_files(folder)
    if not files:
        raise _no_sounds(folder)
    return speech_clips(corpus, read_rows(files, parse, report))


def _no_sounds(folder: Path) -> DataError:
    return DataError(f"there are no sounds in {folder}", "give the folder of the unpacked corpus", "missing")


@dataclass(frozen=True)
class Listed:
    """A corpus whose table says who speaks and how: the table's name, and its columns of file, speaker, label.

    emotions: what a label stands for, "" for one that is left out; any_case: labels may be written large; any_ending:
    the files may have been given another format than the table says.
    """

    table: str
    columns: tuple[str, ...]
    file: str
    speaker: str
    label: str
    emotions: Mapping[str, str]
    any_case: bool = False
    any_ending: bool = False

    def key(self, label: str) -> str:
        """A label as `emotions` has it."""
        return label.lower() if self.any_case else label


def is_listed(listed: Listed, folder: Path) -> bool:
    """Whether a folder holds such a table with such labels."""
    try:
        table = _table_of(listed, folder)
        rows = read_table(table, listed.columns)[:200]
    except DataError:
        return False
    labels = [listed.key(row[listed.label]) for row in rows if row[listed.file]]
    return sum(label in listed.emotions for label in labels) > len(labels) / 2


def _table_of(listed: Listed, folder: Path) -> Path:
    tables = [
        path
        for path in files_below(folder, (Path(listed.table).suffix,))
        if path.name == listed.table and set(listed.columns) <= headings_of(path)
    ]
    if len(tables) != 1:
        found = f"{len(tables)} tables" if tables else "no table"
        raise DataError(
            f"{folder} has {found} {listed.table} with the columns {', '.join(listed.columns)}",
            "give the folder of the unpacked corpus",
            "layout",
        )
    return tables[0]


def read_listed(corpus: str, folder: Path, listed: Listed, report: Report) -> list[Clip]:
    """Clips of all rows of a corpus's table; a row without a file is passed over.

    The files may lie anywhere below the folder: their names tell them apart. What is missing, there twice, or has a
    label that the corpus does not know goes to `report`. Raises DataError where there is no such table, and no sound.
    """
    table = _table_of(listed, folder)
    lying: dict[str, list[Path]] = {}
    for path in files_below(folder, OWN_SUFFIXES):
        lying.setdefault(path.stem if listed.any_ending else path.name, []).append(path)
    if not lying:
        raise _no_sounds(folder)
    rows = read_table(table, listed.columns)
    return speech_clips(
        corpus, read_rows(rows, lambda row: _listed_utterance(listed, table, row, lying), report)
    )


def _listed_utterance(
    listed: Listed, table: Path, row: Row, lying: Mapping[str, Sequence[Path]]
) -> Utterance | None:
    if not row[listed.file]:
        return None
    name = row[listed.file].replace("\\", "/").rsplit("/", 1)[-1]
    label = meaning(listed.emotions, listed.key(row[listed.label]), f"{listed.label} of {name}", table)
    if not row[listed.speaker]:
        raise DataError(f"{table}: {name} has no {listed.speaker}", "say who speaks", "label")
    if not label:
        return None
    there = lying.get(Path(name).stem if listed.any_ending else name, [])
    if not there:
        raise DataError(f"{table} lists {name}, which is not there", "restore the file", "missing")
    if len(there) > 1:
        raise DataError(
            f"{table} lists {name}, which is there as {there[0]} and as {there[1]}",
            "keep one of them",
            "duplicate",
        )
    return Utterance(there[0], row[listed.speaker], label)


def speech_clips(corpus: str, utterances: Sequence[Utterance]) -> list[Clip]:
    """Clips with splits and folds by speaker; speakers are named `<corpus>_<speaker>`."""
    speakers = [f"{corpus}_{utterance.speaker}" for utterance in utterances]
    parts = grouped_split(speakers, [utterance.label for utterance in utterances])
    return [
        Clip(
            path=utterance.path,
            corpus=corpus,
            role="speech",
            group=speaker,
            split=split,
            fold=fold,
            emotion=utterance.label if utterance.label in EMOTIONS else None,
            points=speech_points(utterance.label, utterance.gain),
            annotation="proxy",
            label=utterance.label,
        )
        for utterance, speaker, (split, fold) in zip(utterances, speakers, parts, strict=True)
    ]
