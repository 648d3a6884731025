"""An artist's few pictures and a pack become a painter: weights read back, layout, minutes, sheets, copies, pack."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.training.packing.test_pack import write_generator
from typer.testing import CliRunner

from chromesthesia.inference.check import find_faults
from chromesthesia.inference.probe import load_pack
from chromesthesia_training.adapt import train
from chromesthesia_training.adapt.copying import judge
from chromesthesia_training.adapt.layout import fit_layout, turned_towards
from chromesthesia_training.adapt.pack import AdaptedPack, export_adapted
from chromesthesia_training.adapt.patches import PatchCritic, patch_distance, slope_at
from chromesthesia_training.adapt.pictures import (
    FormulaRatings,
    GivenPictures,
    draw_views,
    drawn_rows,
    read_pictures,
    split,
    to_side,
)
from chromesthesia_training.adapt.settings import AdaptSettings
from chromesthesia_training.adapt.train import Adapted, adapt
from chromesthesia_training.cli.app import app
from chromesthesia_training.errors import DataError, TrainingError
from chromesthesia_training.gan.checkpoint import TrainedGenerator
from chromesthesia_training.packing.weights import difference_from, read_generator

Stroke = Callable[..., Image.Image]


@pytest.fixture(scope="module")
def given(artist: Path) -> GivenPictures:
    return read_pictures(artist)


def settings(folder: Path, **changed: object) -> AdaptSettings:
    return AdaptSettings(folder, **{"views": 60, "steps": 3, **changed})  # type: ignore[arg-type]


# the pack's weights


def test_a_painter_is_read_back_from_its_onnx_file(base: TrainedGenerator, base_pack: Path) -> None:
    path = base_pack / "generator.onnx"
    read = read_generator(path)
    assert read.generator.widths == base.generator.widths
    assert read.space.dominance_slopes == pytest.approx(base.space.dominance_slopes)
    assert difference_from(path, read) < 1e-5
    state = read.generator.state_dict()
    for name, values in base.generator.state_dict().items():
        if not name.endswith(("slopes", "num_batches_tracked")):
            torch.testing.assert_close(state[name], values, rtol=1e-4, atol=1e-5)


def test_the_shipped_painter_is_one_that_can_be_tuned(repository: Path) -> None:
    path = repository / "exports" / "default" / "generator.onnx"
    assert difference_from(path, read_generator(path)) < 1e-4


def test_another_kind_of_painter_is_refused_by_name(tmp_path: Path) -> None:
    path = write_generator(tmp_path / "other.onnx")
    with pytest.raises(TrainingError, match=r"painter in .*other.onnx is not one that can be tuned"):
        read_generator(path)
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(TrainingError, match="is not an ONNX model that opens"):
        read_generator(tmp_path / "broken.onnx")


def test_a_network_that_paints_otherwise_is_refused(base_pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chromesthesia_training.packing.weights.difference_from", lambda path, trained: 0.2)
    with pytest.raises(TrainingError, match=r"paints otherwise: it differs by 0.2"):
        read_generator(base_pack / "generator.onnx")


# the pictures


def test_pictures_keep_their_shape_and_some_are_held_out_the_same_ones_always(
    artist: Path, given: GivenPictures
) -> None:
    assert (len(given.learned), len(given.held_out)) == (10, 2)
    assert {tuple(one.pixels.shape[1:]) for one in given.all} == {(80, 96), (100, 72)}
    again = read_pictures(artist)
    assert [one.sha256 for one in again.held_out] == [one.sha256 for one in given.held_out]
    assert split(given.all[::-1]).held_out[0].sha256 in {one.sha256 for one in given.held_out}
    assert not split(given.all[:5]).held_out


def test_a_large_picture_becomes_small_and_a_copy_counts_once(tmp_path: Path, stroke_picture: Stroke) -> None:
    for seed in range(3):
        stroke_picture(seed, (700, 1300)).save(tmp_path / f"{seed}.jpg")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "again.jpg").write_bytes((tmp_path / "1.jpg").read_bytes())
    told: list[str] = []
    read = read_pictures(tmp_path, told.append)
    assert len(read.all) == 3
    assert max(read.all[0].pixels.shape) == 640
    assert [line.endswith("it counts once") for line in told] == [True]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"", "cannot be read"), (b"\x89PNG\r\n\x1a\nbroken", "cannot be read")],
)
def test_a_broken_picture_is_named(
    content: bytes, complaint: str, tmp_path: Path, stroke_picture: Stroke
) -> None:
    for seed in range(3):
        stroke_picture(seed).save(tmp_path / f"{seed}.png")
    (tmp_path / "torn.png").write_bytes(content)
    with pytest.raises(DataError, match=rf"torn.png.*{complaint}"):
        read_pictures(tmp_path)


def test_too_few_too_small_too_many_and_no_folder_are_named(
    tmp_path: Path, stroke_picture: Stroke, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match="there is no folder"):
        read_pictures(tmp_path / "nowhere")
    with pytest.raises(DataError, match="holds 0 pictures"):
        read_pictures(tmp_path)
    stroke_picture(1).save(tmp_path / "one.png")
    with pytest.raises(DataError, match=r"holds 1 pictures.*give at least 3"):
        read_pictures(tmp_path)
    stroke_picture(1, (40, 90)).save(tmp_path / "strip.png")
    with pytest.raises(DataError, match=r"strip.png has 90 x 40 pixels"):
        read_pictures(tmp_path)
    monkeypatch.setattr("chromesthesia_training.adapt.pictures.MOST", 1)
    with pytest.raises(DataError, match=r"holds 2 pictures.*at most 1"):
        read_pictures(tmp_path)


def test_every_picture_is_seen_equally_often(given: GivenPictures) -> None:
    rng = torch.Generator().manual_seed(1)
    rows = drawn_rows(20, 10, rng)
    assert sorted(rows) == sorted([*range(10), *range(10)])
    views = draw_views(given.learned, rows, 32, rng)
    assert views.shape == (20, 3, 32, 32)
    assert float(views.abs().max()) <= 1.0


def test_bright_and_coloured_is_pleasant_and_many_edges_are_stirred() -> None:
    grey = torch.full((1, 3, 32, 32), -0.6)
    bright = torch.stack([torch.full((32, 32), value) for value in (0.9, 0.7, -0.2)])[None]
    restless = torch.where(
        torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0)) < 0.5, -1.0, 1.0
    )
    views = torch.cat([grey, bright, restless.expand(1, 3, -1, -1)])
    rated = FormulaRatings.fit(views)(views)
    assert rated[1, 0] > rated[0, 0]
    assert rated[2, 1] > max(rated[0, 1], rated[1, 1])


# layout and strokes


def test_palette_is_the_artists_from_the_start_and_asking_for_pleasure_brightens_it(
    base: TrainedGenerator, base_pack: Path, given: GivenPictures
) -> None:
    generator = read_generator(base_pack / "generator.onnx").generator
    views = draw_views(given.learned, drawn_rows(200, 10, torch.Generator()), 64, torch.Generator())
    known = FormulaRatings.fit(views)(views)
    vad = torch.cat([known, known[:, :1]], 1)
    fit_layout(generator, views, vad)
    condition = torch.zeros(2, 11)
    condition[:, 3:] = 1 / 8
    condition[:, 0] = torch.tensor([-2.0, 2.0])
    dark, bright = torch.tanh(generator.prior(torch.zeros(2, 64), condition)).mean((1, 2, 3))
    assert bright > dark + 0.1
    middle = torch.tanh(generator.prior(torch.zeros(1, 64), condition.mean(0, keepdim=True)))
    assert float(middle.mean()) == pytest.approx(float(views.mean()), abs=0.15)
    assert torch.equal(generator.steering.kept, torch.eye(64))


def test_turned_axes_span_the_same_layouts_and_lie_nearer_to_the_old_ones() -> None:
    rng = torch.Generator().manual_seed(2)
    old, new = torch.randn(64, 768, generator=rng), torch.randn(64, 768, generator=rng)
    turned = turned_towards(new, old)
    torch.testing.assert_close(turned.T @ turned, new.T @ new, rtol=1e-3, atol=1e-3)
    assert (turned - old).norm() < (new - old).norm()


def test_strokes_of_the_same_hand_are_nearer_than_those_of_another(stroke_picture: Stroke) -> None:
    def batch(pictures: list[Image.Image]) -> torch.Tensor:
        return torch.stack(
            [to_side(torch.from_numpy(np.array(one)).permute(2, 0, 1)[:, :72, :72], 64) for one in pictures]
        )

    first, second = (
        batch([stroke_picture(seed, (80, 80)) for seed in seeds]) for seeds in (range(6), range(6, 12))
    )
    smooth = torch.nn.functional.avg_pool2d(first, 9, 1, 4)
    assert float(patch_distance(first, first, torch.Generator().manual_seed(0))) == 0.0
    same = float(patch_distance(first, second, torch.Generator().manual_seed(0)))
    other = float(patch_distance(smooth, second, torch.Generator().manual_seed(0)))
    assert 0 < same < other


def test_the_critic_judges_places_and_its_slope_can_be_learned_from() -> None:
    critic = PatchCritic()
    pictures = torch.randn(2, 3, 64, 64)
    assert critic(pictures).shape == (2, 64)
    torch.autograd.backward(slope_at(critic, pictures))
    assert all(one.grad is not None for name, one in critic.named_parameters() if name.endswith("weight"))


# the minutes


def test_some_steps_move_the_strokes_and_leave_frozen_how_an_emotion_becomes_a_style(
    base: TrainedGenerator, given: GivenPictures, tmp_path: Path
) -> None:
    before = {name: values.clone() for name, values in base.generator.state_dict().items()}
    done = adapt(base, given, settings(tmp_path))
    after = done.trained.generator.state_dict()
    assert (done.trained.step, done.stopped) == (3, False)
    assert not torch.equal(after["blocks.1.up.conv.weight"], before["blocks.1.up.conv.weight"])
    for name in before:
        if name.startswith(("read_condition.", "to_style.")):
            assert torch.equal(after[name], before[name])
    assert all(torch.equal(values, before[name]) for name, values in base.generator.state_dict().items())
    again = adapt(base, given, settings(tmp_path / "again")).trained.generator.state_dict()
    assert all(torch.equal(again[name], values) for name, values in after.items())
    kept = torch.load(tmp_path / "adapted.pt", weights_only=True)
    assert all(torch.equal(kept[name], values) for name, values in after.items())


def test_a_sheet_comes_at_the_start_after_the_first_minute_and_every_minute(
    base: TrainedGenerator, given: GivenPictures, tmp_path: Path
) -> None:
    ticks = itertools.count(0.0, 10.0)
    done = adapt(base, given, settings(tmp_path, steps=None, minutes=2.5), clock=lambda: next(ticks))
    sheets = sorted(path.name for path in (tmp_path / "sheets").iterdir())
    assert sheets[0] == "latest.png"
    assert {"minute_000.png", "minute_001.png", "minute_002.png"} <= set(sheets)
    lines = [json.loads(line) for line in (tmp_path / "adapt.jsonl").read_text().splitlines()]
    assert [line["seconds"] for line in lines] == sorted(line["seconds"] for line in lines)
    assert {"strokes", "judged", "fooled", "kept"} <= lines[0].keys()
    assert done.trained.elapsed_s >= 150.0
    with Image.open(tmp_path / "sheets" / "latest.png") as sheet:
        assert sheet.size == (1424, 852)


def test_enough_is_enough_what_there_is_goes_on(
    base: TrainedGenerator, given: GivenPictures, tmp_path: Path
) -> None:
    def interrupt(share: float, step: int) -> None:
        if step == 2:
            raise KeyboardInterrupt

    done = adapt(base, given, settings(tmp_path, steps=50), on_progress=interrupt)
    assert (done.trained.step, done.stopped) == (2, True)
    assert (tmp_path / "adapt.jsonl").is_file()


def test_losses_that_are_no_numbers_end_it(
    base: TrainedGenerator, given: GivenPictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "patch_distance", lambda made, given, rng: made.sum() * float("nan"))
    with pytest.raises(TrainingError, match="no numbers any more at step 1"):
        adapt(base, given, settings(tmp_path))


@pytest.mark.parametrize(
    "changed", [{"minutes": 0.0}, {"steps": 0}, {"batch": 0}, {"views": 0}, {"sheet_every_s": 0.0}]
)
def test_settings_that_cannot_work_are_named(changed: dict[str, float], tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=f"{next(iter(changed))} is 0"):
        settings(tmp_path, **changed).check()


# copies


def resized(pictures: list[Image.Image]) -> torch.Tensor:
    return torch.stack(
        [
            to_side(
                torch.from_numpy(np.array(one)).permute(2, 0, 1)[:, : min(one.size), : min(one.size)], 128
            )
            for one in pictures
        ]
    )


def test_new_pictures_by_the_same_hand_are_no_copies(given: GivenPictures, stroke_picture: Stroke) -> None:
    found = judge(resized([stroke_picture(seed, (80, 80)) for seed in range(100, 140)]), given)
    assert not found.copies
    assert found.line.startswith("No copying was found: of 40 pictures")
    assert found.figures["held_out"] == 2
    assert found.pairs.shape == (16, 3, 128, 128)


@pytest.mark.parametrize("change", ["as they are", "mirrored", "parts", "paler"])
def test_copies_are_found_moved_mirrored_or_paler(change: str, given: GivenPictures) -> None:
    pictures = []
    for one in given.learned:
        side = min(one.pixels.shape[1:])
        square = one.pixels[:, :side, :side]
        if change == "parts":
            cut = round(0.72 * side)
            square = square[:, side - cut :, side - cut :]
        seen = to_side(square, 128)
        pictures.append(
            seen.flip(2) if change == "mirrored" else 0.85 * seen + 0.08 if change == "paler" else seen
        )
    found = judge(torch.stack(pictures), given)
    assert found.copies
    assert found.line.startswith("It copies")
    assert found.figures["share_nearer_than_usual"] > 0.6


def test_plain_pictures_are_not_called_copies_for_being_near(given: GivenPictures) -> None:
    assert judge(torch.zeros(20, 3, 128, 128), given).figures["share_of_copies_in_small"] == 0.0


def test_with_too_few_pictures_to_hold_any_out_the_others_say_what_is_usual(given: GivenPictures) -> None:
    few = GivenPictures(given.learned[:4], ())
    found = judge(torch.stack([to_side(one.pixels[:, :72, :72], 128) for one in few.learned]), few)
    assert found.copies
    assert "None was held out" in found.line


# the pack


@pytest.fixture(scope="module")
def adapted(
    base: TrainedGenerator, given: GivenPictures, tmp_path_factory: pytest.TempPathFactory
) -> Adapted:
    return adapt(base, given, settings(tmp_path_factory.mktemp("run")))


@dataclass(frozen=True)
class Made:
    """An adapted pack, its folder and the run's."""

    pack: AdaptedPack
    folder: Path
    run: Path


@pytest.fixture(scope="module")
def made(
    adapted: Adapted, base_pack: Path, given: GivenPictures, tmp_path_factory: pytest.TempPathFactory
) -> Made:
    place = tmp_path_factory.mktemp("made")
    out = place / "packs" / "mine"
    return Made(export_adapted(adapted, base_pack, given, place, out), out, place)


def test_the_pack_is_whole_and_says_what_it_began_with(made: Made, base_pack: Path) -> None:
    before, after = load_pack(base_pack), load_pack(made.folder)
    assert not find_faults(made.folder)
    assert (after.manifest.name, after.manifest.schema) == ("mine", before.manifest.schema)
    assert after.generator_bytes != before.generator_bytes
    assert after.manifest.encoder == before.manifest.encoder
    names = [source.name for source in after.manifest.data]
    assert names == [*(source.name for source in before.manifest.data), "the artist's own pictures (10)"]
    assert after.manifest.data[-1].restricted
    assert after.manifest.metrics["generator_adapted_steps"] == 3
    assert "generator_frechet_made" not in after.manifest.metrics
    assert "encoder_macro_f1_test" in after.manifest.metrics
    assert (made.run / "nearest.png").is_file()
    assert before.manifest.name == "old"


def test_the_card_is_of_the_new_painter_and_keeps_the_rest(made: Made) -> None:
    card = (made.folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert card.startswith("# Model pack `mine` ")
    assert card.count(made.pack.copies.line) == 2
    assert "research and non-commercial use only" in card
    assert "- The generator was trained in parts." not in card
    assert "- Trained on a Tuesday." in card
    assert (
        "| the artist's own pictures (10) | generator: tuned to them | the user's own, not checked |" in card
    )
    assert "tuned to 10 pictures" in card
    assert [line for line in card.splitlines() if line.startswith("## ")] == [
        "## May I use it?", "## What it cannot do", "## Encoder", "## Generator", "## Speed and parity",
    ]  # fmt: skip


def test_pictures_are_in_the_pack_by_hash_not_by_name(made: Made, given: GivenPictures) -> None:
    listed = (made.folder / "provenance.csv").read_text()
    assert all(one.sha256 in listed for one in given.learned)
    assert not any(one.sha256 in listed for one in given.held_out)
    assert "sunday" not in listed


def test_an_adapted_pack_can_be_adapted_again_and_replaced(
    adapted: Adapted, made: Made, given: GivenPictures, tmp_path: Path
) -> None:
    out = tmp_path / "mine"
    shutil.copytree(made.folder, out)
    export_adapted(adapted, out, given, tmp_path, out)
    assert [one.name for one in load_pack(out).manifest.data].count("the artist's own pictures (10)") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "nearest.png"]


def test_a_folder_that_is_no_pack_stays(
    adapted: Adapted, base_pack: Path, given: GivenPictures, tmp_path: Path
) -> None:
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "beach.txt").write_text("sand")
    with pytest.raises(TrainingError, match="holds files and is no pack"):
        export_adapted(adapted, base_pack, given, tmp_path, tmp_path / "holiday")
    assert [path.name for path in (tmp_path / "holiday").iterdir()] == ["beach.txt"]


def test_the_command_says_what_is_wrong_before_any_minute(
    artist: Path, base_pack: Path, tmp_path: Path
) -> None:
    runner = CliRunner()
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "beach.txt").write_text("sand")
    common = ["adapt", "--pack", str(base_pack), "--run", str(tmp_path / "run")]
    taken = runner.invoke(app, [*common, "--pictures", str(artist), "--out", str(tmp_path / "holiday")])
    assert isinstance(taken.exception, TrainingError)
    empty = runner.invoke(app, [*common, "--pictures", str(tmp_path), "--out", str(tmp_path / "mine")])
    assert isinstance(empty.exception, DataError)
    assert not (tmp_path / "run").exists()
