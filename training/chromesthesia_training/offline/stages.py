"""The `encoders` stages of `reproduce`: the reference's rows, the best offline encoder, what augmentation gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial

from chromesthesia_training.data.splits import Protocol, Split
from chromesthesia_training.errors import DataError
from chromesthesia_training.metrics.model_size import parameter_count
from chromesthesia_training.offline.best import blend, crossed_targets, kernel_folds
from chromesthesia_training.offline.folds import Float64, Teacher, choosing_splits, run_folds, speaker_splits
from chromesthesia_training.offline.kernel import KernelSettings
from chromesthesia_training.offline.material import Material, read_descriptions, read_material
from chromesthesia_training.offline.models import ENCODERS, ClipEncoder, make_encoder
from chromesthesia_training.offline.models.yamnet_tail import YamnetTail
from chromesthesia_training.offline.module import Recipe
from chromesthesia_training.offline.scoring import FoldAnswers, write_encoder_metrics
from chromesthesia_training.stage import Context, Settings, Stage

RECIPE = Recipe(patience=15, average=0.995, label_smoothing=0.05, mixup_alpha=0.2, time_frames=10, bands=8)
RECIPES: dict[str, Recipe] = {
    "cnn": replace(RECIPE, patience=10, taught=0.5, refit=True, moved_answers=True),
    "ann": Recipe(patience=15, batch=128, learning_rate=1e-3, weight_decay=0.05),
    "transformer": Recipe(patience=15, learning_rate=1e-3),
}
"""Where an encoder is not trained by `RECIPE`."""
TAIL_RECIPE = Recipe(epochs=3, patience=None, average=0.0, learning_rate=2.4e-3, weight_decay=0.05)
QUICK_EPOCHS = 1
SPLITS: dict[str, str] = {
    "speaker": "five grouped folds by speaker; nothing was chosen on the test speakers",
    "random": "random by clip, 80/20, speakers and sentences on both sides, as the reference",
    "leave_one_corpus_out": "each corpus in turn is the test",
}
SHARED_SPLIT = (
    "five grouped folds by speaker; nothing was trained on the test speakers; what was chosen once for all folds has "
    "heard them"
)
"""Of a run with a choice that all folds share: what one fold sets aside another tests."""
PROTOCOLS: dict[str, Protocol] = {
    "speaker": "group",
    "random": "random",
    "leave_one_corpus_out": "leave_one_corpus_out",
}
ENDED_NOTE = (
    "trained until {part} no longer rose in macro-F1; the best epoch is scored, and the test rows chose nothing; the "
    "score by epoch is of that part"
)
REFIT_NOTE = (
    "that part of the training clips then joins the others, and a fresh net trained for as many epochs, along one "
    "cycle, is scored; how many is one number for all folds, where their mean curve is best; minutes are of both"
)
TAUGHT_NOTE = (
    "{share:.0%} of a training clip's target is what a kernel machine (on functionals, spectra and YAMNet's layers) "
    "says of it that heard none of its fold; the net itself takes log-mel and pitch alone"
)
MOVED_NOTE = (
    "answers are the mean over a clip and four neighbours: a band higher, one lower, slightly slower, faster"
)
PARTS = {"speaker": "an eighth of the other speakers", "random": "a tenth of the training clips"}


def recipe_of(context: Context, recipe: Recipe) -> Recipe:
    """The recipe, for one epoch when quick."""
    return replace(recipe, epochs=QUICK_EPOCHS) if context.quick else recipe


def reference_recipe(context: Context, name: str) -> Recipe:
    """How one of the reference's encoders is trained."""
    return recipe_of(context, RECIPES.get(name, RECIPE))


def reference_net(context: Context, name: str, embedding: int = 128) -> Callable[[], ClipEncoder]:
    """Makes one of the reference's encoders, of its size, or a small one when quick."""
    return partial(make_encoder, name, embedding, context.quick)


def material_of(context: Context) -> Material:
    """Clips and views of the context."""
    return read_material(context.data_dir, context.cache_dir, context.quick)


def splits_of(
    context: Context,
    material: Material,
    protocol: str,
    folds: int | None = None,
    tess: bool = False,
    choosing: bool = False,
) -> list[Split]:
    """Splits of a protocol; TESS trains where clips are split at random, or `tess`. Two of them when quick.

    choosing: a part of the training rows is set aside in `val`, else `val` is the test.
    """
    make = choosing_splits if choosing else speaker_splits
    splits = make(material.task.clips, PROTOCOLS[protocol], tess or protocol == "random")
    return splits[: 2 if context.quick else folds]


def run_net(
    context: Context,
    name: str,
    file: str,
    protocol: str,
    make: Callable[[], ClipEncoder],
    recipe: Recipe,
    folds: int | None = None,
    reference: str | None = None,
    notes: Sequence[str] = (),
) -> list[FoldAnswers]:
    """Train one net through a protocol and write `encoders/<file>`."""
    material = material_of(context)
    recipe = recipe_of(context, recipe)
    chooses = recipe.patience is not None
    splits = splits_of(context, material, protocol, folds, choosing=chooses)
    run_dir = context.runs_dir / "encoders" / file
    teacher = crossed_teacher(context, material, protocol) if recipe.taught > 0.0 else None
    answers = run_folds(make, material.task, splits, recipe, run_dir, context.seed, context.fresh, teacher)
    write_encoder_metrics(
        file,
        material.task.clips,
        material.task.labels,
        answers,
        root=context.metrics_dir,
        command=context.command,
        protocol=protocol,
        split=split_said(protocol, shared=recipe.refit)
        + (f"; {len(splits)} of five" if protocol == "random" and len(splits) < 5 else ""),
        seeds=[context.seed],
        settings={"encoder": name, **asdict(recipe)},
        parameters=parameter_count(make()),
        trained_with_tess=protocol == "random",
        reference=reference,
        notes=(*recipe_notes(recipe, protocol), *notes),
    )
    return answers


def split_said(protocol: str, shared: bool) -> str:
    """A protocol in words; shared: something was chosen once for all its folds."""
    return SHARED_SPLIT if shared and protocol == "speaker" else SPLITS[protocol]


def recipe_notes(recipe: Recipe, protocol: str) -> list[str]:
    """What a recipe does beside plain training, in words."""
    notes = [] if recipe.patience is None else [ENDED_NOTE.format(part=PARTS[protocol])]
    notes += [REFIT_NOTE] if recipe.refit else []
    notes += [TAUGHT_NOTE.format(share=recipe.taught)] if recipe.taught > 0.0 else []
    return notes + ([MOVED_NOTE] if recipe.moved_answers else [])


def crossed_teacher(context: Context, material: Material, protocol: str) -> Teacher:
    """A kernel machine for every fold that is learned, trained on the other learned folds; see `crossed_targets`."""
    task = material.task
    descriptions = read_descriptions(context, material)
    splits = speaker_splits(task.clips, PROTOCOLS[protocol], protocol == "random")

    def teach(split: Split) -> Float64:
        whole = next(one for one in splits if one.name == split.name)
        return crossed_targets(task, descriptions, splits, whole, KernelSettings())

    return teach


def run_reference_row(context: Context, name: str, protocol: str) -> None:
    """One of the reference's encoders, five folds by speaker, or once by clip."""
    run_net(
        context,
        name,
        f"{name}.{protocol}",
        protocol,
        reference_net(context, name),
        RECIPES.get(name, RECIPE),
        1 if protocol == "random" else None,
        reference=name,
    )


def run_augmentation(context: Context) -> None:
    """The CNN by speaker without any augmentation: what SpecAugment, warping and mixup give is the difference."""
    notes = ("as cnn.speaker, without SpecAugment, shift along frequency, stretching and mixup",)
    make = reference_net(context, "cnn")
    run_net(context, "cnn", "cnn_plain.speaker", "speaker", make, RECIPES["cnn"].plain(), notes=notes)


def run_kernel(context: Context, protocol: str, tess: bool = False) -> list[FoldAnswers]:
    """The kernel machine through a protocol; `encoders/kernel.<protocol>`, `kernel_tess` where TESS trains too."""
    material = material_of(context)
    descriptions = read_descriptions(context, material)
    splits = splits_of(context, material, protocol, tess=tess)
    settings = KernelSettings()
    file = f"kernel{'_tess' if tess else ''}.{protocol}"
    run_dir = context.runs_dir / "encoders" / file
    answers = kernel_folds(material.task, descriptions, splits, settings, run_dir, context.fresh)
    trained_rows = max(len(split.train) for split in splits)
    _write_best(
        context,
        material,
        file,
        protocol,
        answers,
        {"encoder": "kernel", **asdict(settings), "descriptions": sorted(descriptions)},
        3 * trained_rows,
        (
            "kernel ridge regression, mean of Gaussian kernels over functionals, statistics of log-mel and pitch, "
            "and of layers 5, 7 and 8 of YAMNet (Apache-2.0); parameters: dual weights; YAMNet's first "
            "eight layers (0.5 M, frozen) are not counted",
            "ridge, width, balance and the set of descriptions were chosen by training folds left out in "
            "pairs (train on three folds, score the other two); one choice for all folds",
        ),
    )
    return answers


def run_tail(context: Context, protocol: str) -> list[FoldAnswers]:
    """YAMNet's layers 8 to 10 trained on; `encoders/yamnet_tail.<protocol>`."""
    weights = material_of(context).weights
    if weights is None:
        raise DataError(f"{context.data_dir}/weights/yamnet.tflite is missing", "copy YAMNet's weights there")
    notes = (
        "layers 8 to 10 of YAMNet (AudioSet weights, Apache-2.0) trained at a quarter of the head's rate, 1 to 7 "
        "frozen and not counted; the last epoch is scored",
    )
    make = partial(YamnetTail, weights)
    return run_net(
        context, "yamnet_tail", f"yamnet_tail.{protocol}", protocol, make, TAIL_RECIPE, notes=notes
    )


def run_ensemble(context: Context, protocol: str) -> None:
    """Kernel machine and fine-tuned YAMNet at even weights; `encoders/ensemble.<protocol>`."""
    material = material_of(context)
    members = [run_kernel(context, protocol), run_tail(context, protocol)]
    _write_best(
        context,
        material,
        f"ensemble.{protocol}",
        protocol,
        blend(members),
        {"encoder": "ensemble", "members": ["kernel", "yamnet_tail"], "weights": "even, not fitted"},
        sum(len(split.train) for split in splits_of(context, material, protocol)[:1]) * 3
        + parameter_count(YamnetTail(material.weights or context.data_dir)),
        ("an ensemble: geometric mean of the probabilities of kernel and yamnet_tail, even weights",),
    )


def run_kernel_stage(context: Context, protocol: str, tess: bool = False) -> None:
    """`run_kernel` as a stage."""
    run_kernel(context, protocol, tess)


def _write_best(
    context: Context,
    material: Material,
    file: str,
    protocol: str,
    answers: Sequence[FoldAnswers],
    settings: Mapping[str, object],
    parameters: int,
    notes: Sequence[str],
) -> None:
    write_encoder_metrics(
        file,
        material.task.clips,
        material.task.labels,
        answers,
        root=context.metrics_dir,
        command=context.command,
        protocol=protocol,
        split=split_said(protocol, shared=True),
        seeds=[context.seed],
        settings=settings,
        parameters=parameters,
        trained_with_tess=protocol == "random" or "_tess" in file,
        notes=notes,
    )


def _row_settings(context: Context, name: str) -> Settings:
    return {"encoder": name, **asdict(reference_recipe(context, name))}


def _plain_settings(context: Context) -> Settings:
    return {"encoder": "cnn", **asdict(recipe_of(context, RECIPES["cnn"].plain()))}


def _kernel_settings(context: Context) -> Settings:
    return {"encoder": "kernel", **asdict(KernelSettings())}


def stages() -> tuple[Stage, ...]:
    """The offline encoders."""
    rows = tuple(
        Stage(
            f"encoders.{name}.{protocol}",
            "encoders",
            partial(run_reference_row, name=name, protocol=protocol),
            (f"encoders/{name}.{protocol}",),
            settings=partial(_row_settings, name=name),
        )
        for name in ENCODERS
        for protocol in ("random", "speaker")
    )
    return (
        *rows,
        Stage(
            "encoders.ensemble",
            "encoders",
            partial(run_ensemble, protocol="speaker"),
            ("encoders/kernel.speaker", "encoders/yamnet_tail.speaker", "encoders/ensemble.speaker"),
        ),
        Stage(
            "encoders.kernel.random",
            "encoders",
            partial(run_kernel_stage, protocol="random"),
            ("encoders/kernel.random",),
            settings=_kernel_settings,
        ),
        Stage(
            "encoders.kernel_tess",
            "encoders",
            partial(run_kernel_stage, protocol="speaker", tess=True),
            ("encoders/kernel_tess.speaker",),
            settings=_kernel_settings,
        ),
        Stage(
            "encoders.leave_one_corpus_out",
            "encoders",
            partial(run_kernel_stage, protocol="leave_one_corpus_out"),
            ("encoders/kernel.leave_one_corpus_out",),
            settings=_kernel_settings,
        ),
        Stage(
            "encoders.augmentation",
            "encoders",
            run_augmentation,
            ("encoders/cnn_plain.speaker",),
            needs=("encoders.cnn.speaker",),
            settings=_plain_settings,
        ),
    )
