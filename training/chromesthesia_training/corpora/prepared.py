"""Folders with an `index.csv` as this project prepares them, known by the columns of that table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from chromesthesia_training.corpora.corpus import Corpus
from chromesthesia_training.corpora.grouped_split import grouped_split
from chromesthesia_training.corpora.music_files import Song, music_clips, on_scale
from chromesthesia_training.data.art import read_paintings
from chromesthesia_training.data.bursts import COLUMNS as BURST_COLUMNS
from chromesthesia_training.data.bursts import read_bursts
from chromesthesia_training.data.clips import Clip, EmotionPoint, Role, number, read_rows, sound_of, split_of
from chromesthesia_training.data.music import GEMS_VALENCE_AROUSAL, read_emotify, read_vgmidi
from chromesthesia_training.data.speech import COLUMNS as SPEECH_COLUMNS
from chromesthesia_training.data.speech import read_speech
from chromesthesia_training.data.tables import headings_of, read_table
from chromesthesia_training.data.walking import is_debris
from chromesthesia_training.errors import DataError, Report, stop

RATED = ("song_id", "valence_mean", "arousal_mean")


def _indexed(*columns: str) -> Callable[[Path], bool]:
    return lambda folder: headings_of(folder / "index.csv") >= set(columns)


def read_rated_songs(folder: Path, report: Report = stop) -> list[Clip]:
    """Songs of an `index.csv` with `path`, `song_id`, `valence_mean` and `arousal_mean` from 1 to 9; dealt by song."""
    index = folder / "index.csv"
    songs = read_rows(
        read_table(index, ("path", *RATED)),
        lambda row: Song(sound_of(row, index), row["song_id"], (_rated(row, index),)),
        report,
    )
    return music_clips(folder.name, songs, "label")


def read_unlabelled(folder: Path, report: Report = stop) -> list[Clip]:
    """Sounds of an `index.csv` with `path` and `kind`, for listening: nothing is known of their emotion."""
    index = folder / "index.csv"
    table = read_table(index, ("path", "kind", "licence"))
    found = read_rows(table, lambda row: (row, sound_of(row, index)), report)
    rows = [row for row, _ in found]
    parts = grouped_split([row["path"] for row in rows], [row["kind"] for row in rows])
    roles: list[Role] = ["speech" if row["kind"] == "speech" else "music" for row in rows]
    return [
        Clip(path, folder.name, role, row["path"], split, fold, None, (), "proxy")
        for (row, path), role, (split, fold) in zip(found, roles, parts, strict=True)
    ]


def rating_tables(folder: Path) -> list[Path]:
    """Tables of ratings that come without sounds, directly in a folder."""
    return [
        table
        for table in sorted(folder.glob("*.csv"))
        if not is_debris(table.name) and headings_of(table) >= {*RATED, "split"}
    ]


def read_ratings(folder: Path, report: Report = stop) -> list[Clip]:
    """Check tables of ratings (1 to 9) that have no sounds: scale, split, a song named twice. Gives no clips."""
    for table in rating_tables(folder):
        seen: set[str] = set()
        for row in read_table(table, (*RATED, "split")):
            try:
                _rated(row, table)
                split_of(row, table)
                if row["song_id"] in seen:
                    raise DataError(f"{table}: song {row['song_id']} is there twice", "keep one", "duplicate")
                seen.add(row["song_id"])
            except DataError as problem:
                report(problem)
    return []


def _rated(row: dict[str, str], source: Path) -> EmotionPoint:
    for column in RATED[1:]:
        number(row, column, source)
    valence, arousal = (
        on_scale(row[column], 1.0, 9.0, f"{source}: {column} of song {row['song_id']}")
        for column in RATED[1:]
    )
    return EmotionPoint(0.0, valence, arousal)


CORPORA = (
    Corpus(
        name="prepared-speech",
        title="prepared speech",
        kind="speech",
        layout=f"`index.csv` ({', '.join(f'`{name}`' for name in SPEECH_COLUMNS)})",
        labels="8 emotions and the three of the encoder; valence and arousal are a proxy",
        group="speaker",
        licence="per row",
        here="yes: RAVDESS, TESS, nEMO, EMO-DB, URDU (8,845 clips)",
        matches=_indexed(*SPEECH_COLUMNS),
        read_clips=read_speech,
        prepared=True,
    ),
    Corpus(
        name="prepared-bursts",
        title="prepared vocal bursts",
        kind="speech",
        layout=f"`index.csv` ({', '.join(f'`{name}`' for name in BURST_COLUMNS)})",
        labels="10 emotions of EmoGator, acted without words; valence and arousal are a proxy",
        group="speaker",
        licence="per row",
        here="yes: EmoGator (6,210 bursts)",
        matches=_indexed(*BURST_COLUMNS),
        read_clips=read_bursts,
        prepared=True,
    ),
    Corpus(
        name="prepared-vgmidi",
        title="prepared VGMIDI",
        kind="music",
        layout="`index.csv` (`path`, `song_id`, `series`, `split`, `fold`), `dynamic.csv` (`time_s`, ...)",
        labels="valence and arousal a measure, -1 to 1",
        group="game series",
        licence="not stated, research",
        here="yes (187 pieces)",
        matches=_indexed("path", "song_id", "series", "split", "fold"),
        read_clips=read_vgmidi,
        prepared=True,
    ),
    Corpus(
        name="prepared-emotify",
        title="prepared Emotify",
        kind="music",
        layout="`index.csv` (`path`, `song_id`, `split`, `fold`, nine emotions)",
        labels="share of listeners who felt each of nine emotions; valence and arousal are a proxy",
        group="song",
        licence="research",
        here="yes (380 songs)",
        matches=_indexed("path", "song_id", "split", "fold", *GEMS_VALENCE_AROUSAL),
        read_clips=read_emotify,
        prepared=True,
    ),
    Corpus(
        name="prepared-art",
        title="prepared paintings",
        kind="pictures",
        layout="`index.csv` (`path`, `artist`, `emotion`, `valence`, `arousal`, `dominance`, `split`, `fold`)",
        labels="8 emotions; valence, arousal, dominance 0 to 1",
        group="artist",
        licence="images: artists' rights, research only",
        here="yes (2,620 paintings of D-ViSA)",
        matches=_indexed("path", "artist", "emotion", "valence", "arousal", "dominance", "split"),
        read_paintings=read_paintings,
        prepared=True,
    ),
    Corpus(
        name="prepared-songs",
        title="prepared rated songs",
        kind="music",
        layout="`index.csv` (`path`, `song_id`, `valence_mean`, `arousal_mean`)",
        labels="valence and arousal, 1 to 9",
        group="song",
        licence="CC, per track",
        here="yes (4 songs of DEAM)",
        matches=_indexed("path", *RATED),
        read_clips=read_rated_songs,
        prepared=True,
    ),
    Corpus(
        name="prepared-clips",
        title="clips for listening",
        kind="music",
        layout="`index.csv` (`path`, `kind`, `licence`)",
        labels="none",
        group="file",
        licence="per row",
        here="yes (11 clips)",
        matches=_indexed("path", "kind", "licence"),
        read_clips=read_unlabelled,
        prepared=True,
    ),
    Corpus(
        name="ratings",
        title="ratings without sounds",
        kind="ratings",
        layout="`*.csv` (`song_id`, `valence_mean`, `arousal_mean`, `split`)",
        labels="valence and arousal, 1 to 9",
        group="song",
        licence="research",
        here="yes: DEAM, emoMusic, PMEmo",
        matches=lambda folder: bool(rating_tables(folder)),
        read_clips=read_ratings,
        prepared=True,
    ),
)
