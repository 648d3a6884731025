"""Whether the emotion reads in the picture: two seconds of frames, a simple classifier, and the emotion changed alone.

Usage: python -m benchmarks.emotion_reads CLIPS/index.csv [--preset Gallery] [--each 12]

The table of clips has the columns path, emotion3 (angry, happy, sad), speaker and split; those of the split `test`,
which the shipped encoder never heard, are played, as many of each emotion, the speakers in turn. The classifier is the
nearest mean of eight measures (testing/mood.py), each speaker's clips told by the others' alone. Then one clip of each
emotion is played again and again with the emotion set by hand: colour, motion and edges must go the way that
docs/emotion.md says. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import defaultdict
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chromesthesia.audio.files import read_sound
from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.paths import resource_dirs
from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Value
from chromesthesia.params.presets import Preset, find_presets
from chromesthesia.render.renderer import Renderer
from chromesthesia.show.assembly import Models, open_models
from chromesthesia.testing.mood import MEASURES, measured
from chromesthesia.testing.played import hear_and_paint, through

FPS, SECONDS, SKIPPED_S = 10.0, 2.0, 1.0
SIZE = (256, 144)
BY_HAND = {"angry": (-0.6, 0.7), "happy": (0.7, 0.5), "sad": (-0.6, -0.5), "calm": (0.5, -0.6)}


def chosen(table: Path, each: int) -> list[tuple[Path, str, str]]:
    """Clips as (file, emotion, speaker): `each` of every emotion of the test split, the speakers in turn."""
    by: dict[str, dict[str, list[tuple[Path, str, str]]]] = defaultdict(lambda: defaultdict(list))
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["split"] == "test" and row["emotion3"] in EMOTIONS:
                clip = table.parent / row["path"], row["emotion3"], row["speaker"]
                by[row["emotion3"]][row["speaker"]].append(clip)
    clips = []
    for speakers in by.values():
        turns = chain.from_iterable(zip_longest(*(speakers[name] for name in sorted(speakers))))
        clips += [clip for clip in turns if clip is not None][:each]
    return clips


def shown(
    samples: Float32,
    models: Models,
    preset: Preset,
    renderer: Renderer,
    by_hand: dict[str, Value] | None = None,
) -> NDArray[np.float64]:
    """Measures of the two seconds after the first; a shorter clip is played again until then."""
    samples = np.resize(samples, int((SKIPPED_S + SECONDS) * SAMPLE_RATE_HZ))
    frames = hear_and_paint(samples, models, FPS, values=by_hand)
    renderer.restart()
    pictures = []
    for inputs in through(preset, frames, by_hand):
        renderer.render(inputs)
        if inputs.time_s >= SKIPPED_S:
            pictures.append(renderer.read_pixels().copy())
    return measured(pictures, FPS)


def told(features: NDArray[np.float64], emotions: list[str], speakers: list[str]) -> list[str]:
    """Each clip's emotion by the nearest mean of those of other speakers."""
    said = []
    for row, speaker in enumerate(speakers):
        others = np.array([name != speaker for name in speakers])
        spread = features[others].std(axis=0) + 1e-9
        means = {
            emotion: features[others & np.array([name == emotion for name in emotions])].mean(axis=0)
            for emotion in EMOTIONS
        }
        said.append(min(means, key=lambda name: float((((features[row] - means[name]) / spread) ** 2).sum())))
    return said


def main() -> None:
    """Read the options, play, print the document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", type=Path)
    parser.add_argument("--preset", default="Gallery")
    parser.add_argument("--each", type=int, default=12, help="clips of each emotion")
    parser.add_argument("--hand", type=int, default=3, help="clips played with the emotion set by hand")
    parser.add_argument("--pack", type=Path)
    options = parser.parse_args()
    preset = find_presets(resource_dirs("presets"), PARAMETERS).choose(options.preset)
    models = open_models(options.pack, "auto")
    surface = HeadlessSurface(*SIZE)
    renderer = Renderer(surface.ctx, *SIZE)
    clips = chosen(options.table, options.each)
    features = np.array([shown(read_sound(path, None), models, preset, renderer) for path, _, _ in clips])
    emotions, speakers = [emotion for _, emotion, _ in clips], [speaker for _, _, speaker in clips]
    said = told(features, emotions, speakers)
    firsts = [clips[emotions.index(name)][0] for name in EMOTIONS][: options.hand]
    sounds = [read_sound(path, None) for path in firsts]
    by_hand = {}
    for name, (valence, arousal) in BY_HAND.items():
        hand: dict[str, Value] = {
            "/emotion/manual": 1.0,
            "/emotion/manual_valence": valence,
            "/emotion/manual_arousal": arousal,
        }
        row = np.stack([shown(sound, models, preset, renderer, hand) for sound in sounds]).mean(axis=0)
        by_hand[name] = dict(zip(MEASURES, np.round(row, 4).tolist(), strict=True))
    surface.close()
    document = {
        "benchmark": "emotion_reads",
        "preset": preset.name,
        "clips": len(clips),
        "speakers": len(set(speakers)),
        "read_rightly": round(
            float(np.mean([one == two for one, two in zip(said, emotions, strict=True)])), 3
        ),
        "chance": round(1 / len(EMOTIONS), 3),
        "confusion": {
            one: {
                two: sum(a == one and b == two for a, b in zip(emotions, said, strict=True))
                for two in EMOTIONS
            }
            for one in EMOTIONS
        },
        "means": {
            emotion: dict(
                zip(
                    MEASURES,
                    np.round(features[np.array(emotions) == emotion].mean(axis=0), 4).tolist(),
                    strict=True,
                )
            )
            for emotion in EMOTIONS
        },
        "emotion_by_hand": by_hand,
    }
    print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
