"""What the alignment works on, read from the data folder and the runs: clips heard, paintings seen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chromesthesia_training.align.audio import ClipEmbeddings, encoder_embeddings, named_clips, weights_hash
from chromesthesia_training.align.backbone import load_backbone
from chromesthesia_training.align.pictures import PaintingFeatures, read_features
from chromesthesia_training.backbones.squeezenet import WEIGHTS_FILE as FEATURE_WEIGHTS
from chromesthesia_training.corpora.datasets import all_clips, find_sound_sets, load_spectra
from chromesthesia_training.data.cache import by_path
from chromesthesia_training.stage import Context

EMBEDDINGS = Path("align/embeddings")


@dataclass(frozen=True)
class AlignMaterial:
    """Clips of angry, happy and sad as the streaming encoder hears them, all paintings, and where both came from."""

    clips: ClipEmbeddings
    paintings: PaintingFeatures
    encoder_onnx: Path
    encoder_weights: str
    backbone: str


def read_material(
    context: Context,
    encoder_run: Path | None = None,
    backbone: str = "squeezenet",
    weights: Path | None = None,
) -> AlignMaterial:
    """Embed the speech and the paintings of `context.data_dir`.

    encoder_run: a run of the streaming encoder (`encoder.onnx`, checkpoints), by default `runs/encoder`; backbone,
    weights: see `load_backbone`, by default SqueezeNet of the data folder.

    Raises:
        DataError, ArtError, WeightsError, TrainingError: something that is needed is missing or damaged.
    """
    run = encoder_run or context.runs_dir / "encoder"
    sets = [one for one in find_sound_sets(context.data_dir, None) if one.name == "speech"]
    clips = named_clips(all_clips(sets))
    spectra = by_path(load_spectra(sets, context.cache_dir).values())
    embeddings = encoder_embeddings(run / "encoder.onnx", run, clips, spectra, context.runs_dir / EMBEDDINGS)
    eye = load_backbone(backbone, weights or context.data_dir / FEATURE_WEIGHTS)
    paintings = read_features(context.data_dir / "art", eye, context.cache_dir)
    return AlignMaterial(
        embeddings, paintings, run / "encoder.onnx", weights_hash(run / "encoder.onnx"), eye.name
    )
