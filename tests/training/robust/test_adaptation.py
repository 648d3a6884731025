"""What marks are worth: drawn fairly, scored on other clips, chosen on other speakers."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from chromesthesia.emotion.head import SETTINGS, HeadSettings, fit_head
from chromesthesia.inference.probe import load_pack
from chromesthesia.show.performer import MARKED_STEPS
from chromesthesia.testing.models import write_tiny_pack
from chromesthesia_training.cli import app as cli
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.encoder.offline import SCORED_STEPS
from chromesthesia_training.errors import DataError
from chromesthesia_training.metrics.scores import macro_f1
from chromesthesia_training.robust import adaptation, performers
from chromesthesia_training.robust.adaptation import COUNTS, choose, figures_of, score
from chromesthesia_training.robust.measurement import Measurement
from chromesthesia_training.robust.performers import (
    LEFT,
    MOST_DRAWN,
    Speaker,
    Steps,
    draw,
    named_clips,
    said_of,
    speakers_of,
)

CLIPS, LENGTH = 12, 20


def made_up(seed: int, shift: int, name: str = "ada", split: str = "test") -> Speaker:
    """A speaker whose moods lie apart, and whom the pack takes for `shift` moods further."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(3, 128))
    moods = np.repeat(np.arange(3), CLIPS)
    embedding = np.repeat(centres[moods], LENGTH, axis=0) + 0.3 * rng.normal(size=(3 * CLIPS * LENGTH, 128))
    said = 0.1 + 0.7 * np.eye(3)[(moods + shift) % 3]
    steps = Steps(
        embedding.astype(np.float32),
        np.repeat(said, LENGTH, axis=0).astype(np.float32),
        np.arange(0, 3 * CLIPS * LENGTH + 1, LENGTH, dtype=np.int64),
    )
    return Speaker(name, "own", split, moods, np.arange(3 * CLIPS), steps)


def test_what_is_marked_is_never_scored_and_every_draw_is_another() -> None:
    speaker = made_up(1, 0)
    one, other = draw(speaker, 0, 0), draw(speaker, 1, 0)
    assert one.marked.shape == (3, MOST_DRAWN)
    assert not one.scored[one.marked].any()
    assert one.scored.sum() == 3 * (CLIPS - MOST_DRAWN)
    assert all((speaker.moods[row] == mood).all() for mood, row in enumerate(one.marked))
    assert not np.array_equal(one.marked, other.marked)
    assert np.array_equal(one.marked, draw(speaker, 0, 0).marked)


def test_a_pack_that_is_always_wrong_is_set_right_and_one_that_is_right_stays_so() -> None:
    wrong = score([made_up(1, 1)], SETTINGS, 5, 0)
    assert (wrong.together[:, 0] == 0.0).all()
    assert (np.diff(wrong.together.mean(axis=0)) >= 0.0).all()
    right = score([made_up(2, 0)], SETTINGS, 5, 0)
    np.testing.assert_allclose(right.together, 1.0)
    assert wrong.worth() >= right.worth() == 0.0


def test_scores_are_those_of_the_other_scorer_and_of_the_head_step_by_step() -> None:
    rng = np.random.default_rng(3)
    targets, said = rng.integers(0, 3, 50), rng.integers(0, 2, 50)
    assert adaptation._macro_f1(targets, said) == pytest.approx(macro_f1(targets.tolist(), said.tolist()))
    speaker = made_up(4, 1)
    drawn = draw(speaker, 0, 0)
    head = fit_head([speaker.mark(int(place)) for row in drawn.marked for place in row[:3]])
    assert head is not None
    embedding, probabilities = speaker.scored()
    assert embedding.shape == (3 * CLIPS, SCORED_STEPS, 128)
    slowly = np.log(head.probabilities(probabilities, embedding)).mean(axis=1).argmax(axis=1)[drawn.scored]
    quickly = adaptation._named(speaker, drawn, adaptation._described(speaker), 3, SETTINGS, True)
    assert np.array_equal(slowly, quickly)


def test_settings_are_chosen_by_what_they_are_worth(monkeypatch: pytest.MonkeyPatch) -> None:
    deaf, hearing = HeadSettings(0.0, 1.0, 1.0), HeadSettings(6.0, 0.1, 1.0)
    monkeypatch.setattr(adaptation, "GRID", (deaf, hearing))
    chosen, worth = choose([made_up(1, 1)], 3, 0)
    assert chosen == hearing
    assert next(iter(worth.values())) == 0.0


def test_figures_have_an_interval_and_every_speaker() -> None:
    speakers = [made_up(1, 1), made_up(2, 0, "bo")]
    figures = figures_of(speakers, score(speakers, SETTINGS, 6, 0))
    assert list(figures["gain"]) == [str(count) for count in COUNTS]
    assert figures["gain"]["0"] == figures["gain_low"]["0"] == figures["gain_high"]["0"] == 0.0
    assert figures["gain_low"]["5"] <= figures["gain"]["5"] <= figures["gain_high"]["5"]
    assert set(figures["speakers"]) == {"ada", "bo"}


def test_a_mark_is_the_last_second_before_its_moment() -> None:
    speaker = made_up(1, 0)
    end = speaker.steps.embedding[LENGTH - MARKED_STEPS : LENGTH].mean(axis=0)
    np.testing.assert_allclose(speaker.mark(0).embedding, end, rtol=1e-5)
    early = speaker.steps.embedding[:MARKED_STEPS].mean(axis=0)
    np.testing.assert_allclose(speaker.mark(0, 0.0).embedding, early, rtol=1e-5)


def test_a_speaker_with_too_few_clips_is_left_out() -> None:
    speaker = made_up(1, 0)
    clips = [
        Clip(Path(f"{row}"), "own", "speech", "ada", "test", 0, ("angry", "happy", "sad")[mood], (), "proxy")
        for row, mood in enumerate(speaker.moods)
    ]
    assert [one.name for one in speakers_of(clips, speaker.steps)] == ["ada"]
    few = clips[: 2 * CLIPS + MOST_DRAWN + LEFT - 1]
    assert speakers_of(few, speaker.steps) == []


@pytest.fixture
def sounds(tmp_path: Path, write_tone: Callable[..., Path]) -> Path:
    for pitch, emotion in enumerate(("angry", "happy", "sad")):
        for speaker in ("ada", "bo", "cy", "di", "ed", "fi"):
            for number in range(2):
                write_tone(
                    tmp_path / "sounds" / emotion / speaker / f"{number}.wav",
                    300.0 * (pitch + 1) + 7 * number,
                    0.6,
                )
    return tmp_path / "sounds"


def test_the_command_measures_a_pack_and_keeps_what_it_heard(
    tmp_path: Path, sounds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(performers, "MOST_DRAWN", 1)
    monkeypatch.setattr(performers, "LEFT", 1)
    monkeypatch.setattr(adaptation, "GRID", adaptation.GRID[:2])
    monkeypatch.chdir(tmp_path)
    quick = partial(adaptation.evaluate_adaptation, draws=3, draws_to_choose=2)
    monkeypatch.setattr(adaptation, "evaluate_adaptation", quick)
    pack = write_tiny_pack(tmp_path / "tiny")
    done = CliRunner().invoke(
        cli.app,
        [
            "evaluate",
            "--adaptation",
            str(pack),
            "--sounds",
            str(sounds),
            "--results",
            str(tmp_path / "results"),
        ],
        catch_exceptions=False,
    )
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "results/metrics/encoders/adaptation.tiny.json").read_text())
    assert found["protocol"] == "adaptation"
    assert found["settings"]["head"] == SETTINGS._asdict()
    assert set(found["data"]["test_speakers"]).isdisjoint(found["data"]["validation_speakers"])
    assert found["figures"]["gain"]["0"] == 0.0
    assert len(list((tmp_path / "runs/cache").glob("said-*.npz"))) == 1


def test_what_was_heard_is_kept_and_heard_again_when_it_is_damaged(tmp_path: Path, sounds: Path) -> None:
    from chromesthesia_training.corpora.datasets import all_clips, find_sound_sets

    pack = load_pack(write_tiny_pack(tmp_path / "tiny"))
    clips = named_clips(all_clips(find_sound_sets(None, sounds)))
    heard: list[int] = []
    first = said_of(pack, clips, tmp_path, heard.append)
    assert heard == list(range(1, len(clips) + 1))
    heard.clear()
    again = said_of(pack, clips, tmp_path, heard.append)
    assert heard == []
    assert np.array_equal(first.embedding, again.embedding)
    (kept,) = tmp_path.glob("said-*.npz")
    kept.write_bytes(b"cut")
    said_of(pack, clips, tmp_path, heard.append)
    assert len(heard) == len(clips)


def test_no_unseen_speaker_with_clips_enough_is_said(tmp_path: Path, sounds: Path) -> None:
    with pytest.raises(DataError, match="clips enough"):
        adaptation.evaluate_adaptation(
            Measurement(write_tiny_pack(tmp_path / "tiny"), "tiny", "x", tmp_path, None, sounds),
            cache_dir=tmp_path,
        )


def test_the_shipped_settings_are_those_that_were_chosen(repository: Path) -> None:
    found = json.loads((repository / "docs/results/metrics/encoders/adaptation.default.json").read_text())
    assert found["settings"]["head"] == found["settings"]["chosen"] == SETTINGS._asdict()
