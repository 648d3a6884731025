"""Metrics files of the music models: figures of the folds, on which data, at which scale, beside which row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chromesthesia_training.metrics.metrics_file import write_metrics
from chromesthesia_training.music.answers import Float64, FoldAnswers
from chromesthesia_training.music.scores import figures
from chromesthesia_training.music.songs import SongSet
from chromesthesia_training.stage import Context

WHY_NOT_THE_SAME = (
    "theirs: DEAM, 1,744 songs, 1 to 9, one random 80/20 split, best epoch on its validation songs"
)


def content(
    context: Context,
    songs: SongSet,
    settings: Mapping[str, Any],
    made: Mapping[str, Any],
    notes: Sequence[str] = (),
    folds: int = 5,
) -> dict[str, Any]:
    """The content of a metrics file, with `made` as its figures."""
    low, high = songs.scale
    return {
        "command": context.command,
        "data": {
            "what": songs.what,
            "songs": len(songs.songs),
            "groups": len(set(songs.groups)),
            "label_scale": [low, high],
            "targets": list(songs.targets),
        },
        "protocol": "group",
        "split": f"{'five' if folds == 5 else folds} grouped folds by {songs.grouped_by}; nothing was chosen on the "
        "songs of the test",
        "seeds": [context.seed],
        "settings": dict(settings),
        "figures": dict(made),
        "reference": {"row": "C", "same_work": False, "why": WHY_NOT_THE_SAME},
        "notes": [*notes, f"labels, RMSE and MAE on a scale of {low:g} to {high:g}"],
    }


def write_answers(
    context: Context,
    songs: SongSet,
    name: str,
    settings: Mapping[str, Any],
    answers: Sequence[FoldAnswers],
    labels_in_time: Float64 | None = None,
    notes: Sequence[str] = (),
    parameters: int | None = None,
) -> None:
    """Write `music/<collection>.<name>`: static, dynamic where there is, pooled, minutes, what the searches chose."""
    made = figures(songs.targets, songs.labels, answers, labels_in_time if songs.dynamic else None)
    made["minutes"] = round(sum(one.minutes for one in answers), 3)
    if parameters is not None:
        made["parameters"] = parameters
    whole = content(context, songs, settings, made, notes, len(answers))
    if curves := {f"fold {one.fold}": list(one.curve) for one in answers if one.curve}:
        whole["curves"] = curves
    if any(one.chosen for one in answers):
        whole["settings"] |= {
            "chosen": {
                f"fold {one.fold}": {
                    songs.targets[int(target)]: value for target, value in one.chosen.items()
                }
                for one in answers
            }
        }
    write_metrics("music", f"{songs.name}.{name}", whole, context.metrics_dir)
