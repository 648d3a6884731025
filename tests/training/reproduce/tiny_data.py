"""The research data's folders with little in them: tones, chords and patches of colour that go with their labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from tests.training.conftest import PITCH_HZ, write_csv, write_tone
from tests.training.music.conftest import EMOTIONS as FELT
from tests.training.music.conftest import chord, midi_bytes
from tests.training.tiny_painting import paint

from chromesthesia.packs.art_index import ART_INDEX_NAME
from chromesthesia_training.data.art import EMOTIONS as PAINTED
from chromesthesia_training.data.art import read_paintings

RATE_HZ = 22_050
FOLDS = 5
SPLITS = ("test", "val", "train", "train", "train")
"""Of each fold: as in the research data, where fold 0 of the artists is the split test."""
LONG_S, SHORT_S = 31.0, 3.1
"""The VAE hears 30 s or more of a piece as a whole, and parts of 5 s; a row of music is 3 s."""


@dataclass(frozen=True)
class Place:
    """Where something is in its collection."""

    number: int
    fold: int

    @property
    def split(self) -> str:
        return SPLITS[self.fold]


def places(count: int) -> Iterator[Place]:
    """`count` places, the folds in turn."""
    return (Place(number, number % FOLDS) for number in range(count))


def write_speech(folder: Path) -> None:
    """Two corpora of a speaker or two in every fold, and TESS; a second of each emotion by each speaker."""
    rows: list[dict[str, object]] = []
    for corpus, speakers in (("ravdess", 10), ("emodb", 5), ("tess", 2)):
        for place in places(speakers):
            for emotion in ("angry", "happy", "sad", "neutral"):
                name = f"{corpus}/{place.number}-{emotion}.wav"
                pitch_hz = PITCH_HZ.get(emotion, 440.0) * (1.0 + 0.03 * place.number)
                write_tone(folder / name, pitch_hz, seconds=1.2, seed=len(rows))
                rows.append(
                    {
                        "path": name, "emotion": emotion, "emotion3": emotion if emotion in PITCH_HZ else "",
                        "corpus": corpus, "speaker": f"{corpus}{place.number}", "split": place.split,
                        "intensity": "", "fold": place.fold,
                    }
                )  # fmt: skip
    write_csv(folder / "index.csv", rows)


def write_art(folder: Path) -> None:
    """Eighty small paintings: each of eight emotions by each of ten artists, two of a fold."""
    rows: list[dict[str, object]] = []
    rng = np.random.default_rng(0)
    for place in places(2 * FOLDS):
        for emotion in PAINTED:
            name = f"images/artist-{place.number}_{emotion}.png"
            paint(folder / name, emotion, len(rows))
            valence, arousal, dominance = rng.uniform(0.05, 0.95, 3).round(3).tolist()
            rows.append(
                {
                    "path": name, "artist": f"artist-{place.number}", "emotion": emotion, "valence": valence,
                    "arousal": arousal, "dominance": dominance, "split": place.split, "fold": place.fold,
                }
            )  # fmt: skip
    write_csv(folder / "index.csv", rows)


def write_chord(path: Path, number: int, seconds: float = SHORT_S) -> None:
    """Minor where the number is odd, the quicker the higher it is; no other number has the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, chord(seconds, bool(number % 2), 1.0 + number / 7.0), RATE_HZ)


def write_vgmidi(folder: Path) -> None:
    """Ten pieces, a long and a short one of a series in every fold."""
    index: list[dict[str, object]] = []
    dynamic: list[dict[str, object]] = []
    for place in places(2 * FOLDS):
        name, seconds = f"piece{place.number}", LONG_S if place.number < FOLDS else SHORT_S
        write_chord(folder / f"audio/{name}.wav", place.number, seconds)
        midi = folder / f"midi/{name}.mid"
        midi.parent.mkdir(parents=True, exist_ok=True)
        midi.write_bytes(midi_bytes())
        index.append(
            {
                "path": f"audio/{name}.wav", "midi": f"midi/{name}.mid", "song_id": name,
                "series": f"series {place.fold}", "split": place.split, "fold": place.fold,
            }
        )  # fmt: skip
        valence = (-0.4 if place.number % 2 else 0.4) + 0.01 * place.number
        dynamic += [
            {
                "song_id": name, "measure": measure, "time_s": 1.5 * measure, "valence": round(valence, 3),
                "arousal": round(-0.5 + 0.1 * place.number + 0.01 * measure, 3),
            }
            for measure in range(round(seconds / 1.5))
        ]  # fmt: skip
    write_csv(folder / "index.csv", index)
    write_csv(folder / "dynamic.csv", dynamic)


def write_emotify(folder: Path) -> None:
    """Ten songs of 3 s, two of each fold."""
    rows: list[dict[str, object]] = []
    for place in places(2 * FOLDS):
        write_chord(folder / f"pop/{place.number}.wav", 10 + place.number)
        shares = {emotion: round(0.05 * ((place.number + n) % 10), 3) for n, emotion in enumerate(FELT)}
        rows.append(
            {
                "path": f"pop/{place.number}.wav", "song_id": str(place.number), "genre": "pop",
                "split": place.split, "fold": place.fold, **shares,
            }
        )  # fmt: skip
    write_csv(folder / "index.csv", rows)


def write_deam(folder: Path, first: int) -> None:
    """Ten songs of 3 s rated as a whole, in the layout of the sample; `first` of the chords that are theirs."""
    rows: list[dict[str, object]] = []
    for number in range(2 * FOLDS):
        write_chord(folder / f"{number}.wav", first + number)
        rows.append(
            {
                "path": f"{number}.wav", "song_id": number, "valence_mean": 3.0 + 0.5 * number,
                "arousal_mean": 7.0 - 0.5 * number,
            }
        )  # fmt: skip
    write_csv(folder / "index.csv", rows)


def write_free(folder: Path) -> None:
    """A sound and a painting that may be passed on: what the VAE's sheets are made of."""
    write_chord(folder / "clips/free.wav", 20, LONG_S)
    row: dict[str, object] = {"path": "free.wav", "kind": "music", "duration_s": LONG_S, "licence": "PD"}
    write_csv(folder / "clips/index.csv", [row])
    paint(folder / "free/pictures/old.png", "awe", 99)
    write_csv(folder / "free/pictures/index.csv", [{"path": "old.png", "brightness": 0.4}])


def write_data(folder: Path) -> None:
    """All that stages read by default, but the weights; DEAM's own folder is not there by default either."""
    write_speech(folder / "speech")
    write_art(folder / "art")
    write_vgmidi(folder / "vgmidi")
    write_emotify(folder / "emotify")
    write_deam(folder / "deam_sample", 30)
    write_free(folder)
    (folder / "weights").mkdir()


def write_exports(folder: Path, shipped: Path, art: Path) -> None:
    """The shipped packs as links, the index of the default one cut to the known paintings of `art`.

    What those paintings are told to be near to is what they stand in for: the shipped index has 1,800 that are not ours
    to keep here.
    """
    (folder / "default").mkdir(parents=True)
    (folder / "free").symlink_to(shipped / "free")
    for path in (shipped / "default").iterdir():
        if path.name != ART_INDEX_NAME:
            (folder / "default" / path.name).symlink_to(path)
    known = [painting for painting in read_paintings(art) if painting.split != "test"]
    with np.load(shipped / "default" / ART_INDEX_NAME, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    arrays["paintings"] = arrays["paintings"][:: len(arrays["paintings"]) // len(known)][: len(known)]
    arrays |= {
        "emotions": np.array([painting.emotion for painting in known]),
        "artists": np.array([painting.artist for painting in known]),
        "titles": np.array([painting.path.stem for painting in known]),
        "paths": np.array([painting.path.relative_to(art).as_posix() for painting in known]),
    }
    np.savez(folder / "default" / ART_INDEX_NAME, **arrays)
