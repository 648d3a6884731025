"""What may train a free encoder: files with a free licence, YAMNet as published, and nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from chromesthesia_training.corpora.registry import recognise
from chromesthesia_training.data.bursts import read_bursts
from chromesthesia_training.errors import DataError, LicenceError
from chromesthesia_training.free import material
from chromesthesia_training.free.material import (
    free_sets,
    origins_of,
    training_clips,
    unseen_clips,
    weights_of,
)
from chromesthesia_training.packing.provenance import counted, judge

Csv = Callable[..., Path]
Tone = Callable[..., Path]
CATEGORIES = ("Anger", "Elation", "Sadness", "Fear")
OF_THREE = {"Anger": "angry", "Elation": "happy", "Sadness": "sad"}
BYTES = b"the layers"


@pytest.fixture
def data_dir(tmp_path: Path, write_csv: Csv, write_tone: Tone, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Bursts of three speakers, EMO-DB and another corpus of two, and weights of known bytes."""
    data = tmp_path / "data"
    bursts(data, write_csv, write_tone)
    rows = [
        {
            "path": f"{corpus}/{emotion}-{split}.wav",
            "emotion": emotion,
            "emotion3": "" if emotion == "neutral" else emotion,
            "corpus": corpus,
            "speaker": f"{corpus}-{split}",
            "split": split,
            "intensity": "",
            "fold": number,
            "licence": "as an old table has it",
        }
        for corpus in ("emodb", "nemo", "tess")
        for emotion in ("angry", "happy", "sad", "neutral")
        for number, split in enumerate(("train", "test"))
    ]
    for row in rows:
        write_tone(data / "speech" / str(row["path"]), 300.0, 0.3)
    write_csv(data / "speech" / "index.csv", rows)
    (data / "weights").mkdir()
    (data / "weights" / "yamnet.tflite").write_bytes(BYTES)
    monkeypatch.setattr(material, "YAMNET_SHA256", hashlib.sha256(BYTES).hexdigest())
    return data


def bursts(data: Path, write_csv: Csv, write_tone: Tone, **changed: object) -> Path:
    folder = data / "free" / "voices"
    rows: list[dict[str, object]] = [
        {
            "path": f"{number:03d}/{category}_1.wav",
            "emotion": category,
            "emotion3": OF_THREE.get(category, ""),
            "speaker": f"emogator_{number:03d}",
            "take": 1,
            "split": split,
            "fold": number,
            "licence": "Apache-2.0",
        }
        for number, split in enumerate(("train", "val", "test"))
        for category in CATEGORIES
    ]
    rows[1].update(changed)
    for row in rows:
        write_tone(folder / str(row["path"]), 500.0, 0.3)
    write_csv(folder / "index.csv", rows)
    return folder


def test_bursts_are_read_by_our_names_and_known_by_their_table(
    tmp_path: Path, write_csv: Csv, write_tone: Tone
) -> None:
    folder = bursts(tmp_path, write_csv, write_tone)
    clips = read_bursts(folder)
    assert [(clip.label, clip.emotion) for clip in clips[:4]] == [
        ("angry", "angry"), ("excited", "happy"), ("sad", "sad"), ("fearful", None),
    ]  # fmt: skip
    assert {clip.corpus for clip in clips} == {"emogator"}
    corpus = recognise(folder)
    assert corpus is not None
    assert corpus.name == "prepared-bursts"


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"emotion": "Boredom"}, "'Boredom'.*Amusement"),
        ({"emotion3": "glad"}, "'glad'"),
        ({"split": "later"}, "'later'"),
        ({"speaker": "emogator_002"}, "both train and test"),
    ],
)
def test_a_burst_that_does_not_fit_is_named(
    changed: dict[str, object], complaint: str, tmp_path: Path, write_csv: Csv, write_tone: Tone
) -> None:
    with pytest.raises(DataError, match=complaint):
        read_bursts(bursts(tmp_path, write_csv, write_tone, **changed))


def test_what_trains_is_free_to_the_last_byte_and_what_measures_does_not_train(data_dir: Path) -> None:
    sets = free_sets(data_dir)
    trained = training_clips(sets)
    assert {(clip.corpus, clip.split) for clip in trained} == {
        ("emogator", "train"), ("emogator", "val"), ("emodb", "train"),
    }  # fmt: skip
    origins = origins_of(sets, weights_of(data_dir, None))
    assert judge(origins).free
    listed = {origin.sha256 for origin in origins}
    assert {hashlib.sha256(clip.path.read_bytes()).hexdigest() for clip in trained} < listed
    assert hashlib.sha256(BYTES).hexdigest() in listed
    assert {(origin.source.split("/")[-1], origin.licence) for origin in origins} == {
        ("EmoGator", "Apache-2.0"), ("emodb", "CC0-1.0"), ("yamnet", "Apache-2.0"), ("Chromesthesia", "made by script"),
    }  # fmt: skip
    unseen = unseen_clips(data_dir, {clip.corpus for clip in trained})
    assert {(clip.corpus, clip.emotion is None) for clip in unseen} == {("nemo", False)}


@pytest.mark.parametrize("licence", ["CC BY-NC-SA 4.0", "research", ""])
def test_one_file_of_another_licence_is_refused_by_name(
    licence: str, data_dir: Path, write_csv: Csv, write_tone: Tone
) -> None:
    bursts(data_dir, write_csv, write_tone, licence=licence)
    with pytest.raises(
        LicenceError, match=r"000/Elation_1\.wav \(1 files of emogator\).*not free"
    ) as refused:
        free_sets(data_dir)
    assert refused.value.kind == "licence"
    assert "leave it out" in str(refused.value)


def test_a_corpus_of_ones_own_gets_in_by_its_licence_alone(
    tmp_path: Path, data_dir: Path, own_sounds: Path, write_tone: Tone
) -> None:
    jl = tmp_path / "jl-corpus"
    for speaker in ("female1", "male1"):
        for emotion in ("angry", "happy", "sad"):
            write_tone(jl / f"{speaker}_{emotion}_10a_1.wav", 300.0, 0.3)
    found = free_sets(None, jl)
    assert [(one.corpus, len(one.clips)) for one in found] == [("jl-corpus", 6)]
    assert judge(origins_of(found, weights_of(data_dir, None), ("train", "val", "test"))).free
    with pytest.raises(LicenceError, match="not stated"):
        free_sets(data_dir, own_sounds)
    savee = tmp_path / "savee"
    for speaker in ("DC", "JE"):
        for name in ("a01", "h01", "sa01"):
            write_tone(savee / speaker / f"{name}.wav", 300.0, 0.3)
    with pytest.raises(LicenceError, match="free for research"):
        free_sets(None, savee)


def test_layers_that_anything_may_have_tuned_are_refused(data_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no yamnet\.tflite"):
        weights_of(None, None)
    with pytest.raises(DataError, match=r"no yamnet\.tflite at .*elsewhere"):
        weights_of(data_dir, tmp_path / "elsewhere")
    (data_dir / "weights" / "yamnet.tflite").write_bytes(b"tuned since")
    with pytest.raises(LicenceError, match="not YAMNet's file as published"):
        weights_of(data_dir, None)


def test_no_voices_at_all_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no free voice to learn from"):
        free_sets(tmp_path)


@pytest.mark.shared_data
def test_the_bytes_that_trained_the_measured_encoder_are_those_that_are_there(
    shared_dir: Path, repository: Path
) -> None:
    data = shared_dir / "data"
    origins = origins_of(free_sets(data), weights_of(data, None))
    assert judge(origins).free
    committed = json.loads(
        (repository / "docs/results/metrics/encoders/free.json").read_text(encoding="utf-8")
    )
    made = "made by script"
    kept = [one for one in committed["data"]["trained_on"] if one["licence"] != made]
    assert kept == [one for one in counted(origins) if one["licence"] != made]
