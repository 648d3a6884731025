"""The JSON header of an ISF file: inputs, passes, imported pictures. Every error names the line."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chromesthesia.core.errors import RenderError
from chromesthesia.core.user_files import one_line, shown
from chromesthesia.isf.expression import Expression, parse_expression

INPUT_LIMIT, PASS_LIMIT, IMPORT_LIMIT = 64, 32, 8
TEXT_LIMIT = 240
NAME_LIMIT = 64
CHOICE_LIMIT = 256
LARGEST_AUDIO = 16_384
"""Most samples that `MAX` of a sound input may ask for."""
KINDS = ("event", "bool", "long", "float", "point2D", "color", "image", "audio", "audioFFT")
IMAGE, AUDIO, FFT = "image", "audio", "audioFFT"
INPUT_IMAGE = "inputImage"
TRANSITION = ("startImage", "endImage")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ALIKE = {"int": "long", "point2d": "point2D", "audiofft": "audioFFT", "Float": "float", "Bool": "bool"}
"""What some files write for a type."""
_TAKEN = frozenset(
    ("TIME", "TIMEDELTA", "DATE", "FRAMEINDEX", "PASSINDEX", "RENDERSIZE", "main", "isf_FragNormCoord")
)
_CHANNELS = {"point2D": 2, "color": 4}
Numbers = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class IsfInput:
    """One input. kind: one of `KINDS`. default, low, high: a number for each channel, none for pictures and sound;
    values, labels: what a `long` chooses from; samples: columns that a sound input asks for, None for all."""

    name: str
    kind: str
    label: str = ""
    default: Numbers = ()
    low: Numbers = ()
    high: Numbers = ()
    values: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    samples: int | None = None

    @property
    def is_texture(self) -> bool:
        """True for pictures and sound."""
        return self.kind in (IMAGE, AUDIO, FFT)


@dataclass(frozen=True, slots=True)
class IsfPass:
    """One pass. target: the buffer it draws into, None for the result; width, height: sums, None for the whole size."""

    target: str | None = None
    persistent: bool = False
    floats: bool = False
    width: Expression | None = None
    height: Expression | None = None


@dataclass(frozen=True, slots=True)
class IsfHeader:
    """What a header says. imported: paths by name, as written."""

    inputs: tuple[IsfInput, ...] = ()
    passes: tuple[IsfPass, ...] = (IsfPass(),)
    imported: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    credit: str = ""
    categories: tuple[str, ...] = ()
    version: str = "1"

    @property
    def is_filter(self) -> bool:
        """True where it works on a picture: it has `inputImage`, or is a transition between two."""
        images = {one.name for one in self.inputs if one.kind == IMAGE}
        return INPUT_IMAGE in images or images.issuperset(TRANSITION)


class HeaderError(RenderError):
    """An ISF file whose header cannot be used."""


def read_header(text: str, where: str) -> tuple[IsfHeader, int]:
    """The header of the file `where`, and how many characters of `text` it takes. Raises HeaderError."""
    begin = text.find("/*")
    end = text.find("*/", begin + 2)
    if begin < 0 or end < 0 or "{" not in text[begin:end]:
        raise HeaderError(
            f"{where}:1: no JSON header", "an ISF file begins with /*{ ... }*/; see docs/isf.md"
        )
    blob = text[begin + 2 : end]
    offset = text.count("\n", 0, begin)
    try:
        raw = json.loads(_without_loose_commas(blob), strict=False)
    except json.JSONDecodeError as error:
        raise HeaderError(
            f"{where}:{offset + error.lineno}: the header is no JSON: {error.msg}", "correct the file"
        ) from error
    except (ValueError, RecursionError) as error:
        raise HeaderError(
            f"{where}:{offset + 1}: the header is no JSON: {one_line(error, 80)}", "correct the file"
        ) from error
    return _Header(raw, _Place(where, blob, offset)).read(), end + 2


_LOOSE_COMMA = re.compile(r'"(?:[^"\\\n]|\\.)*+"|,(?=\s*[\]}])')


def _without_loose_commas(blob: str) -> str:
    """A comma behind the last of a list is what half of the world's editors leave; its place stays a blank."""
    return _LOOSE_COMMA.sub(lambda found: " " if found[0] == "," else found[0], blob)


@dataclass(frozen=True, slots=True)
class _Place:
    """Makes errors. blob: the header's text, whose first line is `offset` + 1 of the file `where`."""

    where: str
    blob: str
    offset: int

    def error(self, said: str, remedy: str, near: object = None) -> HeaderError:
        """near: a value in the file; the error is told at the first line that has it."""
        at = self.blob.find(f'"{near}"') if isinstance(near, str) else -1
        line = self.offset + 1 + (self.blob.count("\n", 0, at) if at >= 0 else 0)
        return HeaderError(f"{self.where}:{line}: {said}", remedy)


class _Header:
    def __init__(self, raw: object, place: _Place) -> None:
        if not isinstance(raw, dict):
            raise place.error(f"the header is {shown(raw)}", "write one object in { }")
        self._raw = raw
        self._place = place
        self._names: set[str] = set()

    def read(self) -> IsfHeader:
        raw = self._raw
        inputs = tuple(self._input(one) for one in self._list("INPUTS", INPUT_LIMIT))
        imported = dict(self._imported())
        named = {one.name for one in inputs if not one.is_texture}
        sizes = {f"{side}_{one.name}" for one in inputs if one.is_texture for side in ("WIDTH", "HEIGHT")}
        known = {"WIDTH", "HEIGHT", *named, *sizes}
        kept = self._persistent_buffers()
        passes = tuple(self._pass(one, known, kept) for one in self._list("PASSES", PASS_LIMIT))
        return IsfHeader(
            inputs=inputs,
            passes=passes or (IsfPass(),),
            imported=imported,
            description=_text(raw.get("DESCRIPTION")),
            credit=_text(raw.get("CREDIT")),
            categories=tuple(_text(one) for one in self._list("CATEGORIES", 64) if isinstance(one, str)),
            version=_text(raw.get("ISFVSN")) or "1",
        )

    def _list(self, key: str, most: int) -> Sequence[Any]:
        found = self._raw.get(key)
        if found is None:
            return ()
        if isinstance(found, str) and key == "CATEGORIES":
            found = [found]
        if not isinstance(found, list):
            raise self._place.error(f"{key} is {shown(found)}", "write a list in [ ]", key)
        if len(found) > most:
            raise self._place.error(f"{key} has {len(found)} entries", f"use at most {most}", key)
        return found

    def _name(self, raw: object, what: str) -> str:
        if not isinstance(raw, str) or not _NAME.fullmatch(raw) or len(raw) > NAME_LIMIT:
            raise self._place.error(
                f"{what} is named {shown(raw)}", "use letters, digits and _, a letter first", raw
            )
        if raw in self._names or raw in _TAKEN or raw.startswith(("gl_", "isf_", "IMG_")):
            raise self._place.error(f"{what} is named {raw}, which is taken", "give it another name", raw)
        return raw

    def _input(self, raw: object) -> IsfInput:
        if not isinstance(raw, dict):
            raise self._place.error(f"an input is {shown(raw)}", "write it as { }", "INPUTS")
        name = self._name(raw.get("NAME"), "an input")
        self._names.add(name)
        told = raw.get("TYPE")
        kind = _ALIKE.get(told, told) if isinstance(told, str) else None
        if kind not in KINDS:
            raise self._place.error(
                f"input {name} is of TYPE {shown(told)}", f"use one of {', '.join(KINDS)}", name
            )
        label = _text(raw.get("LABEL"))
        if kind in (AUDIO, FFT):
            asked = _number(raw.get("MAX"))
            samples = None if asked is None else int(min(max(asked, 1.0), LARGEST_AUDIO))
            return IsfInput(name, kind, label, samples=samples)
        if kind == "long":
            return self._choice(name, label, raw)
        if kind in (IMAGE, "event"):
            return IsfInput(name, kind, label)
        if kind == "bool":
            return IsfInput(name, kind, label, default=(1.0 if _number(raw.get("DEFAULT")) else 0.0,))
        channels = _CHANNELS.get(kind, 1)
        low = _numbers(raw.get("MIN"), channels)
        high = _numbers(raw.get("MAX"), channels)
        default = _numbers(raw.get("DEFAULT"), channels)
        if kind == "color":
            white = (1.0,) * 4
            return IsfInput(name, kind, label, _held(default or white, (0.0,) * 4, white), (0.0,) * 4, white)
        default = default or low or (0.0,) * channels
        low = low or tuple(min(0.0, each) for each in default)
        high = high or tuple(
            max(1.0, 2.0 * each, least + 1.0) for each, least in zip(default, low, strict=True)
        )
        low, high = _ordered(low, high)
        return IsfInput(name, kind, label, _held(default, low, high), low, high)

    def _choice(self, name: str, label: str, raw: Mapping[str, Any]) -> IsfInput:
        listed, labels = raw.get("VALUES"), raw.get("LABELS")
        values = tuple(
            round(each)
            for each in map(_number, listed if isinstance(listed, list) else ())
            if each is not None
        )
        names = tuple(_text(each) for each in labels) if isinstance(labels, list) else ()
        if max(len(values), len(names)) > CHOICE_LIMIT:
            raise self._place.error(
                f"input {name} has {max(len(values), len(names))} choices",
                f"use at most {CHOICE_LIMIT}",
                name,
            )
        values = values or tuple(range(len(names)))
        default = round(_number(raw.get("DEFAULT")) or 0.0)
        if values:
            names = tuple(names[: len(values)]) + tuple(str(each) for each in values[len(names) :])
            default = default if default in values else values[0]
            return IsfInput(name, "long", label, (float(default),), values=values, labels=names)
        low = round(_number(raw.get("MIN")) or min(0, default))
        most = _number(raw.get("MAX"))
        high = max(low + 1, default, low + 10) if most is None else max(low + 1, round(most))
        default = min(max(default, low), high)
        return IsfInput(name, "long", label, (float(default),), (float(low),), (float(high),))

    def _imported(self) -> Iterable[tuple[str, str]]:
        found = self._raw.get("IMPORTED") or {}
        if isinstance(found, list):  # version 1 wrote a list
            found = {one.get("NAME"): one for one in found if isinstance(one, dict)}
        if not isinstance(found, dict) or len(found) > IMPORT_LIMIT:
            raise self._place.error(
                f"IMPORTED is {shown(found)}", f"write at most {IMPORT_LIMIT} pictures in {{ }}", "IMPORTED"
            )
        for raw, told in found.items():
            name = self._name(raw, "an imported picture")
            self._names.add(name)
            path = told.get("PATH") if isinstance(told, dict) else None
            if (
                not isinstance(path, str)
                or not path
                or (isinstance(told, dict) and told.get("TYPE") == "cube")
            ):
                raise self._place.error(
                    f"imported picture {name} is {shown(told)}", 'write { "PATH": "picture.png" }', name
                )
            yield name, path

    def _persistent_buffers(self) -> Mapping[str, Mapping[str, Any]]:
        """Version 1 listed the buffers that are kept by themselves."""
        found = self._raw.get("PERSISTENT_BUFFERS") or {}
        if isinstance(found, list):
            return {name: {} for name in found if isinstance(name, str)}
        if not isinstance(found, dict):
            raise self._place.error(f"PERSISTENT_BUFFERS is {shown(found)}", "write a list of names")
        return {name: told if isinstance(told, dict) else {} for name, told in found.items()}

    def _pass(self, raw: object, known: set[str], kept: Mapping[str, Mapping[str, Any]]) -> IsfPass:
        if not isinstance(raw, dict):
            raise self._place.error(f"a pass is {shown(raw)}", "write it as { }", "PASSES")
        named = raw.get("TARGET")
        if named is None or named == "":
            return IsfPass()
        target = self._name(named, "the target of a pass")
        told = {**kept.get(target, {}), **raw}
        return IsfPass(
            target,
            persistent=target in kept or _is_on(raw.get("PERSISTENT")),
            floats=_is_on(told.get("FLOAT")),
            width=self._sum(told.get("WIDTH"), known, target),
            height=self._sum(told.get("HEIGHT"), known, target),
        )

    def _sum(self, raw: object, known: set[str], target: str) -> Expression | None:
        if raw is None or raw == "":
            return None
        text = raw if isinstance(raw, str) else str(raw) if isinstance(raw, int | float) else None
        if text is None:
            raise self._place.error(f"the size of {target} is {shown(raw)}", "write a sum in quotes", target)
        try:
            return parse_expression(text, known)
        except ValueError as error:
            near = text if f'"{text}"' in self._place.blob else target
            raise self._place.error(f"the size of {target}: {error}", "correct the sum", near) from error


def _text(raw: object) -> str:
    return one_line(raw, TEXT_LIMIT) if isinstance(raw, str | int | float) else ""


def _is_on(raw: object) -> bool:
    return bool(_number(raw)) if not isinstance(raw, str) else raw.strip().casefold() in ("true", "yes", "1")


def _number(raw: object) -> float | None:
    """A finite number, however it is written; None for anything else."""
    if isinstance(raw, str):
        word = raw.strip().casefold()
        raw = {"true": 1.0, "false": 0.0}.get(word, word)
    try:
        number = float(raw)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) < 1e9 else None


def _numbers(raw: object, channels: int) -> Numbers:
    """A number for each channel; none when it is not said, or said otherwise. The last of four may be left out."""
    listed = raw if isinstance(raw, list) else [raw]
    numbers = tuple(each for each in map(_number, listed) if each is not None)
    if channels == 4 and len(numbers) == 3:
        return (*numbers, 1.0)
    return numbers[:channels] if len(numbers) >= channels else ()


def _ordered(low: Numbers, high: Numbers) -> tuple[Numbers, Numbers]:
    pairs = [
        (least, most) if least < most else (most, least) if most < least else (least, least + 1.0)
        for least, most in zip(low, high, strict=True)
    ]
    return tuple(each[0] for each in pairs), tuple(each[1] for each in pairs)


def _held(numbers: Numbers, low: Numbers, high: Numbers) -> Numbers:
    return tuple(min(max(n, least), most) for n, least, most in zip(numbers, low, high, strict=True))
