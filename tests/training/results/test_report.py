"""The report: made-up metrics to pages, summary and drawings; what is missing or stale is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from tests.training.results.made_up import Write, encoder
from typer.testing import CliRunner

from chromesthesia_training.cli.results import results
from chromesthesia_training.metrics.metrics_file import METRICS_ROOT
from chromesthesia_training.results.book import Book
from chromesthesia_training.results.drawings import DRAWINGS, draw_all
from chromesthesia_training.results.pages import render
from chromesthesia_training.results.report import complaints, write_report
from chromesthesia_training.results.rows import ENCODER_ROWS, ROWS, missing
from chromesthesia_training.results.targets import best_encoder, summary

COMMITTED = Path(__file__).parents[3] / METRICS_ROOT.parent


def test_the_encoders_page_has_the_scenes_of_a_real_room(whole: Path) -> None:
    write_report(whole, drawings=False)
    text = (whole / "encoders.md").read_text()
    assert "| a hall of 1.2 s | 0.612 |" in text
    assert "| sounds that feel nothing, of 21, named | 2 |" in text
    summary = json.loads((whole / "summary.json").read_text())
    assert summary["robust.nonspeech_named"]["met"]
    assert not summary["robust.macro_f1"]["met"]
    assert summary["latency.change_p90_s"]["value"] == 2.9


def test_the_encoders_page_has_what_free_data_are_worth_and_what_they_were(whole: Path) -> None:
    write_report(whole, drawings=False)
    text = (whole / "encoders.md").read_text()
    part = text.split("## Trained on free data alone")[1].split("\n## ")[0]
    assert "| one running room | 0.610 | **0.610** |" in part
    assert "| from silence | 0.400 | **0.400** |" in part
    assert "| a/voices | 51ee | CC0-1.0 | 9 | `abababababab` |" in part
    assert "- a remark" in part
    summary = json.loads((whole / "summary.json").read_text())
    assert summary["free.encoder.macro_f1"]["value"] == 0.61
    assert not summary["free.encoder.macro_f1"]["met"]


def test_the_generators_page_has_who_is_reached_and_the_free_pack(whole: Path) -> None:
    write_report(whole, drawings=False)
    text = (whole / "generator.md").read_text()
    assert "| fire9 at 224 pixels, recall | 0.550 ± 0.071 | 0.550 ± 0.071 | 0.800" in text
    part = text.split("## The free pack")[1]
    assert "`free.gan.valence_control_r`" in part
    (row,) = [line for line in part.splitlines() if "`free.gan.recall`" in line]
    assert "| as found | **0.55" in row
    assert "| - |" in row
    summary = json.loads((whole / "summary.json").read_text())
    assert not summary["free.gan.valence_control_r"]["met"]
    assert not summary["gan.near_judge_auroc"]["value"] > 0.85


def test_the_encoders_page_has_what_marks_are_worth(whole: Path) -> None:
    write_report(whole, drawings=False)
    text = (whole / "encoders.md").read_text()
    assert "| test speakers | 0.700 | 0.720 | 0.750 | 0.780 |" in text
    assert "| validation speakers: gain |  | +0.020 (+0.020 to +0.020) |" in text
    assert "| ada alone | 0.700 |" in text
    assert "with TESS" not in text.split("## With a performer")[1].split("##")[0]
    summary = json.loads((whole / "summary.json").read_text())
    assert summary["adaptation.gain"]["met"]


def test_with_every_run_nothing_is_missing_and_the_pages_are_what_their_files_say(whole: Path) -> None:
    report = write_report(whole, drawings=False)
    assert report.missing == ()
    assert complaints(whole) == []
    front = (whole / "README.md").read_text()
    assert "not run" not in front
    assert "Not run" not in front
    for section in ("encoders", "alignment", "generator", "pack", "data"):
        text = (whole / f"{section}.md").read_text()
        for metrics in Book.read(whole / "metrics").section(section):
            assert f"`{metrics['command']}`" in text
            assert f"metrics/{section}/{metrics.name}.json" in text


def test_pages_made_again_are_the_same_bytes(whole: Path) -> None:
    before = {path: path.read_bytes() for path in write_report(whole, drawings=False).written}
    assert {path: path.read_bytes() for path in write_report(whole, drawings=False).written} == before


def test_a_row_without_a_run_says_so_and_fails_the_check(whole: Path) -> None:
    (whole / "metrics" / "encoders" / "resnet.speaker.json").unlink()
    (whole / "metrics" / "alignment" / "umap.json").unlink()
    report = write_report(whole, drawings=False)
    assert report.missing == (
        "ResNet: no metrics file encoders/resnet.speaker",
        "UMAP of the shared space by emotion and by modality: no metrics file alignment/umap",
    )
    row = next(
        line for line in (whole / "encoders.md").read_text().splitlines() if line.startswith("| ResNet")
    )
    assert "**not run**" in row
    assert len(complaints(whole)) == 2


def test_the_encoders_page_says_what_helped_and_what_was_chosen_once_for_all_folds(
    write: Write, tmp_path: Path
) -> None:
    def page() -> str:
        return render(Book.read(tmp_path / "metrics"), ("missed.md",))["encoders.md"]

    for protocol in ("random", "speaker"):
        write("encoders", f"cnn.{protocol}", **encoder(0.9, protocol), settings={"encoder": "cnn"})
    assert "had more than the others" not in page()
    assert "had a say in them" not in page()
    helped = {"encoder": "cnn", "taught": 0.5, "refit": True, "moved_answers": True}
    for protocol in ("random", "speaker"):
        write("encoders", f"cnn.{protocol}", **encoder(0.9, protocol), settings=helped)
    write("encoders", "ann.random", **encoder(0.9, "random"), settings={"encoder": "ann"})
    write("encoders", "kernel.speaker", **encoder(0.9, "speaker"), settings={"encoder": "kernel"})
    text = page()
    words = "50% of its targets from a kernel machine that has YAMNet's layers"
    rows = [line for line in text.splitlines() if line.startswith(("| CNN |", "| ANN |"))]
    assert words in rows[0]
    assert "takes 316 functionals, no spectrum" in rows[1]
    target = next(line for line in text.splitlines() if "encoder.reference_cnn.random" in line)
    assert words in target
    assert "(missed.md#what-moved-figures-past-their-targets)" in text
    assert "- [cnn.speaker](metrics/encoders/cnn.speaker.json): for how many epochs" in text
    assert "(each fold's own would be 4)" in text
    assert "[kernel.speaker](metrics/encoders/kernel.speaker.json): ridge, width" in text


def test_ceiling_and_floor_beside_a_target_are_of_its_own_file(write: Write, tmp_path: Path) -> None:
    write("alignment", "cgan_tuned")
    found = summary(Book.read(tmp_path / "metrics"))["cgan.reference.consistency"]
    assert found["target"] == "0.75 (real 0.92, shuffled 0.71)"
    write("alignment", "cgan_tuned", figures={"any_of_k5": 0.8})
    assert summary(Book.read(tmp_path / "metrics"))["cgan.reference.consistency"]["target"] == "0.75"


def test_what_is_held_against_nothing_is_neither_met_nor_missed(write: Write, tmp_path: Path) -> None:
    write("vae", "v21_unified.plain")
    book = Book.read(tmp_path / "metrics")
    assert summary(book)["vae.v21.recon"]["met"] is None
    row = next(line for line in render(book)["vae.md"].splitlines() if "`vae.v21.recon`" in line)
    assert "| as found | **0.5** | - |" in row


def test_the_page_of_the_vae_says_how_far_its_clips_were_raised(write: Write, tmp_path: Path) -> None:
    def line() -> str:
        page = render(Book.read(tmp_path / "metrics"))["vae.md"]
        return next(one for one in page.splitlines() if one.startswith("The sounds of the second sheet"))

    write("vae", "sheets", figures={"image_to_sound": [{"level_rms": 0.1}]})
    assert line().endswith("(vae_clips).")
    made = [{"level_rms": 0.00024, "raised_db": 55.6}, {"level_rms": 0.1, "raised_db": 0.94}]
    write("vae", "sheets", figures={"image_to_sound": made})
    assert "their levels are 0.00024 and 0.10000 of full scale" in line()
    assert "raised by 55.6 and 0.9 dB." in line()


def test_a_page_changed_by_hand_fails_the_check(whole: Path) -> None:
    write_report(whole, drawings=False)
    page = whole / "encoders.md"
    page.write_text(page.read_text().replace("0.71", "0.99"))
    assert complaints(whole) == [f"{page} differs from its metrics files: run chromesthesia-train results"]


def test_the_command_checks_and_writes(whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import typer

    app = typer.Typer()
    app.command()(results)
    runner = CliRunner()
    stale = runner.invoke(app, ["--results", str(whole), "--check"])
    assert "README.md is missing" in str(stale.exception)
    assert runner.invoke(app, ["--results", str(whole)]).exit_code == 0
    assert runner.invoke(app, ["--results", str(whole), "--check"]).exit_code == 0


def test_the_summary_says_what_is_met(write: Write, tmp_path: Path) -> None:
    write("encoders", "cnn.random", **encoder(0.96, "random"))
    write("encoders", "cnn.speaker", **encoder(0.74, "speaker"))
    write("encoders", "cnn.speaker_tess", **encoder(0.90, "speaker", tess=True))
    write("encoders", "streaming.speaker", **encoder(0.72, "speaker"))
    write("generator", "default")
    book = Book.read(tmp_path / "metrics")
    found = summary(book)
    assert best_encoder(book, "speaker")[0].name == "cnn.speaker"  # type: ignore[index]
    assert found["encoder.random.macro_f1"]["met"] is True
    assert found["encoder.speaker.macro_f1"] | {"what": ""} == {
        "what": "",
        "value": 0.75,
        "deviation": 0.0141,
        "baseline": "0.687",
        "target": "0.76",
        "met": False,
        "data": "made-up clips",
        "split": "five folds",
        "seeds": [0],
        "metrics": "metrics/encoders/cnn.speaker.json",
    }
    assert found["encoder.streaming.macro_f1"]["met"] is True  # 0.73, and the best is 0.75
    assert found["gan.frechet_squeezenet"]["met"] is False  # 65 where 61 or less is wanted
    assert found["gan.frechet_pixels"]["met"] is True
    assert found["retrieval.seen"] | {"what": ""} == {
        "what": "",
        "value": None,
        "deviation": None,
        "baseline": "theirs 0.908",
        "target": "0.95",
        "met": False,
        "metrics": "not run",
    }


def test_only_a_cgan_of_the_references_size_is_held_against_it(write: Write, tmp_path: Path) -> None:
    for side, value in ((32, None), (64, 0.8)):
        write("alignment", "cgan_tuned", settings={"side": side, "epochs": 100}, figures={"any_of_k5": 0.8})
        assert summary(Book.read(tmp_path / "metrics"))["cgan.reference.consistency"]["value"] == value


def test_a_figure_of_a_smaller_net_says_so(write: Write, tmp_path: Path) -> None:
    def row() -> str:
        page = render(Book.read(tmp_path / "metrics"), ())["encoders.md"]
        return next(line for line in page.splitlines() if line.startswith("| CNN |"))

    content = encoder(0.9, "random")
    write("encoders", "cnn.random", **content | {"figures": content["figures"] | {"parameters": 450_000}})
    content = encoder(0.6, "speaker")
    for parameters, words in ((110_000, True), (450_000, False)):
        write(
            "encoders",
            "cnn.speaker",
            **content | {"figures": content["figures"] | {"parameters": parameters}},
        )
        assert ("(a net of 0.11 M)" in row()) is words
        assert "| 0.45 |" in row()
        found = summary(Book.read(tmp_path / "metrics"))["encoder.reference_cnn.speaker.macro_f1"]
        assert (found["value"] is None) is words


def test_a_row_whose_run_is_gone_says_so_and_fails_the_check(whole: Path) -> None:
    def row() -> str:
        lines = (whole / "alignment.md").read_text().splitlines()
        return next(line for line in lines if line.startswith("| the tuned cGAN trained as long"))

    path = whole / "metrics" / "alignment" / "cgan_tuned.json"
    (whole / "figures").mkdir()
    (whole / "figures" / "cgan_tuned_snapshots.jpg").touch()
    write_report(whole, drawings=False)
    assert complaints(whole) == []
    assert "lr_g 1e-05; k = 5 0.500, any of five 0.800; real paintings 0.550 at k = 5 and 0.920" in row()
    assert "conditions shuffled 0.330 at k = 5 and 0.710; trained in bf16 mixed precision" in row()
    assert "(figures/cgan_tuned_snapshots.jpg)" in (whole / "alignment.md").read_text()
    path.unlink()
    assert len(write_report(whole, drawings=False).missing) == 2
    assert "**not run**" in row()
    assert "no metrics file alignment/cgan_tuned" in (whole / "README.md").read_text()
    assert len(complaints(whole)) == 2


def test_how_long_the_networks_on_spectra_were_trained_is_told(write: Write, tmp_path: Path) -> None:
    def words() -> str:
        page = render(Book.read(tmp_path / "metrics"), ())["music.md"]
        return next(line for line in page.splitlines() if line.startswith("Each pair is"))

    assert words() == "Each pair is valence / arousal."
    write("music", "vgmidi.cnn", settings={"epochs": 15, "draws": None})
    assert words().endswith("Ours, epochs over all chunks: CNN 15.")
    write("music", "vgmidi.cnn_se_gru", settings={"epochs": 14, "draws": 4.0})
    assert "CNN 15. Fewer passes, in epochs: CNN + SE + GRU 14 of 4 chunks a song;" in words()


def test_every_drawing_is_made_and_one_without_its_run_goes(whole: Path) -> None:
    book = Book.read(whole / "metrics")
    made = draw_all(book, whole / "figures")
    assert made == list(DRAWINGS)
    for name in made:
        with Image.open(whole / "figures" / name) as drawing:
            assert drawing.width > 1000
            assert len(drawing.convert("L").getcolors() or range(300)) > 20
    (whole / "metrics" / "alignment" / "infonce.json").unlink()
    (whole / "metrics" / "alignment" / "multi_positive.json").unlink()
    assert "alignment_losses.png" not in draw_all(Book.read(whole / "metrics"), whole / "figures")
    assert not (whole / "figures" / "alignment_losses.png").exists()


@pytest.mark.skipif(not (COMMITTED / "README.md").is_file(), reason="no committed pages")
def test_the_committed_pages_are_what_the_committed_metrics_say() -> None:
    stale = [one for one in complaints(COMMITTED) if "differs" in one or "is missing" in one]
    assert stale == []
    json.loads((COMMITTED / "summary.json").read_text())


def test_rows_tell_of_their_own_names() -> None:
    names = [row.what for row in ROWS]
    assert len(names) == len(set(names))
    assert len(missing(Book(()))) == 2 * len(ENCODER_ROWS) + sum(len(row.needs) for row in ROWS)
