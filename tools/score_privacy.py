"""Can speech be had back from a score? `python tools/score_privacy.py [--shared FOLDER] [--clips N]`

Beside the sound's own log-mel bands and what a picture hears without a score, by the same attacks:
- ridge regression from the logged levels, with a third of a second of context each way, to the 64 log-mel bands at
  10 ms that vocoders take, then Griffin-Lim; against speakers it was not fitted on. Told: the correlation of the bands
  over time, and STOI (Taal et al., 2011) of the sound that comes of it;
- words: which of 200 words was spoken, by the nearest of recordings of another speaker, logged alike (DTW);
- speakers: which of 24 spoke, by ridge regression on means and deviations, fitted on another sentence of theirs.

Needs the speech of `../shared/data`.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from chromesthesia import Listener
from chromesthesia.core.records import HOP_SAMPLES, SAMPLE_RATE_HZ, Heard
from chromesthesia.features.mel import DEFAULT_MEL, mel_filterbank
from chromesthesia.packs.pack import Pack
from chromesthesia.score.hearing import Softening, heard_of
from chromesthesia.show.face import load_pack
from chromesthesia.signals.table import FIRST, TABLE

Array = NDArray[Any]
EVERY_HOPS = 3
"""A frame of 33 ms: three hops of 10 ms (30 ms, which is kinder to the attack)."""
CONTEXT = 10
WORDS = 200


@dataclass(frozen=True)
class Clip:
    """One recording: what it is, its sound, and each representation a row a frame."""

    speaker: str
    sentence: str
    sound: Array
    mel: Array
    views: dict[str, Array]


def _view(heard: Iterable[Heard]) -> Array:
    rows = []
    for one in heard:
        values = list(TABLE.values({FIRST: one}).values())
        rows.append([*values, *one.emotion.embedding.tolist()])
    table = np.array(rows, dtype=float)
    count = list(TABLE.addresses).index("/features/onset_count")
    table[:, count] = np.diff(table[:, count], prepend=table[0, count])  # an onset counts when it comes
    return table


def read_clip(path: Path, row: dict[str, str], pack: Pack) -> Clip:
    """Listen to one recording as a show does."""
    sound, rate_hz = soundfile.read(path, dtype="float32")
    listener = Listener(pack, rate_hz=rate_hz)
    heard = listener.hear(np.concatenate([sound, np.zeros(rate_hz // 2, np.float32)]))
    heard = heard[: len(heard) // EVERY_HOPS * EVERY_HOPS]
    softening = Softening()
    # As a frame takes the newest of its hops.
    frames = heard[EVERY_HOPS - 1 :: EVERY_HOPS]
    kept = [heard_of(softening.levels(one)) for one in frames]
    mel = np.array([one.frame.log_mel for one in heard], dtype=float)
    return Clip(
        row["speaker"],
        row["sentence"],
        np.asarray(sound, dtype=float),
        mel,
        {
            "log-mel, 10 ms": mel.reshape(len(frames), -1),
            "signals of each frame": _view(frames),
            "score": _view(kept),
        },
    )


def with_context(view: Array) -> Array:
    """Each frame with its neighbours, float [frames, (2 CONTEXT + 1) columns + 1]."""
    padded = np.pad(view, ((CONTEXT, CONTEXT), (0, 0)), mode="edge")
    wide = [padded[shift : shift + len(view)] for shift in range(2 * CONTEXT + 1)]
    return np.concatenate([*wide, np.ones((len(view), 1))], axis=1)


class Ridge:
    """Least squares with a penalty, on columns of one scale; the penalty that does best on a fifth set aside."""

    def __init__(self, inputs: Array, targets: Array) -> None:
        self._mean, self._scale = inputs.mean(0), inputs.std(0) + 1e-6
        scaled = self._scaled(inputs)
        cut = len(scaled) * 4 // 5
        self._weights = min(
            (self._fit(scaled[:cut], targets[:cut], penalty) for penalty in (1.0, 30.0, 1e3, 3e4)),
            key=lambda weights: float(((scaled[cut:] @ weights - targets[cut:]) ** 2).mean()),
        )

    def __call__(self, inputs: Array) -> Array:
        return np.asarray(self._scaled(inputs) @ self._weights)

    def _scaled(self, inputs: Array) -> Array:
        scaled = np.asarray((inputs - self._mean) / self._scale)
        scaled[:, -1] = 1.0
        return scaled

    @staticmethod
    def _fit(inputs: Array, targets: Array, penalty: float) -> Array:
        gram = inputs.T @ inputs + penalty * np.eye(inputs.shape[1])
        return np.linalg.solve(gram, inputs.T @ targets)


def band_correlation(said: Array, target: Array) -> float:
    """Mean over the bands of the correlation over time of log-mel [hops, 64]."""
    a, b = said - said.mean(0), target - target.mean(0)
    return float(((a * b).sum(0) / (np.sqrt((a**2).sum(0) * (b**2).sum(0)) + 1e-9)).mean())


def griffin_lim(mel: Array, rounds: int = 30) -> Array:
    """Sound of log-mel [hops, 64]."""
    settings = DEFAULT_MEL
    power = np.maximum(np.exp(mel) @ np.linalg.pinv(np.asarray(mel_filterbank(settings), float)), 0.0)
    size = np.sqrt(power)
    window = np.hanning(settings.window)
    angles = np.exp(2j * np.pi * np.random.default_rng(0).random(size.shape))
    length = HOP_SAMPLES * (len(size) - 1) + settings.window
    places = HOP_SAMPLES * np.arange(len(size))[:, None] + np.arange(settings.window)

    def laid(frames: Array) -> Array:
        whole = np.zeros(length)
        for start, frame in zip(places[:, 0].tolist(), frames, strict=True):
            whole[start : start + settings.window] += frame
        return whole

    weight = np.maximum(laid(np.broadcast_to(window**2, places.shape)), 1e-3)
    sound = np.zeros(length)
    for _ in range(rounds):
        frames = np.fft.irfft(size * angles, settings.fft)[:, : settings.window] * window
        sound = laid(frames) / weight
        spectrum = np.fft.rfft(sound[places] * window, settings.fft)
        angles = spectrum / np.maximum(np.abs(spectrum), 1e-9)
    return sound


def stoi(clean: Array, heard: Array) -> float:
    """Short-time objective intelligibility of `heard`, 0..1, at SAMPLE_RATE_HZ; about 0.3 is noise."""
    size, hop, fft, block = 614, 307, 1024, 30
    count = (min(len(clean), len(heard)) - size) // hop
    places = hop * np.arange(count)[:, None] + np.arange(size)
    window = np.hanning(size)
    spoken, other = (np.abs(np.fft.rfft(each[places] * window, fft)) ** 2 for each in (clean, heard))
    level_db = 10 * np.log10(spoken.sum(1) + 1e-12)
    loud = level_db > level_db.max() - 40.0
    spoken, other = spoken[loud], other[loud]
    frequencies_hz = np.fft.rfftfreq(fft, 1.0 / SAMPLE_RATE_HZ)
    centres_hz = 150.0 * 2.0 ** (np.arange(15) / 3.0)
    bands = np.array(
        [(frequencies_hz >= c / 2 ** (1 / 6)) & (frequencies_hz < c * 2 ** (1 / 6)) for c in centres_hz],
        float,
    )
    x, y = np.sqrt(spoken @ bands.T), np.sqrt(other @ bands.T)
    scores = []
    for end in range(block, len(x) + 1):
        a, b = x[end - block : end], y[end - block : end]
        b = b * (np.linalg.norm(a, axis=0) / (np.linalg.norm(b, axis=0) + 1e-9))
        b = np.minimum(b, a * (1 + 10 ** (15 / 20)))
        a, b = a - a.mean(0), b - b.mean(0)
        scores.append(
            ((a * b).sum(0) / (np.linalg.norm(a, axis=0) * np.linalg.norm(b, axis=0) + 1e-9)).mean()
        )
    return float(np.mean(scores)) if scores else float("nan")


def inverted(name: str, fitted: list[Clip], tried: list[Clip], listened: int) -> tuple[float, float]:
    """Mean band correlation and STOI of what comes back of clips that the regression has not seen."""
    back: Callable[[Clip], Array]
    if name.startswith("log-mel"):

        def back(clip: Clip) -> Array:
            return clip.mel
    else:
        inputs = np.concatenate([with_context(clip.views[name]) for clip in fitted])
        targets = np.concatenate([clip.mel.reshape(len(clip.views[name]), -1) for clip in fitted])
        ridge = Ridge(inputs, targets)

        def back(clip: Clip) -> Array:
            return np.asarray(ridge(with_context(clip.views[name])).reshape(-1, clip.mel.shape[1]))

    shifted = DEFAULT_MEL.window - HOP_SAMPLES
    alike = [band_correlation(back(clip), clip.mel) for clip in tried]
    # The window of a hop reaches back.
    clear = [stoi(clip.sound, griffin_lim(back(clip))[shifted:]) for clip in tried[:listened]]
    return float(np.mean(alike)), float(np.nanmean(clear))


def words_known(name: str, known: list[Clip], asked: list[Clip]) -> float:
    """Share of words of one speaker found by the nearest recording of another, time warped."""

    def normal(clip: Clip) -> Array:
        view = clip.views[name]
        if name.startswith("log-mel"):
            view = view.reshape(len(view), EVERY_HOPS, -1).mean(1)
        return np.asarray((view - view.mean(0)) / (view.std(0) + 1e-3))

    templates = [normal(clip) for clip in known]
    longest = max(map(len, templates))
    stack = np.stack([np.pad(one, ((0, longest - len(one)), (0, 0))) for one in templates])
    ends = np.array([len(one) for one in templates])
    right = 0
    for clip in asked:
        query = normal(clip)
        cost = np.sqrt(
            np.maximum(
                (query**2).sum(1)[:, None, None]
                + (stack**2).sum(2).T[None]
                - 2 * np.einsum("qf,ntf->qtn", query, stack, optimize=True),
                0.0,
            )
        )
        total = np.full((longest + 1, len(templates)), np.inf)
        total[0] = 0.0
        for row in cost:
            new = np.full_like(total, np.inf)
            for at in range(longest):
                new[at + 1] = row[at] + np.minimum(np.minimum(total[at], total[at + 1]), new[at])
            total = new
        distance = total[ends, np.arange(len(templates))] / (ends + len(query))
        right += known[int(distance.argmin())].sentence == clip.sentence
    return right / len(asked)


def speakers_known(name: str, clips: list[Clip]) -> float:
    """Share of clips of one sentence whose speaker is found, by a regression fitted on the other sentence."""
    names = sorted({clip.speaker for clip in clips})

    def table(sentence: str) -> tuple[Array, NDArray[np.int64]]:
        chosen = [clip for clip in clips if clip.sentence == sentence]
        rows = [np.concatenate([clip.views[name].mean(0), clip.views[name].std(0), [1.0]]) for clip in chosen]
        return np.array(rows), np.array([names.index(clip.speaker) for clip in chosen])

    inputs, who = table("s01")
    order = np.random.default_rng(0).permutation(len(inputs))
    ridge = Ridge(inputs[order], np.eye(len(names))[who[order]])
    tried, really = table("s02")
    return float((ridge(tried).argmax(1) == really).mean())


def main() -> int:
    """Read, attack, print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    parser.add_argument("--clips", type=int, default=400, help="recordings of each set")
    parser.add_argument("--listened", type=int, default=24, help="of them made sound again")
    options = parser.parse_args()
    folder = options.shared / "data" / "speech"
    with (folder / "index.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    pack = load_pack()
    rng = np.random.default_rng(0)

    def clips(wanted: Callable[[dict[str, str]], bool], most: int) -> list[Clip]:
        chosen = [row for row in rows if wanted(row)]
        picked = rng.permutation(len(chosen))[:most]
        return [read_clip(folder / chosen[each]["path"], chosen[each], pack) for each in picked]

    ravdess = clips(lambda row: row["corpus"] == "ravdess", options.clips)
    speakers = sorted({clip.speaker for clip in ravdess})
    known = clips(lambda row: row["speaker"] == "tess_YAF", options.clips)
    asked = clips(lambda row: row["speaker"] == "tess_OAF", options.clips // 2)
    # Hundreds of other sentences: with the two of RAVDESS the regression would know what is said.
    fitted = known + clips(lambda row: row["corpus"] == "nemo" and row["split"] == "train", 2 * options.clips)
    tried = clips(lambda row: row["corpus"] == "nemo" and row["split"] == "test", options.listened)
    vocabulary = {clip.sentence for clip in known}
    asked = [clip for clip in asked if clip.sentence in vocabulary]
    print(
        f"{len(fitted)} clips fitted, {len(tried)} tried, {len(asked)} words asked, {len(speakers)} speakers"
    )
    print("| from | band correlation | STOI | words of 200 | speakers of 24 |\n|---|---|---|---|---|")
    for name in ("log-mel, 10 ms", "signals of each frame", "score"):
        alike, clear = inverted(name, fitted, tried, options.listened)
        word, speaker = words_known(name, known, asked), speakers_known(name, ravdess)
        print(f"| {name} | {alike:.2f} | {clear:.2f} | {word:.3f} | {speaker:.2f} |", flush=True)
    for channels in (8, 4, 2, 1):
        heard = float(np.mean([stoi(clip.sound, vocoded(clip, channels)) for clip in tried]))
        print(f"| a noise vocoder of {channels} channels | | {heard:.2f} | | |", flush=True)
    print(f"| chance | | {floor_of(tried[: options.listened]):.2f} | {1 / len(vocabulary):.3f} "
          f"| {1 / len(speakers):.2f} |")  # fmt: skip
    return 0


def vocoded(clip: Clip, channels: int) -> Array:
    """Sound of the clip's envelopes in so many groups of log-mel bands, under the mean spectrum of each."""
    mean = clip.mel.mean(0)
    flat = np.empty_like(clip.mel)
    for group in np.array_split(np.arange(clip.mel.shape[1]), channels):
        envelope = np.log(np.exp(clip.mel[:, group]).mean(1))
        flat[:, group] = mean[group] + (envelope - np.log(np.exp(mean[group]).mean()))[:, None]
    return griffin_lim(flat, rounds=2)[DEFAULT_MEL.window - HOP_SAMPLES :]


def floor_of(clips: list[Clip]) -> float:
    """STOI of noise with the mean spectrum of each clip: nothing of what was said."""
    found: list[Any] = []
    for clip in clips:
        flat = np.broadcast_to(clip.mel.mean(0), clip.mel.shape)
        found.append(stoi(clip.sound, griffin_lim(np.asarray(flat, float), rounds=2)))
    return float(np.nanmean(found))


if __name__ == "__main__":
    raise SystemExit(main())
