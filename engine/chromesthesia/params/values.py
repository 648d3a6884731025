"""From what somebody sent to what a parameter takes: one set of rules for OSC, presets and keys."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Sequence
from numbers import Integral, Real

from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.core.user_files import shown
from chromesthesia.params.declaration import Choice, Clip, Number, Param, Switch, Value, Whole

INT32_MAX = 2**31 - 1
"""OSC integers are 32 bits wide; a parameter never holds more than can be sent."""
TEXT_LIMIT = 256
"""Longest string a parameter takes, in characters."""


_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?")

_KINDS: dict[type[Param], type] = {Number: float, Whole: int, Switch: bool, Choice: str}


class ParameterError(ChromesthesiaError):
    """A value that a parameter does not take, or a parameter that cannot be written."""

    exit_code = 2


class UnknownParameterError(ParameterError):
    """A path that no parameter has."""


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean X?` for the closest of `known`, or an empty string when nothing is close."""
    candidates = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold()[:TEXT_LIMIT], candidates, n=1, cutoff=0.5)
    return f"did you mean {candidates[close[0]]}?" if close else ""


def describe_range(param: Param) -> str:
    """The allowed values in words: `0..1 s`, `one of none, mirror`, `true or false`; empty when free."""
    if param.choices:
        return "one of " + ", ".join(param.choices)
    if isinstance(param.default, bool):
        return "true or false"
    if param.low is None and param.high is None:
        return ""
    low = "" if param.low is None else f"{param.low:g}"
    high = "" if param.high is None else f"{param.high:g}"
    return f"{low}..{high}" + (f" {param.unit}" if param.unit else "")


def number_in(text: str) -> float | None:
    """The number that `text` writes in decimal digits, e.g. `-0.5` or `2e3`; None when it is anything else."""
    plain = text.strip()
    return float(plain) if _NUMBER.fullmatch(plain) else None


def clip(param: Param, number: float) -> float:
    """Bring `number` into the range of `param` as its clip mode says."""
    if param.low is not None and param.clip in (Clip.BOTH, Clip.LOW):
        number = max(number, param.low)
    if param.high is not None and param.clip in (Clip.BOTH, Clip.HIGH):
        number = min(number, param.high)
    return number


def in_range(param: Param, value: Value) -> bool:
    """True when `value` needs no clipping; strings and booleans always are in range."""
    if not param.is_number or isinstance(value, str):
        return True
    return (param.low is None or value >= param.low) and (param.high is None or value <= param.high)


def coerce(param: Param, raw: object) -> Value:
    """The value that `param` takes when `raw` is written to it.

    Int, float and bool stand in for each other: an int parameter rounds, a bool is true from 0.5 away from
    zero on, a choice is set by name or by index. A number may also come as text. Numbers are clipped by the clip mode.
    Raises ParameterError for not-a-number and infinity, for text that is no number where one is expected, for unknown
    choices and for anything else (blobs, nil).
    """
    if isinstance(raw, str):
        return _from_text(param, raw, numbers=True)
    if isinstance(raw, Real):
        number = _finite(param, raw)
        if param.choices:
            return param.choices[min(max(round(number), 0), len(param.choices) - 1)]
        if isinstance(param.default, bool):
            return abs(number) >= 0.5
        if isinstance(param.default, int):
            return min(max(round(clip(param, number)), -INT32_MAX - 1), INT32_MAX)
        if isinstance(param.default, float):
            return float(clip(param, number))
    raise _refused(param, raw)


def moved(param: Param, value: Value, raw: object) -> Value:
    """The value that lies `raw` beside `value`: a number is clipped, a choice goes round. Raises ParameterError."""
    amount = _amount(param, raw)
    if param.choices and isinstance(value, str):
        return param.choices[(param.choices.index(value) + round(amount)) % len(param.choices)]
    if not param.is_number or isinstance(value, str):
        raise ParameterError(f"{param.path} is no number to be moved", f"use {describe_range(param)}")
    return coerce(param, value + amount)


def _amount(param: Param, raw: object) -> float:
    number = number_in(raw) if isinstance(raw, str) else raw
    if not isinstance(number, Real):
        raise ParameterError(f"{param.path} cannot be moved by {shown(raw)}", "use a number")
    return _finite(param, number)


def coerce_exact(param: Param, raw: object) -> Value:
    """Like `coerce`, for values that a person wrote into a file: the type and range must be right, nothing is
    clipped.

    An int is taken where a float is expected, nothing else stands in. Raises ParameterError.
    """
    fits = {
        "float": isinstance(raw, Real) and not isinstance(raw, bool),
        "int": isinstance(raw, Integral) and not isinstance(raw, bool),
        "bool": isinstance(raw, bool),
    }.get(param.type_name, isinstance(raw, str))
    if not fits:
        raise _refused(param, raw)
    if param.is_number and isinstance(raw, Real) and not in_range(param, _finite(param, raw)):
        raise ParameterError(f"{param.path} = {shown(raw)} is out of range", f"use {describe_range(param)}")
    return _from_text(param, raw, numbers=False) if isinstance(raw, str) else coerce(param, raw)


def check_declarations(params: Sequence[Param]) -> None:
    """Hold that declarations make sense together; raises ValueError naming the path."""
    seen: set[str] = set()
    for param in params:
        if param.path in seen:
            raise ValueError(f"{param.path} is declared twice")
        seen.add(param.path)
        if not param.path.startswith("/") or set(param.path) & set(" #*,?[]{}") or param.path.endswith("/"):
            raise ValueError(f"{param.path!r} is not an OSC address")
        kind = next((kind for kind in _KINDS if isinstance(param, kind)), None)
        if kind is not None and type(param.default) is not _KINDS[kind]:
            raise ValueError(f"{param.path}: a {kind.__name__} cannot be {param.default!r}")
        if param.choices and param.default not in param.choices:
            raise ValueError(f"{param.path}: default {param.default!r} is not one of its choices")
        if param.low is not None and param.high is not None and param.low >= param.high:
            raise ValueError(f"{param.path}: range {param.low}..{param.high} is empty")
        if not in_range(param, param.default):
            raise ValueError(f"{param.path}: default {param.default!r} is outside {describe_range(param)}")
        if param.routable and (not param.is_float or param.low is None or param.high is None):
            raise ValueError(f"{param.path}: only a float with a range can be routed")
        if param.smoothing_s and not param.is_float:
            raise ValueError(f"{param.path}: only a float can be smoothed")
    for path in seen:
        for cut in (i for i, letter in enumerate(path) if letter == "/" and i > 0):
            if path[:cut] in seen:
                raise ValueError(f"{path[:cut]} is both a parameter and the container of {path}")


def _from_text(param: Param, text: str, numbers: bool) -> Value:
    number = number_in(text) if numbers else None
    if param.choices:
        for choice in param.choices:
            if choice.casefold() == text.casefold():
                return choice
        if number is not None:
            return coerce(param, number)
        hint = nearest(text, param.choices)
        raise ParameterError(
            f"{param.path} = {shown(text)} is not a choice", f"{hint} use {describe_range(param)}".strip()
        )
    if isinstance(param.default, str):
        return text[:TEXT_LIMIT]
    if number is not None:
        return coerce(param, number)
    raise _refused(param, text)


def _finite(param: Param, raw: Real) -> float:
    try:
        number = float(raw)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ParameterError(
            f"{param.path} = {number} is not a finite number", f"use {describe_range(param)}"
        )
    return number


def _refused(param: Param, raw: object) -> ParameterError:
    accepted = describe_range(param)
    return ParameterError(
        f"{param.path}: expected {param.type_name}, got {shown(raw)}", f"use {accepted}" if accepted else ""
    )
