"""All views of the parameters list the same paths, and what ships fits them."""

from __future__ import annotations

from pathlib import Path

from chromesthesia.mapping.mapper import Mapper
from chromesthesia.params import look, scenes, sound, tempo
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Number, declared_in
from chromesthesia.params.presets import find_presets
from chromesthesia.params.reference import parameter_rows, parameters_page
from chromesthesia.params.tree import ParameterTree
from chromesthesia.params.values import coerce


def test_the_declarations_make_sense_together() -> None:
    tree = ParameterTree(PARAMETERS)
    assert all(coerce(param, param.default) == param.default for param in PARAMETERS)
    assert all(param.description and not param.description.endswith(".") for param in PARAMETERS)
    assert {"/audio/gain_db", "/generator/scene", "/master/freeze"} <= set(tree.snapshot())


def test_every_parameter_that_a_module_declares_is_in_the_catalogue_once_and_in_its_order() -> None:
    catalogue = [param.path for param in PARAMETERS]
    assert len(set(catalogue)) == len(catalogue)
    for module in (sound, tempo, look, scenes):
        declared = [param.path for param in declared_in(vars(module))]
        assert declared
        assert [path for path in catalogue if path in declared] == declared


def test_what_is_no_parameter_is_not_declared() -> None:
    first, second = Number("/b", 0.0, "One"), Number("/a", 1.0, "Another")
    assert declared_in({"TWO": 2, "FIRST": first, "of": Number, "SECOND": second}) == (first, second)


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
