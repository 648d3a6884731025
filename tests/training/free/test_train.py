"""A free encoder from made voices: fitted, gone on with, exported with its list, measured on what trained nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.training.adapt.conftest import SPACE, tiny_generator
from typer.testing import CliRunner

from chromesthesia_training.cli.app import app
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.data.walking import sha256_of
from chromesthesia_training.encoder import spoiled
from chromesthesia_training.encoder.export import load_trained
from chromesthesia_training.encoder.model import EncoderSizes, StreamingEncoder
from chromesthesia_training.encoder.read_out import ReadOutRecipe
from chromesthesia_training.errors import DataError, LicenceError, TrainingError
from chromesthesia_training.free import material, pack, train
from chromesthesia_training.free import settings as defaults
from chromesthesia_training.free.evaluate import answers_in, in_order, majority, unseen_figures
from chromesthesia_training.free.export import export_free, measure_free
from chromesthesia_training.free.moments import Kept, in_their_rooms, moments_of, points_of
from chromesthesia_training.free.pack import make_free_pack
from chromesthesia_training.free.settings import FreeRecipe, FreeSettings
from chromesthesia_training.free.train import train_free
from chromesthesia_training.gan.checkpoint import TrainedGenerator
from chromesthesia_training.gan.export import ExportReport, export_generator
from chromesthesia_training.metrics.metrics_file import read_metrics
from chromesthesia_training.packing.provenance import (
    PROVENANCE_NAME,
    Origin,
    check_pack,
    provenance_bytes,
    read_provenance,
)

SIZES = EncoderSizes(
    widths=(4, 4, 8, 8, 8, 8, 16), memories_s=(0.8, 3.0), unfelt=True, room_s=60.0, room_prior_s=2.0
)
PITCH_HZ = {"angry": 1_400.0, "happy": 700.0, "sad": 220.0}
SPLITS = ("train", "train", "val", "test")


@pytest.fixture
def settings(
    tmp_path: Path,
    write_csv: Callable[..., Path],
    write_tone: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> FreeSettings:
    """EMO-DB and a corpus to measure with, as tones; layers at random; rooms of few noises."""
    for name, value in (("NOISES", 2), ("THINGS", 2), ("LONG_S", 0.5)):
        monkeypatch.setattr(spoiled, name, value)
    monkeypatch.setattr(train, "begin_with_yamnet", lambda encoder, weights: None)
    data = tmp_path / "data"
    rows = [
        {
            "path": f"{corpus}/{emotion}-{number}.wav",
            "emotion": emotion,
            "emotion3": emotion,
            "corpus": corpus,
            "speaker": f"{corpus}-{number}",
            "split": split,
            "intensity": "",
            "fold": number,
        }
        for corpus in ("emodb", "urdu")
        for emotion in PITCH_HZ
        for number, split in enumerate(SPLITS)
    ]
    for number, row in enumerate(rows):
        write_tone(
            data / "speech" / str(row["path"]), PITCH_HZ[str(row["emotion"])] + 9.0 * number, 1.0, seed=number
        )
    write_csv(data / "speech" / "index.csv", rows)
    weights = data / "weights" / "yamnet.tflite"
    weights.parent.mkdir()
    weights.write_bytes(b"layers")
    monkeypatch.setattr(material, "YAMNET_SHA256", sha256_of(weights))
    recipe = FreeRecipe(
        1, 1, 3, sizes=SIZES, read_out=ReadOutRecipe(steps=60, batch=16, mixed=0.0, noise=0.0)
    )
    return FreeSettings(tmp_path / "run", data, None, tmp_path / "cache", None, recipe)


def weights_kept(settings: FreeSettings) -> dict[str, torch.Tensor]:
    return dict(load_trained(settings.run_dir).model.state_dict())


def test_a_run_keeps_what_trained_it_and_goes_on_to_the_same_weights(
    settings: FreeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = train_free(settings)
    assert trained.checkpoint.is_file()
    assert {origin.source.split(" ")[0].rpartition("/")[2] for origin in trained.origins} == {
        "datasets", "models", "Chromesthesia",
    }  # fmt: skip
    assert set(read_provenance(settings.run_dir / PROVENANCE_NAME)) == set(trained.origins)
    assert "val_macro_f1_recorded_speech" in trained.figures
    first = weights_kept(settings)
    (settings.run_dir / "moments-unfelt.npz").unlink()
    heard: list[int] = []
    hear = moments_of

    def counting(encoder: StreamingEncoder, mels: list[np.ndarray]) -> Kept:
        heard.append(len(mels))
        return hear(encoder, mels)

    monkeypatch.setattr(train, "moments_of", counting)
    train_free(settings)
    assert heard == [settings.recipe.unfelt]
    for name, value in weights_kept(settings).items():
        torch.testing.assert_close(value, first[name])
    heard.clear()
    train_free(replace(settings, seed=4))
    assert len(heard) == 3


def test_other_files_are_heard_anew_and_an_unfree_one_stops_the_run(
    settings: FreeSettings, own_sounds: Path, write_tone: Callable[..., Path]
) -> None:
    train_free(settings)
    made = settings.run_dir / "moments-recorded-speech.npz"
    before = made.read_bytes()
    assert settings.data_dir is not None
    write_tone(settings.data_dir / "speech" / "emodb" / "sad-0.wav", 330.0, 1.0)
    train_free(settings)
    assert made.read_bytes() != before
    with pytest.raises(LicenceError, match="not free"):
        train_free(replace(settings, sounds=own_sounds))


@pytest.mark.slow
def test_what_is_exported_carries_its_list_and_is_measured_in_every_way(
    settings: FreeSettings, tmp_path: Path
) -> None:
    train_free(settings)
    export = export_free(settings.run_dir, quantise=None)
    assert export.runs == settings.run_dir / "encoder.onnx"
    path = measure_free(settings, export, tmp_path / "metrics", "command")
    (found,) = read_metrics(tmp_path / "metrics")
    assert found.path == path
    assert found["data"]["clips"] == 12
    assert [one["licence"] for one in found["data"]["trained_on"]] == [
        "CC0-1.0",
        "Apache-2.0",
        "made by script",
    ]
    for way in ("in_room", "alone", "on_and_on"):
        figure = found.figure(f"{way}.macro_f1")
        assert figure is not None
        assert 0.0 <= figure.mean <= 1.0
    figure, whole = found.figure("in_room.by_corpus.urdu"), found.figure("macro_f1")
    assert figure is not None
    assert whole is not None
    assert figure.mean == whole.mean
    assert sum(map(sum, found["confusion"]["urdu"])) == 12
    listed = settings.run_dir / PROVENANCE_NAME
    listed.write_text(listed.read_text().replace("CC0-1.0", "research", 1))
    with pytest.raises(LicenceError, match=r"1 file of .*emodb: 'research' is not free"):
        export_free(settings.run_dir, quantise=None)


def test_nothing_to_measure_with_is_said(settings: FreeSettings, tmp_path: Path) -> None:
    class Nothing:
        origins = ()

    with pytest.raises(DataError, match="nothing to measure with"):
        measure_free(replace(settings, data_dir=None), Nothing(), tmp_path, "command")  # type: ignore[arg-type]


def test_rooms_become_alike_in_mean_and_spread_and_small_ones_stay_near_what_is_known() -> None:
    rng = np.random.default_rng(0)
    mean, deviation = np.array([0.0, 5.0], np.float32), np.array([1.0, 2.0], np.float32)
    large, small = rng.normal([3.0, -4.0], [0.5, 4.0], (400, 2)), rng.normal([3.0, -4.0], 0.5, (2, 2))
    both = np.concatenate([large, small]).astype(np.float32)
    placed = in_their_rooms(both, ["large"] * 400 + ["small"] * 2, mean, deviation, 2.0).astype(np.float32)
    np.testing.assert_allclose(placed[:400].mean(axis=0), mean, atol=0.15)
    np.testing.assert_allclose(placed[:400].std(axis=0), deviation, rtol=0.15)
    assert placed[400:, 0].mean() > 0.2


def test_moments_are_asked_early_and_where_a_sound_ends(lively: Callable[..., StreamingEncoder]) -> None:
    model = lively(SIZES)
    rng = np.random.default_rng(1)
    kept = moments_of(
        model, [rng.normal(-8.0, 1.0, (hops, 64)).astype(np.float32) for hops in (240, 40, 120)]
    )
    for number, asked in enumerate(([0.8, 1.6, 2.4], [0.4], [0.8, 1.2])):
        np.testing.assert_allclose(kept.at_s[kept.clips == number], asked, atol=1e-6)


def clip(corpus: str, emotion: str | None, name: str = "a", group: str = "one") -> Clip:
    return Clip(Path(name), corpus, "speech", group, "train", 0, emotion, (), "proxy")


def test_corpora_and_emotions_count_alike_and_bursts_as_much_as_is_said() -> None:
    voices = [clip("emodb", "angry")] * 8 + [clip("emodb", "sad")] * 2 + [clip("emogator", "sad")] * 40
    points = points_of(np.zeros((51, 4), np.float16), [*((one, 2.0) for one in voices), (None, 2.0)], 0.1)
    weight = points.emotion_weight.numpy()
    assert weight[:8].sum() == pytest.approx(weight[8:10].sum())
    assert weight[10:50].sum() == pytest.approx(0.1 * weight[:8].sum())
    assert weight[50] == 0.0
    assert points.unfelt is not None
    assert points.unfelt.numpy().tolist() == [0.0] * 50 + [1.0]


def test_speakers_follow_each_other_by_lot_each_clip_once() -> None:
    clips = [clip("urdu", "sad", f"{group}{number}", group) for number in range(5) for group in "abc"]
    ordered = in_order(clips, 0)
    assert sorted(one.path.name for one in ordered) == sorted(one.path.name for one in clips)
    groups = [one.group for one in ordered]
    assert sum(one != other for one, other in pairwise(groups)) == 2
    assert ordered != in_order(clips, 1)
    assert majority([*clips[:2], clip("urdu", "angry")]) == pytest.approx(0.8 / 3)


def test_an_encoder_without_a_room_is_measured_alone_only(exported: tuple[object, Path]) -> None:
    clips = [clip("urdu", emotion, emotion) for emotion in PITCH_HZ]

    def mel_of(one: Clip) -> np.ndarray:
        return np.full((32, 64), -8.0, np.float32)

    assert "alone" in unseen_figures(exported[1], clips, mel_of, ("alone",))
    with pytest.raises(TrainingError, match="keeps nothing of the room"):
        answers_in(exported[1], clips, mel_of, "in_room")


@pytest.mark.slow
def test_the_command_trains_exports_and_says_what_may_be_done(
    settings: FreeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(defaults, "FREE_SIZES", SIZES)
    monkeypatch.setattr(defaults, "FreeRecipe", lambda sizes: replace(settings.recipe, sizes=sizes))
    arguments = [
        "free-encoder",
        "--data",
        str(settings.data_dir),
        "--run",
        str(settings.run_dir),
        "--no-int8",
    ]
    done = CliRunner().invoke(app, [*arguments, "--cache", str(settings.cache_dir)])
    assert done.exit_code == 0, done.output
    assert "Show it, sell it, pass it on" in done.output
    record = json.loads((settings.run_dir / train.FIT_ON).read_text())
    assert record["sizes"]["room_s"] == 120.0


@pytest.mark.slow
def test_a_free_pack_lists_all_that_trained_either_and_no_other_may_paint_for_it(
    settings: FreeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def painted(run_dir: Path, out: Path) -> ExportReport:
        made = tiny_generator()
        return export_generator(made, TrainedGenerator(made, SPACE, 10, 40, 1.0), out)

    monkeypatch.setattr(pack, "export_generator", painted)
    monkeypatch.setattr(pack, "export_free", partial(export_free, quantise=None))
    monkeypatch.setattr(pack, "quantise_generator", lambda path: None)
    train_free(settings)
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    weights = tmp_path / "squeezenet.npz"
    weights.write_bytes(b"it judged")
    one = Origin("generator", "a museum", "", "CC0-1.0", "pond.jpg", "ab" * 32)
    (pictures / PROVENANCE_NAME).write_bytes(provenance_bytes([one]))
    ways = {"by_corpus": {"urdu": 0.5}, "macro_f1": 0.5}
    figures = {"in_room": ways, "alone": ways, "on_and_on": ways}
    out = tmp_path / "open"
    make_free_pack(settings.run_dir, tmp_path / "gan", pictures, weights, out, figures)
    verdict = check_pack(out)
    assert verdict.free, verdict.refusals
    listed = read_provenance(out / PROVENANCE_NAME)
    assert {origin.path for origin in listed if origin.used_for == "generator"} == {
        "pond.jpg", "squeezenet.npz",
    }  # fmt: skip
    card = (out / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "Show it, sell it" in card
    assert "| each corpus a running room | 0.50 | 0.50 |" in card
    assert "Nobody rated its pictures" in card
    bought = Origin("generator", "an artist", "", "all rights reserved", "sea.jpg", "cd" * 32)
    (pictures / PROVENANCE_NAME).write_bytes(provenance_bytes([one, bought]))
    with pytest.raises(LicenceError, match="all rights reserved"):
        make_free_pack(settings.run_dir, tmp_path / "gan", pictures, weights, out, figures)
    assert check_pack(out).free
