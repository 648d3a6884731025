"""The `alignment` stages of `reproduce` that train, search and measure the reference cGAN."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from chromesthesia_training.align.evaluate import Sides
from chromesthesia_training.align.material import AlignMaterial, read_material
from chromesthesia_training.align.pack_index import keep_alignment, pack_sides
from chromesthesia_training.align.stages import fold_alignment
from chromesthesia_training.align.train import Alignment
from chromesthesia_training.backbones.squeezenet import WEIGHTS_FILE as FEATURE_WEIGHTS
from chromesthesia_training.backbones.squeezenet import FeatureNet, load_squeezenet
from chromesthesia_training.cgan.evaluate import EACH, ask, consistency, rows_by_emotion, save_sheet, thin
from chromesthesia_training.cgan.material import cgan_data
from chromesthesia_training.cgan.model import CganDiscriminator, CganGenerator
from chromesthesia_training.cgan.pack import make_pack
from chromesthesia_training.cgan.train import CganSettings, load_generator, train_cgan
from chromesthesia_training.cgan.tuning import SPACE, search, settings_with
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.fit import fast_precision
from chromesthesia_training.measuring.consistency import HEADLINE, Consistency, ceiling_and_floor
from chromesthesia_training.measuring.gallery import Gallery, load_gallery
from chromesthesia_training.metrics.metrics_file import write_metrics
from chromesthesia_training.metrics.model_size import parameter_count
from chromesthesia_training.packing.live_show import NOTE, played
from chromesthesia_training.packing.manifest import manifest_of
from chromesthesia_training.stage import Context, Settings, Stage
from chromesthesia_training.tune import write_search
from chromesthesia_training.tune.space import Value

REFERENCE_BEST = {"lr_g": 2.2504e-5, "lr_d": 1.9454e-4, "base_ch": 64, "beta1": 0.0844, "beta2": 0.9168}
SHEET, TUNED_SHEET = Path("figures/cgan_snapshots.jpg"), Path("figures/cgan_tuned_snapshots.jpg")
TUNED = "tuned"
"""Folder of the run with the search's settings."""
SHEET_SEED = 3
TRIALS, TRIAL_EPOCHS, TRIAL_EACH = 12, 20, 50
WORK = (
    "D-ViSA paintings of the train artists, each with a clip of its emotion by a train speaker; pictures are asked for "
    "by clips of unseen test speakers"
)
NOTES = [
    "consistency: balanced vote of k nearest real paintings (all of D-ViSA), SqueezeNet fire9 at 224 pixels",
    "any_of_k*: a picture counts when any of the k agrees, as the reference seems to count; beside it its ceiling "
    "(real_*) and its floor (*_shuffled: the same pictures with the conditions dealt out anew), k = 5",
]


def settings_of(context: Context) -> CganSettings:
    """The reference's size: 64 x 64, base 64, 100 epochs; tiny when quick."""
    settings = CganSettings(seed=context.seed, threads=context.threads)
    if context.quick:
        return replace(settings, side=16, base_channels=4, epochs=2, snapshots=(1, 2))
    return settings


def read_all(context: Context) -> tuple[AlignMaterial, Alignment, Sides]:
    """Embeddings, the heads of `alignment.multi_positive`, and who is known to them.

    Fold 0 of the artists is the split test, so the paintings that the heads know are those of train and val. They are
    seen by SqueezeNet, whatever the other stages see with: a cGAN of other heads would be another run.
    """
    material = read_material(replace(context, backbone=None, backbone_weights=None))
    heads, _ = fold_alignment(context, material, "multi_positive", 0)
    return material, heads, pack_sides(material)


def run_cgan(context: Context) -> None:
    """Train it, with snapshots and their sheet; `alignment/cgan`."""
    _run(context, "reference", settings_of(context), "cgan", SHEET)


def run_tuned(context: Context) -> None:
    """Train it with what the search has found, as long; `alignment/cgan_tuned`."""
    _run(context, TUNED, _found_settings(context), "cgan_tuned", TUNED_SHEET)


def _found_settings(context: Context) -> CganSettings:
    """The best of the search. Raises TrainingError where there is none."""
    path = context.metrics_dir / "alignment" / "cgan_tuning.json"
    try:
        best = json.loads(path.read_text(encoding="utf-8"))["settings"]["best"]
        return tuned_settings(context, best)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            f"{path} holds no best trial", "reproduce --only alignment.cgan_tuning --fresh"
        ) from error


def tuned_settings(context: Context, best: Mapping[str, Value]) -> CganSettings:
    """The reference's size and length with values of a search; of the side of a quick run when quick."""
    return replace(settings_with(settings_of(context), best), precision=fast_precision())


def _run(context: Context, name: str, settings: CganSettings, file: str, sheet: Path) -> None:
    _, heads, sides = read_all(context)
    data = cgan_data(sides.known_clips, heads, context.data_dir / "art", context.cache_dir)
    run_dir = context.runs_dir / "cgan" / f"{name}-{settings.side}"
    report = train_cgan(data, settings, run_dir, resume=not context.fresh)
    paintings = len(data.paintings)
    figures = measured_run(context, settings, run_dir, heads, sides, paintings, report.minutes, sheet)
    write_cgan(context, settings, figures, report.history, paintings, len(sides.known_clips), file)


def run_pack(context: Context) -> None:
    """Make a pack of the tuned run's last generator, hold it against torch, check it; `alignment/cgan_pack`."""
    material, heads, sides = read_all(context)
    settings = _found_settings(context)
    run_dir = context.runs_dir / "cgan" / f"{TUNED}-{settings.side}"
    keep_alignment(heads, sides, material, run_dir)
    report = make_pack(context.runs_dir / "encoder", run_dir, heads)
    parity = manifest_of(report.folder).parity
    assert parity is not None
    trained = _plain(settings)
    del trained["precision"]  # of this machine, which need not be the one that trained
    content = {
        "command": context.command,
        "data": {"what": WORK, "tess": True},
        "protocol": "export",
        "split": "none: times and parity",
        "seeds": [settings.seed],
        "settings": trained,
        "figures": {
            "generator_torch_onnx": parity.generator_torch_onnx,
            "encoder_torch_onnx": parity.encoder_torch_onnx,
            "generator_image_ms": round(report.timing.generator_image_ms, 3),
            "images_per_s": round(report.timing.images_per_s, 2),
            "size_bytes": report.size_bytes,
            "side": settings.side,
            **played(report.folder, context.quick),
        },
        "notes": ["milliseconds of one thread's own time, by the engine's own session", NOTE],
    }
    write_metrics("alignment", "cgan_pack", content, context.metrics_dir)


def measured_run(
    context: Context,
    settings: CganSettings,
    run_dir: Path,
    heads: Alignment,
    sides: Sides,
    paintings: int,
    minutes: float,
    sheet: Path,
) -> dict[str, Any]:
    """Figures of every snapshot and of the last generator of a run, and their sheet below the results."""
    net, gallery = _judges(context)
    asked = ask(sides.unseen_clips, heads, 10 if context.quick else EACH, context.seed)
    figures: dict[str, Any] = {}
    blocks = {}
    paths = [run_dir / f"snapshot-{epoch:03d}.pt" for epoch in settings.snapshots]
    for path in [*(path for path in paths if path.is_file()), run_dir / "generator.pt"]:
        generator, epoch = load_generator(path)
        found = consistency(generator, asked, gallery, net, context.seed)
        figures[f"epoch_{epoch}"] = found
        blocks[f"epoch {epoch}"] = rows_by_emotion(generator, asked, SHEET_SEED)
    save_sheet(blocks, context.results_dir / sheet)
    return {
        **found,
        **figures,
        **_real(gallery),
        "epochs": epoch,
        "images_seen": epoch * (paintings // settings.batch) * settings.batch,
        "generator_parameters": parameter_count(CganGenerator(settings.sizes())),
        "discriminator_parameters": parameter_count(CganDiscriminator(settings.sizes())),
        "minutes": round(minutes, 2),
    }


def write_cgan(
    context: Context,
    settings: CganSettings,
    figures: Mapping[str, Any],
    history: list[dict[str, float]],
    paintings: int,
    clips: int,
    file: str,
) -> None:
    """Keep a run's figures as `alignment/<file>`."""
    curve: list[dict[str, Any]] = [
        {name: round(row[name], 4) for name in ("epoch", "loss_d", "loss_g") if name in row}
        for row in history
    ]
    content = {
        "command": context.command,
        "data": {"what": WORK, "paintings": paintings, "clips": clips, "tess": True},
        "protocol": "given split",
        "split": "artists and speakers of train are learned from, speakers of test ask",
        "seeds": [settings.seed],
        "settings": _plain(settings),
        "figures": figures,
        "curves": {"losses": thin(curve)},
        "reference": {
            "row": "cGAN",
            "figures": {"emotion_consistency": 0.75, "settings": REFERENCE_BEST},
            "same_work": False,
            "why": "other paintings and speech; their rule of consistency is not given",
        },
        "notes": [
            *NOTES,
            f"{settings.side} x {settings.side}, base {settings.base_channels}, {figures['epochs']} epochs",
        ],
    }
    write_metrics("alignment", file, content, context.metrics_dir)


def run_tuning(context: Context) -> None:
    """Search as the reference did, with trials a fifth as long as a run; `alignment/cgan_tuning`."""
    _, heads, sides = read_all(context)
    data = cgan_data(sides.known_clips, heads, context.data_dir / "art", context.cache_dir)
    net, gallery = _judges(context)
    common = tuning_settings(context)
    asked = ask(sides.choosing_clips, heads, 4 if context.quick else TRIAL_EACH, context.seed)

    def score(path: Path) -> dict[str, float]:
        return consistency(load_generator(path)[0], asked, gallery, net, context.seed)

    folder = context.runs_dir / "cgan" / "tuning"
    report = search(data, common, score, folder, 2 if context.quick else TRIALS, context.seed)
    about = {
        "command": context.command,
        "data": {"what": WORK.replace("unseen test", "val"), "paintings": len(data.paintings), "tess": True},
        "protocol": "given split",
        "split": "artists and speakers of train are learned from, speakers of val ask",
        "seeds": [context.seed],
        "settings": _plain(common),
        "notes": [
            *NOTES,
            f"trials of {common.epochs} epochs at {common.side} x {common.side}, {len(asked.emotions)} pictures each: "
            "their figures tell settings that fail from those that do not, no more",
        ],
        "reference": {
            "row": "cGAN tuning",
            "figures": {"emotion_consistency": 0.62, **REFERENCE_BEST},
            "same_work": False,
            "why": "other data, other budget",
        },
    }
    write_search(report, SPACE, "alignment", "cgan_tuning", about, context.metrics_dir)


def tuning_settings(context: Context) -> CganSettings:
    """What all trials have in common."""
    epochs = 1 if context.quick else TRIAL_EPOCHS
    return replace(settings_of(context), epochs=epochs, snapshots=())


def _judges(context: Context) -> tuple[FeatureNet, Gallery]:
    net = load_squeezenet(context.data_dir / FEATURE_WEIGHTS)
    return net, load_gallery(context.data_dir / "art", net, context.cache_dir)


def _real(gallery: Gallery) -> dict[str, float]:
    figures = {}
    for name, found in ceiling_and_floor(gallery).items():
        if isinstance(found, Consistency):
            figures[f"real_{name}"] = round(found.balanced[HEADLINE], 4)
            figures[f"real_{name}_any_of_k{HEADLINE}"] = round(found.any_of_k[HEADLINE], 4)
        else:
            figures[f"real_{name}"] = round(found, 4)
    return figures


def _plain(settings: CganSettings) -> dict[str, Any]:
    plain = asdict(settings)
    del plain["threads"], plain["accelerator"]
    return plain


def _cgan_settings(context: Context) -> Settings:
    return _plain(settings_of(context))


def _tuning_settings(context: Context) -> Settings:
    return _plain(tuning_settings(context))


def stages() -> tuple[Stage, ...]:
    """The search, and the run with its snapshots."""
    needs = ("encoders.live",)
    return (
        Stage(
            "alignment.cgan_tuning",
            "alignment",
            run_tuning,
            ("alignment/cgan_tuning",),
            needs,
            _tuning_settings,
        ),
        Stage("alignment.cgan", "alignment", run_cgan, ("alignment/cgan",), needs, _cgan_settings),
        Stage(
            "alignment.cgan_tuned",
            "alignment",
            run_tuned,
            ("alignment/cgan_tuned",),
            (*needs, "alignment.cgan_tuning"),
        ),
        Stage(
            "alignment.cgan_pack",
            "alignment",
            run_pack,
            ("alignment/cgan_pack",),
            ("alignment.cgan_tuned",),
        ),
    )
