"""ISF shaders of a show: inputs as parameters with a preset, routes to them, files saved while it runs, errors told."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chromesthesia.control.commands import LoadPreset, ResetRoom, SafeLook, SavePreset, SetParameter, Undo
from chromesthesia.control.controller import Controller
from chromesthesia.core.config import ShowConfig, check_isf
from chromesthesia.core.errors import PresetError, UsageError
from chromesthesia.isf.shelf import Shelf, open_shelf
from chromesthesia.mapping.mapper import Mapper
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import Preset, PresetLibrary, find_presets, load_preset, parse_preset
from chromesthesia.params.tree import ParameterTree
from chromesthesia.show.isf_desk import LOOK_EVERY_S, IsfDesk
from chromesthesia.show.preset_keeper import PresetKeeper
from chromesthesia.testing.render import heard

MAIN = "void main() { gl_FragColor = vec4(level); }"
LEVEL = {"NAME": "level", "TYPE": "float", "MIN": 0, "MAX": 2, "DEFAULT": 0.5}
HIT = {"NAME": "hit", "TYPE": "event"}
IMAGE = {"NAME": "inputImage", "TYPE": "image"}
Show = tuple[ParameterTree, Controller, IsfDesk]


def write(folder: Path, name: str, *inputs: dict[str, Any], body: str = MAIN) -> Path:
    path = folder / name
    path.write_text(f"/*{json.dumps({'INPUTS': inputs})}*/\n{body}", encoding="utf-8")
    return path


def preset(folder: Path, name: str, isf: str, more: str = "") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(f'schema = 1\nname = "{name}"\n[isf]\n{isf}\n{more}', encoding="utf-8")
    return path


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Show]:
    """A show of the presets in the folder, the first of them on."""

    def made(first: Path, always: tuple[Path, ...] = ()) -> Show:
        tree = ParameterTree(PARAMETERS)
        controller = Controller(tree, find_presets([tmp_path], PARAMETERS), load_preset(first))
        desk = IsfDesk(tree, Shelf([tmp_path]), always)
        controller.show_shaders(desk)
        controller.begin(0.0)
        return tree, controller, desk

    return made


def shown(desk: IsfDesk) -> list[str]:
    return [shader.name for shader in desk.plan.shaders]


def isf_paths(controller: Controller) -> list[str]:
    return [path for path in controller.current[1] if path.startswith("/isf/")]


def load(controller: Controller, name: str, now_s: float = 1.0) -> None:
    controller.post(LoadPreset(name, "test"))
    controller.step(now_s)


def test_a_preset_brings_its_shaders_and_takes_them_away(tmp_path: Path, opened: Callable[..., Show]) -> None:
    write(tmp_path, "Glow.fs", LEVEL)
    write(tmp_path, "veil.fs", IMAGE, LEVEL)
    one = preset(tmp_path, "One", 'scene = "Glow.fs"\nplace = "over"', '[params]\n"/isf/glow/level" = 1.5')
    preset(tmp_path, "Two", 'filters = ["veil"]')
    tree, controller, desk = opened(one)
    assert (shown(desk), desk.plan.place) == (["Glow.fs"], "over")
    assert controller.current[1]["/isf/glow/level"] == 1.5
    before = tree.declared.version
    load(controller, "Two")
    assert isf_paths(controller) == ["/isf/veil/level"]
    assert desk.plan.scene is None
    assert shown(desk) == ["veil.fs"]
    assert tree.declared.version > before, "partners look again"
    controller.post(Undo("test"))
    controller.step(10.0)
    assert shown(desk) == ["Glow.fs"]
    assert controller.current[1]["/isf/glow/level"] == 1.5


def test_values_go_back_with_the_room_and_away_in_the_safe_look(
    tmp_path: Path, opened: Callable[..., Show]
) -> None:
    write(tmp_path, "glow.fs", LEVEL)
    one = preset(tmp_path, "One", 'scene = "glow.fs"')
    _, controller, desk = opened(one)
    controller.post(SetParameter("/isf/glow/level", 1.75, "test"))
    controller.step(1.0)
    assert controller.current[1]["/isf/glow/level"] == 1.75
    controller.post(SafeLook("test"))
    controller.step(2.0)
    assert (shown(desk), isf_paths(controller)) == ([], [])
    controller.post(ResetRoom("test"))
    controller.step(3.0)
    assert controller.current[1]["/isf/glow/level"] == 0.5
    assert shown(desk) == ["glow.fs"]


def test_a_signal_moves_an_input(tmp_path: Path, opened: Callable[..., Show]) -> None:
    write(tmp_path, "glow.fs", LEVEL, HIT)
    routes = "\n".join(
        f'[[route]]\nfrom = "features/onset"\nto = "/isf/glow/{name}"\ngain = 1.0'
        for name in ("level", "hit")
    )
    _, controller, _ = opened(preset(tmp_path, "One", 'scene = "glow.fs"', routes))
    one, values = controller.current
    look = Mapper().step(0.0, values, one.routes, heard(onset_envelope=1.0))
    assert (look["/isf/glow/level"], look["/isf/glow/hit"]) == (1.5, 1.0)


def test_a_saved_file_is_taken_at_the_next_look(tmp_path: Path, opened: Callable[..., Show]) -> None:
    write(tmp_path, "glow.fs", LEVEL)
    one = preset(
        tmp_path, "One", 'scene = "glow.fs"', '[params]\n"/isf/glow/level" = 1.5\n"/isf/glow/later" = 0.75'
    )
    _, controller, desk = opened(one)
    controller.post(SetParameter("/isf/glow/level", 1.25, "test"))
    controller.step(0.5)
    desk.publish(1.0, [], dict)
    plan = desk.plan
    write(tmp_path, "glow.fs", LEVEL, {**LEVEL, "NAME": "later"})
    desk.publish(1.0 + LOOK_EVERY_S / 2, [], dict)
    assert desk.plan is plan
    desk.publish(1.0 + LOOK_EVERY_S, [], dict)
    controller.step(2.0)
    assert desk.plan is not plan
    values = controller.current[1]
    assert (values["/isf/glow/level"], values["/isf/glow/later"]) == (1.25, 0.75)
    (tmp_path / "glow.vs").write_text("void main() { isf_vertShaderInit(); }")
    desk.publish(3.0, [], dict)
    assert desk.plan.scene is not None
    assert desk.plan.scene.own_vertex, "a vertex shader that came beside it is taken"


def test_a_broken_header_is_told_and_the_version_before_stays(
    tmp_path: Path, opened: Callable[..., Show]
) -> None:
    path = write(tmp_path, "glow.fs", LEVEL)
    _, controller, desk = opened(preset(tmp_path, "One", 'scene = "glow.fs"'))
    before = desk.plan.scene
    path.write_text('/*{\n"INPUTS": [}*/')
    desk.publish(1.0, [], dict)
    assert desk.plan.scene is before
    assert desk.plan.errors[0].startswith("shader glow.fs:2: the header is no JSON")
    assert isf_paths(controller) == ["/isf/glow/level"]
    assert desk.health() == {"failures": 1, "reloads": 1}
    write(tmp_path, "glow.fs", LEVEL, HIT)
    desk.publish(2.0, [], dict)
    assert desk.plan.errors == ()
    assert desk.plan.scene is not before


def test_a_missing_file_is_told_and_taken_when_it_comes(tmp_path: Path, opened: Callable[..., Show]) -> None:
    write(tmp_path, "veil.fs", IMAGE)
    one = preset(
        tmp_path, "One", 'scene = "glow.fs"\nfilters = ["veil.fs"]', '[params]\n"/isf/glow/level" = 1.5'
    )
    _, controller, desk = opened(one)
    assert shown(desk) == ["veil.fs"]
    assert "no ISF shader 'glow.fs'" in desk.plan.errors[0]
    write(tmp_path, "glow.fs", LEVEL)
    desk.publish(1.0, [], dict)
    controller.step(1.0)
    assert shown(desk) == ["glow.fs", "veil.fs"]
    assert controller.current[1]["/isf/glow/level"] == 1.5


def test_files_of_the_command_line_are_shown_with_every_preset(
    tmp_path: Path, opened: Callable[..., Show]
) -> None:
    always = (write(tmp_path, "mine.fs", LEVEL), write(tmp_path, "veil.fs", IMAGE))
    write(tmp_path, "glow.fs", LEVEL)
    write(tmp_path, "blur.fs", IMAGE)
    _, controller, desk = opened(
        preset(tmp_path, "One", 'scene = "glow.fs"\nfilters = ["blur.fs", "veil.fs"]'), always
    )
    assert shown(desk) == ["mine.fs", "blur.fs", "veil.fs"]
    (tmp_path / "two.toml").write_text('schema = 1\nname = "Two"')
    controller.take_library(find_presets([tmp_path]))
    load(controller, "Two")
    assert shown(desk) == ["mine.fs", "veil.fs"]
    controller.post(SafeLook("test"))
    controller.step(2.0)
    assert shown(desk) == []


def test_two_files_of_one_name_are_told(tmp_path: Path, opened: Callable[..., Show]) -> None:
    write(tmp_path, "Glow!.fs", LEVEL)
    write(tmp_path, "glow.fs", IMAGE)
    _, _, desk = opened(preset(tmp_path, "One", 'scene = "Glow!.fs"\nfilters = ["glow.fs"]'))
    assert shown(desk) == ["Glow!.fs"]
    assert desk.plan.errors == ("two ISF shaders are called glow (rename one of the files)",)


def test_a_preset_that_is_kept_keeps_its_shaders(tmp_path: Path, opened: Callable[..., Show]) -> None:
    write(tmp_path, "glow.fs", LEVEL)
    tree, controller, _ = opened(preset(tmp_path, "One", 'scene = "glow.fs"\nplace = "painting"'))
    PresetKeeper(tree, controller, tmp_path / "own", lambda: [tmp_path / "own", tmp_path]).register()
    for command in (SetParameter("/isf/glow/level", 1.75, "test"), SavePreset("Mine", "test")):
        controller.post(command)
        controller.step(1.0)
    kept = load_preset(tmp_path / "own" / "mine.toml")
    assert (kept.isf.scene, kept.isf.place, kept.params["/isf/glow/level"]) == ("glow.fs", "painting", 1.75)


def test_what_is_no_value_of_an_input_is_left_out(tmp_path: Path, opened: Callable[..., Show]) -> None:
    write(tmp_path, "glow.fs", LEVEL)
    params = '[params]\n"/isf/glow/level" = 9.0\n"/isf/glow/levl" = 1.0\n"/look/flow/amount" = 0.25'
    _, controller, desk = opened(preset(tmp_path, "One", 'scene = "glow.fs"', params))
    assert controller.current[1]["/isf/glow/level"] == 0.5
    assert controller.current[1]["/look/flow/amount"] == 0.25
    assert shown(desk) == ["glow.fs"]


def test_without_a_desk_a_preset_is_loaded_without_its_shaders(tmp_path: Path) -> None:
    one = preset(tmp_path, "One", 'scene = "glow.fs"', '[params]\n"/isf/glow/level" = 1.0')
    controller = Controller(ParameterTree(PARAMETERS), PresetLibrary(()), load_preset(one))
    assert controller.current[0].isf.scene == "glow.fs"


@pytest.mark.parametrize(
    ("isf", "said"),
    [
        ({"place": "behind"}, "place is 'behind' .*picture, over, painting"),
        ({"scene": "../up.fs"}, "no file '../up.fs'"),
        ({"scene": "/etc/passwd"}, "no file '/etc/passwd'"),
        ({"scene": 4}, "scene is 4"),
        ({"filters": ["x.fs"] * 9}, "9 filters"),
        ({"sceen": "a.fs"}, "unknown key 'sceen'.*did you mean scene"),
        (["a.fs"], "isf is"),
    ],
)
def test_a_table_that_is_no_isf_table_is_refused(isf: object, said: str) -> None:
    with pytest.raises(PresetError, match=said):
        parse_preset({"schema": 1, "isf": isf}, Path("x.toml"))


def test_a_show_that_is_told_elsewhere_has_no_shaders_of_a_users() -> None:
    for config in (ShowConfig(isf=(Path("a"),), score=Path("s")), ShowConfig(isf=(Path("a"),), ear="hall")):
        with pytest.raises(UsageError, match="--isf beside --"):
            check_isf(config)
    check_isf(ShowConfig(isf=(Path("a"),)))
    assert Preset("x").isf.scene == ""


def test_the_preset_in_the_docs_can_be_loaded_and_moves_what_is_there() -> None:
    page = (Path(__file__).parents[3] / "docs" / "isf.md").read_text(encoding="utf-8")
    text = page.partition("```toml\n")[2].partition("```")[0]
    one = parse_preset(tomllib.loads(text), Path("docs.toml"))
    tree = ParameterTree(PARAMETERS)
    desk = IsfDesk(tree, open_shelf(())[0])
    values = desk.ready(one)
    desk.taken(one)
    assert shown(desk) == ["veils.fs", "rain.fs"]
    assert set(values) == set(one.params)
    assert all(tree.declaration(route.target).routable for route in one.routes)
