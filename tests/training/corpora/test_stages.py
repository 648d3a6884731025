"""The data stages, small: figures in metrics files, errors that stop; published layouts given to training."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from chromesthesia_training.corpora.datasets import find_sound_sets, load_spectra
from chromesthesia_training.corpora.paintings import load_art
from chromesthesia_training.corpora.stages import run_check, run_prepare, stages
from chromesthesia_training.errors import DataError
from chromesthesia_training.metrics.metrics_file import read_metrics
from chromesthesia_training.stage import Context

Build = Callable[[str], Path]


@pytest.fixture
def context(
    speech_folder: Callable[..., Path], tone_bytes: Callable[[int], bytes], tmp_path: Path
) -> Context:
    folder = speech_folder()
    for seed, path in enumerate(sorted(folder.glob("*.wav"))):
        path.write_bytes(tone_bytes(seed))
    return Context(
        data_dir=folder.parent,
        runs_dir=tmp_path / "runs",
        results_dir=tmp_path / "results",
        cache_dir=tmp_path / "cache",
        command="chromesthesia-train reproduce --only data",
    )


def test_the_stages_write_the_metrics_they_promise(context: Context) -> None:
    for stage in stages():
        stage.run(context)
        for name in stage.metrics:
            content = json.loads((context.metrics_dir / f"{name}.json").read_text())
            assert content["settings"] == stage.settings(context)
    check, prepare = read_metrics(context.metrics_dir)
    assert (check["figures"]["items"], check["figures"]["errors"]) == (12, 0)
    assert (prepare["figures"]["prepared_clips"], prepare["figures"]["clips_tiny"]) == (9, 12)
    assert list(context.cache_dir.glob("prepared-speech-*.npy"))


def test_an_error_in_the_data_stops_after_it_was_written_down(context: Context) -> None:
    bad = context.data_dir / "speech" / "sad-1.wav"
    bad.write_bytes(b"")
    with pytest.raises(DataError, match=r"errors in the data.*data check") as caught:
        run_check(context)
    assert caught.value.kind == "empty"
    (metrics,) = read_metrics(context.metrics_dir)
    assert metrics["figures"]["errors_empty"] == 1
    assert "error, empty: speech/sad-1.wav: 0 bytes" in metrics["notes"]
    assert str(context.data_dir) not in (context.metrics_dir / "data" / "check.json").read_text()


def test_a_quick_run_prepares_few_clips(context: Context) -> None:
    quick = Context(**{**vars(context), "quick": True})
    run_prepare(quick)
    (metrics,) = read_metrics(quick.metrics_dir)
    assert metrics["settings"]["quick"] is True
    assert not list(quick.cache_dir.glob("mel-*"))


@pytest.mark.parametrize(("name", "count"), [("ravdess", 24), ("deam", 6), ("own-sounds", 18)])
def test_training_reads_a_published_layout_as_it_reads_a_users_folders(
    name: str, count: int, build: Build, tmp_path: Path
) -> None:
    folder = build(name)
    sets = find_sound_sets(None, folder)
    assert [len(sound_set.clips) for sound_set in sets] == [count]
    spectra = load_spectra(sets, tmp_path / "cache")
    assert all(spectra[folder].hops(clip.path) > 20 for clip in sets[0].clips)


def test_training_reads_several_corpora_below_one_folder(
    builders: dict[str, Callable[[Path], Path]], tmp_path: Path
) -> None:
    for name in ("emodb", "urdu", "d-visa"):
        builders[name](tmp_path / "all" / name)
    sets = find_sound_sets(None, tmp_path / "all")
    assert [(sound_set.name, len(sound_set.clips)) for sound_set in sets] == [
        ("emodb-emodb", 40),
        ("urdu-urdu", 40),
    ]


def test_paintings_are_loaded_from_a_published_table(build: Build) -> None:
    art = load_art(build("d-visa"), side=16)
    assert art.images.shape == (15, 16, 16, 3)
    assert set(art.splits) == {"train", "val", "test"}


@pytest.mark.shared_data
def test_the_ratings_of_the_shared_data_are_on_their_scales(shared_dir: Path) -> None:
    from chromesthesia_training.corpora.prepared import read_ratings

    assert read_ratings(shared_dir / "data" / "annotations") == []
