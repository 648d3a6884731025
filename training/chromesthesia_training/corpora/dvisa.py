"""D-ViSA (Kim et al. 2023): abstract paintings of WikiArt; `D-ViSA.csv` with `artwork`, `final_emo`, `final_vad`."""

from __future__ import annotations

import json
from pathlib import Path

from chromesthesia_training.corpora.corpus import Corpus
from chromesthesia_training.corpora.grouped_split import grouped_split
from chromesthesia_training.corpora.music_files import find_file, need_file
from chromesthesia_training.data.art import IMAGE_SUFFIXES, Painting, emotion_of, rating
from chromesthesia_training.data.tables import read_table
from chromesthesia_training.data.walking import files_below
from chromesthesia_training.errors import DataError, Report, stop

TABLE = "D-ViSA.csv"
AXES = ("valence", "arousal", "dominance")


def read_dvisa(folder: Path, report: Report = stop) -> list[Painting]:
    """Paintings split by artist (what a file name has before its first underscore); ratings lie in 0..1.

    The pictures lie anywhere below the folder; the published archive holds a few, the rest is WikiArt's category
    abstract expressionism. Raises DataError for an unknown emotion, a rating outside the scale, a painting that is
    not there.
    """
    table = need_file(folder, TABLE)
    pictures = {path.name: path for path in files_below(folder, IMAGE_SUFFIXES)}
    found: list[tuple[Path, str, str, tuple[float, float, float]]] = []
    for row in read_table(table, ("artwork", "final_emo", "final_vad")):
        where = f"{table.name}: {row['artwork']}"
        try:
            if row["artwork"] not in pictures:
                raise DataError(f"{where} is not there", f"put it below {folder}", "missing")
            path = pictures[row["artwork"]]
            found.append(
                (path, path.stem.split("_", 1)[0], emotion_of(row["final_emo"], where), _vad(row, where))
            )
        except DataError as problem:
            report(problem)
    parts = grouped_split([artist for _, artist, _, _ in found], [emotion for _, _, emotion, _ in found])
    return [
        Painting(path, artist, emotion, vad, split, fold)
        for (path, artist, emotion, vad), (split, fold) in zip(found, parts, strict=True)
    ]


def _vad(row: dict[str, str], where: str) -> tuple[float, float, float]:
    try:
        values = json.loads(row["final_vad"])
    except ValueError:
        values = None
    if not isinstance(values, list) or len(values) != len(AXES):
        raise DataError(f"{where}: final_vad is {row['final_vad']!r}", "give [v, a, d], 0 to 1", "label")
    valence, arousal, dominance = (
        rating(str(value), axis, where) for axis, value in zip(AXES, values, strict=True)
    )
    return valence, arousal, dominance


CORPUS = Corpus(
    name="d-visa",
    title="D-ViSA (abstract paintings)",
    kind="pictures",
    layout=f"`{TABLE}` (`artwork`, `final_emo`, `final_vad`), `data/paul-klee_title.jpg`",
    labels="8 emotions; valence, arousal, dominance 0 to 1, three raters",
    group="artist",
    licence="images: artists' rights, research only",
    here="yes, prepared (2,620 paintings)",
    matches=lambda folder: find_file(folder, TABLE) is not None,
    read_paintings=read_dvisa,
)
