"""The stages of music from sound to page, quickly and on a tiny collection; and on the real data's port."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from chromesthesia_training.backbones.panns import FILE_NAME
from chromesthesia_training.errors import DataError
from chromesthesia_training.music.regressors import REGRESSORS
from chromesthesia_training.music.stages import stages
from chromesthesia_training.reproduce.plan import missing_figures
from chromesthesia_training.results.book import Book
from chromesthesia_training.results.music_rows import MUSIC_ROWS
from chromesthesia_training.results.report import write_report
from chromesthesia_training.results.targets import summary
from chromesthesia_training.stage import Context

PORT = "music.musicnn_port"
"""Needs the published graph."""
ALIKE = ("cnn_se_temporal", "cnn_se_gru")
"""Networks that run as the others do; their layers have tests of their own."""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small tensors are slower on several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def context(data: Path, tmp_path: Path, musicnn_weights: Callable[..., Path]) -> Context:
    (data / "weights").mkdir()
    musicnn_weights(data / "weights/musicnn_msd.npz")
    return Context(
        data,
        tmp_path / "runs",
        tmp_path / "results",
        quick=True,
        cache_dir=tmp_path / "cache",
        command="a command",
    )


@pytest.mark.slow
def test_every_stage_runs_from_sound_to_page(context: Context) -> None:
    for stage in stages():
        if stage.name != PORT and not stage.name.endswith(ALIKE):
            stage.run(context)
            assert missing_figures(stage, context) == "", stage.name
    book = Book.read(context.metrics_dir)
    trees = book.get("music/vgmidi.xgboost")
    assert trees is not None
    assert set(trees["figures"]["static"]["valence"]) == {"r", "ccc", "r2", "rmse", "mae"}
    assert set(trees["figures"]["dynamic"]) == {"valence", "arousal", "mean"}
    assert trees["data"]["label_scale"] == [-1.0, 1.0]
    assert "dynamic" not in book.get("music/emotify.cnn")["figures"]  # type: ignore[index]
    assert summary(book)["music.emotify.mean_r"]["metrics"] == "metrics/music/emotify.ensemble.json"
    assert [row.what for row in MUSIC_ROWS if row.files(book) is None] == [
        "CNN + SE + temporal conv",
        "CNN + SE + GRU",
        "the port of MusiCNN against its own graph, a real song",
    ]
    write_report(context.results_dir)
    page = (context.results_dir / "music.md").read_text()
    for name in ("music_models.png", "music_importance.png", "music_labels.png", "music_tsne.png"):
        assert f"figures/{name}" in page
        assert (context.results_dir / "figures" / name).is_file()
    assert "XGBoost, all hand-made features (346; theirs says 386)" in page


def test_what_is_not_given_is_no_stage_s_failure_and_leaves_no_figures(context: Context) -> None:
    for stage in stages():
        if stage.name in ("music.deam", "music.panns"):
            stage.run(context)
    assert not context.metrics_dir.exists()
    (context.data_dir / "weights" / FILE_NAME).write_bytes(b"half a file")
    panns = next(stage for stage in stages() if stage.name == "music.panns")
    with pytest.raises(DataError, match="no checkpoint of plain tensors"):
        panns.run(context)


def test_bad_data_ends_a_stage_by_name_with_nothing_written(context: Context) -> None:
    table = context.data_dir / "vgmidi/dynamic.csv"
    table.write_text(table.read_text().replace("piece0,0,0.0,0.4", "piece0,0,0.0,7"))
    for stage in stages():
        if stage.name in ("music.labels", "music.vgmidi.own"):
            with pytest.raises(DataError, match=r"piece0 at 0\.0 s is rated \(7"):
                stage.run(context)
    assert not context.metrics_dir.exists()
    assert not list(context.data_dir.parent.rglob("*.part"))


def test_quick_regressors_are_of_few_trees_and_choose_nothing() -> None:
    for regressor in REGRESSORS.values():
        assert all(len(values) == 1 for values in regressor.quick().grid.values())
    assert REGRESSORS["xgboost"].quick().grid["n_estimators"] == (4,)


@pytest.mark.shared_data
def test_the_port_is_checked_on_a_real_song(shared_dir: Path, tmp_path: Path) -> None:
    port = next(stage for stage in stages() if stage.name == PORT)
    context = Context(shared_dir / "data", tmp_path / "runs", tmp_path / "results", quick=True)
    port.run(context)
    figures = json.loads((context.metrics_dir / "music/musicnn_port.json").read_text())["figures"]
    assert figures["embedding"]["greatest_difference"] < 1e-4
