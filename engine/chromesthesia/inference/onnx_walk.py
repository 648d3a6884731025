"""What a model file may hold: looked at before ONNX Runtime opens it, without the onnx package.

Refused are weights in other files (ONNX Runtime would read any path that the model names), graphs inside of nodes
(loops, which may never end), functions of the model's own (nested, they unfold without bound), and nodes that load a
file of a driver. A protobuf message is walked field by field; nothing is copied.
"""

from __future__ import annotations

from chromesthesia.core.errors import PackError
from chromesthesia.packs.manifest import REMEDY

MOST_FIELDS = 100_000
"""Fields that are looked at in one model; the default pack's have some thousands."""
FORBIDDEN_OPERATORS = frozenset({b"EPContext"})

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WALKED = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "inner", 10: "tensor", 11: "inner", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "external"},
}
"""Fields of each message of onnx.proto3 that hold a message worth walking, by number."""
_REFUSED = {
    "function": "a function of its own",
    "inner": "a graph inside of a node (a loop or a branch)",
    "external": "weights in another file",
}
_OPERATOR, _DATA_LOCATION = 4, 14


def check_model(content: bytes, name: str) -> None:
    """Raise PackError unless `content` is a plain ONNX model, complete in itself."""
    if content[4:8] == b"ORTM":
        raise _not_allowed(name, "ONNX Runtime's own format")
    left = MOST_FIELDS
    waiting = [("model", 0, len(content))]
    while waiting:
        kind, at, end = waiting.pop()
        inside = _WALKED[kind]
        while at < end:
            left -= 1
            if left < 0:
                raise _not_allowed(name, f"more than {MOST_FIELDS} fields")
            key, at = _varint(content, at, end, name)
            number, wire = key >> 3, key & 7
            if wire == _VARINT:
                value, at = _varint(content, at, end, name)
                if kind == "tensor" and number == _DATA_LOCATION and value:
                    raise _not_allowed(name, _REFUSED["external"])
                continue
            if wire == _BYTES:
                size, at = _varint(content, at, end, name)
            elif wire in (_FIXED64, _FIXED32):
                size = 8 if wire == _FIXED64 else 4
            else:
                raise _damaged(name, at)
            begin, at = at, at + size
            if at > end:
                raise _damaged(name, begin)
            if wire != _BYTES:
                continue
            found = inside.get(number)
            if found in _REFUSED:
                raise _not_allowed(name, _REFUSED[found])
            if found is not None:
                waiting.append((found, begin, at))
            elif kind == "node" and number == _OPERATOR and content[begin:at] in FORBIDDEN_OPERATORS:
                raise _not_allowed(name, f"the operator {content[begin:at].decode()}")


def _varint(content: bytes, at: int, end: int, name: str) -> tuple[int, int]:
    """The number at `at` and where it ends."""
    value = shift = 0
    while at < end and shift < 70:
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise _damaged(name, at)


def _not_allowed(name: str, what: str) -> PackError:
    return PackError(f"{name}: expected a plain ONNX model, got one with {what}", REMEDY)


def _damaged(name: str, at: int) -> PackError:
    return PackError(f"{name} cannot be loaded by ONNX Runtime: no ONNX model from byte {at} on", REMEDY)
