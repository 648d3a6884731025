"""The documentation's hook, and figures that stand in two files."""

from __future__ import annotations

import re
from pathlib import Path

from tools.docs_hook import plain_where_no_page

from chromesthesia import __version__


def test_links_out_of_the_documentation_become_plain_text(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    (docs / "metrics").mkdir(parents=True)
    (docs / "osc.md").touch()
    (tmp_path / "code.py").touch()
    page = docs / "page.md"
    text = (
        "[code](../code.py), [folder](metrics), [page](osc.md#patterns), [gone](../gone.py), ![x](../code.py)"
    )
    assert plain_where_no_page(text, page, docs) == (
        "code, folder, [page](osc.md#patterns), [gone](../gone.py), ![x](../code.py)"
    )
    assert plain_where_no_page("[there](https://example.org)", page, docs) == "[there](https://example.org)"


def test_the_citation_names_this_version(repository: Path) -> None:
    assert f"\nversion: {__version__}\n" in (repository / "CITATION.cff").read_text(encoding="utf-8")


def test_pre_commit_runs_the_ruff_of_the_constraints(repository: Path) -> None:
    pinned = re.findall(
        r"^ruff==\S+$", (repository / "constraints.txt").read_text(encoding="utf-8"), flags=re.M
    )
    hooks = re.findall(
        r"\[(ruff==[^\]]+)\]", (repository / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    )
    assert len(pinned) == 1
    assert set(hooks) == set(pinned)
