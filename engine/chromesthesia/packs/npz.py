"""Reads the arrays of an `.npz` file as NumPy writes it, and nothing else: no pickle, no promise believed.

NumPy's own reader allocates what a header promises before it looks how much there is, and its header is a Python
literal.
"""

from __future__ import annotations

import io
import math
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_DIRECTORY_BYTES = 64 * 1024
"""Largest table of contents; it is read whole before anything else is looked at."""

_END, _END64 = b"PK\x05\x06", b"PK\x06\x07"
_END_BYTES, _END64_BYTES = 22, 20
_HEADER = re.compile(
    rb"\{'descr': '(?P<dtype>[<>|=]?[fiuU][0-9]{1,6})', 'fortran_order': (?P<fortran>False|True), "
    rb"'shape': \((?P<shape>(?:[0-9]{1,15}, ?)*(?:[0-9]{1,15})?)\), \}[ ]*\n"
)
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ValueError,
    KeyError,
    IndexError,
    OSError,
    EOFError,
    RuntimeError,
    OverflowError,
)


class DamagedError(Exception):
    """What is wrong with the file, in a few words."""


def read_npz(content: bytes, names: Collection[str], limit_bytes: int) -> dict[str, NDArray[Any]]:
    """The arrays called `names` that are there: numbers or text, together at most `limit_bytes` unpacked.

    Raises DamagedError for everything else that may be in `content`.
    """
    _check_directory(content)
    found = {}
    left = limit_bytes
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                name = entry.filename.removesuffix(".npy")
                if name not in names or name in found:
                    continue
                if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise DamagedError(f"{name}: packed in an unknown way")
                if entry.file_size > left:
                    raise DamagedError(f"more than {limit_bytes} bytes unpacked")
                with archive.open(entry) as file:
                    raw = file.read(entry.file_size)
                left -= len(raw)
                found[name] = _array(raw, name)
    except _ZIP_ERRORS as error:
        raise DamagedError(str(error) or type(error).__name__) from error
    return found


def _check_directory(content: bytes) -> None:
    """Hold the size of the table of contents, as the file's end gives it, before it is read."""
    at = content.rfind(_END)
    if at < 0 or at + _END_BYTES > len(content):
        raise DamagedError("not a zip file")
    (size,) = struct.unpack_from("<I", content, at + 12)
    if size > MOST_DIRECTORY_BYTES or content[max(0, at - _END64_BYTES) : at].startswith(_END64):
        raise DamagedError(f"a table of contents of more than {MOST_DIRECTORY_BYTES} bytes")


def _array(raw: bytes, name: str) -> NDArray[Any]:
    """The array of an `.npy` file that holds exactly what its header promises."""
    if raw[:6] != b"\x93NUMPY" or raw[6:8] not in (b"\x01\x00", b"\x02\x00", b"\x03\x00"):
        raise DamagedError(f"{name}: not an array")
    begin = 10 if raw[6] == 1 else 12
    length = int.from_bytes(raw[8:begin], "little")
    header = _HEADER.fullmatch(raw, begin, min(begin + length, len(raw)))
    if header is None:
        raise DamagedError(f"{name}: expected an array of numbers or text")
    try:
        dtype = np.dtype(header["dtype"].decode())
    except TypeError as error:
        raise DamagedError(f"{name}: unknown type {header['dtype'].decode()}") from error
    shape = tuple(int(side) for side in re.findall(rb"[0-9]+", header["shape"]))
    size = math.prod(shape) * dtype.itemsize
    there = len(raw) - begin - length
    if size != there or size == 0:
        raise DamagedError(f"{name}: expected {size} bytes of {dtype}, got {there}")
    if dtype.kind == "U":
        # NumPy itself makes strings of any number and then cannot even say so.
        codes = np.frombuffer(raw, np.dtype(np.uint32).newbyteorder(dtype.byteorder), offset=begin + length)
        if codes.max() > sys.maxunicode:
            raise DamagedError(f"{name}: expected text, got letters that are none")
    order: Any = "F" if header["fortran"] == b"True" else "C"
    return np.frombuffer(raw, dtype, offset=begin + length).reshape(shape, order=order)
