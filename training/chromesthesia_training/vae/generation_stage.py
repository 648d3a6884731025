"""Stages that make pictures and sounds, read the emotion back, and lay them out to be seen and heard."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from chromesthesia.core.records import Float32
from chromesthesia_training.backbones.random_features import RandomFeatures
from chromesthesia_training.backbones.squeezenet import FeatureNet, load_squeezenet
from chromesthesia_training.data.sound import read_sound
from chromesthesia_training.metrics.metrics_file import write_metrics
from chromesthesia_training.safe_write import whole_file
from chromesthesia_training.stage import Context
from chromesthesia_training.vae.batches import Side
from chromesthesia_training.vae.generating import BATCH, Painter, heard, painter_of, pixels, translate
from chromesthesia_training.vae.inputs import picture_of, pictures
from chromesthesia_training.vae.material import KINDS, Kind
from chromesthesia_training.vae.painter_file import NAME, save_painter
from chromesthesia_training.vae.readback import (
    AXES,
    LinearReader,
    agreement,
    fit_linear,
    picture_features,
    shown_features,
    sound_features,
)
from chromesthesia_training.vae.runs import BEST, FOLD, trained
from chromesthesia_training.vae.spectra import PICTURE_MEL, as_picture, spectrum
from chromesthesia_training.vae.tokenizers import as_pictures
from chromesthesia_training.vae.worlds import World, open_world
from chromesthesia_training.vae.writing import content

logger = logging.getLogger(__name__)

UInt8 = NDArray[np.uint8]
Float64 = NDArray[np.float64]
GRID = np.linspace(-0.7, 0.7, 8)
READER_ITEMS, ASKED_PICTURES, ASKED_SOUNDS = 900, 160, 64
SHEET_ITEMS = 8
SHEET_SIDE = 160
CLIP_S = 4.0
CLIP_PEAK_DB = -3.0
"""Of full scale, to which every clip is brought to be heard; the level measured before is in the metrics."""
FREE_LICENCES = ("PD", "CC BY")
OTHER: dict[Kind, Kind] = {"image": "sound", "sound": "image"}
SHEETS = {"sound": Path("figures/vae_sound_to_image.jpg"), "image": Path("figures/vae_image_to_sound.jpg")}
CLIPS = Path("vae_clips")


def painter(context: Context) -> tuple[World, Painter]:
    """The best version, trained or read; kept in one file for `sonify`."""
    world = open_world(context, "unified", FOLD)
    made_by = painter_of(world, trained(BEST, world, context).net)
    save_painter(made_by, context.runs_dir / "vae" / NAME)
    return world, made_by


def feature_net(context: Context) -> FeatureNet:
    """SqueezeNet where its weights are, else random features."""
    weights = context.data_dir / "weights" / "squeezenet1_1_imagenet_notop.npz"
    if weights.is_file():
        return load_squeezenet(weights)
    logger.warning("there is no %s: pictures are read by random features", weights)
    return RandomFeatures()


def run_generation(context: Context) -> None:
    """Make pictures and sounds, from labels and from the other kind, and read them; `vae/generation`."""
    world, made_by = painter(context)
    net = feature_net(context)
    rows = {kind: pictures(world.items[kind], context.cache_dir) for kind in KINDS}
    many, asked = (12, {"image": 6, "sound": 6}) if context.quick else (
        READER_ITEMS, {"image": ASKED_PICTURES, "sound": ASKED_SOUNDS})  # fmt: skip
    found: dict[str, Any] = {}
    for kind in KINDS:
        known = _features(kind, rows[kind], world.learn[kind], many, net)
        unseen = _features(kind, rows[kind], world.score[kind], many // 3, net)
        reader = fit_linear(*known)
        found[kind] = {"reader_on_real": agreement(unseen[1], reader.read(unseen[0]), context.seed)}
        found[kind]["from_labels"] = _from_labels(made_by, kind, asked[kind], reader, net, context.seed)
        found[kind][f"from_{OTHER[kind]}"] = _from_other(
            made_by, kind, rows, world, asked[kind], reader, net, context.seed
        )
    notes = [
        "readers: ridge regression fitted to real items of training artists and series, on SqueezeNet's maps and "
        "colours of pictures, on bands, their changes and the level of sounds; reader_on_real: the ceiling, real items "
        "of unseen artists and series",
        "from_labels: valence and arousal on a grid of -0.7 to 0.7, latents drawn as those of the kind lie",
        "from_sound, from_image: an item of unseen series or artists is encoded, its latent carried to the other kind "
        "by mean and deviation, the decoder told the labels that the latent speaks for; told: those labels; rated: "
        "what people gave the source",
        "sounds are read after Griffin-Lim; shuffled: the labels asked for dealt out anew, 200 times",
        "own: valence and arousal that the same version reads from what it made",
    ]
    settings = {"version": BEST.name, "reader_items": many, "asked": asked}
    write_metrics("vae", "generation", content(context, world, settings, found, notes), context.metrics_dir)


def _features(kind: Kind, rows: UInt8, side: Side, most: int, net: FeatureNet) -> tuple[Float64, Float64]:
    chosen = side.rows[np.linspace(0, len(side.rows) - 1, min(most, len(side.rows))).astype(np.int64)]
    parts = []
    for at in range(0, len(chosen), BATCH):
        shown = as_pictures(np.stack([rows[row] for row in chosen[at : at + BATCH]]))
        parts.append(_described(kind, shown, net))
    return np.concatenate(parts), side.tokens.va[chosen]


def _described(kind: Kind, shown: Tensor, net: FeatureNet) -> Float64:
    return picture_features(net, shown) if kind == "image" else shown_features(shown)


def _made_features(kind: Kind, shown: Tensor, net: FeatureNet) -> Float64:
    """Of what was made; a sound is sounded first."""
    if kind == "image":
        return np.concatenate([picture_features(net, part) for part in torch.split(shown, BATCH)])
    return np.stack([sound_features(heard(one)) for one in shown])


def _from_labels(
    made_by: Painter, kind: Kind, count: int, reader: LinearReader, net: FeatureNet, seed: int
) -> dict[str, Any]:
    grid = np.array([(v, a) for v in GRID for a in GRID])
    asked = grid[np.random.default_rng(seed).permutation(len(grid))]
    asked = np.tile(asked, (-(-count // len(grid)), 1))[:count]
    noise = torch.randn(count, made_by.net.sizes.latent, generator=torch.Generator().manual_seed(seed))
    told = torch.from_numpy(asked.astype(np.float32))
    shown = torch.cat(
        [
            made_by.decode(kind, made_by.drawn(kind, noise[at : at + BATCH]), told[at : at + BATCH])
            for at in range(0, count, BATCH)
        ]
    )
    return {"told": agreement(asked, reader.read(_made_features(kind, shown, net)), seed), "items": count}


def _from_other(
    made_by: Painter,
    kind: Kind,
    rows: dict[Kind, UInt8],
    world: World,
    count: int,
    reader: LinearReader,
    net: FeatureNet,
    seed: int,
) -> dict[str, Any]:
    source = OTHER[kind]
    side = world.score[source]
    chosen = side.rows[np.linspace(0, len(side.rows) - 1, min(count, len(side.rows))).astype(np.int64)]
    given = as_pictures(np.stack([rows[source][row] for row in chosen]))
    shown, told = translate(made_by, source, kind, given)
    read = reader.read(_made_features(kind, shown, net))
    own = torch.cat([made_by.encode(kind, part)[1] for part in torch.split(shown, BATCH)])
    said = told.double().numpy()
    return {
        "told": agreement(said, read, seed),
        "rated": agreement(side.tokens.va[chosen], read, seed),
        "own": agreement(said, own.double().numpy(), seed),
        "items": len(chosen),
    }


def run_sheets(context: Context) -> None:
    """Eight pictures of free music, eight sounds of public-domain paintings, with clips; `vae/sheets`."""
    world, made_by = painter(context)
    sounds, paintings = free_sounds(context.data_dir), free_pictures(context.data_dir)
    shown, told = translate(
        made_by, "sound", "image", as_pictures(np.stack([_spectrum(one) for one in sounds]))
    )
    save_sheet([as_picture((_spectrum(one) / 255.0).astype(np.float32)) for one in sounds], list(pixels(shown)),
               context.results_dir / SHEETS["sound"])  # fmt: skip
    given = [picture_of(path) for path in paintings]
    spectra, read = translate(made_by, "image", "sound", as_pictures(np.stack(given)))
    save_sheet(given, list(pixels(spectra)), context.results_dir / SHEETS["image"])
    levels, raised = [], []
    for number, (path, one) in enumerate(zip(paintings, spectra, strict=True), start=1):
        samples = heard(one)
        levels.append(float(np.sqrt((samples**2).mean())))
        clip = context.results_dir / CLIPS / f"{number}_{path.stem[:40]}.ogg"
        raised.append(write_clip(clip, samples))
    made: dict[str, Any] = {
        "sound_to_image": [
            {"source": path.name, **_said(va)} for (path, _), va in zip(sounds, told, strict=True)
        ],
        "image_to_sound": [
            {"source": path.name, "level_rms": round(level, 5), "raised_db": round(by, 1), **_said(va)}
            for path, va, level, by in zip(paintings, read, levels, raised, strict=True)
        ],
    }
    made["items"] = len(sounds) + len(paintings)
    notes = [
        "sources may be redistributed: public domain and CC BY sounds, paintings in the public domain",
        "level_rms: of the 5 s as they were made, 1 is full scale; raised_db: by how much the clip was raised to a "
        "peak of -3 dB of full scale, so that it can be heard",
    ]
    write_metrics(
        "vae", "sheets", content(context, world, {"version": BEST.name}, made, notes), context.metrics_dir
    )


def _said(va: Tensor) -> dict[str, float]:
    return {axis: round(float(value), 3) for axis, value in zip(AXES, va, strict=True)}


def free_sounds(data_dir: Path, count: int = SHEET_ITEMS) -> list[tuple[Path, float]]:
    """Parts of 5 s of sounds that may be redistributed: file and beginning in seconds, music first."""
    folder = data_dir / "clips"
    rows = [row for row in _rows(folder / "index.csv") if row["licence"] in FREE_LICENCES]
    rows.sort(key=lambda row: (row["kind"] != "music", row["path"]))
    places: list[tuple[Path, float]] = []
    for share in (0.2, 0.6, 0.4, 0.8):
        for row in rows:
            start = share * float(row["duration_s"])
            if start + PICTURE_MEL.seconds <= float(row["duration_s"]):
                places.append((folder / row["path"], start))
    return places[:count]


def free_pictures(data_dir: Path, count: int = SHEET_ITEMS) -> list[Path]:
    """Paintings in the public domain, spread from dark to bright by their measured brightness."""
    folder = data_dir / "free" / "pictures"
    rows = sorted(_rows(folder / "index.csv"), key=lambda row: (float(row["brightness"]), row["path"]))
    places = np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int)
    return [folder / rows[place]["path"] for place in places]


def _rows(path: Path) -> list[dict[str, str]]:
    from chromesthesia_training.data.tables import read_table

    return list(read_table(path, ("path",)))


def _spectrum(place: tuple[Path, float]) -> UInt8:
    samples = read_sound(place[0], PICTURE_MEL.rate_hz)
    begin = round(place[1] * PICTURE_MEL.rate_hz)
    shown = spectrum(samples[begin : begin + PICTURE_MEL.samples], PICTURE_MEL)
    return np.round(shown * 255.0).astype(np.uint8)


def save_sheet(above: list[UInt8], below: list[UInt8], path: Path, side: int = SHEET_SIDE) -> None:
    """Sources in a row, what was made of each below it, as one JPEG."""
    sheet = Image.new("RGB", (side * len(above), 2 * side), "white")
    for row, tiles in enumerate((above, below)):
        for column, tile in enumerate(tiles):
            shrunk = Image.fromarray(tile).resize((side - 4, side - 4), Image.Resampling.LANCZOS)
            sheet.paste(shrunk, (column * side + 2, row * side + 2))
    with whole_file(path) as file:
        sheet.save(file, format="JPEG", quality=88)


def write_clip(path: Path, samples: Float32) -> float:
    """A short Ogg file of the first seconds, faded at both ends and raised to `CLIP_PEAK_DB`; by how many dB."""
    samples = samples[: round(CLIP_S * PICTURE_MEL.rate_hz)].copy()
    fade = np.linspace(0.0, 1.0, min(1_000, len(samples) // 4), dtype=np.float32)
    samples[: len(fade)] *= fade
    samples[len(samples) - len(fade) :] *= fade[::-1]
    peak = float(np.abs(samples).max())
    gain = 10.0 ** (CLIP_PEAK_DB / 20.0) / peak if peak > 0.0 else 1.0
    with whole_file(path) as file:
        soundfile.write(file, samples * np.float32(gain), PICTURE_MEL.rate_hz, format="OGG", subtype="VORBIS")
    return 20.0 * float(np.log10(gain))
