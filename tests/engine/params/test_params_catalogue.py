"""All views of the parameters list the same paths, and what ships fits them."""

from __future__ import annotations

from pathlib import Path

from chromesthesia.mapping.mapper import Mapper
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import find_presets
from chromesthesia.params.reference import parameter_rows, parameters_page
from chromesthesia.params.tree import ParameterTree
from chromesthesia.params.values import coerce


def test_the_declarations_make_sense_together() -> None:
    tree = ParameterTree(PARAMETERS)
    assert all(coerce(param, param.default) == param.default for param in PARAMETERS)
    assert all(param.description and not param.description.endswith(".") for param in PARAMETERS)
    assert {"/audio/gain_db", "/generator/scene", "/master/freeze"} <= set(tree.snapshot())


def test_all_views_list_the_same_paths() -> None:
    declared = {param.path for param in PARAMETERS}
    tree = ParameterTree(PARAMETERS)
    assert {row[0] for row in parameter_rows()} == declared
    assert all(f"| `{path}` |" in parameters_page() for path in declared)
    writable = {param.path for param in PARAMETERS if param.writable}
    assert set(Mapper().step(0.01, tree.snapshot(), (), None)) == writable


def test_the_reference_page_is_up_to_date(repository: Path) -> None:
    page = (repository / "docs" / "parameters.md").read_text(encoding="utf-8")
    assert page == parameters_page(), "run: chromesthesia params --markdown > docs/parameters.md"


def test_every_preset_that_ships_is_valid(repository: Path) -> None:
    library = find_presets([repository / "presets"])
    assert not library.broken
    assert len(library) == len(list((repository / "presets").glob("*.toml")))
