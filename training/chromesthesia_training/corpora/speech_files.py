"""What the speech corpora share: sounds whose file names say who spoke, and how."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia_training.corpora.grouped_split import grouped_split
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.data.folders import SOUND_SUFFIXES
from chromesthesia_training.data.speech import speech_points
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
        raise DataError(
            f"there are no sounds in {folder}", "give the folder of the unpacked corpus", "missing"
        )
    utterances = []
    for path in files:
        try:
            utterance = parse(path)
        except DataError as problem:
            report(problem)
            continue
        if utterance is not None:
            utterances.append(utterance)
    return speech_clips(corpus, utterances)


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
