"""A quick painter begins near its teacher, learns, is resumed, exported, held against it, and put into the pack."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tests.training.adapt.conftest import SPACE, tiny_generator
from tests.training.tiny_painting import TinyNet
from torch import Tensor
from typer.testing import CliRunner

from chromesthesia.core.user_files import read_toml
from chromesthesia.inference.check import find_faults
from chromesthesia.inference.probe import load_pack
from chromesthesia_training import onnx_file
from chromesthesia_training.cli.app import app
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.gan.checkpoint import TrainedGenerator
from chromesthesia_training.gan.model import Generator
from chromesthesia_training.packing.new_pupil import QUICK_NAME, NewPupil, add_pupil, likeness_to_teacher
from chromesthesia_training.quick.beginning import pupil_of, thinned
from chromesthesia_training.quick.beside import Beside, Figures
from chromesthesia_training.quick.export import export_quick
from chromesthesia_training.quick.model import QuickGenerator, doubling_kernels
from chromesthesia_training.quick.module import Asked, QuickModule
from chromesthesia_training.quick.settings import QuickSettings
from chromesthesia_training.quick.train import TaughtPainter, load_taught, teach

WIDTHS = (16, 12, 10, 8)


@pytest.fixture(scope="module")
def teacher() -> TrainedGenerator:
    """Side 128: two coarse blocks and a fine one."""
    return TrainedGenerator(tiny_generator(3, WIDTHS), SPACE, 0, 0, 0.0)


def asked(teacher: TrainedGenerator, count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    return Asked(teacher).draw(count, torch.Generator().manual_seed(seed))


def begun(teacher: TrainedGenerator, inner: tuple[int, ...]) -> QuickGenerator:
    return pupil_of(teacher.generator, inner, 6, *asked(teacher, 8, 1)).eval()


def off(ours: Tensor, theirs: Tensor) -> float:
    return float((ours - theirs).square().mean() / theirs.var())


# what it begins with


def test_cells_double_a_layout_as_bilinear_doubling_does() -> None:
    layout = torch.randn(2, 3, 8, 8)
    padded = F.pad(layout, (1, 1, 1, 1), mode="replicate")
    made = F.pixel_shuffle(F.conv2d(padded, doubling_kernels()), 2)
    torch.testing.assert_close(
        made, F.interpolate(layout, scale_factor=2.0, mode="bilinear", align_corners=False)
    )


def test_a_thinned_convolution_before_a_doubling_is_nearly_one_behind_it() -> None:
    rng = torch.Generator().manual_seed(0)
    smooth = F.interpolate(torch.randn(1, 6, 6, 6, generator=rng), size=(24, 24), mode="bicubic")
    narrow, kernel = torch.randn(4, 6, 1, 1, generator=rng), torch.randn(3, 4, 3, 3, generator=rng)
    after = F.interpolate(F.conv2d(smooth, narrow), scale_factor=2.0, mode="bilinear")
    after = F.conv2d(F.pad(after, (1, 1, 1, 1), mode="replicate"), kernel)
    before = F.conv2d(F.pad(smooth, (1, 1, 1, 1), mode="replicate"), thinned(narrow, kernel))
    before = F.interpolate(before, scale_factor=2.0, mode="bilinear")
    assert off(before, after) < 0.01


def test_each_block_begins_near_its_teachers(teacher: TrainedGenerator) -> None:
    pupil = begun(teacher, WIDTHS[1:])
    latent, condition = asked(teacher, 4)
    theirs: Generator = teacher.generator
    with torch.no_grad():
        query = torch.cat([latent, theirs.read_condition(condition)], 1)
        style = theirs.to_style(query)
        x = F.leaky_relu(theirs.start(query), 0.2).view(4, WIDTHS[0], 8, 8)
        for ours, block in zip(pupil.blocks, theirs.blocks, strict=True):
            wanted = block(x, query, style)
            assert off(ours(x, query, style, False), wanted) < 0.1
            x = wanted


def test_fewer_inner_channels_keep_the_axes_that_matter(teacher: TrainedGenerator) -> None:
    latent, condition = asked(teacher, 4)

    def first_map(inner: int) -> Tensor:
        with torch.no_grad():
            return begun(teacher, (inner, 10, 8)).stages(latent, condition)[0][0]

    whole = first_map(12)
    lost = [off(first_map(inner), whole) for inner in (2, 6, 11)]
    assert lost[0] > lost[1] > lost[2]
    assert lost[2] < 0.02


@pytest.mark.parametrize("inner", [(12, 10), (13, 10, 8), (0, 10, 8)])
def test_inner_channels_that_do_not_fit_are_refused(
    teacher: TrainedGenerator, inner: tuple[int, ...]
) -> None:
    with pytest.raises(TrainingError, match="inner channels"):
        begun(teacher, inner)


# the lessons


def settings(folder: Path, **changed: object) -> QuickSettings:
    common = {
        "steps": 4,
        "batch": 2,
        "head": 6,
        "feature_side": 64,
        "log_every": 2,
        "checkpoint_every_s": 0.0,
    }
    return QuickSettings(folder, **{**common, **changed})  # type: ignore[arg-type]


def test_a_lesson_brings_the_pupil_nearer(teacher: TrainedGenerator, tmp_path: Path) -> None:
    latent, condition = asked(teacher, 4, 9)
    run = teach(settings(tmp_path, steps=30, begun_rate=1e-3, rate=1e-2, average=0.5), teacher, TinyNet())
    before = QuickModule(settings(tmp_path), teacher, TinyNet()).pupil
    after = load_taught(run).generator
    with torch.no_grad():
        wanted = torch.tanh(teacher.generator.before_tanh(latent, condition))
        first, last = (
            (F.pixel_shuffle(torch.tanh(one.stages(latent, condition)[1]), 2) - wanted).abs().mean()
            for one in (before, after)
        )
    assert last < 0.9 * first
    assert len(list((run / "sheets").glob("pairs_*.png"))) == 1


def test_a_run_that_is_resumed_is_the_run_that_was_not_interrupted(
    teacher: TrainedGenerator, tmp_path: Path
) -> None:
    # Nothing follows from how far the run is: two steps of four are two steps of two.
    even = {"hint_pull": 0.0, "decay_share": 1e-9}
    once = load_taught(teach(settings(tmp_path / "once", **even), teacher, TinyNet()))
    teach(settings(tmp_path / "twice", steps=2, **even), teacher, TinyNet())
    twice = load_taught(teach(settings(tmp_path / "twice", **even), teacher, TinyNet()))
    assert (once.step, twice.step) == (4, 4)
    assert once.space.dominance_slopes == twice.space.dominance_slopes
    for ours, theirs in zip(once.generator.parameters(), twice.generator.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "value"), [("batch", 0), ("rate", 0.0), ("steps", -1), ("head", 0)])
def test_settings_that_cannot_work_are_refused(tmp_path: Path, name: str, value: float) -> None:
    wrong: dict[str, Any] = {name: value}
    with pytest.raises(TrainingError, match=f"{name} is"):
        replace(settings(tmp_path), **wrong).check()


# the file and the pack


@pytest.fixture(scope="module")
def pupil(base: TrainedGenerator, base_pack: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pupil of the tiny pack, as it begins."""
    out = tmp_path_factory.mktemp("pupil") / "generator.quick.onnx"
    taught = TaughtPainter(begun_for(base), base.space, 0)
    report = export_quick(taught, out, base_pack / "generator.onnx")
    assert report.difference < 1e-4
    assert min(report.image_ms, report.teacher_ms) > 0
    return out


def begun_for(base: TrainedGenerator) -> QuickGenerator:
    widths = base.generator.widths
    return pupil_of(base.generator, widths[1:], 6, *asked(base, 8, 1)).eval()


def test_a_file_that_paints_otherwise_is_not_written(
    base: TrainedGenerator, base_pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_file, "LARGEST_DIFFERENCE", -1.0)
    out = tmp_path / "generator.quick.onnx"
    out.write_bytes(b"earlier")
    with pytest.raises(TrainingError, match="ONNX and torch differ"):
        export_quick(TaughtPainter(begun_for(base), base.space, 0), out, base_pack / "generator.onnx")
    assert out.read_bytes() == b"earlier"


def test_likeness_is_told(pupil: Path, base_pack: Path) -> None:
    same = likeness_to_teacher(pupil, pupil)
    other = likeness_to_teacher(pupil, base_pack / "generator.onnx")
    assert same["levels"] == 0.0
    assert same["ssim"] == pytest.approx(1.0)
    assert other["levels"] > 0.1
    assert other["ssim"] < same["ssim"]


def test_a_pack_takes_a_pupil_and_keeps_all_else(pupil: Path, base_pack: Path, tmp_path: Path) -> None:
    out = tmp_path / "packs" / "quick"
    add_pupil(base_pack, out, NewPupil(pupil, 2.0, 8.0, "it was looked at"))
    before, after = load_pack(base_pack), load_pack(out)
    assert not find_faults(out)
    assert after.generator_bytes == before.generator_bytes
    assert (after.name, after.manifest.data) == ("quick", before.manifest.data)
    quick = after.quick_model()
    assert quick is not None
    assert quick.gain == pytest.approx(4.0, rel=1e-3)
    assert quick.content == pupil.read_bytes()
    told = (
        "- generator, quick: kept, where the processor draws, too; 2 ms a picture beside its teacher's 8 ms"
    )
    assert told in (out / "MODEL_CARD.md").read_text()
    again = tmp_path / "packs" / "again"
    add_pupil(out, again, NewPupil(pupil, 2.0, 4.0, "it was looked at again"))
    tiers = [tier["precision"] for tier in read_toml(again / "manifest.toml", TrainingError)["tier"]]
    assert tiers.count("quick") == 1
    assert (again / "MODEL_CARD.md").read_text().count("- generator, quick: ") == 1


def test_a_pupil_that_is_not_quick_or_of_another_pack_is_refused(
    pupil: Path, base_pack: Path, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="takes 7 ms a picture and its teacher 8"):
        add_pupil(base_pack, tmp_path / "one", NewPupil(pupil, 7.0, 8.0, ""))
    with pytest.raises(TrainingError, match="other tensors"):
        add_pupil(base_pack, tmp_path / "one", NewPupil(base_pack / "encoder.onnx", 2.0, 8.0, ""))
    assert not (tmp_path / "one").exists()


@pytest.mark.parametrize(
    ("frechet", "r", "as_good"),
    [(65.0, 0.75, True), (67.0, 0.78, False), (60.0, 0.70, False), (50.0, 0.9, True)],
)
def test_a_pupil_may_lose_a_tenth(frechet: float, r: float, as_good: bool) -> None:
    found = Beside(Figures(frechet, r), Figures(60.0, 0.8), 300)
    assert found.as_good is as_good
    assert f"Frechet on fire9 {frechet:.1f} beside 60.0" in found.line
    assert "(300 pictures)" in found.line


def test_from_the_command_line(base_pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chromesthesia_training.cli.options.default_data_dir", lambda: None)
    monkeypatch.setattr("chromesthesia_training.cli.quick.default_data_dir", lambda: None)
    command = [
        "quick",
        "--pack",
        str(base_pack),
        "--run",
        str(tmp_path / "run"),
        "--steps",
        "1",
        "--batch",
        "2",
    ]
    result = CliRunner().invoke(app, [*command, "--into", str(tmp_path / "with")])
    assert isinstance(result.exception, TrainingError)
    assert "was not measured" in str(result.exception)
    assert (tmp_path / "run" / QUICK_NAME).is_file()
    assert not (tmp_path / "with").exists()
    assert np.isfinite(
        likeness_to_teacher(tmp_path / "run" / QUICK_NAME, base_pack / "generator.onnx")["ssim"]
    )
