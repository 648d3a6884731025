"""CSEMOTIONS (Tian et al. 2025): published as Parquet; read as sounds with a `metadata.csv`, once it is unpacked."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from chromesthesia_training.corpora.corpus import Corpus
from chromesthesia_training.corpora.speech_files import Listed, is_listed, read_listed
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.data.walking import files_below
from chromesthesia_training.errors import DataError, Report, stop

COLUMNS = ("file_name", "emotion", "speaker")
EMOTION = {
    "angry": "angry",
    "fearful": "fearful",
    "happy": "happy",
    "neutral": "neutral",
    "playfulness": "",
    "sad": "sad",
    "surprise": "surprised",
}
"""In lower case. Playfulness has no place on the circumplex that one could vouch for: it is left out."""
LISTED = Listed("metadata.csv", COLUMNS, "file_name", "speaker", "emotion", EMOTION, any_case=True)
PARQUET = (".parquet",)


def read_csemotions(folder: Path, report: Report = stop) -> list[Clip]:
    """Clips by speaker. Raises DataError for Parquet not unpacked, no table, a foreign emotion, a missing file."""
    if not is_listed(LISTED, folder) and files_below(folder, PARQUET):
        raise DataError(
            f"{folder} holds CSEMOTIONS as Parquet",
            "unpack it into sounds and a metadata.csv first, see docs/data.md",
            "layout",
        )
    return read_listed("csemotions", folder, LISTED, report)


CORPUS = Corpus(
    name="csemotions",
    title="CSEMOTIONS (Mandarin)",
    kind="speech",
    layout="unpacked: `metadata.csv` (`file_name`, `emotion`, `speaker`), one sound a row; its Parquet is refused "
    "by name",
    labels="6 of 7 emotions, acted; playfulness is left out",
    group="speaker (6; its card also says 10)",
    licence="Apache-2.0",
    here="no",
    matches=partial(is_listed, LISTED),
    read_clips=read_csemotions,
)
