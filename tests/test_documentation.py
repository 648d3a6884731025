"""The documentation's hook, and figures that stand in two files."""

from __future__ import annotations

import re
from pathlib import Path

from tools.docs_hook import plain_where_no_page

import chromesthesia
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


def test_every_page_is_in_the_navigation_and_every_entry_is_a_page(repository: Path) -> None:
    navigation = (repository / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    entries = re.findall(r"(?:- |: )([\w/.-]+\.md)$", navigation, flags=re.M)
    pages = {file.relative_to(repository / "docs").as_posix() for file in (repository / "docs").rglob("*.md")}
    assert sorted(entries) == sorted(pages)


def test_the_api_page_shows_the_public_face(repository: Path) -> None:
    shown = re.findall(
        r"^::: chromesthesia\.(?:\w+\.)*(\w+)$",
        (repository / "docs/api.md").read_text(encoding="utf-8"),
        flags=re.M,
    )
    assert sorted([*shown, "__version__"]) == sorted(chromesthesia.__all__)


def test_no_two_decisions_have_the_same_number(repository: Path) -> None:
    numbers = [file.name[:4] for file in (repository / "docs/decisions").glob("*.md")]
    assert len(numbers) == len(set(numbers))
