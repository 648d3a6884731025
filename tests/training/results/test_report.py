"""The report: made-up metrics to pages, summary and drawings; what is missing or stale is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from chromesthesia_training.cli.results import results
from chromesthesia_training.metrics.metrics_file import METRICS_ROOT, over_folds, write_metrics
from chromesthesia_training.results.book import Book
from chromesthesia_training.results.drawings import DRAWINGS, draw_all
from chromesthesia_training.results.pages import render
from chromesthesia_training.results.report import complaints, write_report
from chromesthesia_training.results.rows import ENCODER_ROWS, ROWS, missing
from chromesthesia_training.results.targets import best_encoder, summary

Write = Callable[..., None]
COMMITTED = Path(__file__).parents[3] / METRICS_ROOT.parent


def encoder(score: float, protocol: str, tess: bool = False) -> dict[str, Any]:
    return {
        "data": {"what": "made-up clips", "clips": 90, "corpora": ["one", "two"], "trained_with_tess": tess},
        "protocol": protocol,
        "figures": {
            "accuracy": over_folds([score, score + 0.02]),
            "macro_f1": over_folds([score, score + 0.02]),
            "parameters": 455_000,
            "minutes": 12.5,
        },
        "curves": [
            {
                "fold": "0",
                "points": [{"epoch": step, "val_macro_f1": score - 0.1 / (step + 1)} for step in range(4)],
            }
        ],
        "confusion": [[8, 1, 1], [2, 7, 1], [0, 1, 9]],
        "per_class": {"angry": {"precision": 0.8, "recall": 0.7, "f1": 0.75, "support": 10}},
    }


def made_up(section: str, name: str) -> dict[str, Any]:
    """Content that every reader of that file understands."""
    if name == "free" and section == "encoders":
        listed = {
            "source": "a/voices",
            "commit": "51ee",
            "licence": "CC0-1.0",
            "files": 9,
            "sha256": "ab" * 32,
        }
        return {
            "protocol": "free",
            "data": {"what": "made-up clips", "trained_on": [listed]},
            "settings": {"ways": {"in_room": "one running room", "alone": "from silence"}},
            "figures": {
                "macro_f1": 0.61,
                "in_room": {"macro_f1": 0.61, "by_corpus": {"urdu": 0.61}},
                "alone": {"macro_f1": 0.4, "by_corpus": {"urdu": 0.4}},
            },
            "notes": ["a remark"],
        }
    if name.startswith("robust"):
        return {
            "protocol": "robust",
            "settings": {"scenes": {"as_recorded": "as recorded", "hall": "a hall of 1.2 s"}},
            "figures": {
                "macro_f1_mean": 0.7,
                "scenes": {"as_recorded": 0.8, "hall": 0.612},
                "floor_shift": 0.05,
                "floor_moves": {"angry": -0.05, "sad": 0.04},
                "nonspeech_named": 2,
                "change": {"median_s": 1.1, "p90_s": 2.9, "share_named": 0.91},
                "plane_distance": 0.9,
            },
        }
    if name.startswith("adaptation"):
        counts = {"0": 0.7, "1": 0.72, "3": 0.75, "5": 0.78}
        gain = {count: round(value - 0.7, 3) for count, value in counts.items()}
        one = {"macro_f1": counts, "gain": gain, "gain_low": gain, "gain_high": gain, "gain_by_speaker": gain}
        return {
            "protocol": "adaptation",
            "settings": {"marks": [0, 1, 3, 5]},
            "data": {"what": "unseen speakers", "test_speakers": ["ada"]},
            "figures": {**one, "validation": one, "speakers": {"ada": counts}},
        }
    if section == "encoders" and name != "optuna":
        return encoder(0.9 if "random" in name else 0.7, name.rsplit(".", 1)[1])
    if name in ("cgan", "cgan_tuned"):
        figures = {
            "consistency_k5": 0.5,
            "consistency_shuffled": 0.33,
            "any_of_k5": 0.8,
            "any_of_k5_shuffled": 0.71,
            "real_leaving_one_out": 0.55,
            "real_leaving_one_out_any_of_k5": 0.92,
            "epoch_20": 0.4,
        }
        tuned = {"lr_g": 1e-05, "precision": "bf16-mixed"} if name == "cgan_tuned" else {}
        return {"settings": {"side": 64, "epochs": 100, **tuned}, "figures": figures}
    if name in ("optuna", "cgan_tuning"):
        return {
            "settings": {"best": {"lr": 1e-4, "batch": 32}},
            "figures": {"best_accuracy": 0.8, "importance": {"lr": 0.7, "batch": 0.3}},
            "curves": {
                "trials": [
                    {"number": n, "state": "complete", "value": v} for n, v in enumerate((0.5, 0.7, 0.6))
                ]
            },
        }
    if name in ("infonce", "multi_positive"):
        return {
            "figures": {"loss_500": 3.8, "loss_3000": 3.4, "loss_floor": 3.3},
            "curves": {"train_loss": [{"step": 500, "loss": 3.8}, {"step": 3000, "loss": 3.4}]},
        }
    if section == "music":
        folds = {"r": over_folds([0.5, 0.6])}
        shares = {
            "pearson": {"mel": 0.4, "mode": -0.3},
            "shap": {"mel": 0.2, "beat": 0.1},
            "in_both": ["mel"],
        }
        return {
            "figures": {
                "static": dict.fromkeys(("valence", "arousal", "mean"), folds),
                "importance": dict.fromkeys(("valence", "arousal"), shares),
            }
        }
    if section == "analysis":
        side = {
            "told_r2": over_folds([0.4, 0.5]),
            "lost_alone": {"level": 0.2, "tempo": 0.01},
            "lost_by_family": {"level": 0.2, "rhythm": 0.01},
            "shap_share": {"level": 0.8, "tempo": 0.2},
        }
        together = {
            "chance": 0.3,
            "r": {"level": {"warmth": 0.6, "edges": 0.1}, "tempo": {"warmth": -0.1, "edges": 0}},
        }
        return {
            "figures": {
                **dict.fromkeys(("speech", "music", "pictures"), side),
                **{key: {"all": together} for key in ("speech_with_pictures", "music_with_pictures")},
                "clusters": {"both": {"accuracy": 0.7, "mutual_information": 0.3}},
                "similarity": {"same": 0.4, "different": -0.1, "same_is_nearer": 0.81},
            }
        }
    if section == "vae":
        figures = {"recon": 0.04 if name.startswith("v32") else 0.5, "va_loss": 0.02, "total": 0.6}
        return {
            "figures": {
                **figures,
                "valence_r": 0.4,
                "arousal_r": 0.5,
                "linear_256": 0.3,
                "parameters": 5_000_000,
            }
        }
    if section == "generator":
        folds = over_folds([0.5, 0.6])
        by_k = {f"k{k}": folds for k in (1, 5, 11)}
        space = {"made": over_folds([60.0, 70.0]), "real_held_out": over_folds([60.0, 62.0])}
        ratings = {
            rating: {"made_r": folds, "real_held_out_r": 0.55, "made_by_engine_condition_r": 0.6}
            for rating in ("valence", "arousal")
        }
        return {
            "settings": {"side": 256},
            "figures": {
                "consistency_3way": folds,
                "valence_control_r": folds,
                "frechet_squeezenet": space["made"],
                "frechet_pixels": over_folds([12.0, 13.0]),
                "kernel_distance": {"made": over_folds([90.0, 92.0])},
                "overlap": {
                    "fire9_at_224": {
                        "made": dict.fromkeys(
                            ("precision", "recall", "density", "coverage", "judge_auroc"), folds
                        ),
                        "real_known_artists": {"recall": over_folds([0.7, 0.9])},
                    }
                },
                "frechet": dict.fromkeys(("fire9", "pixels", "colour", "texture", "fire9_at_224"), space),
                "three_emotions": {
                    "made_by_k": by_k,
                    "made_any_of_k": by_k,
                    "made_conditions_shuffled": 0.33,
                    "made_among_unseen_artists": folds,
                    "real_leaving_one_out_by_k": {name: 0.54 for name in by_k},
                    "real_other_artists_by_k": {name: 0.51 for name in by_k},
                    "real_leaving_one_out": 0.54,
                    "real_shuffled": 0.34,
                },
                "asked_and_read": dict.fromkeys(("deep", "colour", "colour_texture"), ratings),
            },
        }
    return {
        "figures": {
            "seen": 0.96,
            "unseen_audio_ratio": 0.97,
            "consistency_k5": 0.6,
            "epoch_20": 0.4,
            "clips": 12,
        }
    }


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes made-up metrics files below a results folder."""

    def one(section: str, name: str, **changed: Any) -> None:
        content = {
            "command": f"chromesthesia-train reproduce --only {section}",
            "created": "2026-01-02",
            "machine": "a made-up machine",
            "data": {"what": "made-up data"},
            "protocol": "artist",
            "split": "five folds",
            "seeds": [0],
            "settings": {"epochs": 3},
            **made_up(section, name),
            **changed,
        }
        write_metrics(section, name, content, tmp_path / "metrics")

    return one


@pytest.fixture
def whole(write: Write, tmp_path: Path) -> Path:
    """A results folder with a run for every row."""
    names = [name for row in ENCODER_ROWS for name in row.needs]
    names += [choice[0] for row in ROWS for choice in row.needs]
    for name in dict.fromkeys(names):
        write(*name.split("/", 1))
    write("music", "emotify.ensemble")
    write("analysis", "shared_space")
    write("encoders", "robust.default")
    write("encoders", "adaptation.default")
    write("encoders", "free")
    write("generator", "free")
    return tmp_path


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


def test_a_row_whose_run_is_awaited_says_so_and_does_not_fail_the_check(whole: Path) -> None:
    def row() -> str:
        lines = (whole / "alignment.md").read_text().splitlines()
        return next(line for line in lines if line.startswith("| the tuned cGAN trained as long"))

    path = whole / "metrics" / "alignment" / "cgan_tuned.json"
    (whole / "figures").mkdir()
    (whole / "figures" / "cgan_tuned_snapshots.jpg").touch()
    write_report(whole, drawings=False)
    assert "lr_g 1e-05; k = 5 0.500, any of five 0.800; real paintings 0.550 at k = 5 and 0.920" in row()
    assert "conditions shuffled 0.330 at k = 5 and 0.710; trained in bf16 mixed precision" in row()
    assert "(figures/cgan_tuned_snapshots.jpg)" in (whole / "alignment.md").read_text()
    path.unlink()
    assert len(write_report(whole, drawings=False).missing) == 2
    assert "**not run**" in row()
    assert "no metrics file alignment/cgan_tuned" in (whole / "README.md").read_text()
    assert complaints(whole) == []


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
    write("alignment", "cgan")
    found = summary(Book.read(tmp_path / "metrics"))["cgan.reference.consistency"]
    assert found["target"] == "0.75 (real 0.92, shuffled 0.71)"
    write("alignment", "cgan", figures={"any_of_k5": 0.8})
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
        write("alignment", "cgan", settings={"side": side, "epochs": 100}, figures={"any_of_k5": 0.8})
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
