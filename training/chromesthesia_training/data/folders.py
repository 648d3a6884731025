"""A user's own sounds: one folder per emotion, named by its label, with sound files inside."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.user_files import one_line
from chromesthesia_training.data.clips import SPLITS, Clip
from chromesthesia_training.data.speech import speech_points
from chromesthesia_training.data.walking import files_below, folders_in, is_folder
from chromesthesia_training.errors import DataError, Report, stop

SOUND_SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff")
"""What published corpora hold; some have every clip as a film, too."""
OWN_SUFFIXES = (
    *SOUND_SUFFIXES,
    *(
        ".oga",
        ".m4a",
        ".m4b",
        ".aac",
        ".aifc",
        ".au",
        ".caf",
        ".w64",
        ".wma",
        ".mp2",
        ".mka",
        ".amr",
        ".wv",
        ".ape",
    ),
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".3gp", ".mpg", ".mpeg"),
)
"""What is read of a user's folder: all that the engine plays."""

LABEL_OF_NAME = {
    "angry": "angry", "anger": "angry", "rage": "angry", "furious": "angry", "mad": "angry",
    "happy": "happy", "happiness": "happy", "joy": "happy", "joyful": "happy", "glad": "happy", "cheerful": "happy",
    "sad": "sad", "sadness": "sad", "grief": "sad", "melancholy": "sad", "sorrow": "sad",
    "fearful": "fearful", "fear": "fearful", "afraid": "fearful",
    "disgust": "disgust", "disgusted": "disgust",
    "surprised": "surprised", "surprise": "surprised",
    "neutral": "neutral", "calm": "calm", "bored": "bored", "boredom": "bored",
}  # fmt: skip
"""Folder names that are understood, in lower case."""

VAL_SHARE, TEST_SHARE = 0.15, 0.15


def read_sound_folder(folder: Path, report: Report = stop) -> list[Clip]:
    """Clips of `folder/label/*.wav` or `folder/label/speaker/*.wav` (or what else the engine plays).

    The label is mapped by name onto angry, happy, sad, or onto another emotion that then only places the clip on the
    valence-arousal plane. Splits are by speaker where there are speaker folders, else by file, always the same for the
    same names. Raises DataError for an unknown label, an empty folder, or an emotion without sounds.
    """
    if not is_folder(folder):
        raise DataError(
            f"there is no folder {one_line(folder)}",
            "give a folder that holds angry/, happy/ and sad/",
            "missing",
        )
    found: list[tuple[Path, str, str]] = []
    for label_dir in folders_in(folder):
        label = LABEL_OF_NAME.get(label_dir.name.lower())
        if label is None:
            problem = DataError(
                f"the folder {label_dir} names no known emotion",
                f"rename it to one of {', '.join(sorted(set(LABEL_OF_NAME.values())))}",
                "label",
            )
            report(problem)
            continue
        sounds = files_below(label_dir, OWN_SUFFIXES)
        if not sounds:
            report(
                DataError(
                    f"the folder {label_dir} holds no sounds",
                    f"put {SOUND_SUFFIXES[0]} files into it",
                    "empty",
                )
            )
        for path in sounds:
            inside = path.relative_to(label_dir)
            speaker = inside.parts[0] if len(inside.parts) > 1 else f"{label_dir.name}/{path.stem}"
            found.append((path, label, speaker))
    for emotion in EMOTIONS:
        if not any(label == emotion for _, label, _ in found):
            report(
                DataError(
                    f"{folder} has no sounds of {emotion!r}", f"add {folder / emotion}/*.wav", "missing"
                )
            )
    split_of_group = _splits([(label, speaker) for _, label, speaker in found])
    return [
        Clip(
            path=path,
            corpus=folder.name,
            role="speech",
            group=speaker,
            split=split_of_group[speaker][0],
            fold=split_of_group[speaker][1],
            emotion=label if label in EMOTIONS else None,
            points=speech_points(label),
            annotation="proxy",
            label=label,
        )
        for path, label, speaker in found
    ]


def _splits(members: Sequence[tuple[str, str]]) -> dict[str, tuple[str, int]]:
    """Split and fold of each speaker, about 70 : 15 : 15, balanced within each set of labels that a speaker has."""
    labels: dict[str, set[str]] = {}
    for label, speaker in members:
        labels.setdefault(speaker, set()).add(label)
    strata: dict[tuple[str, ...], list[str]] = {}
    for speaker, has in labels.items():
        strata.setdefault(tuple(sorted(has)), []).append(speaker)
    splits = {}
    for speakers in strata.values():
        ordered = sorted(speakers, key=lambda speaker: hashlib.sha256(speaker.encode()).digest())
        count = len(ordered)
        val = max(1, round(VAL_SHARE * count)) if count > 1 else 0
        test = max(1, round(TEST_SHARE * count)) if count > 2 else 0
        for index, speaker in enumerate(ordered):
            split = SPLITS[1] if index < val else SPLITS[2] if index < val + test else SPLITS[0]
            splits[speaker] = (split, index % 5)
    return splits
