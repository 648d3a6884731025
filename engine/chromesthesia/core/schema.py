"""Files by declaration: the same typed declaration reads a file's table, checks its types, and writes it as TOML.

A declaration is a `Table`: a msgspec struct. msgspec checks the types; what it finds wrong becomes a `MisfitError`,
from which each kind of file makes an error in its own words. Rules beyond types are the caller's.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, TypeVar, get_type_hints

import msgspec

from chromesthesia.core.user_files import one_line

T = TypeVar("T")

LARGEST_INT = 1 << 53
"""Whole numbers beyond this are nothing that a file counts, and may not even fit a float."""
MISSING = msgspec.UNSET
"""The value of a `MisfitError` where there is none."""
A_SMALLER_NUMBER = "a smaller number"

Whole = Annotated[int, msgspec.Meta(ge=-LARGEST_INT, le=LARGEST_INT)]
"""A whole number of a size that something may have."""
Line = Annotated[str, msgspec.Meta(extra={"line": True})]
"""Text for people: held on one line, without control characters, whatever the file says."""

_TOLD = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<path>[^`]*)`)?", re.DOTALL)
_STEP = re.compile(r"\.(\w+)|\[(\d+|\.\.\.)\]")
_GOT = re.compile(r"Expected `(\w+)(?: \| null)?`, got ")
_ABSENT = re.compile(r"Object missing required field `(\w+)`")
_LENGTH = re.compile(r"Expected `array` of length (\d+)")
_WORDS = {"float": "a number", "array": "list", "object": "dict"}
_KINDS: dict[str, tuple[type, ...]] = {"float": (int, float), "int": (int,), "str": (str,)}


class Table(msgspec.Struct, frozen=True):
    """Base of declarations; made in code or read from a file, its fields of type `Line` hold one line."""

    def __post_init__(self) -> None:
        for name in _lines(type(self)):
            msgspec.structs.force_setattr(self, name, one_line(getattr(self, name)))


class MisfitError(Exception):
    """A table that is not as declared. path: keys and indices from the root; value: what was there, or `MISSING`."""

    def __init__(self, path: Sequence[str | int], expected: str, value: object) -> None:
        super().__init__(expected)
        self.path = tuple(path)
        self.expected = expected
        self.value = value


def read_table(raw: Mapping[str, object], kind: type[T]) -> T:
    """What a parsed file says, as declared by `kind`. Raises MisfitError for the first value of another type."""
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise _misfit(str(error), raw) from error


@functools.cache  # asked again for every table of every file, and slow to find out
def keys_of(kind: type[Table]) -> tuple[str, ...]:
    """The keys that a table of this kind may have, in the order of their declaration."""
    return tuple(field.encode_name for field in msgspec.structs.fields(kind))


def toml_text(table: Table) -> str:
    """The TOML text that reads back as `table`: declared order, no keys for None, lists on one line."""
    import tomlkit  # slow to import: what only reads does without

    return tomlkit.dumps(_without_none(msgspec.to_builtins(table)))


def unknown_keys(raw: object, table: object) -> Iterator[tuple[str, list[str]]]:
    """Keys of the parsed file that `table`, read from it, does not declare: path of their table (`a.b[0].`), names."""
    yield from _unknown(raw, msgspec.to_builtins(table), "")


def _unknown(raw: object, known: object, path: str) -> Iterator[tuple[str, list[str]]]:
    if isinstance(raw, Mapping) and isinstance(known, Mapping):
        extra = sorted(set(raw) - set(known))
        if extra:
            yield path, extra
        for key in raw:
            if key in known:
                yield from _unknown(raw[key], known[key], f"{path}{key}.")
    elif isinstance(raw, list | tuple) and isinstance(known, list | tuple):
        for index, (one, other) in enumerate(zip(raw, known, strict=False)):
            yield from _unknown(one, other, f"{path.removesuffix('.')}[{index}].")


@functools.cache
def _lines(kind: type[Table]) -> tuple[str, ...]:
    """Names of the fields of type `Line`."""
    return tuple(
        name
        for name, hint in get_type_hints(kind, include_extras=True).items()
        if any(isinstance(meta, msgspec.Meta) and meta.extra for meta in getattr(hint, "__metadata__", ()))
    )


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_none(one) for key, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [_without_none(one) for one in value]
    return value


def _misfit(said: str, raw: Mapping[str, object]) -> MisfitError:
    """From msgspec's one line to what was expected where, with the value that was there."""
    told = _TOLD.fullmatch(said)
    assert told is not None
    what = told["what"]
    path: list[str | int] = []
    value: Any = raw
    for key, index in _STEP.findall(told["path"] or ""):
        step = key or (_odd_key(what, value) if index == "..." else int(index))
        path.append(step)
        value = value[step]
    if absent := _ABSENT.match(what):
        return MisfitError([*path, absent[1]], "", MISSING)
    if length := _LENGTH.match(what):
        return MisfitError(path, "two numbers" if length[1] == "2" else f"{length[1]} numbers", value)
    got = _GOT.match(what)
    within = len(path) > 0 and isinstance(path[-1], int)
    if within:
        path.pop()
        value = functools.reduce(lambda table, step: table[step], path, raw)  # type: ignore[index, arg-type, return-value]
    if got is None:
        # All that is left of msgspec's constraints is a number out of range.
        return MisfitError(path, "smaller numbers" if within else A_SMALLER_NUMBER, value)
    word = _WORDS.get(got[1], got[1])
    return MisfitError(path, f"a list of {word.removeprefix('a ')}" if within else word, value)


def _odd_key(what: str, table: Mapping[str, object]) -> str:
    """Which key of a table of like values msgspec means: it does not say."""
    got = _GOT.match(what)
    if got is None:
        return next(
            key for key, value in table.items() if isinstance(value, int) and abs(value) > LARGEST_INT
        )
    kinds = _KINDS[got[1]]
    return next(
        key for key, value in table.items() if not isinstance(value, kinds) or isinstance(value, bool)
    )
