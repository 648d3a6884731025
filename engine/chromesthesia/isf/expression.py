"""Sums such as `floor($WIDTH/4.0)`, by which an ISF pass says how large it is."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from chromesthesia.core.user_files import shown

LENGTH_LIMIT = 256
"""Longest sum, in characters."""
DEPTH_LIMIT = 32
"""Most brackets and functions within each other."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|\$(?P<name>\w+)|(?P<word>[A-Za-z]\w*)|(?P<sign>\*\*|[-+*/%(),]))"
)
_CONSTANTS = {"pi": math.pi, "tau": math.tau, "e": math.e}
_FUNCTIONS: Mapping[str, tuple[Callable[..., float], tuple[int, ...]]] = {
    "floor": (math.floor, (1,)),
    "ceil": (math.ceil, (1,)),
    "round": (lambda x: math.floor(x + 0.5), (1,)),
    "trunc": (math.trunc, (1,)),
    "abs": (abs, (1,)),
    "sqrt": (math.sqrt, (1,)),
    "exp": (math.exp, (1,)),
    "ln": (math.log, (1,)),
    "log": (math.log10, (1,)),
    "log2": (math.log2, (1,)),
    "sin": (math.sin, (1,)),
    "cos": (math.cos, (1,)),
    "tan": (math.tan, (1,)),
    "pow": (math.pow, (2,)),
    "mod": (math.fmod, (2,)),
    "min": (min, (1, 2, 3, 4)),
    "max": (max, (1, 2, 3, 4)),
}
_SIGNS: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": math.fmod,
}
_Sum = Callable[[Mapping[str, float]], float]


@dataclass(frozen=True, slots=True)
class Expression:
    """A sum that was checked. Two of the same text are equal. names: the variables in it."""

    text: str
    names: frozenset[str] = field(compare=False)
    _value: _Sum = field(compare=False, repr=False)

    def value(self, variables: Mapping[str, float]) -> float | None:
        """What it comes to; None where it has no finite value, as a division by 0 has not."""
        try:
            value = float(self._value(variables))
        except (ArithmeticError, ValueError):
            return None
        return value if math.isfinite(value) else None


def parse_expression(text: str, known: Collection[str]) -> Expression:
    """Read a sum of numbers, `$NAME` of `known`, + - * / % **, brackets and the usual functions.

    Raises ValueError saying what is wrong with it; nothing is ever executed but arithmetic.
    """
    if len(text) > LENGTH_LIMIT:
        raise ValueError(f"a sum of {len(text)} characters; write at most {LENGTH_LIMIT}")
    reader = _Reader(text, known)
    value = reader.sum(0)
    if reader.left:
        raise ValueError(f"{shown(text)}: {shown(reader.left)} is one too many")
    return Expression(text.strip(), frozenset(reader.names), value)


class _Reader:
    """Goes through the text once; every method reads one level of precedence."""

    def __init__(self, text: str, known: Collection[str]) -> None:
        self._text = text
        self._known = known
        self._tokens = _tokens(text)
        self._at = 0
        self.names: set[str] = set()

    @property
    def left(self) -> str:
        """The next token, empty at the end."""
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def sum(self, depth: int) -> _Sum:
        return self._row(depth, ("+", "-"), self._product)

    def _product(self, depth: int) -> _Sum:
        return self._row(depth, ("*", "/", "%"), self._signed)

    def _row(self, depth: int, signs: tuple[str, ...], part: Callable[[int], _Sum]) -> _Sum:
        first = part(depth)
        more: list[tuple[Callable[[float, float], float], _Sum]] = []
        while self.left in signs:
            sign = self._take()
            more.append((_SIGNS[sign], part(depth)))
        if not more:
            return first

        def value(variables: Mapping[str, float]) -> float:
            result = first(variables)
            for apply, other in more:
                result = apply(result, other(variables))
            return result

        return value

    def _signed(self, depth: int) -> _Sum:
        if self.left in ("+", "-"):
            self._deeper(depth)
            minus = self._take() == "-"
            inner = self._signed(depth + 1)
            return (lambda variables: -inner(variables)) if minus else inner
        return self._power(depth)

    def _power(self, depth: int) -> _Sum:
        base = self._one(depth)
        if self.left != "**":
            return base
        self._deeper(depth)
        self._take()
        exponent = self._signed(depth + 1)
        return lambda variables: math.pow(base(variables), exponent(variables))

    def _one(self, depth: int) -> _Sum:
        self._deeper(depth)
        if self._at >= len(self._tokens):
            raise ValueError(f"{shown(self._text)} ends too early")
        kind, token = self._tokens[self._at]
        self._at += 1
        if kind == "number":
            number = float(token)
            return lambda variables: number
        if kind == "name":
            if token not in self._known:
                raise ValueError(
                    f"{shown(self._text)}: no ${token}; there are {', '.join(sorted(self._known))}"
                )
            self.names.add(token)
            return lambda variables: variables[token]
        if kind == "word":
            return self._called(token, depth)
        if token == "(":
            inner = self.sum(depth + 1)
            self._expect(")")
            return inner
        raise ValueError(f"{shown(self._text)}: {token} stands where a number should")

    def _called(self, word: str, depth: int) -> _Sum:
        name = word.casefold()
        if name in _CONSTANTS:
            constant = _CONSTANTS[name]
            if self.left == "(":  # some write pi()
                self._take()
                self._expect(")")
            return lambda variables: constant
        if name not in _FUNCTIONS:
            raise ValueError(f"{shown(self._text)}: no function {word}; known: {', '.join(_FUNCTIONS)}")
        apply, counts = _FUNCTIONS[name]
        self._expect("(")
        given = [self.sum(depth + 1)]
        while self.left == ",":
            self._take()
            given.append(self.sum(depth + 1))
        self._expect(")")
        if len(given) not in counts:
            raise ValueError(f"{shown(self._text)}: {word} of {len(given)} numbers")
        if len(given) == 1 and name in ("min", "max"):
            return given[0]
        return lambda variables: apply(*(each(variables) for each in given))

    def _take(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _expect(self, sign: str) -> None:
        if self.left != sign:
            raise ValueError(f"{shown(self._text)}: {sign} is missing")
        self._at += 1

    def _deeper(self, depth: int) -> None:
        if depth > DEPTH_LIMIT:
            raise ValueError(f"{shown(self._text)} is nested too deep")


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        token = _TOKEN.match(text, at)
        if token is None or token.lastgroup is None:
            raise ValueError(f"{shown(text)}: {shown(text[at : at + 10])} is no part of a sum")
        found.append((token.lastgroup, token[token.lastgroup]))
        at = token.end()
    return found
