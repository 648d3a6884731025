"""OSC address patterns: `?`, `*`, `[a-z]`, `[!a]`, `{one,two}`, and `//` for any depth.

Matching walks a set of positions, so its time is bounded by the pattern's length times the address's: no pattern from
the network can make it explode, as it could a regular expression.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

SPECIAL = frozenset("?*[]{}")
LENGTH_LIMIT = 256
"""Longest pattern that is matched, in characters."""


@dataclass(frozen=True, slots=True)
class _Star:
    """Any run of letters within a part."""


@dataclass(frozen=True, slots=True)
class _Depth:
    """`//`: one slash, or any run of parts between two."""


@dataclass(frozen=True, slots=True)
class _One:
    """One letter out of a set, or out of all but a slash."""

    accepts: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class _Words:
    """One of some words; a literal letter is a choice of one."""

    words: tuple[str, ...]


_Token = _Star | _Depth | _One | _Words


def is_pattern(address: str) -> bool:
    """True when `address` holds a wildcard."""
    return "//" in address or not SPECIAL.isdisjoint(address)


def matching(pattern: str, addresses: Iterable[str]) -> tuple[str, ...]:
    """The addresses that `pattern` matches, in their order; none when the pattern is malformed or too long."""
    tokens = _tokens(pattern) if len(pattern) <= LENGTH_LIMIT else None
    return () if tokens is None else tuple(address for address in addresses if _matches(tokens, address))


def _tokens(pattern: str) -> tuple[_Token, ...] | None:
    tokens: list[_Token] = []
    position = 0
    while position < len(pattern):
        letter = pattern[position]
        if letter in "[{":
            close = pattern.find("]" if letter == "[" else "}", position)
            if close < 0:
                return None
            inside = pattern[position + 1 : close]
            tokens.append(_One(_letter_set(inside)) if letter == "[" else _Words(tuple(inside.split(","))))
            position = close
        elif letter in "]}":
            return None
        elif pattern.startswith("//", position):
            tokens.append(_Depth())
            position += 1
        elif letter == "*":
            tokens.append(_Star())
        elif letter == "?":
            tokens.append(_One(lambda seen: seen != "/"))
        else:
            tokens.append(_Words((letter,)))
        position += 1
    return tuple(tokens)


def _letter_set(inside: str) -> Callable[[str], bool]:
    negated = inside.startswith("!")
    letters = inside[1:] if negated else inside
    single: set[str] = set()
    ranges: list[tuple[str, str]] = []
    position = 0
    while position < len(letters):
        if letters[position + 1 : position + 2] == "-" and position + 2 < len(letters):
            ranges.append((letters[position], letters[position + 2]))
            position += 3
        else:
            single.add(letters[position])
            position += 1

    def accepts(seen: str) -> bool:
        inside_set = seen in single or any(low <= seen <= high for low, high in ranges)
        return seen != "/" and inside_set != negated

    return accepts


def _matches(tokens: tuple[_Token, ...], address: str) -> bool:
    positions = {0}
    for token in tokens:
        positions = {after for position in positions for after in _advance(token, address, position)}
        if not positions:
            return False
    return len(address) in positions


def _advance(token: _Token, address: str, position: int) -> Iterable[int]:
    match token:
        case _Words(words):
            return (position + len(word) for word in words if address.startswith(word, position))
        case _One(accepts):
            return (position + 1,) if position < len(address) and accepts(address[position]) else ()
        case _Star():
            slash = address.find("/", position)
            return range(position, (slash if slash >= 0 else len(address)) + 1)
        case _Depth():
            if not address.startswith("/", position):
                return ()
            return (i + 1 for i in range(position, len(address)) if address[i] == "/")
