"""Puts the examples into the docs: the block after `<!-- examples/NAME.py -->` becomes that file's text."""

from __future__ import annotations

import re
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PAGES = ("docs/library.md",)
_BLOCK = re.compile(r"<!-- (examples/\w+\.py) -->\n```python\n.*?```\n", re.DOTALL)


def with_examples(page: str, repository: Path = REPOSITORY) -> str:
    """The page with every such block as the example is now."""

    def block(found: re.Match[str]) -> str:
        name = found.group(1)
        return f"<!-- {name} -->\n```python\n{(repository / name).read_text(encoding='utf-8')}```\n"

    return _BLOCK.sub(block, page)


if __name__ == "__main__":
    for name in PAGES:
        path = REPOSITORY / name
        path.write_text(with_examples(path.read_text(encoding="utf-8")), encoding="utf-8")
        print(f"wrote {name}", file=sys.stderr)
