"""Draws the folders of both packages and the imports between them into docs/architecture.md.

    python tools/draw_house.py           draw, and print the counts
    python tools/draw_house.py --check   fail when the drawing is old, an arrow runs up, or folders form a circle

The floors are those of the `layers` contracts in pyproject.toml, which import-linter holds too (`make lint`). Imports
inside functions count like any others.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = Path("docs/architecture.md")
BEGIN, END = "<!-- house: begin (tools/draw_house.py) -->", "<!-- house: end -->"
SOURCES = {"chromesthesia": "engine", "chromesthesia_training": "training"}
UNDRAWN = frozenset({"__init__", "__main__"})


@dataclass(frozen=True)
class House:
    """One package. floors: names of the rooms on each floor, the uppermost first; arrows: from room to room."""

    package: str
    floors: tuple[tuple[str, ...], ...]
    arrows: frozenset[tuple[str, str]]

    @property
    def rooms(self) -> tuple[str, ...]:
        """Every folder and loose module of the package, from top to bottom."""
        return tuple(room for floor in self.floors for room in floor)

    @property
    def upward(self) -> list[tuple[str, str]]:
        """Arrows that do not lead to a lower floor."""
        floor_of = {room: number for number, floor in enumerate(self.floors) for room in floor}
        return sorted(arrow for arrow in self.arrows if floor_of[arrow[1]] <= floor_of[arrow[0]])

    @property
    def circles(self) -> list[tuple[str, ...]]:
        """Sets of rooms that can reach each other."""
        reach = {room: _reachable(room, self.arrows) for room in self.rooms}
        found = {
            tuple(sorted(other for other in reach[room] if room in reach[other]))
            for room in self.rooms
            if room in reach[room]
        }
        return sorted(found)


def read_house(root: Path, package: str, floors: list[str]) -> House:
    """The house of `package`, whose source lies under `root`; floors as import-linter writes layers.

    Raises ValueError naming the rooms that are on no floor, or that no longer exist.
    """
    source = root / SOURCES.get(package, "") / package
    rooms = {path.stem for path in source.iterdir() if path.suffix == ".py"} - UNDRAWN
    rooms |= {path.name for path in source.iterdir() if (path / "__init__.py").is_file()}
    plan = tuple(tuple(name.strip() for name in floor.replace(":", "|").split("|")) for floor in floors)
    planned = {room for floor in plan for room in floor}
    if planned != rooms:
        raise ValueError(f"{package}: not on both the plan and the disk: {sorted(planned ^ rooms)}")
    arrows = set()
    for file in source.rglob("*.py"):
        room = file.relative_to(source).parts[0].removesuffix(".py")
        if room in UNDRAWN:
            continue
        folder = file.relative_to(source.parent).parent.parts
        for module in imported(ast.parse(file.read_text(encoding="utf-8")), folder):
            parts = module.split(".")
            if len(parts) > 1 and parts[0] == package and parts[1] in rooms and parts[1] != room:
                arrows.add((room, parts[1]))
    return House(package, plan, frozenset(arrows))


def imported(tree: ast.AST, folder: tuple[str, ...]) -> Iterator[str]:
    """Absolute names of everything that a module lying in `folder` imports, wherever it does so."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = folder[: len(folder) - node.level + 1] if node.level else ()
            base = ".".join((*parents, *([node.module] if node.module else ())))
            yield from (f"{base}.{alias.name}" for alias in node.names)


def plans(pyproject: Path) -> dict[str, list[str]]:
    """Floors of every package that has a `layers` contract over all of it."""
    contracts = tomllib.loads(pyproject.read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    return {
        container: contract["layers"]
        for contract in contracts
        if contract["type"] == "layers"
        for container in contract.get("containers", ())
        if container in SOURCES
    }


def drawing(house: House) -> str:
    """The house as a Mermaid chart: a box for each floor, and the arrows that no longer way implies."""
    lines = ["```mermaid", "flowchart TB"]
    for number, floor in enumerate(house.floors):
        lines.append(f'  subgraph floor{number}[" "]')
        lines += [f"    {_box(room)}" for room in floor]
        lines.append("  end")
    lines += [f"  {_name(start)} --> {_name(end)}" for start, end in sorted(_shortest(house.arrows))]
    return "\n".join([*lines, "```"])


def counts(house: House) -> str:
    """What `--check` looks at, in one line."""
    return (
        f"{house.package}: {len(house.rooms)} rooms on {len(house.floors)} floors, {len(house.arrows)} arrows, "
        f"{len(house.upward)} up, {len(house.circles)} circles"
    )


def section(houses: list[House]) -> str:
    """The part of the page that is made here."""
    parts = [BEGIN]
    for house in houses:
        parts += [counts(house) + ".", drawing(house)]
    return "\n\n".join([*parts, END])


def redrawn(page: str, houses: list[House]) -> str:
    """`page` with its drawings made anew. Raises ValueError when it has no place for them."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE} has no lines {BEGIN} and {END}")
    return before + section(houses) + after


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Draw, or with `--check` only look. Returns the exit status."""
    houses = [read_house(root, package, floors) for package, floors in plans(root / "pyproject.toml").items()]
    page = root / PAGE
    old = page.read_text(encoding="utf-8")
    new = redrawn(old, houses)
    faults = []
    for house in houses:
        print(counts(house))
        faults += [f"{house.package}: {start} -> {end} runs up" for start, end in house.upward]
        faults += [f"{house.package}: a circle of {', '.join(circle)}" for circle in house.circles]
    if arguments == ["--check"]:
        if new != old:
            faults.append(f"{PAGE} is old: run python tools/draw_house.py")
    elif arguments:
        print(__doc__, file=sys.stderr)
        return 2
    elif new != old:
        page.write_text(new, encoding="utf-8")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def _reachable(start: str, arrows: frozenset[tuple[str, str]]) -> frozenset[str]:
    after: dict[str, set[str]] = {}
    for one, other in arrows:
        after.setdefault(one, set()).add(other)
    seen: set[str] = set()
    waiting = list(after.get(start, ()))
    while waiting:
        room = waiting.pop()
        if room not in seen:
            seen.add(room)
            waiting += after.get(room, ())
    return frozenset(seen)


def _shortest(arrows: frozenset[tuple[str, str]]) -> set[tuple[str, str]]:
    return {
        (start, end)
        for start, end in arrows
        if not any(
            one == start and other != end and end in _reachable(other, arrows) for one, other in arrows
        )
    }


def _box(room: str) -> str:
    return f'{_name(room)}["{room}"]'


def _name(room: str) -> str:
    return f"room_{room}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
