"""What is said on the bus: typed records, checked and bounded before anybody acts on them. No pickle.

Times are whole microseconds: `_us` of the show, which is the clock that every machine follows. `epoch` grows with every
ear that takes over; with `ear` it says whose word counts. `show` is another one after every fresh start.
"""

from __future__ import annotations

import zlib
from typing import Annotated, TypeAlias

import msgspec

from chromesthesia.core.errors import NetworkError

FRAMES, LEASE, PROBE, ASK, KEY, STATUS = "frames", "lease", "probe", "ask", "key", "status"
"""Topics. What is meant for one alone goes to `echo/NAME`."""
LARGEST_MESSAGE = 1 << 16
LARGEST_KEY = 1 << 23
LARGEST_KEY_UNPACKED = 1 << 25
_PACKING = 1
"""A key is packed between two frames of a show: quickly rather than well."""

Id: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Micros: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]
AnyMicros: TypeAlias = Annotated[int, msgspec.Meta(ge=-(1 << 53), le=1 << 53)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]
Epoch: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]


class Told(msgspec.Struct, frozen=True, array_like=True):
    """Base of what an ear says."""

    epoch: Epoch
    ear: Id
    show: Id


class Frame(Told, frozen=True, tag=0):
    """One frame of the score. number: counts them, so that a gap is seen; delay_us: when it is shown after its time;
    events: as in a block of the score."""

    number: Count
    time_us: Micros
    delay_us: Micros
    events: Annotated[bytes, msgspec.Meta(max_length=LARGEST_MESSAGE)]


class Lease(Told, frozen=True, tag=1):
    """An ear is there. leads: false for a stand-by."""

    leads: bool


class Echo(Told, frozen=True, tag=2):
    """Answer to a probe. sent_us: of the probe; show_us: when it was answered."""

    sent_us: AnyMicros
    show_us: Micros


class KeyTold(Told, frozen=True, tag=3):
    """The state after frame `number`. head, key: of the score, packed with zlib."""

    number: Count
    delay_us: Micros
    head: Annotated[bytes, msgspec.Meta(max_length=LARGEST_MESSAGE)]
    key: Annotated[bytes, msgspec.Meta(max_length=LARGEST_KEY)]


class Probe(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """What time is it? sent_us: on the clock of who asks."""

    who: Id
    sent_us: AnyMicros


class Ask(msgspec.Struct, frozen=True, array_like=True, tag=5):
    """A light cannot go on without a key."""

    who: Id


class Status(msgspec.Struct, frozen=True, array_like=True, tag=6):
    """How a light is. shown_us: time of the frame shown last. error_us: how late it was shown, median; spread_us: the
    same, at worst. needs_us: how long after its time a frame was ready here, at worst. clock_us: by how much its clock
    may be wrong. follows: false while it goes on alone."""

    who: Id
    epoch: Epoch
    shown_us: Micros
    error_us: AnyMicros
    spread_us: AnyMicros
    needs_us: AnyMicros
    clock_us: Micros
    frames: Count
    late: Count
    follows: bool


Message = Frame | Lease | Echo | KeyTold | Probe | Ask | Status
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)
_encoder = msgspec.msgpack.Encoder()


def encode(message: Message) -> bytes:
    """`message` as it goes over the bus."""
    return _encoder.encode(message)


def decode(content: bytes) -> Message:
    """Raises NetworkError for anything but a message of a size that may be."""
    if len(content) > LARGEST_KEY + 2 * LARGEST_MESSAGE:
        raise NetworkError(f"a message of {len(content)} bytes", "no message is so large")
    try:
        message = _decoder.decode(content)
    # UnicodeDecodeError is a ValueError; msgspec raises RecursionError for what is nested too deeply.
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise NetworkError(f"a message that is none: {error}") from error
    if not isinstance(message, KeyTold) and len(content) > 2 * LARGEST_MESSAGE:
        raise NetworkError(f"a {type(message).__name__} of {len(content)} bytes")
    return message


def packed(content: bytes) -> bytes:
    """A key as it goes over the bus."""
    return zlib.compress(content, _PACKING)


def unpacked(content: bytes) -> bytes:
    """What `packed` took. Raises NetworkError for anything else, and for what would fill the memory."""
    unpacking = zlib.decompressobj()
    try:
        whole = unpacking.decompress(content, LARGEST_KEY_UNPACKED)
    except zlib.error as error:
        raise NetworkError(f"a key that cannot be unpacked: {error}") from error
    if not unpacking.eof:
        raise NetworkError("a key that is cut, or too large")
    return whole
