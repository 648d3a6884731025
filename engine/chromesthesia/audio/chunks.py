"""The head of wav, aiff, au, caf and w64 files, read before any library does: where the sound is, and how much.

Programs that write into a pipe or are killed leave sizes that were never filled in, some leave out a pad byte, and
copies break off. Libraries silently play what is left, or give up; here these are told apart.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum
from typing import BinaryIO, NamedTuple

from chromesthesia.core.errors import AudioError

MOST_CHUNKS = 1_000
"""More than any program writes before the sound."""
MOST_KEPT_BYTES = 4_096
"""Largest chunk that says what the sound is."""
LITTLE_SHARE = 0.05
"""Up to this share of the stated sound a header is inexact; where more is missing the file was cut."""
MOST_RIFF_BYTES = 0xFFFFFFFF - 4 * MOST_KEPT_BYTES
_SEE_DS64 = 0xFFFFFFFF
_PLACEHOLDERS = (1 << 31, 1 << 32)
_PLACEHOLDER_REACH = 1 << 16
"""Programs write one of these, less a header or rounded down to whole frames."""


class Fill(Enum):
    """How the stated size of the sound relates to what is there."""

    WHOLE = "whole"
    UNFILLED = "unfilled"
    INEXACT = "inexact"
    CUT = "cut"


class _Form(NamedTuple):
    order: str
    sound: bytes
    kept: tuple[bytes, ...]
    known: frozenset[bytes]


_WAV_CHUNKS = frozenset(
    b"data|fmt |fact|LIST|INFO|bext|iXML|axml|chna|cart|JUNK|junk|FLLR|PAD |PEAK|cue |smpl|inst|plst|labl|note|ltxt|"
    b"adtl|id3 |ID3 |ds64|DISP|acid|strc|afsp|levl|link|umid|minf|elm1|regn|_PMX|SNDM|slnt|wavl".split(b"|")
)
_AIFF_CHUNKS = frozenset(
    b"SSND|COMM|FVER|MARK|INST|MIDI|AESD|APPL|COMT|NAME|AUTH|(c) |ANNO|ID3 |PEAK|CHAN|basc".split(b"|")
)
_FORMS = {
    b"RIFF": _Form("<", b"data", (b"fmt ", b"fact"), _WAV_CHUNKS),
    b"RF64": _Form("<", b"data", (b"fmt ", b"fact"), _WAV_CHUNKS),
    b"BW64": _Form("<", b"data", (b"fmt ", b"fact"), _WAV_CHUNKS),
    b"RIFX": _Form(">", b"data", (b"fmt ", b"fact"), _WAV_CHUNKS),
    b"FORM": _Form(">", b"SSND", (b"FVER", b"COMM"), _AIFF_CHUNKS),
}
_CONTENTS = {b"FORM": (b"AIFF", b"AIFC")}


class _LongForm(NamedTuple):
    first: int
    name_bytes: int
    size: str
    counted_bytes: int
    aligned: int


_LONG_FORMS = {b"caff": _LongForm(8, 4, ">q", 0, 1), b"riff": _LongForm(40, 16, "<q", 24, 8)}
"""caf and w64, whose chunks have sizes of 64 bits. counted_bytes: of a chunk's own head that its size includes."""


@dataclass(frozen=True, slots=True)
class SoundChunk:
    """Where a file's sound lies, in bytes.

    form, content: the names the file begins with; kept: the chunks that say what the sound is, as they stand in the
    file; misplaced: a chunk before the sound has an odd length and no pad byte, where libraries lose their way.
    """

    form: bytes
    content: bytes
    begin: int
    stated_bytes: int
    present_bytes: int
    fill: Fill
    kept: tuple[tuple[bytes, bytes], ...] = ()
    misplaced: bool = False


def find_sound(file: BinaryIO, size_bytes: int, where: str) -> SoundChunk | None:
    """The sound of an open file of `size_bytes`; None where the file is of another kind.

    where: the file's name, for messages. Raises AudioError where the chunks lead to no sound.
    """
    head = file.read(12)
    if head[:4] == b".snd" and len(head) == 12:
        begin, stated = struct.unpack(">II", head[4:])
        if begin > size_bytes:
            raise _no_sound(where, size_bytes)
        present = size_bytes - begin
        fill = _filled(stated, present, None, size_bytes) if stated else Fill.WHOLE
        return SoundChunk(head[:4], b"", begin, stated, present, fill)
    if head[:4] in _LONG_FORMS:
        return _long_sound(file, size_bytes, head)
    form = _FORMS.get(head[:4])
    if form is None or head[8:12] not in _CONTENTS.get(head[:4], (b"WAVE",)):
        return None
    return _Walk(file, size_bytes, where, head, form).sound()


def _long_sound(file: BinaryIO, size_bytes: int, head: bytes) -> SoundChunk | None:
    form = _LONG_FORMS[head[:4]]
    at = form.first
    for _ in range(MOST_CHUNKS):
        file.seek(at)
        chunk = file.read(form.name_bytes + 8)
        if len(chunk) < form.name_bytes + 8 or not _plausible(chunk[:4]):
            break
        length = struct.unpack(form.size, chunk[form.name_bytes :])[0] - form.counted_bytes
        begin = at + len(chunk)
        if chunk[:4] == b"data":
            present = max(0, size_bytes - begin)
            stated = length if length >= 0 else present
            return SoundChunk(
                head[:4], b"", begin, stated, present, _filled(stated, present, None, size_bytes)
            )
        if not 0 <= length <= size_bytes:
            break
        at = -(-(begin + length) // form.aligned) * form.aligned
    return None


class _Walk:
    """One way through the chunks of one file."""

    def __init__(self, file: BinaryIO, size_bytes: int, where: str, head: bytes, form: _Form) -> None:
        self._file = file
        self._size = size_bytes
        self._where = where
        self._head = head
        self._form = form
        self._kept: dict[bytes, bytes] = {}
        self._misplaced = False
        self._container_end = struct.unpack(form.order + "I", head[4:8])[0] + 8
        self._stated_in_ds64: int | None = None

    def sound(self) -> SoundChunk:
        at = len(self._head)
        for _ in range(MOST_CHUNKS):
            name, length = self._chunk(at)
            if len(name) < 4:
                raise _no_sound(self._where, self._size)
            if not _plausible(name):
                raise AudioError(
                    f"{self._where} holds no sound: at byte {at} a part should begin, and there is {name!r}",
                    "is it a sound file? Export or record it again",
                )
            if name == self._form.sound:
                return self._found(at + 8, length)
            if name in self._form.kept or name == b"ds64":
                self._file.seek(at + 8)
                self._kept[name] = self._file.read(min(length, MOST_KEPT_BYTES))
            if name == b"ds64" and len(self._kept[name]) >= 16:
                container_bytes, self._stated_in_ds64 = struct.unpack("<QQ", self._kept[name][:16])
                self._container_end = container_bytes + 8
            at = self._after(at + 8 + length, length)
        raise AudioError(
            f"{self._where} holds no sound in its first {MOST_CHUNKS} parts", "export or record it again"
        )

    def _chunk(self, at: int) -> tuple[bytes, int]:
        self._file.seek(at)
        header = self._file.read(8)
        if len(header) < 8:
            return b"", 0
        return header[:4], struct.unpack(self._form.order + "I", header[4:])[0]

    def _after(self, end: int, length: int) -> int:
        """Where the next chunk begins: after a pad byte if the length is odd, unless that byte was left out."""
        if length % 2 == 0:
            return end
        padded, bare = self._chunk(end + 1)[0], self._chunk(end)[0]
        known = self._form.known
        if padded not in known and (bare in known or (not _plausible(padded) and _plausible(bare))):
            self._misplaced = True
            return end
        return end + 1

    def _found(self, begin: int, length: int) -> SoundChunk:
        container_end = self._container_end
        if self._form.sound == b"SSND":
            self._file.seek(begin)
            front = self._file.read(8)
            if len(front) < 8:
                raise _no_sound(self._where, self._size)
            skipped = 8 + struct.unpack(">I", front[:4])[0]
            begin, length = begin + skipped, max(0, length - skipped)
        if length == _SEE_DS64 and self._stated_in_ds64 is not None:
            length = self._stated_in_ds64
        present = max(0, self._size - begin)
        fill = _filled(length, present, container_end, self._size)
        if length == 0 and self._chunk(begin)[0] in self._form.known:
            fill, present = Fill.WHOLE, 0
        return SoundChunk(
            form=self._head[:4],
            content=self._head[8:12],
            begin=begin,
            stated_bytes=length,
            present_bytes=present,
            fill=fill,
            kept=tuple((name, self._kept[name]) for name in self._form.kept if name in self._kept),
            misplaced=self._misplaced,
        )


def _filled(stated: int, present: int, container_end: int | None, size: int) -> Fill:
    """Sizes that contradict each other, or are those of no real file, were never filled in.

    container_end: where the file should end by its own first size, None where it has none.
    """
    if stated == 0:
        return Fill.UNFILLED if present else Fill.WHOLE
    if _placeholder(stated) and not stated <= present <= stated + _PLACEHOLDER_REACH:
        return Fill.UNFILLED
    if stated <= present:
        return Fill.WHOLE
    if container_end is not None and (container_end <= size or _placeholder(container_end)):
        return Fill.UNFILLED
    return Fill.INEXACT if stated - present <= LITTLE_SHARE * stated else Fill.CUT


def _placeholder(size: int) -> bool:
    return any(abs(size - placeholder) <= _PLACEHOLDER_REACH for placeholder in _PLACEHOLDERS) or (
        size >= 1 << 62
    )


def _plausible(name: bytes) -> bool:
    return len(name) == 4 and all(0x20 <= letter < 0x7F for letter in name)


def _no_sound(where: str, size_bytes: int) -> AudioError:
    return AudioError(
        f"{where} is truncated: it ends after {size_bytes} bytes, before any sound", "copy or record it again"
    )


def restated_head(sound: SoundChunk) -> tuple[bytes, int]:
    """The head that `sound` should have had, and how many bytes of sound follow it.

    A wav of more than 4 GiB becomes RF64; of an aiff no more than its sizes can state is given.
    """
    if sound.form == b"FORM":
        return _aiff_head(sound)
    order = ">" if sound.form == b"RIFX" else "<"
    following = sound.present_bytes if sound.fill is not Fill.WHOLE else sound.stated_bytes
    kept = b"".join(_written(name, body, order) for name, body in sound.kept)
    if following <= MOST_RIFF_BYTES or order == ">":
        following = min(following, MOST_RIFF_BYTES)
        size = struct.pack(order + "I", 4 + len(kept) + 8 + following)
        return (
            sound.form[:3].replace(b"RF6", b"RIF").replace(b"BW6", b"RIF")
            + (b"X" if order == ">" else b"F")
            + size
            + b"WAVE"
            + kept
            + b"data"
            + struct.pack(order + "I", following)
        ), following
    ds64 = struct.pack("<QQQI", 4 + 36 + len(kept) + 8 + following, following, 0, 0)
    unknown = struct.pack("<I", _SEE_DS64)
    return (b"RF64" + unknown + b"WAVE" + _written(b"ds64", ds64, "<") + kept + b"data" + unknown), following


def _aiff_head(sound: SoundChunk) -> tuple[bytes, int]:
    following = sound.present_bytes if sound.fill is not Fill.WHOLE else sound.stated_bytes
    following = min(following, MOST_RIFF_BYTES)
    kept = b""
    for name, body in sound.kept:
        if name == b"COMM" and len(body) >= 8:
            channels, _, bits = struct.unpack(">HIH", body[:8])
            frames = following // max(1, channels * -(-bits // 8))
            body = body[:2] + struct.pack(">I", frames) + body[6:]
        kept += _written(name, body, ">")
    front = _written(b"SSND", bytes(8), ">")[:4] + struct.pack(">I", 8 + following) + bytes(8)
    size = struct.pack(">I", 4 + len(kept) + len(front) + following)
    return b"FORM" + size + sound.content + kept + front, following


def _written(name: bytes, body: bytes, order: str) -> bytes:
    return name + struct.pack(order + "I", len(body)) + body + b"\0" * (len(body) % 2)
