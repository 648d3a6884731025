"""OSC address patterns: `?`, `*`, `[a-z]`, `[!a]`, `{one,two}`, and `//` for any depth.

Matching walks a set of positions, so its time is bounded by the pattern's length times the address's: no pattern from
the network can make it explode, as it could a regular expression. What it costs is counted in steps, and a `StepBudget`
says when it is enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from chromesthesia.core.errors import NetworkError

SPECIAL = frozenset("?*[]{}")
LENGTH_LIMIT = 128
"""Longest pattern that is matched, in characters."""
STEPS_A_PACKET = 30_000
"""Most steps that the patterns of one packet may take together: some milliseconds."""
STEPS_A_TOKEN = 4
"""What one token costs beside its positions."""
STEPS_A_SECOND = 100_000
"""How many steps come back in a second: whatever arrives, patterns take a small part of one core."""


class PatternCostError(NetworkError):
    """Patterns that would take more steps than there are left."""


class StepBudget:
    """Steps left for matching: at most STEPS_A_PACKET at a time, refilled by STEPS_A_SECOND. One thread."""

    def __init__(self) -> None:
        self._left = float(STEPS_A_PACKET)
        self._filled_s = float("-inf")

    def refill(self, now_s: float) -> None:
        """Add what the time since the last call is worth; `now_s` is monotonic."""
        gained = max(0.0, now_s - self._filled_s) * STEPS_A_SECOND
        self._left = min(float(STEPS_A_PACKET), self._left + gained)
        self._filled_s = now_s

    def spend(self, steps: int) -> None:
        """Take `steps`; raises PatternCostError, and takes none, when there are not so many left."""
        if steps > self._left:
            raise PatternCostError(
                f"address patterns took more than {STEPS_A_PACKET} steps", "send fewer or simpler patterns"
            )
        self._left -= steps


@dataclass(frozen=True, slots=True)
class _Star:
    """Any run of letters within a part."""


@dataclass(frozen=True, slots=True)
class _Depth:
    """`//`: one slash, or any run of parts between two."""


@dataclass(frozen=True, slots=True)
class _One:
    """One letter out of a set, or out of all but a slash; steps: what a look into the set costs."""

    accepts: Callable[[str], bool]
    steps: int


@dataclass(frozen=True, slots=True)
class _Words:
    """One of some words; literal text is a choice of one."""

    words: tuple[str, ...]


_Token = _Star | _Depth | _One | _Words


def is_pattern(address: str) -> bool:
    """True when `address` holds a wildcard."""
    return "//" in address or not SPECIAL.isdisjoint(address)


def matching(pattern: str, addresses: Iterable[str], budget: StepBudget | None = None) -> tuple[str, ...]:
    """The addresses that `pattern` matches, in their order; none when the pattern is malformed or too long.

    Every step is taken from `budget`; raises PatternCostError when it is spent.
    """
    if len(pattern) > LENGTH_LIMIT:
        return ()
    budget = budget or StepBudget()
    budget.spend(len(pattern))  # before it is even read: a refused pattern costs next to nothing
    tokens = _tokens(pattern)
    if tokens is None:
        return ()
    return tuple(address for address in addresses if _matches(tokens, address, budget))


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
            tokens.append(_letter_set(inside) if letter == "[" else _Words(tuple(inside.split(","))))
            position = close + 1
        elif letter in "]}":
            return None
        elif pattern.startswith("//", position):
            tokens.append(_Depth())
            position += 2
        elif letter == "*":
            tokens.append(_Star())
            position += 1
        elif letter == "?":
            tokens.append(_One(lambda seen: seen != "/", 1))
            position += 1
        else:
            end = _literal_end(pattern, position)
            tokens.append(_Words((pattern[position:end],)))
            position = end
    return tuple(tokens)


def _literal_end(pattern: str, position: int) -> int:
    end = position + 1
    while end < len(pattern) and pattern[end] not in SPECIAL and not pattern.startswith("//", end):
        end += 1
    return end


def _letter_set(inside: str) -> _One:
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

    return _One(accepts, 1 + len(ranges))


def _matches(tokens: tuple[_Token, ...], address: str, budget: StepBudget) -> bool:
    positions = {0}
    for token in tokens:
        budget.spend(STEPS_A_TOKEN + len(positions) * _steps(token, address))
        positions = {after for position in positions for after in _advance(token, address, position)}
        if not positions:
            return False
    return len(address) in positions


def _steps(token: _Token, address: str) -> int:
    """Most that one advance over `token` costs."""
    match token:
        case _Words(words):
            return len(words)
        case _One(_, steps):
            return steps
        case _:
            return 1 + len(address) // 2


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
