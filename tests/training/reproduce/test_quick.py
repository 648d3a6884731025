"""`reproduce --quick` from the first stage to the report, by the command that a person types, on made-up data.

Neither the research data nor the weights that others have published may be kept here: files of the same layout stand
in, so that every stage runs. What they find means nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.training.reproduce.tiny_data import write_data, write_deam, write_exports
from tests.training.reproduce.tiny_weights import (
    write_encodec,
    write_musicnn,
    write_musicnn_graph,
    write_panns,
    write_squeezenet,
    write_vit,
    write_yamnet,
)
from typer.testing import CliRunner

from chromesthesia.core.records import EMBEDDING_SIZE
from chromesthesia.inference.probe import load_pack
from chromesthesia_training.cli import app as cli
from chromesthesia_training.reproduce.plan import missing_figures, ordered, plan
from chromesthesia_training.reproduce.stages import all_stages
from chromesthesia_training.results.book import Book
from chromesthesia_training.results.rows import missing
from chromesthesia_training.stage import SECTIONS, Context, Stage

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class StandIn:
    """A file of weights that others have published, drawn at random here; `read_by` which stages, and for what."""

    name: str
    write: Callable[[Path], None]
    read_by: str


STAND_INS = (
    StandIn(
        "squeezenet1_1_imagenet_notop.npz",
        write_squeezenet,
        "all of generator, alignment but its analysis, and vae.generation: what sees paintings and pictures",
    ),
    StandIn(
        "yamnet.tflite",
        write_yamnet,
        "encoders.ensemble, which tunes it; encoders.kernel, streaming and live, where they begin or learn from it",
    ),
    StandIn(
        "musicnn_msd.npz",
        write_musicnn,
        "music.musicnn_port, music.*.musicnn and both ensembles, music.vgmidi.tsne: what hears music",
    ),
    StandIn(
        "musicnn_msd_graph.json",
        write_musicnn_graph,
        "music.musicnn_port, which here holds our port against our own graph; a test with the shared data against the "
        "published one",
    ),
    StandIn("Cnn14_mAP=0.431.pth", write_panns, "music.panns, which without it says so and ends"),
    StandIn("vit_base_patch16_224.bin", write_vit, "vae.pretrained, which without it says so and ends"),
    StandIn("encodec_24khz-d7cc33bc.th", write_encodec, "vae.pretrained, which without it says so and ends"),
)
WHERE_GIVEN = {
    "music.deam": (
        "music/deam.svr",
        "music/deam.own",
        "music/deam.cnn_se_gru",
        "music/deam.musicnn",
        "music/deam.ensemble",
    ),
    "music.panns": ("music/vgmidi.panns", "music/emotify.panns_kernel"),
    "vae.pretrained": ("vae/v32_own_cls_vit.plain", "vae/v1_encodec.labels"),
}
"""Stages that promise no figures, for what they need may not be given: some of what they write where it is."""


@pytest.fixture(scope="module")
def ran(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder in which the command has run, with `data`, `exports` and `runs`.

    It takes minutes, so once for all, and most of a gigabyte, so it does not stay.
    """
    folder = tmp_path_factory.mktemp("quick")
    write_data(folder / "data")
    write_exports(folder / "exports", repository / "exports", folder / "data/art")
    for stand_in in STAND_INS:
        stand_in.write(folder / "data/weights" / stand_in.name)
    one_thread = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "COLUMNS": "160"}
    done = subprocess.run(
        [sys.executable, "-m", "chromesthesia_training.cli", "reproduce", "--quick", "--data", "data"],
        env=os.environ | one_thread | {"PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=2_400,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-20_000:]
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def context(ran: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """That of the command, in its folder."""
    monkeypatch.chdir(ran)
    runs = Path("runs")
    return Context(Path("data"), runs / "quick", runs / "quick/results", quick=True, cache_dir=runs / "cache")


@pytest.fixture(scope="module")
def stages() -> tuple[Stage, ...]:
    return ordered(all_stages())


def figures(context: Context, name: str) -> Path:
    return context.metrics_dir / f"{name}.json"


def test_every_stage_has_left_its_figures_and_artifacts(stages: tuple[Stage, ...], context: Context) -> None:
    assert {stage.section for stage in stages} == set(SECTIONS)
    promised = [name for stage in stages for name in stage.metrics]
    assert [name for name in promised if not figures(context, name).is_file()] == []
    assert [why for stage in stages if (why := missing_figures(stage, context))] == []
    artifacts = [context.runs_dir / name for stage in stages for name in stage.artifacts]
    assert [path for path in artifacts if not path.is_file()] == []
    assert (
        list((context.runs_dir / "reproduce").iterdir()) == []
    )  # the mark of one that was begun and has not ended


def test_all_that_can_be_done_is_done(stages: tuple[Stage, ...], context: Context) -> None:
    left = {one.stage.name: one.reason for one in plan(stages, (), context) if one.runs}
    assert left == {name: "always" for name in (*WHERE_GIVEN, "report")}


def test_no_row_of_the_report_lacks_its_figures(context: Context) -> None:
    assert missing(Book.read(context.metrics_dir)) == []
    for page in ("README", "data", "encoders", "alignment", "analysis", "generator", "music", "vae"):
        assert (context.results_dir / f"{page}.md").stat().st_size > 0


def test_stages_that_need_what_a_person_gives_use_it(context: Context) -> None:
    write_deam(context.data_dir / "deam", first=40)
    command = ["reproduce", "--quick", "--data", "data", "--only", "music.deam"]
    done = CliRunner().invoke(cli.app, command)
    assert done.exit_code == 0, done.output
    for names in WHERE_GIVEN.values():
        assert [name for name in names if not figures(context, name).is_file()] == []


def test_nothing_is_written_but_below_runs(ran: Path) -> None:
    assert {path.name for path in ran.iterdir()} == {"data", "exports", "runs"}
    assert {path.name for path in (ran / "runs").iterdir()} == {"quick", "cache"}


def test_packs_made_on_the_way_tell_the_paintings_nearest_to_what_they_hear(context: Context) -> None:
    for folder in ("cgan/tuned-16/pack", "vae/pack"):
        index = load_pack(context.runs_dir / folder).art_index
        assert index is not None
        assert index.nearest(np.ones(EMBEDDING_SIZE, np.float32), 1)[0].artist
