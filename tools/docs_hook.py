"""Hook of mkdocs: links from the documentation to what is no page of it, sources and folders, become plain text.

They are right where the repository is read in a browser; a site has no such page. A link to nothing is left as it is,
so that `mkdocs build --strict` fails on it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

LINK = re.compile(r"(?<!!)\[(?P<label>[^\]\[]*)\]\((?P<target>[^)\s#:]+)(?P<anchor>#[^)\s]*)?\)")


def plain_where_no_page(markdown: str, page: Path, docs: Path) -> str:
    """The text of `page` with such links replaced by their labels."""

    def answer(link: re.Match[str]) -> str:
        target = (page.parent / link["target"]).resolve()
        inside = target.is_relative_to(docs.resolve())
        return link["label"] if target.is_dir() or (target.exists() and not inside) else link[0]

    return LINK.sub(answer, markdown)


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """Called by mkdocs for every page."""
    return plain_where_no_page(markdown, Path(page.file.abs_src_path), Path(config["docs_dir"]))
