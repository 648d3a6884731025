"""What a score tells, in the order in which it happened: typed records, each an array that begins with its kind.

What stands before a `Drawn` is what that frame was made of. All of it is plain data, and everything that a frame needs
and that is not here follows from the seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.errors import ScoreError
from chromesthesia.core.records import MOST_MUSICIANS

LARGEST_STATE_ARRAY = 1 << 26
"""Most numbers of one array in a key."""
MOST_DIMENSIONS = 4
_ARRAY = 1
T = TypeVar("T")
_DTYPES = ("f4", "f8", "u1", "i8")

Micros: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]
Small: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1 << 31)]
Number: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=MOST_MUSICIANS)]
Plain: TypeAlias = float | int | bool | str


class Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """What a whole score was played with. Hashes are SHA-256 in hexadecimal.

    began_s: seconds since 1970 at time 0 of the show, utc_offset_s: of the place's clock. fps: frames a second asked
    for. pack: its name; generator: hash of the model that painted, empty for one of the caller's own. catalogue:
    hash of what parameters there were. opengl: what drew.
    """

    show: str
    engine: str
    began_s: float
    utc_offset_s: int
    seed: Annotated[int, msgspec.Meta(ge=0)]
    fps: Annotated[float, msgspec.Meta(gt=0.0, le=1000.0)]
    size: tuple[Small, Small]
    pack: str
    generator: str
    provider: str
    shaders: str
    catalogue: str
    opengl: str
    source: str
    preset: str
    flash_limiter: bool


class Event(msgspec.Struct, frozen=True, array_like=True):
    """Base of all kinds."""


class RouteTold(msgspec.Struct, frozen=True, array_like=True):
    """A route of a preset, as in `params.routes.Route`."""

    signal: str
    target: str
    gain: float
    curve: str
    low: float
    high: float
    attack_s: float
    release_s: float
    mode: str


class ParamTold(msgspec.Struct, frozen=True, array_like=True):
    """A parameter that came while the show ran: its kind and the fields of `params.declaration.Param`."""

    kind: str
    fields: dict[str, Any]


class Begun(Event, frozen=True, tag=0):
    """The first picture before the first frame. image: its number, 0 for none."""

    image: Small


class Sized(Event, frozen=True, tag=1):
    """From here on the picture has this size in pixels."""

    width: Small
    height: Small


class Looked(Event, frozen=True, tag=2):
    """Parameters as the frame found them. values: those that changed, all of them after a key or with namespaces.

    routes: of the preset, None when they are as before; namespaces: what was added, None when it is as before.
    morph_s: how long to glide to a look of this version, None for as long as usual.
    """

    preset: str
    version: Small
    look_version: Small
    values: dict[str, Plain]
    routes: tuple[RouteTold, ...] | None
    namespaces: dict[str, tuple[ParamTold, ...]] | None
    morph_s: float | None = None


class Heeded(Event, frozen=True, tag=3):
    """What is heard from here on: `hearing.Levels`, packed."""

    levels: bytes


class Paced(Event, frozen=True, tag=4):
    """The generator's rate is multiplied by this from here on; at 0 it is not asked."""

    factor: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class Told(Event, frozen=True, tag=5):
    """What the display of figures shows from here on: the fields of `render.inputs.HudInfo`."""

    fields: dict[str, Any]


class Untold(Event, frozen=True, tag=6):
    """There is no display from here on."""


class Asked(Event, frozen=True, tag=7):
    """Somebody asked for something and it was done, `at_us` after the start. who: the way by which it came."""

    at_us: Micros
    what: str
    who: str
    done: bool


class Drawn(Event, frozen=True, tag=8):
    """One frame, `after_us` after the one before. image: number of the picture that came to it, 0 for none.

    shown: False for a frame that was decided and could not be drawn.
    """

    after_us: Micros
    image: Small
    shown: bool


class Requested(Event, frozen=True, tag=9):
    """What picture `serial` was asked with, when that was before the last key. Both are float32."""

    serial: Small
    condition: bytes
    noise: bytes


class Reshaded(Event, frozen=True, tag=10):
    """The shaders were changed: their hash from here on."""

    shaders: str


class Torn(Event, frozen=True, tag=11):
    """What follows does not follow from what was told before: only the next key mends it. why: for people."""

    why: str
    frames: Small


class Beaten(Event, frozen=True, tag=12):
    """Where the beat is at the frame that follows: as `core.records.Beat`."""

    bpm: float
    beats: float
    beats_per_bar: Annotated[int, msgspec.Meta(ge=1, le=1 << 16)]
    confidence: float
    running: bool
    source: str
    position_s: float


class Sensed(Event, frozen=True, tag=13):
    """What is heard from here on, by lights on other machines and in no file: signals as in `fine`."""

    signals: Annotated[bytes, msgspec.Meta(max_length=1 << 10)]


class Embedded(Event, frozen=True, tag=14):
    """The embedding that belongs to it from here on."""

    embedding: Annotated[bytes, msgspec.Meta(max_length=1 << 10)]


class Later(Event, frozen=True, tag=15):
    """What follows was heard while the frame was being drawn: its last passes show it, the first ones do not."""


class HeededMusician(Event, frozen=True, tag=16):
    """What is heard of one musician from here on, as `Heeded` of the room."""

    number: Number
    levels: bytes


class SensedMusician(Event, frozen=True, tag=17):
    """What is heard of one musician from here on, as `Sensed` of the room."""

    number: Number
    signals: Annotated[bytes, msgspec.Meta(max_length=1 << 10)]


AnyEvent = (
    Begun
    | Sized
    | Looked
    | Heeded
    | Paced
    | Told
    | Untold
    | Asked
    | Drawn
    | Requested
    | Reshaded
    | Torn
    | Beaten
    | Sensed
    | Embedded
    | Later
    | HeededMusician
    | SensedMusician
)


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the next frame depends on beside what is told of it. time_us: of the frame just drawn.

    parts: the state of each part of the show by its name: plain values and arrays. before: what
    `Sized`, `Looked` and so on told last.
    """

    time_us: Micros
    before: tuple[AnyEvent, ...]
    parts: dict[str, Any]


def _encode_hook(value: object) -> object:
    if isinstance(value, np.ndarray):
        dtype = value.dtype.str.lstrip("<|=")
        if dtype not in _DTYPES:
            raise NotImplementedError(f"an array of {value.dtype}")
        head = msgspec.msgpack.encode((dtype, value.shape))
        kept = _differences(value) if _is_picture(value) else value
        return msgspec.msgpack.Ext(_ARRAY, bytes([len(head)]) + head + np.ascontiguousarray(kept).tobytes())
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(f"a {type(value).__name__}")


def _decode_hook(code: int, data: memoryview) -> NDArray[Any]:
    if code != _ARRAY or not data:
        raise ValueError(f"unknown kind {code}")
    head = bytes(data[1 : 1 + data[0]])
    dtype, shape = msgspec.msgpack.decode(head, type=tuple[str, tuple[Small, ...]])
    content = data[1 + data[0] :]
    if dtype not in _DTYPES or len(shape) > MOST_DIMENSIONS:
        raise ValueError(f"an array of {dtype} with {len(shape)} dimensions")
    count = 1
    for side in shape:
        count *= side
    if count > LARGEST_STATE_ARRAY or count * np.dtype(dtype).itemsize != len(content):
        raise ValueError(f"an array of {count} numbers in {len(content)} bytes")
    kept = np.frombuffer(content, dtype=f"<{dtype}").reshape(shape)
    return _sums(kept) if _is_picture(kept) else kept.copy()


def _is_picture(value: NDArray[Any]) -> bool:
    return value.dtype == np.uint8 and value.ndim == 3 and value.size > 0


def _axes(value: NDArray[Any]) -> list[int]:
    """The two longest: pictures lie in planes or in pixels."""
    return sorted(sorted(range(3), key=lambda axis: value.shape[axis])[1:])


def _differences(value: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each pixel less its neighbours, which packs half as large; bytes go round."""
    for axis in _axes(value):
        before = np.roll(value, 1, axis)
        before[(slice(None),) * axis + (0,)] = 0
        value = value - before
    return value


def _sums(value: NDArray[np.uint8]) -> NDArray[np.uint8]:
    for axis in reversed(_axes(value)):
        value = np.add.accumulate(value, axis=axis, dtype=np.uint8)
    return value


_encoder = msgspec.msgpack.Encoder(enc_hook=_encode_hook)
_heads = msgspec.msgpack.Decoder(Head)
_events = msgspec.msgpack.Decoder(list[AnyEvent])
_keys = msgspec.msgpack.Decoder(Key, ext_hook=_decode_hook)


def encoded(value: Head | Key | Sequence[AnyEvent]) -> bytes:
    """`value` as a block holds it."""
    return _encoder.encode(value)


def encoded_event(event: AnyEvent) -> bytes:
    """One event by itself; `joined` makes a block's content of many."""
    return _encoder.encode(event)


def joined(events: Sequence[bytes]) -> bytes:
    """The content of a block from events encoded one by one: a msgpack array of up to 2^32 of them."""
    return b"\xdd" + len(events).to_bytes(4, "big") + b"".join(events)


def decode_head(content: bytes) -> Head:
    """Raises ScoreError for anything but a head."""
    return _decoded(_heads, content, "head")


def decode_events(content: bytes) -> list[AnyEvent]:
    """Raises ScoreError for anything but a list of events."""
    return _decoded(_events, content, "frames")


def decode_key(content: bytes) -> Key:
    """Raises ScoreError for anything but a key."""
    return _decoded(_keys, content, "key")


def _decoded(decoder: msgspec.msgpack.Decoder[T], content: bytes, what: str) -> T:
    try:
        return decoder.decode(content)
    # UnicodeDecodeError is a ValueError; msgspec raises RecursionError for what is nested too deeply.
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ScoreError(f"a block of {what} that holds something else: {error}", "") from error
