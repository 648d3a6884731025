"""A pack of a free encoder and a free painter, which carries the list of every file that trained either."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chromesthesia.packs.manifest import Parity
from chromesthesia_training.encoder.export import load_trained
from chromesthesia_training.errors import LicenceError
from chromesthesia_training.free.export import corpora_of, export_free
from chromesthesia_training.gan.export import export_onnx as export_generator
from chromesthesia_training.metrics.model_size import parameter_count
from chromesthesia_training.packing.pack import PackParts, PackReport, build_pack, read_metrics
from chromesthesia_training.packing.provenance import (
    FREE_PICTURES,
    OUR_SCRIPTS,
    PROVENANCE_NAME,
    Origin,
    judge,
    origins_of_files,
    read_provenance,
)
from chromesthesia_training.packing.quantize import quantise_generator
from chromesthesia_training.packing.sealing import seal
from chromesthesia_training.packing.sources import KNOWN_SOURCES, sources_of

BEGUN_WITH = "yamnet"
LIMITS = """\
- It does not know what anybody feels: it hears the expression in a sound. It is an instrument for light, not a medical
  device, and not a means to judge, hire, sort or watch people. Do not use it for any of these.
- It learned from ten German sentences by eight actors and from bursts without words: other languages, rooms and
  microphones are confused more often than by a pack whose data forbid paid shows. What is angry and what is happy, it
  tells worst.
- It takes the room for granted: what has sounded over the last two minutes is its measure. Ten minutes of one feeling
  are then nothing special.
- Valence and arousal were not rated by anyone: they are proxies derived from the categories."""
NOTES = (
    "Nobody rated its pictures: pleasure, arousal and emotion of what the painter learned from follow from rules of "
    "colour and form (Valdez and Mehrabian 1994; Russell 1980).",
    "Its painter saw landscapes, water, gardens, harbours and a little cubism by painters dead by 1930: skylines, "
    "trunks and reflections shine through.",
)


def make_free_pack(
    encoder_run: Path, gan_run: Path, pictures: Path, weights: Path, out: Path, figures: Mapping[str, Any]
) -> PackReport:
    """Export both runs into the pack `out`, with `provenance.csv` and what may be done with it on its card.

    pictures: the folder that `free-pictures` wrote; weights: SqueezeNet's, which judged; figures: of `encoders/free`.

    Raises LicenceError where a list names a file that is not free; TrainingError and DataError as the exports do. An
    earlier pack then stays as it was.
    """
    painted_by = read_provenance(pictures / PROVENANCE_NAME)
    verdict = judge(painted_by)
    if not verdict.free:
        raise LicenceError(f"{pictures}: {'; '.join(verdict.refusals)}", "paint with free pictures only")
    heard = export_free(encoder_run)
    origins = [*heard.origins, *painted_by, *_judge_of(weights)]
    with tempfile.TemporaryDirectory(prefix="chromesthesia-free-") as folder:
        painted = export_generator(gan_run, Path(folder) / "generator.onnx")
        int8 = [one for one in (heard.int8, quantise_generator(painted.path)) if one is not None]
        parts = PackParts(
            heard.exported.path,
            painted.path,
            Parity(heard.exported.parity, heard.exported.streamed_offline, painted.difference),
            [
                *sources_of(_heard(heard.origins), "encoder"),
                *sources_of([FREE_PICTURES, "squeezenet"], "generator"),
            ],
            _encoder_metrics(encoder_run, figures),
            read_metrics(gan_run),
            int8,
            None,
            NOTES,
        )
        report = build_pack(parts, out)
    seal(out, origins)
    return report


def _heard(origins: Sequence[Origin]) -> list[str]:
    """Names of the corpora that trained the encoder, then of the layers that it began with."""
    return [*sorted(corpora_of(origins) - {BEGUN_WITH, OUR_SCRIPTS}), BEGUN_WITH]


def _judge_of(weights: Path) -> list[Origin]:
    known = KNOWN_SOURCES["squeezenet"]
    return origins_of_files([(weights, known.licence)], weights.parent, "generator", known.name, "")


def _encoder_metrics(encoder_run: Path, figures: Mapping[str, Any]) -> dict[str, Any]:
    """What manifest and card say of the encoder, from the figures of `encoders/free`; nothing where there are none."""
    trained = load_trained(encoder_run)
    found: dict[str, Any] = {
        "model": {
            "parameters": parameter_count(trained.model),
            "training_step": trained.step,
            "begun_with": trained.begun_with,
        },
        "limits": LIMITS,
    }
    if not figures:
        return found
    ways = {
        name: figures[name]
        for name in ("in_room", "alone", "on_and_on")
        if isinstance(figures.get(name), Mapping)
    }
    corpora = list(ways["in_room"]["by_corpus"])
    head = [
        "| three emotions of voices that trained nothing, macro-F1 |",
        *(f" {name} |" for name in corpora),
        " mean |",
    ]
    lines = ["".join(head), "|---" * (len(corpora) + 2) + "|"]
    told = {
        "in_room": "each corpus a running room",
        "on_and_on": "one sound without an end",
        "alone": "every clip from silence",
    }
    for name, words in told.items():
        if name in ways:
            by_corpus = ways[name]["by_corpus"]
            cells = [f"{by_corpus[corpus]:.2f}" for corpus in corpora]
            lines.append(f"| {words} | {' | '.join(cells)} | {ways[name]['macro_f1']:.2f} |")
    return found | {
        "flat": {f"encoder_free_{name}": float(way["macro_f1"]) for name, way in ways.items()},
        "said": "\n".join(lines),
        "split": "other corpora than those that trained, all their clips",
    }
