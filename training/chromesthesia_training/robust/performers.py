"""Unseen speakers as performers: what the engine's encoder says of their clips, and marks drawn from some of them."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import ENCODER_HOPS, Float32
from chromesthesia.emotion.head import Mark
from chromesthesia.features.mel import ENCODER_MEL
from chromesthesia.inference.encoder import OnnxEncoder
from chromesthesia.packs.manifest import ENCODER_ROLE
from chromesthesia.packs.pack import Pack
from chromesthesia.show.performer import MARKED_STEPS
from chromesthesia_training.data.cache import content_hash
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.data.sound import mel_of_file
from chromesthesia_training.encoder.offline import SCORED_STEPS
from chromesthesia_training.safe_write import whole_file

logger = logging.getLogger(__name__)

Int64 = NDArray[np.int64]
MOST_DRAWN = 5
"""Marks of each mood."""
LEFT = 2
"""At least so many clips of each mood stay to be scored, else a speaker is left out."""


@dataclass(frozen=True)
class Steps:
    """Answers at every step of many clips, one behind the other: embedding [steps, 128], probabilities [steps, 3].

    ends: int64 [clips + 1], where each clip begins and the last one ends.
    """

    embedding: Float32
    probabilities: Float32
    ends: Int64


@dataclass(frozen=True)
class Speaker:
    """One speaker: moods int64 [n], places in `EMOTIONS`; rows int64 [n]: which clips of `steps` are theirs."""

    name: str
    corpus: str
    split: str
    moods: Int64
    rows: Int64
    steps: Steps

    def scored(self) -> tuple[Float32, Float32]:
        """What is said at the ends of the clips: embedding [n, steps, 128], probabilities [n, steps, 3]."""
        places = np.stack([self._last(row, SCORED_STEPS) for row in self.rows])
        return self.steps.embedding[places], self.steps.probabilities[places]

    def mark(self, place: int, moment: float = 1.0) -> Mark:
        """The mark of a clip of this speaker: the second that ends at a share of the clip, 1 for its end."""
        row = self.rows[place]
        begin, end = int(self.steps.ends[row]), int(self.steps.ends[row + 1])
        at = max(min(begin + MARKED_STEPS, end), begin + round(moment * (end - begin)))
        heard = slice(max(begin, at - MARKED_STEPS), at)
        return Mark(
            np.mean(self.steps.embedding[heard], axis=0, dtype=np.float32),
            np.mean(self.steps.probabilities[heard], axis=0, dtype=np.float32),
            int(self.moods[place]),
        )

    def _last(self, row: int, count: int) -> Int64:
        begin, end = int(self.steps.ends[row]), int(self.steps.ends[row + 1])
        return np.maximum(np.arange(end - count, end), begin)


@dataclass(frozen=True)
class Drawn:
    """Clips that are marked, int64 [moods, MOST_DRAWN], with the moments of their marks, and which are scored [n]."""

    marked: Int64
    moments: NDArray[np.float64]
    scored: NDArray[np.bool_]


def named_clips(clips: Sequence[Clip]) -> list[Clip]:
    """Voices of the three moods that training did not hear."""
    return [
        clip for clip in clips if clip.role == "speech" and clip.emotion and clip.split in ("val", "test")
    ]


def said_of(
    pack: Pack, clips: Sequence[Clip], cache_dir: Path, tell: Callable[[int], None] = lambda done: None
) -> Steps:
    """Every clip from silence through the engine's session, kept in `cache_dir` for another time.

    tell: called after each clip that had to be heard, with the number done. Raises DataError for a sound that cannot
    be read.
    """
    file, content = pack.model(ENCODER_ROLE)
    key = hashlib.sha256(content + content_hash([clip.path for clip in clips], ENCODER_MEL).encode())
    path = cache_dir / f"said-{key.hexdigest()[:16]}.npz"
    if path.is_file():
        try:
            with np.load(path) as kept:
                return Steps(kept["embedding"], kept["probabilities"], kept["ends"])
        except (OSError, ValueError, KeyError):
            logger.warning("%s is damaged; hearing the clips again", path)
    logger.info("%s hears %d clips", file, len(clips))
    encoder = OnnxEncoder(pack)
    embeddings, probabilities, ends = [], [], [0]
    for done, clip in enumerate(clips, start=1):
        encoder.reset()
        mel = mel_of_file(clip.path)
        for at in range(0, len(mel) - ENCODER_HOPS + 1, ENCODER_HOPS):
            reading = encoder.step(mel[at : at + ENCODER_HOPS], 0, 0.0)
            embeddings.append(reading.embedding)
            probabilities.append(reading.probabilities)
        ends.append(len(embeddings))
        tell(done)
    steps = Steps(np.stack(embeddings), np.stack(probabilities), np.array(ends, np.int64))
    cache_dir.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as out:
        np.savez(out, embedding=steps.embedding, probabilities=steps.probabilities, ends=steps.ends)
    return steps


def speakers_of(clips: Sequence[Clip], steps: Steps) -> list[Speaker]:
    """Every speaker with clips enough of each mood, in the order of their names."""
    found = []
    for name in sorted({clip.group for clip in clips}):
        rows = np.array([row for row, clip in enumerate(clips) if clip.group == name], np.int64)
        moods = np.array([EMOTIONS.index(clips[row].emotion or "") for row in rows], np.int64)
        if np.bincount(moods, minlength=len(EMOTIONS)).min() >= MOST_DRAWN + LEFT:
            first = clips[rows[0]]
            found.append(Speaker(name, first.corpus, first.split, moods, rows, steps))
    return found


def draw(speaker: Speaker, number: int, seed: int) -> Drawn:
    """Clips to mark, by lot; the others are scored, whatever the number of marks that is used."""
    rng = np.random.default_rng([seed, number, *speaker.name.encode()])
    marked = np.stack(
        [rng.permutation(np.flatnonzero(speaker.moods == mood))[:MOST_DRAWN] for mood in range(len(EMOTIONS))]
    )
    scored = np.ones(len(speaker.moods), bool)
    scored[marked.ravel()] = False
    return Drawn(marked, rng.uniform(0.0, 1.0, marked.shape), scored)
