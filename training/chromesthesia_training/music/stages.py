"""The `music` stages of `reproduce`: hand-made features, networks on spectra, pretrained embeddings."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import numpy as np

from chromesthesia_training.backbones.panns import FILE_NAME as PANNS_FILE
from chromesthesia_training.fit import fast_precision
from chromesthesia_training.metrics.metrics_file import write_metrics
from chromesthesia_training.metrics.model_size import parameter_count
from chromesthesia_training.music.answers import FoldAnswers, mean_of
from chromesthesia_training.music.handcrafted import REFERENCE_NAMES
from chromesthesia_training.music.learning import EMBEDDING_RECIPE, NetRecipe, train_folds
from chromesthesia_training.music.material import (
    Described,
    Float64,
    handcrafted,
    musicnn,
    panns,
    spectra,
)
from chromesthesia_training.music.nets import NETS, ChunkNet, EmbeddingNet
from chromesthesia_training.music.regressors import (
    REGRESSORS,
    RIDGES,
    WIDTHS,
    Regressor,
    kernel_folds,
    regress_folds,
)
from chromesthesia_training.music.scores import figures
from chromesthesia_training.music.selection import TOP, TREES, importance, selection_folds
from chromesthesia_training.music.songs import DEAM, FOLDS, GIVEN, READERS, SongSet
from chromesthesia_training.music.study import run_labels, run_port, run_tsne
from chromesthesia_training.music.writing import content, write_answers
from chromesthesia_training.stage import Context, Settings, Stage

logger = logging.getLogger(__name__)

NET_RECIPES = {
    "cnn": NetRecipe(epochs=15, learning_rate=5e-4),
    "cnn_se_temporal": NetRecipe(learning_rate=5e-4),
    "cnn_se_gru": NetRecipe(),
    "cnn_se_gru_attention": NetRecipe(),
}
"""Passes over every chunk as the reference's: 15 for its CNN; of the others it says of one that it ended after 20.

Those whose dense layer sees everything at once learn more slowly: at 1.5e-3 the CNN's loss on what it trained on rose
again in two of five folds of Emotify, and ended at 0.76 and 0.78 (0.65 to 0.69 in the others).
"""
QUICK_SONGS, QUICK_FOLDS = 10, 2
MUSICNN_FILE = "weights/musicnn_msd.npz"
ENSEMBLES = {
    "ensemble": ("own", "xgboost", "musicnn", "cnn"),
    "ensemble_described": ("own", "xgboost", "musicnn", "musicnn_kernel"),
}
"""Members at even weights, chosen beforehand: one of each kind, and without a network trained on spectra."""
FEATURE_NOTE = (
    "librosa: 20 MFCC, 12 chroma, 128 mel bands in dB, 7 of spectral contrast, 6 of tonnetz, mean and deviation: 346 "
    "values, where the reference counts 386 for the same list"
)
TIME_NOTE = "dynamic: the same settings, learnt on every third chunk of 3 s with its own label"
OWN_NOTE = (
    "102 features of our own beside them: mode and key from a constant-Q spectrum, degrees, intervals, notes and "
    "onsets a second, pitch height, level; audio alone, the MIDI files are not read"
)
NET_NOTE = (
    "3 s of log-mel, 128 x 128 at 22,050 Hz, labels of each 3 s where rated in time; all targets at once, theirs one "
    "by one; pooled before the batch norm; the last epoch is scored; static: mean over a song's chunks"
)


def songs_of(context: Context, name: str) -> SongSet:
    """The songs of a collection; a few of each fold when quick."""
    songs = (READERS | GIVEN)[name](context.data_dir / name)
    return songs.only(QUICK_SONGS) if context.quick else songs


def folds_of(context: Context) -> range:
    """The folds that are left out in turn."""
    return range(QUICK_FOLDS if context.quick else FOLDS)


def recipe_of(context: Context, recipe: NetRecipe) -> NetRecipe:
    """The recipe, for one epoch when quick."""
    return replace(recipe, epochs=1, batch=8) if context.quick else recipe


def grid_of(context: Context, regressor: Regressor) -> Regressor:
    """The regressor, with one point of its grid when quick."""
    return regressor.quick() if context.quick else regressor


def run_handcrafted(context: Context, name: str) -> None:
    """The reference's six regressors on the 346 features; `music/<collection>.<regressor>`."""
    songs = songs_of(context, name)
    described = handcrafted(songs, context.cache_dir)
    for key in REGRESSORS:
        regressor = grid_of(context, REGRESSORS[key])
        answers = _regress(context, songs, described, key, regressor)
        notes = [FEATURE_NOTE, *([TIME_NOTE] if songs.dynamic else [])]
        settings = _regressor_settings(context, key)
        write_answers(context, songs, key, settings, answers, described.labels_in_time, notes)


def _regress(
    context: Context, songs: SongSet, described: Described, key: str, regressor: Regressor
) -> list[FoldAnswers]:
    return regress_folds(
        regressor,
        described.song,
        songs.labels,
        songs.folds,
        context.runs_dir / "music" / songs.name / key,
        {"features": "346"},
        context.fresh,
        context.seed,
        folds_of(context),
        (described.chunks, described.labels_in_time, described.owner) if songs.dynamic else None,
    )


def run_own(context: Context, name: str) -> None:
    """A kernel machine on the reference's features and our own; `music/<collection>.own`."""
    songs = songs_of(context, name)
    answers, described = own_answers(context, songs)
    notes = [
        OWN_NOTE,
        "kernel ridge, ridge and width by inner folds",
        *([TIME_NOTE] if songs.dynamic else []),
    ]
    write_answers(context, songs, "own", _kernel_settings(context), answers, described.labels_in_time, notes)


def own_answers(context: Context, songs: SongSet) -> tuple[list[FoldAnswers], Described]:
    """Answers of the kernel machine on both lists of features."""
    listed, own = handcrafted(songs, context.cache_dir), handcrafted(songs, context.cache_dir, own=True)
    described = replace(
        listed,
        song=np.concatenate([listed.song, own.song], axis=1),
        chunks=np.concatenate([listed.chunks, own.chunks], axis=1),
    )
    # Both lists count alike: the 346 say few things many times.
    sizes = np.array([listed.song.shape[1], own.song.shape[1]])
    return _kernel(context, songs, described, "own", np.repeat(sizes.sum() / (2.0 * sizes), sizes)), described


def _kernel(
    context: Context, songs: SongSet, described: Described, key: str, weights: Float64 | None = None
) -> list[FoldAnswers]:
    return kernel_folds(
        described.song,
        songs.labels,
        songs.folds,
        context.runs_dir / "music" / songs.name / key,
        {"values": described.song.shape[1]},
        context.fresh,
        folds_of(context),
        (described.chunks, described.labels_in_time, described.owner) if songs.dynamic else None,
        weights,
    )


def run_net(context: Context, name: str, net: str) -> None:
    """One of the four networks; `music/<collection>.<net>`."""
    songs = songs_of(context, name)
    answers, labels = _net_answers(context, songs, net)
    write_answers(
        context,
        songs,
        net,
        {**_net_settings(context, net), "precision": fast_precision()},
        answers,
        labels,
        [NET_NOTE],
        parameter_count(ChunkNet(net, len(songs.targets))),
    )


def _net_answers(context: Context, songs: SongSet, net: str) -> tuple[list[FoldAnswers], Float64]:
    """Answers of a network, and the ratings of every chunk."""
    heard = spectra(songs, context.cache_dir)
    precision = fast_precision()
    answers = train_folds(
        partial(ChunkNet, net, len(songs.targets)),
        heard.mel,
        heard.labels,
        heard.owner,
        songs.folds,
        recipe_of(context, NET_RECIPES[net]),
        context.runs_dir / "music" / songs.name / net,
        context.seed,
        context.fresh,
        folds_of(context),
        {"net": net, "precision": precision},
        precision=precision,
    )
    return answers, heard.labels


def run_embedding(context: Context, name: str) -> None:
    """MusiCNN's embedding with the reference's regressor, and with a kernel machine; `music/<collection>.musicnn`."""
    songs = songs_of(context, name)
    what = (
        "MusiCNN (weights CC BY-NC-SA), embedding of 200 and its 1,506 pooled activations of each 3 s, frozen"
    )
    _write_embedding(context, songs, _musicnn_of(context, songs), "musicnn", what)


def _musicnn_of(context: Context, songs: SongSet) -> Described:
    """Embedding and pooled activations side by side."""
    embedding, pooled = musicnn(songs, context.data_dir / MUSICNN_FILE, context.cache_dir)
    return replace(
        embedding,
        song=np.concatenate([embedding.song, pooled.song], axis=1),
        chunks=np.concatenate([embedding.chunks, pooled.chunks], axis=1),
    )


def _embedding_answers(context: Context, songs: SongSet, described: Described, key: str) -> list[FoldAnswers]:
    return train_folds(
        partial(EmbeddingNet, described.chunks.shape[1], len(songs.targets)),
        described.chunks,
        described.labels_in_time,
        described.owner,
        songs.folds,
        recipe_of(context, EMBEDDING_RECIPE),
        context.runs_dir / "music" / songs.name / key,
        context.seed,
        context.fresh,
        folds_of(context),
        {"net": key},
        standardise=True,
    )


def _write_embedding(context: Context, songs: SongSet, described: Described, key: str, what: str) -> None:
    answers = _embedding_answers(context, songs, described, key)
    notes = [f"{what}; MLP of 512 and 128; the last epoch is scored; static: mean over a song's chunks"]
    size = parameter_count(EmbeddingNet(described.chunks.shape[1], len(songs.targets)))
    settings = _embedding_settings(context, key)
    write_answers(context, songs, key, settings, answers, described.labels_in_time, notes, size)
    kernel = _kernel(context, songs, described, f"{key}_kernel")
    notes = [f"{what}, mean over a song; kernel ridge, ridge and width by inner folds"]
    write_answers(
        context, songs, f"{key}_kernel", _kernel_settings(context), kernel, described.labels_in_time, notes
    )


def run_ensemble(context: Context, name: str, ensemble: str) -> None:
    """The mean of the members' answers; `music/<collection>.<ensemble>`."""
    songs = songs_of(context, name)
    again = replace(context, fresh=False)  # members are trained by their own stages
    members = [_member(again, songs, key) for key in ENSEMBLES[ensemble]]
    in_time = handcrafted(songs, context.cache_dir).labels_in_time
    notes = [f"the mean of {', '.join(ENSEMBLES[ensemble])} at even weights, chosen beforehand; audio alone"]
    settings = _ensemble_settings(context, ensemble)
    write_answers(context, songs, ensemble, settings, mean_of(members), in_time, notes)


def _member(context: Context, songs: SongSet, key: str) -> list[FoldAnswers]:
    """Kept answers of a model; it is trained now where there are none."""
    if key == "own":
        return own_answers(context, songs)[0]
    if key in REGRESSORS:
        described = handcrafted(songs, context.cache_dir)
        return _regress(context, songs, described, key, grid_of(context, REGRESSORS[key]))
    if key in NETS:
        return _net_answers(context, songs, key)[0]
    described = _musicnn_of(context, songs)
    if key == "musicnn_kernel":
        return _kernel(context, songs, described, key)
    return _embedding_answers(context, songs, described, key)


def run_selection(context: Context, name: str) -> None:
    """XGBoost on chosen features, and which those are on all songs; `music/<collection>.selection`."""
    songs = songs_of(context, name)
    features = handcrafted(songs, context.cache_dir).song
    found = selection_folds(
        features,
        songs.labels,
        songs.folds,
        context.runs_dir / "music" / name / "selection",
        {"features": "346"},
        context.fresh,
        context.seed,
        folds_of(context),
    )
    made: dict[str, Any] = {}
    for which, answers in found.items():
        made[which] = figures(songs.targets, songs.labels, answers)
        counts = [value for one in answers for value in one.chosen.values()]
        made[which]["features"] = {"least": min(counts), "most": max(counts)}
    made["importance"] = {}
    for place, target in enumerate(songs.targets):
        weight = importance(features, songs.labels[:, place], context.seed)
        made["importance"][target] = {
            "pearson": {REFERENCE_NAMES[one]: round(float(weight.pearson[one]), 4)
                        for one in weight.best("pearson_top")},
            "shap": {REFERENCE_NAMES[one]: round(float(weight.shap[one]), 5)
                     for one in weight.best("shap_top")},
            "in_both": [REFERENCE_NAMES[one] for one in weight.best("intersection")],
        }  # fmt: skip
    notes = [
        FEATURE_NOTE,
        "chosen on the training songs of each fold and target, scored on the others; `importance` is of all songs and "
        "chose nothing; SHAP: mean size of the SHAP values of XGBoost, in units of the ratings",
        "intersection: where no feature is in both, the mean of the training songs is said",
    ]
    settings = _selection_settings(context)
    write_metrics(
        "music",
        f"{name}.selection",
        content(context, songs, settings, made, notes, len(folds_of(context))),
        context.metrics_dir,
    )


def run_deam(context: Context) -> None:
    """Every model of the other collections on DEAM, one rating a song; `music/deam.<model>`.

    Where its audio is not in `deam/` of the data, says so and ends.
    """
    folder = context.data_dir / DEAM
    if not folder.is_dir():
        logger.info("there is no %s: DEAM's audio is not here, its rows stay with VGMIDI's figures", folder)
        return
    run_handcrafted(context, DEAM)
    run_own(context, DEAM)
    for net in NETS:
        run_net(context, DEAM, net)
    run_embedding(context, DEAM)
    for ensemble in ENSEMBLES:
        run_ensemble(context, DEAM, ensemble)


def run_panns(context: Context) -> None:
    """CNN14's embedding with the reference's regressor, where its file is in `weights/`; else says so and ends."""
    file = context.data_dir / "weights" / PANNS_FILE
    if not file.is_file():
        logger.info("there is no %s: the row of PANNs stays with MusiCNN's figures", file)
        return
    for name in READERS:
        songs = songs_of(context, name)
        described = panns(songs, file, context.cache_dir)
        _write_embedding(context, songs, described, "panns", "PANNs CNN14, embedding of each 3 s, frozen")


def _regressor_settings(context: Context, key: str) -> Settings:
    return {
        "model": key,
        "features": len(REFERENCE_NAMES),
        "grid": dict(grid_of(context, REGRESSORS[key]).grid),
    }


def _handcrafted_settings(context: Context) -> Settings:
    return {"features": len(REFERENCE_NAMES)}


def _kernel_settings(context: Context) -> Settings:
    return {"model": "kernel ridge", "ridges": list(RIDGES), "widths": list(WIDTHS)}


def _net_settings(context: Context, net: str) -> Settings:
    return {"model": net, **asdict(recipe_of(context, NET_RECIPES[net]))}


def _embedding_settings(context: Context, key: str = "musicnn") -> Settings:
    return {"model": key, **asdict(recipe_of(context, EMBEDDING_RECIPE))}


def _ensemble_settings(context: Context, ensemble: str) -> Settings:
    return {"model": "ensemble", "members": list(ENSEMBLES[ensemble]), "weights": "even, not fitted"}


def _selection_settings(context: Context) -> Settings:
    return {"model": "xgboost", "top": TOP, "trees": dict(TREES)}


def _stage(
    name: str,
    run: Callable[[Context], None],
    metrics: tuple[str, ...],
    settings: Callable[[Context], Mapping[str, object]] | None = None,
    needs: tuple[str, ...] = (),
) -> Stage:
    files = tuple(f"music/{one}" for one in metrics)
    if settings is None:
        return Stage(f"music.{name}", "music", run, files, needs)
    return Stage(f"music.{name}", "music", run, files, needs, settings)


def stages() -> tuple[Stage, ...]:
    """All of section C."""
    found = [_stage("labels", run_labels, ("labels",)), _stage("musicnn_port", run_port, ("musicnn_port",))]
    for name in READERS:
        found += [
            _stage(f"{name}.handcrafted", partial(run_handcrafted, name=name),
                   tuple(f"{name}.{key}" for key in REGRESSORS), _handcrafted_settings),
            _stage(f"{name}.own", partial(run_own, name=name), (f"{name}.own",), _kernel_settings),
            *(_stage(f"{name}.{net}", partial(run_net, name=name, net=net), (f"{name}.{net}",),
                     partial(_net_settings, net=net)) for net in NETS),
            _stage(f"{name}.musicnn", partial(run_embedding, name=name), (f"{name}.musicnn",), _embedding_settings),
            _stage(f"{name}.ensemble", partial(run_ensemble, name=name, ensemble="ensemble"),
                   (f"{name}.ensemble",), partial(_ensemble_settings, ensemble="ensemble"),
                   tuple(f"music.{name}.{key}" for key in ("handcrafted", "musicnn", "cnn"))),
            _stage(f"{name}.ensemble_described", partial(run_ensemble, name=name, ensemble="ensemble_described"),
                   (f"{name}.ensemble_described",), partial(_ensemble_settings, ensemble="ensemble_described"),
                   tuple(f"music.{name}.{key}" for key in ("handcrafted", "musicnn"))),
        ]  # fmt: skip
    found += [
        _stage("vgmidi.selection", partial(run_selection, name="vgmidi"), ("vgmidi.selection",), _selection_settings),
        _stage("vgmidi.tsne", run_tsne, ("vgmidi.tsne",)),
        _stage("deam", run_deam, ()),
        _stage("panns", run_panns, ()),
    ]  # fmt: skip
    return tuple(found)
