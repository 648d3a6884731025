"""Look-up order: command line, checkout, package."""

from pathlib import Path

import pytest

from chromesthesia.core import paths
from chromesthesia.core.errors import PackError, UsageError
from chromesthesia.core.paths import find_resource, resource_dirs
from chromesthesia.packs.find import find_pack, list_packs


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    package = tmp_path / "checkout/engine/chromesthesia"
    for folder in ("checkout/shaders", "checkout/exports/default", "checkout/exports/other", "mine/default"):
        (tmp_path / folder).mkdir(parents=True)
    (package / "_data/exports/default").mkdir(parents=True)
    for manifest in tmp_path.glob("**/default"):
        (manifest / "manifest.toml").touch()
    (tmp_path / "checkout/exports/other/manifest.toml").touch()
    monkeypatch.setattr(paths, "PACKAGE_DIR", package)
    monkeypatch.setattr(paths, "PACKAGED_DATA", package / "_data")
    return tmp_path


def test_the_command_line_comes_first(places: Path) -> None:
    assert find_pack(places / "mine/default") == places / "mine/default"
    assert resource_dirs("exports", places / "mine")[0] == places / "mine"


def test_then_the_checkout_then_the_package(places: Path) -> None:
    assert find_pack() == places / "checkout/exports/default"
    (places / "checkout/shaders").rmdir()
    assert find_pack() == places / "checkout/engine/chromesthesia/_data/exports/default"


def test_a_plain_name_is_looked_up(places: Path) -> None:
    assert find_pack(Path("other")) == places / "checkout/exports/other"
    assert [pack.name for pack in list_packs()] == ["default", "other", "default"]


def test_an_unknown_pack_says_where_was_looked(places: Path) -> None:
    with pytest.raises(PackError, match=r"no model pack 'absent'.*looked in .*checkout/exports"):
        find_pack(Path("absent"))
    with pytest.raises(PackError, match="no model pack"):
        find_pack(Path("elsewhere/default"))


def test_resources_stay_inside_their_folder(places: Path) -> None:
    assert find_resource("exports", "other") == places / "checkout/exports/other"
    for name in ("../shaders", "/etc/passwd", "."):
        with pytest.raises(UsageError):
            find_resource("exports", name)
    with pytest.raises(UsageError, match=r"no exports called 'absent'.*looked in"):
        find_resource("exports", "absent")
    with pytest.raises(UsageError, match="no folder of exports"):
        resource_dirs("exports", places / "absent")
