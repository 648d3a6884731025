"""Marks of a performer as JSON: moments as embeddings and moods, for one encoder. No sound is in them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.core.records import EMBEDDING_SIZE
from chromesthesia.core.safe_write import replace_file
from chromesthesia.core.schema import MISSING, Line, MisfitError, Table, Whole, read_table
from chromesthesia.core.user_files import one_line, read_bytes, shown
from chromesthesia.emotion.head import MOST_MARKS, Mark, is_sound

KIND, SCHEMA = "chromesthesia performer", 1
LIMIT_BYTES = 256 * 1024
HASH_SHOWN = 12
NAME_LIMIT = 80
REMEDY = "mark this performer again, or load another file"


class PerformerError(ChromesthesiaError):
    """Marks that cannot be taken, kept or loaded."""

    exit_code = 11


class KeptMark(Table, frozen=True):
    """One mark. embedding: base64 of little-endian float32; probabilities: as the pack's own head said them."""

    mood: str
    embedding: str
    probabilities: tuple[float, ...]


class KeptMarks(Table, frozen=True, kw_only=True):
    """A whole file. encoder: sha256 of the encoder that the embeddings are of; pack: the name of its pack."""

    kind: str = KIND
    schema: Whole = SCHEMA
    name: Line = ""
    pack: Line = ""
    encoder: str
    marks: tuple[KeptMark, ...] = ()


@dataclass(frozen=True, slots=True)
class Marks:
    """Whose marks they are, of which pack and encoder."""

    marks: tuple[Mark, ...]
    name: str
    pack: str
    encoder: str


def table_of(kept: Marks) -> dict[str, Any]:
    """As plain values."""
    file = KeptMarks(
        name=kept.name,
        pack=kept.pack,
        encoder=kept.encoder,
        marks=tuple(
            KeptMark(
                EMOTIONS[mark.mood],
                base64.b64encode(mark.embedding.astype("<f4").tobytes()).decode(),
                tuple(float(value) for value in mark.probabilities),
            )
            for mark in kept.marks
        ),
    )
    table: dict[str, Any] = msgspec.to_builtins(file)
    return table


def marks_of(table: Mapping[str, Any], where: str) -> Marks:
    """What a table holds. Raises PerformerError naming `where` and the key."""
    if table.get("kind") != KIND:
        raise PerformerError(f"{where}: no marks of a performer", REMEDY)
    if table.get("schema") != SCHEMA:
        raise PerformerError(f"{where}: expected schema {SCHEMA}, got {shown(table.get('schema'))}", REMEDY)
    try:
        file = read_table(table, KeptMarks)
    except MisfitError as misfit:
        key = ".".join(str(step) for step in misfit.path)
        got = "nothing" if misfit.value is MISSING else shown(misfit.value)
        raise PerformerError(
            f"{where}: {one_line(key)}: expected {misfit.expected or 'a value'}, got {got}", REMEDY
        ) from misfit
    if len(file.marks) > MOST_MARKS * len(EMOTIONS):
        raise PerformerError(
            f"{where}: {len(file.marks)} marks, at most {MOST_MARKS * len(EMOTIONS)} are taken", REMEDY
        )
    marks = tuple(_mark(mark, f"{where}: mark {number}") for number, mark in enumerate(file.marks, start=1))
    return Marks(marks, file.name, file.pack, file.encoder)


def write_marks(path: Path, kept: Marks) -> None:
    """Write the file, whole or not at all. Raises PerformerError."""
    content = json.dumps(table_of(kept), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    replace_file(path, content.encode(), PerformerError)


def read_marks(path: Path) -> Marks:
    """The marks that a file holds. Raises PerformerError for whatever else is there."""
    where = one_line(path.name)
    content = read_bytes(path, LIMIT_BYTES, PerformerError)
    try:
        table: Any = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise PerformerError(f"{where}: cut short, or no JSON", REMEDY) from error
    if not isinstance(table, dict):
        raise PerformerError(f"{where}: no marks of a performer", REMEDY)
    return marks_of(table, where)


def check_encoder(kept: Marks, encoder: str, pack: str) -> None:
    """Raise PerformerError unless the marks are of this encoder."""
    if kept.encoder != encoder:
        raise PerformerError(
            f"{shown(kept.name)}: marks for the encoder {one_line(kept.encoder[:HASH_SHOWN])} "
            f"of pack {shown(kept.pack)}, this is {encoder[:HASH_SHOWN]} of {shown(pack)}",
            "load that pack, or mark this performer again",
        )


def moods_marked(marks: Sequence[Mark]) -> dict[str, int]:
    """How many marks there are of each of `EMOTIONS`."""
    return {mood: sum(mark.mood == place for mark in marks) for place, mood in enumerate(EMOTIONS)}


def _mark(kept: KeptMark, where: str) -> Mark:
    if kept.mood not in EMOTIONS:
        raise PerformerError(f"{where}: mood is {shown(kept.mood)}", f"one of {', '.join(EMOTIONS)}")
    try:
        content = base64.b64decode(kept.embedding, validate=True)
    except ValueError as error:
        raise PerformerError(f"{where}: embedding is no base64", REMEDY) from error
    if len(content) != 4 * EMBEDDING_SIZE:
        raise PerformerError(
            f"{where}: embedding of {len(content)} bytes, expected {4 * EMBEDDING_SIZE}", REMEDY
        )
    with np.errstate(over="ignore"):
        probabilities = np.array(kept.probabilities, np.float32)
    mark = Mark(np.frombuffer(content, "<f4").astype(np.float32), probabilities, EMOTIONS.index(kept.mood))
    if not is_sound(mark):
        raise PerformerError(f"{where}: numbers that no encoder gives", REMEDY)
    return mark
