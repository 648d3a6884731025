"""One ISF file with all that belongs to it: read, checked and made ready to be compiled."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from chromesthesia.core.errors import RenderError
from chromesthesia.core.records import UInt8
from chromesthesia.core.user_files import is_file, one_line, read_bytes, read_text
from chromesthesia.isf.glsl import PLAIN_VERTEX, Glsl, fragment_glsl, samplers, vertex_glsl
from chromesthesia.isf.header import IsfHeader, read_header

FILE_LIMIT = 192 * 1024
"""Largest ISF file that is read, in bytes."""
PICTURE_LIMIT = 16 * 1024 * 1024
"""Largest imported picture, in bytes."""
PICTURE_SIDE = 4096
"""An imported picture is brought down to this, in pixels a side."""
SUFFIXES = (".fs", ".frag", ".isf")


@dataclass(frozen=True, slots=True, eq=False)
class IsfShader:
    """An ISF file as it was read. Never changes; a file that was saved again is another one.

    name: of the file, for messages. key: what its parameters are called below `/isf`. files: what it was read from.
    used: the samplers that it mentions. pictures: imported, by name, uint8 [H, W, 4], row 0 at the bottom.
    """

    name: str
    key: str
    header: IsfHeader
    fragment: Glsl
    vertex: Glsl
    own_vertex: bool
    used: tuple[str, ...]
    pictures: Mapping[str, UInt8]
    files: tuple[Path, ...]


def key_of(name: str) -> str:
    """What the parameters of the file `name` are called: `Fast Blur.fs` is `fast-blur`."""
    stem = Path(name).stem.casefold()
    return re.sub(r"[^a-z0-9_]+", "-", stem).strip("-")[:48] or "shader"


def files_of(path: Path) -> tuple[Path, ...]:
    """The file and the vertex shader that may lie beside it."""
    return path, *(path.with_suffix(ending) for ending in (".vs", ".vert"))


def load_isf(path: Path) -> IsfShader:
    """Read an ISF file, the `.vs` beside it and the pictures it imports. Raises RenderError naming file and line."""
    text = _text(path)
    name = one_line(path.name, 80)
    header, begin = read_header(text, f"shader {name}")
    body = "\n" * text.count("\n", 0, begin) + text[begin:]
    vertex_path = next((each for each in files_of(path)[1:] if is_file(each)), None)
    vertex = PLAIN_VERTEX if vertex_path is None else _text(vertex_path)
    used = samplers(header, body + vertex)
    pictures = {
        named: _picture(path.parent / told, f"shader {name}: imported picture {named}")
        for named, told in header.imported.items()
        if named in used
    }
    return IsfShader(
        name,
        key_of(path.name),
        header,
        fragment_glsl(header, body, used),
        vertex_glsl(header, vertex, used),
        vertex_path is not None,
        used,
        pictures,
        (*files_of(path), *(path.parent / header.imported[named] for named in pictures)),
    )


def _text(path: Path) -> str:
    text = read_bytes_as_text(path)
    if "\0" in text:
        raise RenderError(f"{one_line(path)}: not text (a null character)", "save it as UTF-8 text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_bytes_as_text(path: Path) -> str:
    """UTF-8, else Latin-1: in a shader only comments and labels hold other letters. Raises RenderError."""
    try:
        return read_text(path, FILE_LIMIT, RenderError)
    except RenderError as error:
        if "not UTF-8" not in str(error):
            raise
        return read_bytes(path, FILE_LIMIT, RenderError).decode("latin-1")


def _picture(path: Path, what: str) -> UInt8:
    content = read_bytes(path, PICTURE_LIMIT, RenderError)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content))
            picture.thumbnail((PICTURE_SIDE, PICTURE_SIDE))
            pixels = np.asarray(picture.convert("RGBA"), np.uint8)
    except (
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombWarning,
        Image.DecompressionBombError,
    ) as error:
        raise RenderError(f"{what}: {one_line(error, 100)}", "give a PNG or JPEG") from error
    return np.ascontiguousarray(pixels[::-1])
