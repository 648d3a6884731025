"""What is looked at beside the models: the ratings themselves, the port of MusiCNN, its embedding drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chromesthesia_training.data.sound import read_sound
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.metrics.metrics_file import write_metrics
from chromesthesia_training.metrics.style import INK, OURS, SECOND, THEIRS, drawing
from chromesthesia_training.music.handcrafted import OWN_NAMES, RATE_HZ, REFERENCE_NAMES, extract
from chromesthesia_training.music.material import musicnn
from chromesthesia_training.music.scores import pearson
from chromesthesia_training.music.songs import (
    SongSet,
    read_deam_songs,
    read_emotify_songs,
    read_vgmidi_songs,
)
from chromesthesia_training.music.writing import content
from chromesthesia_training.stage import Context

Float64 = NDArray[np.float64]
NEIGHBOURS = 10
QUICK_SONGS = 10
CLOSE = 1e-4
"""Largest difference of an activation of the port from the graph's that counts as the same."""
LABELS_DRAWING, TSNE_DRAWING = "music_labels.png", "music_tsne.png"


def run_labels(context: Context) -> None:
    """Read every collection whole, so that bad data is named first; draw the ratings; `music/labels`."""
    vgmidi = read_vgmidi_songs(context.data_dir / "vgmidi")
    emotify = read_emotify_songs(context.data_dir / "emotify")
    made: dict[str, Any] = {"vgmidi": _facts(vgmidi), "emotify": _facts(emotify)}
    labels = vgmidi.labels
    made["vgmidi"]["valence_arousal_r"] = round(pearson(labels[:, 0], labels[:, 1]), 4)
    sample = context.data_dir / "deam_sample"
    notes = ["valence_arousal_r: Pearson's r of the two ratings; the reference saw a clear one in DEAM"]
    if (sample / "index.csv").is_file():
        deam = read_deam_songs(sample)
        found = extract(read_sound(deam.songs[0].path, RATE_HZ))
        if found.song.shape != (len(REFERENCE_NAMES),) or found.own_song.shape != (len(OWN_NAMES),):
            raise TrainingError(f"features of {deam.songs[0].path} are of shape {found.song.shape}")
        made["deam_sample"] = {"songs": len(deam.songs), "chunks_of_the_first": len(found.chunks)}
        notes.append("deam_sample: four songs, read and described to check DEAM's layout; never scored")
    _draw_labels(vgmidi, context)
    whole = content(context, vgmidi, {"model": "none"}, made, notes)
    whole["data"] |= {"what": f"{vgmidi.what}. {emotify.what}"}
    write_metrics("music", "labels", whole, context.metrics_dir)


def _facts(songs: SongSet) -> dict[str, Any]:
    return {
        "songs": len(songs.songs),
        "groups": len(set(songs.groups)),
        **{
            target: {"average": round(float(column.mean()), 4), "deviation": round(float(column.std()), 4)}
            for target, column in zip(songs.targets, songs.labels.T, strict=True)
        },
    }


def _draw_labels(songs: SongSet, context: Context) -> None:
    labels = songs.labels
    with drawing(context.results_dir / "figures" / LABELS_DRAWING, 1, 3, 3.4) as (figure, axes):
        for place, (target, colour) in enumerate(zip(songs.targets, (OURS, SECOND), strict=True)):
            axes[place].hist(labels[:, place], bins=22, color=colour, alpha=0.85)
            axes[place].set(xlabel=target, title=target.capitalize())
            axes[place].grid(axis="x", visible=False)
        axes[0].set_ylabel("pieces")
        axes[2].scatter(labels[:, 0], labels[:, 1], s=14, color=OURS, alpha=0.75, linewidths=0)
        axes[2].axhline(0.0, color=THEIRS, lw=1.0)
        axes[2].axvline(0.0, color=THEIRS, lw=1.0)
        axes[2].set(xlabel="valence", ylabel="arousal", title=f"Together, r {pearson(*labels.T):.2f}")
        figure.suptitle(
            f"Ratings of {len(labels)} pieces of VGMIDI, -1 to 1, mean over each piece",
            x=0.01, ha="left", fontsize=10.5, color=INK,
        )  # fmt: skip


def run_port(context: Context) -> None:
    """MusiCNN in torch against its own graph walked by NumPy, on a real song; `music/musicnn_port`."""
    import torch

    from chromesthesia_training.backbones import musicnn as port
    from chromesthesia_training.music.graph import evaluate, read_graph

    weights = context.data_dir / "weights" / "musicnn_msd.npz"
    nodes = read_graph(weights.with_name("musicnn_msd_graph.json"))
    constants = port.read_weights(weights)
    songs = read_emotify_songs(context.data_dir / "emotify")
    song = songs.songs[0]
    patches = port.musicnn_patches(read_sound(song.path, port.RATE_HZ))[: 1 if context.quick else 3]
    net = port.load_musicnn(weights)
    with torch.inference_mode():
        given = torch.from_numpy(patches)
        pooled, embedding = net.embed(given)
        ours = {
            "model/flatten/Reshape": pooled.numpy(),
            "model/dense/Relu": embedding.numpy(),
            "model/Sigmoid": net(given).numpy(),
        }
    made: dict[str, Any] = {"patches": len(patches)}
    for (node, value), name in zip(ours.items(), ("pooled", "embedding", "tags"), strict=True):
        wanted = evaluate(nodes, constants, {"model/Placeholder": patches}, node)
        apart = float(np.abs(wanted - value).max())
        largest = float(np.abs(wanted).max())
        made[name] = {"greatest_difference": apart, "greatest_value": round(largest, 4)}
        if apart > CLOSE * max(1.0, largest):
            raise TrainingError(
                f"the port of MusiCNN differs from its graph by {apart:g} in its {name}", "mend the port"
            )
    notes = [
        "checked by walking the published graph's json node by node with NumPy in float64 (no TensorFlow, no code of "
        "the port), with the published weights, on 3 s patches of a real song; the port computes in float32",
        f"the song: {song.path.parent.name}/{song.path.name} of Emotify",
    ]
    whole = content(context, songs, {"model": "musicnn"}, made, notes)
    whole |= {"protocol": "none", "split": "none: nothing is trained"}
    whole["data"]["songs"] = 1
    write_metrics("music", "musicnn_port", whole, context.metrics_dir)


def run_tsne(context: Context) -> None:
    """MusiCNN's embedding of every piece in two dimensions, by valence and by arousal; `music/vgmidi.tsne`."""
    from sklearn.manifold import TSNE

    songs = read_vgmidi_songs(context.data_dir / "vgmidi")
    songs = songs.only(QUICK_SONGS) if context.quick else songs
    vectors = musicnn(songs, context.data_dir / "weights" / "musicnn_msd.npz", context.cache_dir)[0].song
    scaled = ((vectors - vectors.mean(axis=0)) / (vectors.std(axis=0) + 1e-6)).astype(np.float64)
    perplexity = min(25.0, (len(scaled) - 1) / 3.0)
    places = TSNE(perplexity=perplexity, init="pca", random_state=context.seed, n_jobs=1).fit_transform(
        scaled
    )
    made: dict[str, Any] = {}
    for column, target in enumerate(songs.targets):
        made[target] = {
            "neighbours_r": round(neighbour_r(scaled, songs.labels[:, column]), 4),
            "neighbours_r_drawn": round(
                neighbour_r(np.asarray(places, np.float64), songs.labels[:, column]), 4
            ),
        }
    with drawing(context.results_dir / "figures" / TSNE_DRAWING, 1, 2, 4.0) as (figure, axes):
        for column, target in enumerate(songs.targets):
            rated = songs.labels[:, column]
            far = float(np.abs(rated).max())
            shown = axes[column].scatter(
                *places.T, c=rated, cmap="RdBu_r", vmin=-far, vmax=far, s=26, linewidths=0.3, edgecolors=INK
            )
            axes[column].set(xticks=[], yticks=[], title=f"by {target}")
            axes[column].grid(visible=False)
            figure.colorbar(shown, ax=axes[column], pad=0.01)
    notes = [
        "neighbours_r: r of a piece's rating with the mean of its ten nearest, in the embedding (200 values) and as "
        "drawn; pieces of one series are among the neighbours",
    ]
    settings = {"model": "t-SNE", "perplexity": perplexity}
    whole = content(context, songs, settings, made, notes)
    whole |= {"protocol": "none", "split": "none: nothing is trained"}
    write_metrics("music", "vgmidi.tsne", whole, context.metrics_dir)


def neighbour_r(places: Float64, rated: Float64, neighbours: int = NEIGHBOURS) -> float:
    """Correlation of a rating [n] with the mean over the nearest points of places [n, d], oneself left out."""
    apart = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    nearest = np.argsort(apart, axis=1)[:, : min(neighbours, len(places) - 1)]
    return pearson(rated, rated[nearest].mean(axis=1))
