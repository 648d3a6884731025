"""What the alignment works on, read from the data folder and the runs: clips heard, paintings seen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chromesthesia_training.align.audio import ClipEmbeddings, encoder_embeddings, named_clips, weights_hash
from chromesthesia_training.align.backbone import ImageBackbone, load_backbone
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


def open_backbone(context: Context) -> ImageBackbone:
    """The network that `context` asks for, by default SqueezeNet of the data folder. Raises as `load_backbone`."""
    weights = context.backbone_weights or context.data_dir / FEATURE_WEIGHTS
    return load_backbone(context.backbone or "squeezenet", weights)


def read_material(context: Context) -> AlignMaterial:
    """Embed the speech of `context.data_dir` by the encoder of `runs/encoder`, its paintings by `open_backbone`.

    Raises:
        DataError, ArtError, WeightsError, TrainingError: something that is needed is missing or damaged.
    """
    eye = open_backbone(context)
    run = context.runs_dir / "encoder"
    sets = [one for one in find_sound_sets(context.data_dir, None) if one.name == "speech"]
    clips = named_clips(all_clips(sets))
    spectra = by_path(load_spectra(sets, context.cache_dir).values())
    embeddings = encoder_embeddings(run / "encoder.onnx", run, clips, spectra, context.runs_dir / EMBEDDINGS)
    paintings = read_features(context.data_dir / "art", eye, context.cache_dir)
    return AlignMaterial(
        embeddings, paintings, run / "encoder.onnx", weights_hash(run / "encoder.onnx"), eye.name
    )
