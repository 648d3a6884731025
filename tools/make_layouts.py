"""Writes the layouts and patches in `examples/` that list addresses, from the parameter tree.

python tools/make_layouts.py            write them
python tools/make_layouts.py --check    only say which are not up to date; 1 when any is not
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(REPOSITORY))

from tools.layouts import chataigne, open_stage_control, patches, table, touchosc  # noqa: E402
from tools.layouts.controls import pages  # noqa: E402


def layouts() -> Mapping[str, bytes]:
    """Every file that is made, by its place in the repository."""
    shown = pages()
    return {
        "examples/open-stage-control/chromesthesia.json": open_stage_control.session(shown),
        "examples/touchosc/chromesthesia.tosc": touchosc.layout(shown),
        "examples/touchdesigner/parameters.tsv": table.table(shown),
        "examples/puredata/chromesthesia.pd": patches.pure_data(),
        "examples/max/chromesthesia.maxpat": patches.max_patch(),
        "examples/chataigne/module.json": chataigne.module(shown),
    }


def stale(repository: Path = REPOSITORY) -> list[str]:
    """Files that are missing or not as they would be made now."""
    return [name for name, made in layouts().items() if not _same(repository / name, made)]


def _same(path: Path, made: bytes) -> bool:
    if not path.is_file():
        return False
    there = path.read_bytes()
    if path.suffix == ".tosc":  # compressors differ from system to system; what is inside counts
        return zlib.decompress(there) == zlib.decompress(made)
    return there.replace(b"\r\n", b"\n") == made


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    old = stale()
    for name in old:
        if arguments.check:
            print(f"{name} is not up to date: python tools/make_layouts.py", file=sys.stderr)
        else:
            (REPOSITORY / name).parent.mkdir(parents=True, exist_ok=True)
            (REPOSITORY / name).write_bytes(layouts()[name])
            print(f"wrote {name}", file=sys.stderr)
    return 1 if arguments.check and old else 0


if __name__ == "__main__":
    sys.exit(main())
