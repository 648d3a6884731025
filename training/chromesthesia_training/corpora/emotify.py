"""Emotify (Aljanaki, Wiering and Veltkamp 2016): `classical/1.mp3`, and `data.csv` with one listener's answer a row."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from chromesthesia_training.corpora.corpus import Corpus
from chromesthesia_training.corpora.music_files import (
    Song,
    find_file,
    music_clips,
    need_file,
    whole_number,
)
from chromesthesia_training.corpora.speech_files import sound_files
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.data.music import GEMS_VALENCE_AROUSAL, gems_point
from chromesthesia_training.data.tables import headings_of, read_table
from chromesthesia_training.errors import DataError, Report, stop

TRACK, GENRE = "track id", "genre"
SONGS_PER_GENRE = 100


def read_emotify_original(folder: Path, report: Report = stop) -> list[Clip]:
    """Songs split by song; the shares of listeners who felt each emotion become a proxy of valence and arousal.

    Tracks count from 1 to 400 through four genres of a hundred; a sound is named by that number or by its place in
    its genre. Raises DataError for an answer that is not 0 or 1, and for a track without a sound.
    """
    table = need_file(folder, "data.csv")
    answers: dict[str, list[dict[str, float]]] = defaultdict(list)
    genre_of: dict[str, str] = {}
    for row in read_table(table, (TRACK, GENRE, *GEMS_VALENCE_AROUSAL)):
        try:
            answers[row[TRACK]].append({name: _answer(row, name, table) for name in GEMS_VALENCE_AROUSAL})
            genre_of[row[TRACK]] = row[GENRE]
        except DataError as problem:
            report(problem)
    sounds = {(path.parent.name, path.stem): path for path in sound_files(folder)}
    songs = []
    for track, given in answers.items():
        try:
            number = whole_number(track, f"{table.name}: a track")
        except DataError as problem:
            report(problem)
            continue
        in_genre = str((number - 1) % SONGS_PER_GENRE + 1)
        path = sounds.get((genre_of[track], track)) or sounds.get((genre_of[track], in_genre))
        if path is None:
            report(
                DataError(
                    f"{table.name} rates track {track}, but there is no {genre_of[track]}/{in_genre}.mp3",
                    "add it or drop its rows",
                    "missing",
                )
            )
            continue
        shares = {name: sum(answer[name] for answer in given) / len(given) for name in GEMS_VALENCE_AROUSAL}
        songs.append(Song(path, f"emotify_{track}", (gems_point(shares),)))
    return music_clips("emotify", songs, "proxy")


def _answer(row: dict[str, str], name: str, table: Path) -> float:
    if row[name] not in ("0", "1"):
        raise DataError(
            f"{table.name}: {name} of track {row[TRACK]} is {row[name]!r}", "an answer is 0 or 1", "scale"
        )
    return float(row[name])


def _matches(folder: Path) -> bool:
    table = find_file(folder, "data.csv")
    return table is not None and headings_of(table) >= {TRACK, *GEMS_VALENCE_AROUSAL}


CORPUS = Corpus(
    name="emotify",
    title="Emotify",
    kind="music",
    layout="`classical/1.mp3` (also `electronic`, `pop`, `rock`), `data.csv` with one answer a row",
    labels="which of nine GEMS emotions a listener felt; valence and arousal are a proxy from the shares",
    group="song (400)",
    licence="research",
    here="yes, prepared (380 songs)",
    matches=_matches,
    read_clips=read_emotify_original,
)
