"""The `alignment` stages of `reproduce` up to the pack's index: heads, retrieval, shared space; see `cgan.stages`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from chromesthesia_training.align.art_index import ALIGNMENT_NAME, DEFAULT_ALIGNMENT
from chromesthesia_training.align.evaluate import INFLATING, Sides, measure, split_sides
from chromesthesia_training.align.folds import fold_checkpoint, fold_embeddings, fold_sides
from chromesthesia_training.align.losses import info_nce_floor
from chromesthesia_training.align.material import AlignMaterial, read_material
from chromesthesia_training.align.pack_index import measure_index, train_for_pack
from chromesthesia_training.align.pictures import FOLDS
from chromesthesia_training.align.space import draw_space
from chromesthesia_training.align.train import Alignment, AlignSettings, Objective, align
from chromesthesia_training.metrics.metrics_file import tables_over_folds, write_metrics
from chromesthesia_training.offline.stages import material_of, splits_of
from chromesthesia_training.safe_write import whole_file
from chromesthesia_training.stage import Context, Settings, Stage

SPEECH = "speech of five corpora heard by the shipped streaming encoder; D-ViSA paintings seen by {eye}"
SPLIT = (
    "speakers: the given split, on whose train speakers the encoder and the heads were trained, val chose the epoch, "
    "test is unseen by both; artists: {artists}"
)
ALL_STEPS = 3_000
QUICK_EPOCHS = 2
KINDS_NOTE = "paintings: angry is anger, disgust and fear; happy is amusement, contentment, excitement; awe is left out"


def settings_of(context: Context, objective: Objective = "multi_positive", fold: int = 0) -> AlignSettings:
    """The settings of one training of heads: InfoNCE as long as the reference's, both tiny when quick."""
    settings = AlignSettings(objective=objective, seed=context.seed + fold, threads=context.threads)
    if objective == "infonce":
        settings = replace(settings, epochs=ALL_STEPS // settings.steps_per_epoch)
    if context.quick:
        settings = replace(settings, epochs=QUICK_EPOCHS, steps_per_epoch=10, hidden=32)
    return settings


def fold_alignment(
    context: Context, material: AlignMaterial, objective: Objective, fold: int
) -> tuple[Alignment, Sides]:
    """Heads that never met the artists of fold `fold`, from `runs/align` where they are trained already."""
    sides = split_sides(material.clips, material.paintings, fold)
    heads = align(
        sides.known_clips,
        sides.known_paintings,
        sides.choosing_clips,
        settings_of(context, objective, fold),
        context.runs_dir / "align" / f"{objective}-fold{fold}",
        resume=not context.fresh,
    )
    return heads, sides


def run_infonce(context: Context) -> None:
    """InfoNCE as the reference trained it; `alignment/infonce`."""
    _run_objective(context, "infonce")


def run_multi_positive(context: Context) -> None:
    """The multi-positive loss on the same data; `alignment/multi_positive`."""
    _run_objective(context, "multi_positive")


def _run_objective(context: Context, objective: Objective) -> None:
    material = read_material(context)
    heads, sides = fold_alignment(context, material, objective, 0)
    settings = settings_of(context, objective)
    curve = [{"step": int(row["step"]), "loss": round(row["train_loss"], 4)} for row in heads.report.history]
    batch = 3 * settings.per_class
    figures: dict[str, Any] = {f"loss_{row['step']}": row["loss"] for row in curve if row["step"] % 500 == 0}
    figures |= {
        "loss_first": curve[0]["loss"],
        "loss_last": curve[-1]["loss"],
        "loss_floor": round(info_nce_floor(batch, 3), 4),
        "batch": batch,
        "minutes": round(heads.report.minutes, 2),
        **_rounded(measure(heads, sides)),
    }
    notes = [
        f"loss is the mean over the {settings.steps_per_epoch} steps before the one named",
        "the floor ln(B/3) holds for both losses in a balanced batch: for InfoNCE, because nothing tells the pairs "
        "of one class apart; for the multi-positive loss, because its B/3 positives share the probability",
        KINDS_NOTE,
    ]
    content = _content(context, material, objective_settings(context, objective), figures, notes)
    content |= {
        "protocol": "given split",
        "split": SPLIT.format(artists="fold 0 unseen"),
        "curves": {"train_loss": curve},
        "reference": {
            "row": "InfoNCE",
            "figures": {"loss_500": 3.7889, "loss_3000": 3.3790},
            "same_work": False,
            "why": "other speech, other paintings, another backbone; their batch size is not given",
        },
    }
    write_metrics("alignment", objective, content, context.metrics_dir)


RETRIEVAL_NOTES = (
    "seen: clips trained on ask, paintings trained on answer; unseen_audio: unseen speakers ask, known paintings "
    "answer; unseen: they ask, paintings of unseen artists answer; unseen_picture: known clips ask these",
    "unseen_audio_ratio: unseen_audio over the encoder's own accuracy on the same clips (ceiling)",
    "reached: share of the gallery that is the nearest of some query",
    KINDS_NOTE,
)
RETRIEVAL_REFERENCE = {
    "row": "cross-modal retrieval",
    "figures": {"seen": 0.9080},
    "same_work": False,
    "why": "other speech, other paintings, another backbone; that their queries were trained on is a guess",
}


def run_retrieval(context: Context) -> None:
    """Five grouped folds of speakers, with the offline CNN of each, and of artists; `alignment/retrieval`."""
    material = read_material(context)
    spoken = material_of(context)
    settings = settings_of(context)
    found: list[dict[str, float]] = []
    for fold, split in enumerate(splits_of(context, spoken, "speaker")):
        clips = fold_embeddings(fold_checkpoint(context.runs_dir, split), spoken.task, split, context.quick)
        sides = fold_sides(clips, split, material.paintings, fold)
        heads = align(
            sides.known_clips,
            sides.known_paintings,
            sides.choosing_clips,
            replace(settings, seed=context.seed + fold),
            context.runs_dir / "align" / f"speaker-fold{fold}",
            resume=not context.fresh,
        )
        found.append(measure(heads, sides))
    content = _content(context, material, objective_settings(context, "multi_positive"), _over(found), [])
    content["data"] |= {
        "what": "speech of four corpora, no TESS, heard by the offline CNN of each fold; D-ViSA seen by "
        + eye_of(material),
        "clips": sum(clip.corpus != INFLATING for clip in spoken.task.clips),
        "corpora": sorted({clip.corpus for clip in spoken.task.clips} - {INFLATING}),
        "tess": False,
    }
    del content["data"]["encoder_weights"]
    content |= {
        "protocol": "speaker",
        "split": "five grouped folds: the fold's speakers unseen by encoder and heads, its artists by the heads",
        "seeds": [context.seed + fold for fold in range(len(found))],
        "reference": RETRIEVAL_REFERENCE,
        "notes": [
            *RETRIEVAL_NOTES,
            "heads choose their epoch on every eighth known clip; the shipped encoder: alignment/retrieval_shipped",
            "a first run, 1,000 steps and noise of 0.3 on sounds, gave seen 0.911 and ratio 1.02; longer and with less "
            "noise the heads know more of what they trained on, which is all that seen asks",
        ],
    }
    write_metrics("alignment", "retrieval", content, context.metrics_dir)


def run_shipped(context: Context) -> None:
    """The shipped encoder, given split of speakers, over five folds of artists; `alignment/retrieval_shipped`."""
    material = read_material(context)
    found: list[dict[str, float]] = []
    for fold in range(FOLDS):
        heads, sides = fold_alignment(context, material, "multi_positive", fold)
        found.append(measure(heads, sides))
    content = _content(context, material, objective_settings(context, "multi_positive"), _over(found), [])
    content |= {
        "protocol": "given split of speakers, five grouped folds of artists",
        "split": SPLIT.format(artists="five grouped folds, each unseen once"),
        "seeds": [context.seed + fold for fold in range(FOLDS)],
        "reference": RETRIEVAL_REFERENCE,
        "notes": [
            *RETRIEVAL_NOTES,
            "the folds are of artists; the unseen speakers are the same in each, as the encoder knows the others",
        ],
    }
    write_metrics("alignment", "retrieval_shipped", content, context.metrics_dir)


def _over(found: list[dict[str, float]]) -> dict[str, Any]:
    figures = tables_over_folds(found)
    return figures | {"chance": figures["unseen_audio_chance"], "ceiling": figures["encoder_accuracy"]}


def run_pack(context: Context) -> None:
    """Heads for the pack, all artists but the test ones known, and its index's content; `alignment/art_index`."""
    material = read_material(context)
    run_dir = context.runs_dir / DEFAULT_ALIGNMENT.relative_to("runs")
    heads, sides = train_for_pack(material, settings_of(context), run_dir, resume=not context.fresh)
    figures = measure_index(heads, sides, material, run_dir)
    notes = [
        "the index holds the paintings of train and val artists; queries are clips of the unseen test speakers"
    ]
    content = _content(
        context, material, objective_settings(context, "multi_positive"), figures, [*notes, KINDS_NOTE]
    )
    content |= {"protocol": "given split", "split": SPLIT.format(artists="train and val known, test unseen")}
    write_metrics("alignment", "art_index", content, context.metrics_dir)


def run_space(context: Context) -> None:
    """UMAP of the shared space of both losses, coloured by emotion and by modality; `alignment/umap`."""
    material = read_material(context)
    spaces = {
        objective: fold_alignment(context, material, objective, 0)
        for objective in ("infonce", "multi_positive")
    }
    drawn = draw_space(spaces, context.results_dir / "figures" / "alignment_umap.png", context.seed)
    with whole_file(context.runs_dir / "align" / "umap.json") as file:
        file.write(json.dumps(drawn.points).encode())
    notes = [
        "points: clips of unseen speakers and paintings of unseen artists beside known ones, drawn by lot",
        "modality_mixing: share of the ten nearest that are of the other modality, over what an even mixture would "
        "give; 1 is fully mixed. emotion_agreement: share of the ten nearest of the same emotion",
    ]
    content = _content(context, material, objective_settings(context, "multi_positive"), drawn.figures, notes)
    content |= {"protocol": "given split", "split": SPLIT.format(artists="fold 0 unseen")}
    write_metrics("alignment", "umap", content, context.metrics_dir)


def objective_settings(context: Context, objective: Objective) -> dict[str, Any]:
    """What the figures of a stage depend on, as its metrics file holds it. backbone: None where it is as shipped."""
    settings = asdict(settings_of(context, objective))
    del settings["threads"]
    weights = context.backbone_weights
    return settings | {"backbone": weights and f"{context.backbone} {weights.name}"}


def eye_of(material: AlignMaterial) -> str:
    """Which network sees the paintings, in a word or two."""
    return material.backbone.partition(",")[0]


def command_of(context: Context) -> str:
    """What a person types, with the network that sees where it is another than is shipped."""
    if context.backbone is None:
        return context.command
    return f"{context.command} --backbone {context.backbone} --backbone-weights {context.backbone_weights}"


def _content(
    context: Context,
    material: AlignMaterial,
    settings: Mapping[str, Any],
    figures: Mapping[str, Any],
    notes: list[str],
) -> dict[str, Any]:
    clips, paintings = material.clips, material.paintings.of_three()
    return {
        "command": command_of(context),
        "data": {
            "what": SPEECH.format(eye=eye_of(material)),
            "clips": len(clips),
            "corpora": sorted(set(clips.corpora.tolist())),
            "tess": "tess" in clips.corpora,
            "paintings": len(paintings),
            "artists": len(set(paintings.artists.tolist())),
            "encoder_weights": material.encoder_weights[:16],
            "backbone": material.backbone,
        },
        "seeds": [settings["seed"]],
        "settings": {name: value for name, value in settings.items() if value is not None},
        "figures": dict(figures),
        "notes": notes,
    }


def _rounded(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in figures.items()}


def _settings(objective: Objective) -> Any:
    def settings(context: Context) -> Settings:
        return objective_settings(context, objective)

    return settings


def stages() -> tuple[Stage, ...]:
    """Heads with both losses, retrieval, the shared space drawn, the pack's index."""
    by_loss = _settings("multi_positive")
    needs = ("encoders.live",)
    return (
        Stage(
            "alignment.infonce", "alignment", run_infonce, ("alignment/infonce",), needs, _settings("infonce")
        ),
        Stage(
            "alignment.multi_positive",
            "alignment",
            run_multi_positive,
            ("alignment/multi_positive",),
            needs,
            by_loss,
        ),
        Stage(
            "alignment.retrieval",
            "alignment",
            run_retrieval,
            ("alignment/retrieval",),
            ("encoders.cnn.speaker",),
            by_loss,
        ),
        Stage(
            "alignment.retrieval_shipped",
            "alignment",
            run_shipped,
            ("alignment/retrieval_shipped",),
            needs,
            by_loss,
        ),
        Stage("alignment.umap", "alignment", run_space, ("alignment/umap",), needs, by_loss),
        Stage(
            "alignment.art_index",
            "alignment",
            run_pack,
            ("alignment/art_index",),
            needs,
            by_loss,
            artifacts=((DEFAULT_ALIGNMENT.relative_to("runs") / ALIGNMENT_NAME).as_posix(),),
        ),
    )
