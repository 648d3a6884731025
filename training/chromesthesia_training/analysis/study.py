"""The stage `alignment.analysis`: what carries the shared space of the default pack, from its own index and encoder."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import Float32
from chromesthesia.packs.art_index import ART_INDEX_NAME, ArtIndex
from chromesthesia_training.align.pictures import NO_KIND, kinds_of
from chromesthesia_training.analysis.clusters import cluster_accuracy, similarity
from chromesthesia_training.analysis.drivers import Drivers, find_drivers
from chromesthesia_training.analysis.pictures import NAMED as PICTURE_FAMILIES
from chromesthesia_training.analysis.pictures import PICTURE_FEATURES, describe_pictures
from chromesthesia_training.analysis.sounds import SOUND_FAMILIES, SOUND_FEATURES, describe_sounds
from chromesthesia_training.analysis.together import go_together, seen_with, within
from chromesthesia_training.corpora.datasets import find_sound_sets, load_spectra
from chromesthesia_training.data.art import EMOTIONS as ART_EMOTIONS
from chromesthesia_training.data.art import load_art, read_paintings
from chromesthesia_training.data.cache import by_path
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.encoder.export import StreamedEncoder
from chromesthesia_training.errors import DataError, TrainingError
from chromesthesia_training.measuring.measured import SHIPPED_PACK
from chromesthesia_training.metrics.metrics_file import over_folds, write_metrics
from chromesthesia_training.stage import Context, Settings, Stage

Int64 = NDArray[np.int64]
SIDE = 176
SPEECH_EACH, QUICK_SPEECH_EACH, QUICK_MUSIC = 400, 8, 8
SCORED_FROM = 0.5
"""Music is heard as the mean over this last share of it, speech over its last half second, as elsewhere."""
SPEECH_STEPS = 6


@dataclass(frozen=True)
class Heard:
    """Sounds in the shared space: unit vectors [n, 128], named features [n, f], whose they are, which emotion (-1: not
    named), and whether the encoder and the head were trained on the speaker or piece."""

    vectors: Float32
    features: Float32
    groups: list[str]
    emotions: Int64
    unseen: NDArray[np.bool_]


@dataclass(frozen=True)
class Seen:
    """Paintings of the index: unit vectors [m, 128], named features [m, f], artists, emotion of three or -1."""

    vectors: Float32
    features: Float32
    artists: list[str]
    emotions: Int64


def run_analysis(context: Context) -> None:
    """Drivers of both sides, how they go together, clusters; `analysis/shared_space`."""
    index = _index()
    speech, music = chosen_clips(context)
    heard = {"speech": _hear(context, index, speech), "music": _hear(context, index, music)}
    seen = _see(context, index)
    figures: dict[str, Any] = {}
    for name, sounds in heard.items():
        found = find_drivers(
            sounds.features, sounds.vectors, sounds.groups, SOUND_FEATURES, SOUND_FAMILIES, context.seed
        )
        figures[name] = _drivers(found)
    figures["pictures"] = _drivers(
        find_drivers(
            seen.features, seen.vectors, seen.artists, PICTURE_FEATURES, PICTURE_FAMILIES, context.seed
        )
    )
    for name, sounds in heard.items():
        figures[f"{name}_with_pictures"] = _together(sounds, seen, context.seed)
    named = heard["speech"]
    fresh = named.unseen
    if not fresh.any():
        raise DataError("no clip of an unseen speaker was drawn", "look at the splits of speech/index.csv")
    kinds = seen.emotions != NO_KIND
    both = np.concatenate([named.vectors[fresh], seen.vectors[kinds]])
    labels = np.concatenate([named.emotions[fresh], seen.emotions[kinds]])
    figures["clusters"] = {
        name: dict(
            zip(
                ("accuracy", "mutual_information"),
                cluster_accuracy(vectors, wanted, context.seed),
                strict=True,
            )
        )
        for name, vectors, wanted in (
            ("unseen_voices", named.vectors[fresh], named.emotions[fresh]),
            ("paintings", seen.vectors[kinds], seen.emotions[kinds]),
            ("both", both, labels),
        )
    }
    figures["similarity"] = similarity(
        named.vectors[fresh], named.emotions[fresh], seen.vectors[kinds], seen.emotions[kinds]
    )
    write_metrics("analysis", "shared_space", _content(context, heard, seen, figures), context.metrics_dir)


def chosen_clips(context: Context) -> tuple[list[Clip], list[Clip]]:
    """Named speech, as many of each emotion and of speakers known and unseen as there are up to a bound, by lot; all
    music. Few of both when quick."""
    rng = np.random.default_rng(context.seed)
    sets = {one.name: one.clips for one in find_sound_sets(context.data_dir, None)}
    if "speech" not in sets or not ("vgmidi" in sets or "emotify" in sets):
        raise DataError(f"{context.data_dir} lacks speech or music", "give the folder of the research data")
    each = QUICK_SPEECH_EACH if context.quick else SPEECH_EACH
    speech = [clip for clip in sets["speech"] if clip.emotion is not None and clip.corpus != "tess"]
    chosen: list[Clip] = []
    for emotion in EMOTIONS:
        for unseen in (False, True):
            pool = [clip for clip in speech if clip.emotion == emotion and (clip.split == "test") == unseen]
            order = rng.permutation(len(pool))[: each // 2]
            chosen += [pool[place] for place in sorted(order.tolist())]
    music = [clip for name in ("vgmidi", "emotify") for clip in sets.get(name, ())]
    if context.quick:
        music = [music[place] for place in sorted(rng.permutation(len(music))[:QUICK_MUSIC].tolist())]
    return chosen, music


def _index() -> ArtIndex:
    path = SHIPPED_PACK / ART_INDEX_NAME
    if not path.is_file():
        raise TrainingError(
            f"no index of paintings at {path}",
            "run from the checkout, or export a pack with an alignment there",
        )
    return ArtIndex.load(path)


def _hear(context: Context, index: ArtIndex, clips: Sequence[Clip]) -> Heard:
    sets = [
        one
        for one in find_sound_sets(context.data_dir, None)
        if any(clip.path.is_relative_to(one.folder) for clip in clips)
    ]
    spectra = by_path(load_spectra(sets, context.cache_dir).values())
    encoder = StreamedEncoder(SHIPPED_PACK / "encoder.onnx")
    vectors = []
    for clip in clips:
        embedding = encoder.run(spectra[clip.path].astype(np.float32))["embedding"]
        last = SPEECH_STEPS if clip.role == "speech" else max(1, round(SCORED_FROM * len(embedding)))
        vectors.append(index.project(embedding[-last:].mean(axis=0)))
    return Heard(
        np.stack(vectors),
        describe_sounds([clip.path for clip in clips], context.cache_dir),
        [f"{clip.corpus} {clip.group}" for clip in clips],
        np.array(
            [NO_KIND if clip.emotion is None else EMOTIONS.index(clip.emotion) for clip in clips], np.int64
        ),
        np.array([clip.split == "test" for clip in clips]),
    )


def _see(context: Context, index: ArtIndex) -> Seen:
    folder = context.data_dir / "art"
    art = load_art(folder, SIDE, context.cache_dir)
    place = {
        painting.path.relative_to(folder).as_posix(): row
        for row, painting in enumerate(read_paintings(folder))
    }
    gone = [path for path in index.paths if path not in place]
    if gone:
        raise DataError(
            f"{folder} lacks {len(gone)} paintings of the index, first {gone[0]}", "give that collection"
        )
    rows = np.array([place[path] for path in index.paths])
    emotions = np.array([ART_EMOTIONS.index(name) for name in index.emotions], np.int64)
    return Seen(index.paintings, describe_pictures(art.images[rows]), list(index.artists), kinds_of(emotions))


def _drivers(found: Drivers) -> dict[str, Any]:
    return {
        "told_r2": over_folds(found.told),
        "axes_hold": round(found.axes, 4),
        "lost_alone": _rounded(found.alone),
        "lost_by_family": _rounded(found.family),
        "shap_share": _rounded(found.shap),
    }


def _together(sounds: Heard, seen: Seen, seed: int) -> dict[str, Any]:
    """Correlations of all sounds, and of named ones with their emotion taken away."""
    shown = seen_with(sounds.vectors, seen.vectors, seen.features)
    found = {"all": go_together(sounds.features, shown, sounds.groups, seed)}
    if (sounds.emotions != NO_KIND).all():
        found["within_one_emotion"] = go_together(
            within(sounds.features, sounds.emotions), within(shown, sounds.emotions), sounds.groups, seed
        )
    return {
        name: {
            "chance": round(one.chance, 4),
            "r": {
                heard: {
                    drawn: round(float(one.r[row, column]), 3)
                    for column, drawn in enumerate(PICTURE_FEATURES)
                }
                for row, heard in enumerate(SOUND_FEATURES)
            },
        }
        for name, one in found.items()
    }


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}


def analysis_settings(context: Context) -> Settings:
    """The pack that was looked at, and how many clips."""
    encoder = SHIPPED_PACK / "encoder.onnx"
    return {
        "encoder_sha256": hashlib.sha256(encoder.read_bytes()).hexdigest()[:16]
        if encoder.is_file()
        else "none",
        "speech_each": QUICK_SPEECH_EACH if context.quick else SPEECH_EACH,
    }


def _content(
    context: Context, heard: Mapping[str, Heard], seen: Seen, figures: Mapping[str, Any]
) -> dict[str, Any]:
    speech, music = heard["speech"], heard["music"]
    return {
        "command": context.command,
        "data": {
            "what": "speech of four corpora, no TESS, music of VGMIDI and Emotify, heard by the default pack's encoder "
            "and head; the D-ViSA paintings of its index",
            "clips": len(speech.vectors) + len(music.vectors),
            "paintings": len(seen.vectors),
            "artists": len(set(seen.artists)),
        },
        "protocol": "none",
        "split": "trees: five folds by speaker, song or artist; clusters and similarity: voices of unseen speakers, "
        "the paintings of the index, which its head was trained on",
        "seeds": [context.seed],
        "settings": dict(analysis_settings(context)),
        "figures": dict(figures),
        "notes": [
            "told_r2: variance of the shared space (its six strongest axes) that boosted trees tell from the named "
            "features of groups they did not train on; lost: how much less when a feature, or its family, is that of "
            "another row; shap_share: part of a feature in the sizes of the SHAP values, over the axes",
            "with_pictures: rank correlation of a sound's features with the mean of its five nearest paintings'; "
            "chance: what the strongest of all cells stays below in 95 of 100 shuffles of speakers or songs",
            "the space was trained on emotions alone, three of them: what goes together does so because both were "
            "labelled alike; within_one_emotion has that taken away",
            "cluster accuracy: k-means of three, clusters named for the best; chance is about a third to the share of "
            "the largest class; same_is_nearer: 0.5 is chance",
        ],
    }


def stages() -> tuple[Stage, ...]:
    """The analysis; made again when the default pack's encoder changes."""
    return (
        Stage(
            "alignment.analysis",
            "alignment",
            run_analysis,
            ("analysis/shared_space",),
            settings=analysis_settings,
        ),
    )
