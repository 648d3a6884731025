"""The whole evaluation on a folder of small sounds, through the engine's own encoder session."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from chromesthesia.core.records import SAMPLE_RATE_HZ
from chromesthesia.inference.probe import load_pack
from chromesthesia.testing.models import write_tiny_pack
from chromesthesia_training.cli import app as cli
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.encoder.batches import STEP_S
from chromesthesia_training.errors import DataError
from chromesthesia_training.robust import evaluate
from chromesthesia_training.robust.listening import PackListener
from chromesthesia_training.robust.voices import AFTER_S, BEFORE_S, Voice, changes_of, trimmed, voices_of
from chromesthesia_training.scenes.listed import SCENES
from chromesthesia_training.scenes.things import THINGS

PITCH_HZ = {"angry": 1_400.0, "happy": 700.0, "sad": 220.0}


@pytest.fixture
def sounds(tmp_path: Path, write_tone: Callable[..., Path]) -> Path:
    for emotion, pitch_hz in PITCH_HZ.items():
        for speaker in ("ada", "bo", "cy", "di", "ed", "fi"):
            write_tone(tmp_path / "sounds" / emotion / speaker / "one.wav", pitch_hz, 0.6)
    return tmp_path / "sounds"


def voices(count: int = 2, seconds: float = 1.0) -> list[Voice]:
    made = []
    for emotion, pitch_hz in PITCH_HZ.items():
        for number in range(count):
            time_s = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
            tone = np.asarray(0.2 * np.sin(2.0 * np.pi * pitch_hz * time_s), np.float32)
            pause = np.zeros(SAMPLE_RATE_HZ // 2, np.float32)
            clip = Clip(Path(f"{emotion}{number}"), "own", "speech", "ada", "test", 0, emotion, (), "proxy")
            made.append(Voice(clip, np.concatenate([pause, tone, pause])))
    return made


def test_a_trimmed_clip_loses_its_silence() -> None:
    assert len(trimmed(voices()[0].samples)) / SAMPLE_RATE_HZ == pytest.approx(1.2, abs=0.05)
    silent = np.zeros(4_800, np.float32)
    assert trimmed(silent) is silent


def test_every_speaker_changes_from_each_emotion_to_each_other() -> None:
    changes = changes_of(voices(), each=2)
    assert len(changes) == 12
    assert {(change.before, change.after) for change in changes} == {
        (before, after) for before in range(3) for after in range(3) if before != after
    }
    for change in changes:
        assert change.at_s == pytest.approx(BEFORE_S)
        assert len(change.samples) / SAMPLE_RATE_HZ == pytest.approx(BEFORE_S + AFTER_S)
    assert np.array_equal(changes[0].samples, changes_of(voices(), each=2)[0].samples)


def test_voices_without_the_left_out_corpus_or_none_at_all() -> None:
    clip = Clip(Path("x"), "tess", "speech", "ada", "test", 0, "sad", (), "proxy")
    with pytest.raises(DataError, match="no voice"):
        voices_of([clip])


def test_what_the_encoder_says_is_the_same_by_the_short_and_by_the_engines_way(tmp_path: Path) -> None:
    listener = PackListener(load_pack(write_tiny_pack(tmp_path / "tiny")))
    rng = np.random.default_rng(0)
    samples = rng.normal(0.0, 0.1, 3 * SAMPLE_RATE_HZ).astype(np.float32)
    said = listener.readings(samples)
    assert len(said.probabilities) == int(3.0 / STEP_S)
    again = listener.readings(samples)
    assert np.array_equal(said.probabilities, again.probabilities)  # each sound begins from silence
    followed = listener.followed(np.resize(samples, 12 * SAMPLE_RATE_HZ))
    assert followed.activity[-1] == pytest.approx(1.0, abs=0.01)
    steady = listener.readings(np.resize(samples, 12 * SAMPLE_RATE_HZ))
    assert np.abs(followed.plane[-20:].mean(axis=0) - steady.plane[-30:].mean(axis=0)).max() < 0.05
    assert listener.followed(np.zeros(SAMPLE_RATE_HZ, np.float32)).activity.max() == 0.0


def test_the_command_measures_a_pack_on_a_users_own_sounds(
    tmp_path: Path, sounds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = dict(list(THINGS.items())[:2])
    monkeypatch.setattr(evaluate, "THINGS", few)
    monkeypatch.setattr(evaluate, "changes_of", lambda found, seed: changes_of(found, seed, each=1)[:2])
    pack = write_tiny_pack(tmp_path / "tiny")
    done = CliRunner().invoke(
        cli.app,
        ["evaluate", "--robust", str(pack), "--sounds", str(sounds), "--results", str(tmp_path / "results")],
        catch_exceptions=False,
    )
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "results/metrics/encoders/robust.tiny.json").read_text())
    figures = found["figures"]
    assert set(figures["scenes"]) == {scene.key for scene in SCENES}
    assert 0.0 <= figures["macro_f1_mean"] <= 1.0
    assert set(figures["nonspeech_confidence"]) == {name.replace(" ", "_") for name in few}
    assert found["settings"]["encoder_file"] == "encoder.onnx"
    assert found["protocol"] == "robust"


def test_asking_for_nothing_says_what_can_be_asked() -> None:
    done = CliRunner().invoke(cli.app, ["evaluate", "nowhere"])
    assert done.exit_code != 0
    assert "--robust" in str(done.exception)
