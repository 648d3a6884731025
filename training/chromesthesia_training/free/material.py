"""What may train a free encoder: each sound with its licence, and nothing else gets in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import chromesthesia_training
from chromesthesia.core.user_files import one_line
from chromesthesia.core.version import __version__
from chromesthesia_training.backbones.yamnet import WEIGHTS_FILE
from chromesthesia_training.corpora.datasets import SoundSet, find_sound_sets
from chromesthesia_training.data.bursts import CORPUS_NAME as BURSTS
from chromesthesia_training.data.bursts import read_bursts
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.data.speech import read_speech
from chromesthesia_training.data.tables import read_table
from chromesthesia_training.data.walking import is_file, sha256_of
from chromesthesia_training.errors import DataError, LicenceError
from chromesthesia_training.packing.licences import free_terms
from chromesthesia_training.packing.provenance import OUR_SCRIPTS, Origin, origins_of_files
from chromesthesia_training.packing.sources import KNOWN_SOURCES

VOICES_DIR, SPEECH_DIR = Path("free/voices"), Path("speech")
EMODB = "emodb"
NEVER_MEASURED = ("tess",)
"""Two speakers and one word a clip: figures with it flatter."""
TRAINED_ON = ("train", "val")
PLACES = {
    BURSTS: ("github.com/fredbuhl/EmoGator", "51eeca515a"),
    EMODB: ("github.com/audeering/datasets datasets/emodb", ""),
    "yamnet": ("github.com/tensorflow/models research/audioset/yamnet", ""),
}
"""Where a set is from, and of which commit, where that is known."""
YAMNET_SHA256 = "469be6a3421cbc52cf97e9f2f966cba984198e8e7af9854d68b3e3ebb1e04194"
"""Of the published `yamnet.tflite`: layers tuned since may have heard anything."""
SCRIPTS = ("scenes/unfelt.py", "scenes/spoil.py", "encoder/spoiled.py", "encoder/augment.py")
"""What makes the noises, rooms and things that are heard in training."""


@dataclass(frozen=True)
class FreeSet:
    """Clips of one corpus; licences: by the path of each."""

    corpus: str
    folder: Path
    clips: tuple[Clip, ...]
    licences: Mapping[Path, str]

    @property
    def place(self) -> tuple[str, str]:
        """Where it is from and which state of that."""
        return PLACES.get(self.corpus, (self.corpus, ""))


def free_sets(data_dir: Path | None, sounds: Path | None = None) -> list[FreeSet]:
    """EmoGator's bursts and EMO-DB of `data_dir`, and corpora of one's own in `sounds`, each file free.

    Raises LicenceError naming the first file that is not, DataError where nothing is there or a table is damaged.
    """
    found: list[FreeSet] = []
    if data_dir is not None:
        found += _prepared(data_dir)
    if sounds is not None:
        found += _by_corpus(find_sound_sets(None, sounds))
    if not any(one.clips for one in found):
        raise DataError(
            "there is no free voice to learn from",
            f"give --data FOLDER with {VOICES_DIR} and {SPEECH_DIR}, or --sounds with free corpora (docs/data.md)",
            "missing",
        )
    refuse_unfree(found)
    return found


def _prepared(data_dir: Path) -> list[FreeSet]:
    found = []
    voices, speech = data_dir / VOICES_DIR, data_dir / SPEECH_DIR
    if is_file(voices / "index.csv"):
        clips = tuple(read_bursts(voices))
        stated = {
            voices / row["path"]: row["licence"]
            for row in read_table(voices / "index.csv", ("path", "licence"))
        }
        found.append(FreeSet(BURSTS, voices, clips, stated))
    if is_file(speech / "index.csv"):
        clips = tuple(clip for clip in read_speech(speech) if clip.corpus == EMODB)
        found.append(FreeSet(EMODB, speech, clips, _known(clips)))
    return found


def _by_corpus(sets: Iterable[SoundSet]) -> list[FreeSet]:
    found = []
    for one in sets:
        parts: dict[str, list[Clip]] = defaultdict(list)
        for clip in one.clips:
            parts[clip.corpus].append(clip)
        found += [FreeSet(corpus, one.folder, tuple(clips), _known(clips)) for corpus, clips in parts.items()]
    return found


def _known(clips: Iterable[Clip]) -> dict[Path, str]:
    return {
        clip.path: KNOWN_SOURCES[clip.corpus].licence if clip.corpus in KNOWN_SOURCES else "not stated"
        for clip in clips
    }


def refuse_unfree(sets: Sequence[FreeSet]) -> None:
    """Raise LicenceError for the first file whose licence is not known to be free."""
    for one in sets:
        unfree = [clip for clip in one.clips if free_terms(one.licences.get(clip.path, "")) is None]
        if unfree:
            first = unfree[0].path
            licence = one.licences.get(first) or "not stated"
            raise LicenceError(
                f"{one_line(first)} ({len(unfree)} files of {one.corpus}): its licence {licence!r} is not free",
                "leave it out: only CC0, public domain, Apache-2.0, MIT, BSD, CC BY and what is made by script may "
                "train a free encoder",
            )


def training_clips(sets: Sequence[FreeSet], splits: Sequence[str] = TRAINED_ON) -> list[Clip]:
    """What is heard of these splits, in order: all speech, and bursts of the three emotions."""
    return [
        clip
        for one in sets
        for clip in one.clips
        if clip.split in splits and (clip.emotion is not None or clip.corpus != BURSTS)
    ]


def unseen_clips(data_dir: Path, trained: Iterable[str]) -> list[Clip]:
    """Named voices of every corpus of `speech/` that trained nothing: to measure with, whatever their licence."""
    out = {*trained, *NEVER_MEASURED}
    return [
        clip
        for clip in read_speech(data_dir / SPEECH_DIR)
        if clip.emotion is not None and clip.corpus not in out
    ]


def origins_of(sets: Sequence[FreeSet], weights: Path, splits: Sequence[str] = TRAINED_ON) -> list[Origin]:
    """Every file that trains the encoder: the sounds, YAMNet's weights, and the scripts that make the rest."""
    origins: list[Origin] = []
    for one in sets:
        source, commit = one.place
        files = ((clip.path, one.licences[clip.path]) for clip in training_clips([one], splits))
        origins += origins_of_files(files, one.folder, "encoder", source, commit)
    source, commit = PLACES["yamnet"]
    licence = KNOWN_SOURCES["yamnet"].licence
    origins += origins_of_files([(weights, licence)], weights.parent, "encoder", source, commit)
    package = Path(chromesthesia_training.__file__).parent
    scripts = [(package / name, "made by script") for name in SCRIPTS]
    return origins + origins_of_files(scripts, package, "encoder", OUR_SCRIPTS, __version__)


def weights_of(data_dir: Path | None, given: Path | None) -> Path:
    """YAMNet's file as published: a free encoder begins with nothing else.

    Raises DataError where there is none, LicenceError for other bytes.
    """
    path = given or (data_dir / WEIGHTS_FILE if data_dir is not None else None)
    if path is None or not path.is_file():
        raise DataError(
            f"there is no {WEIGHTS_FILE.name}" + ("" if path is None else f" at {one_line(path)}"),
            "give it with --pretrained: its weights are under Apache-2.0",
            "missing",
        )
    if sha256_of(path) != YAMNET_SHA256:
        raise LicenceError(
            f"{one_line(path)} is not YAMNet's file as published: nobody knows what trained it",
            f"give the file whose sha256 is {YAMNET_SHA256}",
        )
    return path
