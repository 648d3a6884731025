"""Held-out figures of an exported encoder: streamed from ONNX as the engine runs it, and offline in torch beside it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import Float32
from chromesthesia.features.mel import ENCODER_MEL, log_mel
from chromesthesia_training.corpora.datasets import all_clips, find_sound_sets
from chromesthesia_training.data.clips import SPLITS, Clip
from chromesthesia_training.data.sound import mel_of_file, read_sound
from chromesthesia_training.encoder.batches import SCORE_FROM_S, STEP_S
from chromesthesia_training.encoder.export import StreamedEncoder, load_trained
from chromesthesia_training.encoder.offline import (
    FIRST_SCORED_STEP,
    ClipAnswer,
    answer_clips,
    emotion_score,
    rated_steps,
)
from chromesthesia_training.errors import DataError
from chromesthesia_training.metrics.model_size import parameter_count
from chromesthesia_training.metrics.scores import correlation, macro_f1, root_mean_square_error
from chromesthesia_training.safe_write import write_text_whole

SUBSET_EVERY = 8
RUNNING_AT_S = (1.0, 1.5, 2.0)
OTHER_LEVELS_DB = (-20.0, -10.0, 6.0)
TEST_SPLIT = "test: speakers, game series and songs that neither training nor selection heard"
CLIP_SCORE = f"mean of the logits of its last {SCORE_FROM_S} s, when all of it has been heard"
Float64 = NDArray[np.float64]


def named_test_clips(clips: Sequence[Clip]) -> list[Clip]:
    """Clips of the test split, in the order of the index, that have one of the three emotions."""
    return [clip for clip in clips if clip.split == "test" and clip.emotion is not None]


def test_subset(clips: Sequence[Clip]) -> list[Clip]:
    """Every eighth named test clip: small enough to be checked by a test, see `encoder_macro_f1_test_subset`."""
    return named_test_clips(clips)[::SUBSET_EVERY]


test_subset.__test__ = False  # type: ignore[attr-defined]  # keeps pytest from collecting it


def stream_clips(
    onnx_path: Path,
    clips: Sequence[Clip],
    on_progress: Callable[[], None] = lambda: None,
    gain_db: float = 0.0,
) -> list[ClipAnswer]:
    """Answers of the ONNX model for whole clips, step by step from the sound file, as the live engine hears them.

    The logits are the log of the probabilities, which orders the classes of a clip in the same way. gain_db: how much
    louder than recorded the clips are played.
    """
    gain = np.float32(10.0 ** (gain_db / 20.0))
    return stream_spectra(
        onnx_path, clips, lambda clip: log_mel(gain * read_sound(clip.path), ENCODER_MEL), on_progress
    )


def stream_spectra(
    model: Path | bytes,
    clips: Sequence[Clip],
    mel_of: Callable[[Clip], Float32],
    on_progress: Callable[[], None] = lambda: None,
) -> list[ClipAnswer]:
    """As `stream_clips`, from log-mel [hops, mels] that is given."""
    encoder = StreamedEncoder(model)
    answers = []
    for clip in clips:
        said = encoder.run(mel_of(clip))
        plane = np.stack([said["valence"], said["arousal"]], axis=1).astype(np.float64)
        logits = np.log(np.maximum(said["probabilities"].astype(np.float64), 1e-9))
        answers.append(ClipAnswer(clip, plane, logits))
        on_progress()
    return answers


@dataclass(frozen=True)
class SpeechFigures:
    """Three-class scores over clips of speakers that training never heard."""

    clips: int
    speakers: int
    macro_f1: float
    majority_macro_f1: float


@dataclass(frozen=True)
class RatingFigures:
    """Agreement with ratings; `rmse` is in the unit of the ratings, `mean_rmse` that of always saying the mean."""

    count: int
    valence_r: float
    arousal_r: float
    valence_rmse: float
    arousal_rmse: float
    valence_mean_rmse: float
    arousal_mean_rmse: float


def speech_figures(answers: Sequence[ClipAnswer]) -> SpeechFigures:
    """Macro-F1 of clip scores beside that of always naming the commonest emotion of these clips."""
    targets = [EMOTIONS.index(answer.clip.emotion) for answer in answers if answer.clip.emotion is not None]
    commonest = Counter(targets).most_common(1)[0][0]
    return SpeechFigures(
        clips=len(targets),
        speakers=len({answer.clip.group for answer in answers}),
        macro_f1=emotion_score(answers),
        majority_macro_f1=macro_f1(targets, [commonest] * len(targets)),
    )


def running_macro_f1(answers: Sequence[ClipAnswer], at_s: float) -> float:
    """Macro-F1 of what is answered by `at_s` after onset; by the end of shorter clips."""
    last = max(round(at_s / STEP_S), FIRST_SCORED_STEP + 1)
    cut = [ClipAnswer(answer.clip, answer.valence_arousal[:last], answer.logits[:last]) for answer in answers]
    return emotion_score(cut)


def piece_figures(answers: Sequence[ClipAnswer]) -> RatingFigures:
    """One point per piece: mean rating and mean answer over what was heard of it."""
    pairs = [rated_steps(answer) for answer in answers]
    return _figures(
        np.array([rated.mean(axis=0) for rated, _ in pairs]),
        np.array([answered.mean(axis=0) for _, answered in pairs]),
    )


def measure_figures(answers: Sequence[ClipAnswer]) -> RatingFigures:
    """One point per measure of every piece: its rating and the mean answer while it sounds."""
    targets, predictions = [], []
    for answer in answers:
        _, late = rated_steps(answer)
        times_s = (np.arange(len(answer.valence_arousal)) + 1) * STEP_S
        times_s = times_s[times_s >= SCORE_FROM_S]
        points = answer.clip.points
        edges = [*(point.time_s for point in points), np.inf]
        for index, point in enumerate(points):
            inside = late[(times_s > edges[index]) & (times_s <= edges[index + 1])]
            if len(inside):
                targets.append((point.valence, point.arousal))
                predictions.append(inside.mean(axis=0))
    return _figures(np.array(targets), np.array(predictions))


def _figures(targets: Float64, predictions: Float64) -> RatingFigures:
    mean = np.broadcast_to(targets.mean(axis=0), targets.shape)
    return RatingFigures(
        count=len(targets),
        valence_r=correlation(targets[:, 0], predictions[:, 0]),
        arousal_r=correlation(targets[:, 1], predictions[:, 1]),
        valence_rmse=root_mean_square_error(targets[:, 0], predictions[:, 0]),
        arousal_rmse=root_mean_square_error(targets[:, 1], predictions[:, 1]),
        valence_mean_rmse=root_mean_square_error(targets[:, 0], mean[:, 0]),
        arousal_mean_rmse=root_mean_square_error(targets[:, 1], mean[:, 1]),
    )


def evaluate(
    run_dir: Path,
    onnx_path: Path,
    data_dir: Path | None = None,
    sounds: Path | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, object]:
    """Figures on the test split; also written to `metrics.json` in the run folder.

    Speech: three-class macro-F1 over clips of unseen speakers, with and without TESS (two speakers who inflate every
    score), per corpus, beside the majority baseline. Rated music: r and RMSE per piece and per measure, by series.
    `flat` holds the numbers of the pack's manifest. Raises DataError when the test split is empty.
    """
    clips = all_clips(find_sound_sets(data_dir, sounds))
    named = named_test_clips(clips)
    rated = [clip for clip in clips if clip.split == "test" and clip.annotation == "label"]
    if not named:
        raise DataError("the test split has no clip of angry, happy or sad", "add sounds: 3 or more of each")
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        on_progress(done, len(named) + len(rated))

    streamed = stream_clips(onnx_path, named, advance)
    streamed_rated = stream_clips(onnx_path, rated, advance)
    trained = load_trained(run_dir)
    mels: dict[Path, Float32] = {clip.path: mel_of_file(clip.path) for clip in [*named, *rated]}
    offline = answer_clips(trained.model, named, mels.__getitem__)
    offline_rated = answer_clips(trained.model, rated, mels.__getitem__, batch=4)

    flat: dict[str, float] = {}
    report: dict[str, object] = {
        "split": TEST_SPLIT,
        "model": {
            "parameters": parameter_count(trained.model),
            "training_step": trained.step,
            "begun_with": trained.begun_with,
        },
        "clip_score": CLIP_SCORE,
        "corpora": corpus_counts(clips),
        "flat": flat,
    }
    speech = _speech_report(streamed, offline, flat)
    speech["subset_macro_f1_by_gain_db"] = {
        f"{gain_db:+g}": emotion_score(stream_clips(onnx_path, named[::SUBSET_EVERY], gain_db=gain_db))
        for gain_db in OTHER_LEVELS_DB
    }
    report["speech"] = speech
    if rated:
        report["vgmidi"] = _rating_report(streamed_rated, offline_rated, flat)
    write_text_whole(run_dir / "metrics.json", json.dumps(report, indent=2))
    return report


def report_of_file(
    model: Path, clips: Sequence[Clip], mel_of: Callable[[Clip], Float32], about: Mapping[str, object]
) -> dict[str, Any]:
    """The report of `evaluate` on one encoder file, streamed from kept spectra; about: the content of `model`.

    Without torch beside it, and as recorded only: what other levels do is a scene of `evaluate --robust`.
    """
    named = named_test_clips(clips)
    rated = [clip for clip in clips if clip.split == "test" and clip.annotation == "label"]
    flat: dict[str, float] = {}
    report: dict[str, Any] = {
        "split": TEST_SPLIT,
        "model": dict(about),
        "clip_score": CLIP_SCORE,
        "corpora": corpus_counts(clips),
        "flat": flat,
        "speech": _speech_report(stream_spectra(model, named, mel_of), None, flat),
    }
    if rated:
        report["vgmidi"] = _rating_report(stream_spectra(model, rated, mel_of), None, flat)
    return report


def corpus_counts(clips: Sequence[Clip]) -> dict[str, dict[str, dict[str, int]]]:
    """Clips and groups (speakers, series, songs) by corpus and split."""
    return {
        corpus: {
            split: {
                "clips": sum(clip.corpus == corpus and clip.split == split for clip in clips),
                "groups": len(
                    {clip.group for clip in clips if clip.corpus == corpus and clip.split == split}
                ),
            }
            for split in SPLITS
        }
        for corpus in dict.fromkeys(clip.corpus for clip in clips)
    }


def _speech_report(
    streamed: Sequence[ClipAnswer], offline: Sequence[ClipAnswer] | None, flat: dict[str, float]
) -> dict[str, object]:
    corpora = sorted({answer.clip.corpus for answer in streamed})
    figures = speech_figures(streamed)
    flat["encoder_macro_f1_test"] = figures.macro_f1
    flat["encoder_majority_macro_f1"] = figures.majority_macro_f1
    flat["encoder_macro_f1_test_subset"] = emotion_score(streamed[::SUBSET_EVERY])
    report: dict[str, object] = {
        "onnx_streamed": asdict(figures),
        **({} if offline is None else {"torch_offline": asdict(speech_figures(offline))}),
        "per_corpus_onnx_streamed": {
            corpus: asdict(speech_figures([answer for answer in streamed if answer.clip.corpus == corpus]))
            for corpus in corpora
        },
        "running_macro_f1_onnx_streamed": _running(streamed),
        "subset_macro_f1": flat["encoder_macro_f1_test_subset"],
        "subset": f"every {SUBSET_EVERY}th clip in the order of the index, {len(streamed[::SUBSET_EVERY])} clips",
    }
    if "tess" in corpora and len(corpora) > 1:
        for name, answers in (("onnx_streamed", streamed), ("torch_offline", offline)):
            if answers is None:
                continue
            others = [answer for answer in answers if answer.clip.corpus != "tess"]
            without = speech_figures(others)
            report[f"{name}_without_tess"] = asdict(without)
            if name == "onnx_streamed":
                report["running_macro_f1_without_tess"] = _running(others)
                flat["encoder_macro_f1_test_without_tess"] = without.macro_f1
                flat["encoder_majority_macro_f1_without_tess"] = without.majority_macro_f1
    return report


def _running(answers: Sequence[ClipAnswer]) -> dict[str, float]:
    return {f"{at_s:g}_s": running_macro_f1(answers, at_s) for at_s in RUNNING_AT_S}


def _rating_report(
    streamed: Sequence[ClipAnswer], offline: Sequence[ClipAnswer] | None, flat: dict[str, float]
) -> dict[str, object]:
    pieces, measures = piece_figures(streamed), measure_figures(streamed)
    flat["valence_r_vgmidi_test"], flat["arousal_r_vgmidi_test"] = pieces.valence_r, pieces.arousal_r
    flat["valence_r_vgmidi_test_measures"] = measures.valence_r
    flat["arousal_r_vgmidi_test_measures"] = measures.arousal_r
    report: dict[str, object] = {
        "series": len({answer.clip.group for answer in streamed}),
        "pieces_onnx_streamed": asdict(pieces),
        "measures_onnx_streamed": asdict(measures),
    }
    if offline is not None:
        report["pieces_torch_offline"] = asdict(piece_figures(offline))
        report["measures_torch_offline"] = asdict(measure_figures(offline))
    return report
