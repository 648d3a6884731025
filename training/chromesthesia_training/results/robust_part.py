"""The part of the encoders' page on real rooms: scenes, changes, sounds that feel nothing, the plane."""

from __future__ import annotations

from chromesthesia_training.metrics.metrics_file import Metrics
from chromesthesia_training.results.book import Book, link, said, table
from chromesthesia_training.results.parts import targets_table

ABOUT = (
    "By `chromesthesia-train evaluate --robust PACK`, for any pack: voices of unseen speakers, spoiled by script; each "
    "scene is the same whatever a voice expresses. As the engine runs it: its precision, its smoothing, its gate."
)


def robust_part(book: Book) -> list[str]:
    """Lines of Markdown; none where no pack was measured."""
    files = [one for one in book.section("encoders") if one["protocol"] == "robust"]
    if not files:
        return []
    return [
        "## In a real room",
        "",
        ABOUT,
        "",
        *targets_table(book, "robust.", "latency.", "speech."),
        "",
        *table(["scene", *(link(one) for one in files)], _scenes(files), range(1, 1 + len(files))),
        "",
        *table(["figure", *(link(one) for one in files)], _others(files), range(1, 1 + len(files))),
        "",
    ]


def _scenes(files: list[Metrics]) -> list[list[str]]:
    """Macro-F1 by scene."""
    scenes = files[0]["settings"].get("scenes", {})
    rows = [[what, *(said(one.figure(f"scenes.{key}")) for one in files)] for key, what in scenes.items()]
    return [*rows, ["**mean**", *(said(one.figure("macro_f1_mean")) for one in files)]]


def _others(files: list[Metrics]) -> list[list[str]]:
    figures = {
        "P(angry) moved by pink noise 20 dB below": ("floor_moves.angry", 3),
        "P(sad) moved by it": ("floor_moves.sad", 3),
        "sounds that feel nothing, of 21, named": ("nonspeech_named", 0),
        "a change of emotion is named after, median s": ("change.median_s", 2),
        "90th percentile, s": ("change.p90_s", 2),
        "share of changes named within 8 s": ("change.share_named", 2),
        "distance on the plane, mean of three": ("plane_distance", 2),
        "of the nearest two": ("plane_least", 2),
        **{
            f"{emotion}: {axis}": (f"plane_places.{emotion}_{axis}", 2)
            for emotion in ("angry", "happy", "sad")
            for axis in ("valence", "arousal")
        },
        "calibration error, as recorded": ("calibration_error", 3),
    }
    return [
        [what, *(said(one.figure(key), digits) for one in files)] for what, (key, digits) in figures.items()
    ]
