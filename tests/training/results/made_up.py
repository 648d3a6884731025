"""Metrics that nobody measured: content that every reader of a results file understands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chromesthesia_training.metrics.metrics_file import over_folds

Write = Callable[..., None]
"""Writes the metrics file of a section and a name, with what is changed of its content."""


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
