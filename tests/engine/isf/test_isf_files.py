"""ISF files: what is read out of them, and what is refused with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chromesthesia.core.errors import RenderError, UsageError
from chromesthesia.isf.glsl import fragment_glsl
from chromesthesia.isf.header import IsfHeader, IsfInput
from chromesthesia.isf.inputs import params_of, values_of
from chromesthesia.isf.shader import FILE_LIMIT, IsfShader, load_isf
from chromesthesia.isf.shelf import Shelf, open_shelf
from chromesthesia.params.declaration import Choice, Number, Switch, Whole
from chromesthesia.params.values import check_declarations

MAIN = "void main() { gl_FragColor = vec4(1.0); }"


def isf(
    folder: Path, header: str | dict[str, Any], body: str = MAIN, name: str = "Some File.fs"
) -> IsfShader:
    text = header if isinstance(header, str) else json.dumps(header)
    path = folder / name
    path.write_text(f"/*{text}*/\n{body}", encoding="utf-8")
    return load_isf(path)


def inputs(folder: Path, *listed: dict[str, Any]) -> IsfShader:
    return isf(folder, {"INPUTS": listed})


def test_inputs_become_parameters(tmp_path: Path) -> None:
    shader = inputs(
        tmp_path,
        {"NAME": "hit", "TYPE": "event"},
        {"NAME": "on", "TYPE": "bool", "DEFAULT": 1},
        {"NAME": "mode", "TYPE": "long", "VALUES": [2, 4, 4], "LABELS": ["Two", "Four"], "DEFAULT": 4},
        {"NAME": "count", "TYPE": "int", "MIN": 1, "MAX": 9, "DEFAULT": 3},
        {"NAME": "level", "TYPE": "float", "MIN": -1, "MAX": 3, "DEFAULT": 0.5, "LABEL": "How much"},
        {"NAME": "place", "TYPE": "point2D", "DEFAULT": [0.5, 0.25]},
        {"NAME": "tint", "TYPE": "color", "DEFAULT": [1, 0.5, 0]},
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "wave", "TYPE": "audio", "MAX": 64},
    )
    params = {param.path: param for param in params_of(shader)}
    check_declarations(list(params.values()))
    assert {path: (type(param), param.default) for path, param in params.items()} == {
        "/isf/some-file/hit": (Number, 0.0),
        "/isf/some-file/on": (Switch, True),
        "/isf/some-file/mode": (Choice, "Four"),
        "/isf/some-file/count": (Whole, 3),
        "/isf/some-file/level": (Number, 0.5),
        "/isf/some-file/place/x": (Number, 0.5),
        "/isf/some-file/place/y": (Number, 0.25),
        "/isf/some-file/tint/r": (Number, 1.0),
        "/isf/some-file/tint/g": (Number, 0.5),
        "/isf/some-file/tint/b": (Number, 0.0),
        "/isf/some-file/tint/a": (Number, 1.0),
    }
    level = params["/isf/some-file/level"]
    assert (level.low, level.high, level.routable) == (-1.0, 3.0, True)
    assert "How much" in level.description
    assert params["/isf/some-file/mode"].choices == ("Two", "Four", "4")
    assert params["/isf/some-file/hit"].routable
    values = values_of(shader.header, shader.key, {"/isf/some-file/mode": "4", "/isf/some-file/tint/g": 0.25})
    assert values["mode"] == (4.0,)
    assert values["tint"] == (1.0, 0.25, 0.0, 1.0)
    assert shader.header.is_filter
    assert shader.header.inputs[-1].samples == 64


@pytest.mark.parametrize(
    ("given", "default", "low", "high"),
    [
        ({}, 0.0, 0.0, 1.0),
        ({"DEFAULT": 5}, 5.0, 0.0, 10.0),
        ({"DEFAULT": -2}, -2.0, -2.0, 1.0),
        ({"DEFAULT": 9, "MAX": 4}, 4.0, 0.0, 4.0),
        ({"MIN": 4, "MAX": 1, "DEFAULT": 2}, 2.0, 1.0, 4.0),
        ({"MIN": 2, "MAX": 2}, 2.0, 2.0, 3.0),
        ({"DEFAULT": "0.25", "MAX": "1.0"}, 0.25, 0.0, 1.0),
        ({"DEFAULT": 1e300, "MIN": None}, 0.0, 0.0, 1.0),
    ],
)
def test_a_float_has_a_range_whatever_is_written(
    tmp_path: Path, given: dict[str, Any], default: float, low: float, high: float
) -> None:
    shader = inputs(tmp_path, {"NAME": "level", "TYPE": "float", **given})
    assert shader.header.inputs == (IsfInput("level", "float", "", (default,), (low,), (high,)),)
    check_declarations(params_of(shader))


@pytest.mark.parametrize(
    ("header", "line", "said"),
    [
        ("no json", 1, "no JSON header"),
        ('{\n "INPUTS": [\n  {"NAME": \n', 4, "no JSON"),
        ("{" * 100_000, 1, "no JSON"),
        ('{\n\n"INPUTS": [ {"NAME": "two words", "TYPE": "float"} ] }', 3, "an input is named 'two words'"),
        (
            '{\n"INPUTS": [\n{"NAME": "a", "TYPE": "float"},\n{"NAME": "a", "TYPE": "float"} ] }',
            3,
            "is taken",
        ),
        ('{\n"INPUTS": [\n{"NAME": "TIME", "TYPE": "float"} ] }', 3, "TIME, which is taken"),
        ('{"INPUTS": [\n{"NAME": "a", "TYPE": "matrix"} ] }', 2, "input a is of TYPE 'matrix'"),
        ('{"INPUTS": [4]}', 1, "an input is 4"),
        ('{\n"INPUTS": {}}', 2, "INPUTS is {}"),
        ('{\n"PASSES": [\n{"TARGET": "b", "WIDTH": "open($WIDTH)"}]}', 3, "no function open"),
        ('{\n"PASSES": [\n{"TARGET": "b", "HEIGHT": [1]}]}', 3, "the size of b"),
        ('{\n"PASSES": [\n{"TARGET": "1b"}]}', 3, "the target of a pass is named '1b'"),
        ('{"IMPORTED": {\n"a": {"TYPE": "cube", "PATH": ["x.png"]}}}', 2, "imported picture a"),
        (json.dumps({"INPUTS": [{"NAME": f"i{n}", "TYPE": "float"} for n in range(65)]}), 1, "INPUTS has 65"),
        (json.dumps({"PASSES": [{}] * 33}), 1, "PASSES has 33"),
    ],
)
def test_a_header_that_cannot_be_used_is_told_with_its_line(
    tmp_path: Path, header: str, line: int, said: str
) -> None:
    with pytest.raises(RenderError) as error:
        isf(tmp_path, header)
    assert str(error.value).startswith(f"shader Some File.fs:{line}: ")
    assert said in str(error.value)


def test_a_loose_comma_is_passed_over_and_the_text_of_a_name_is_not(tmp_path: Path) -> None:
    shader = isf(tmp_path, '{"DESCRIPTION": "a,]b", "INPUTS": [{"NAME": "a", "TYPE": "float",},],}')
    assert shader.header.description == "a,]b"
    assert [one.name for one in shader.header.inputs] == ["a"]


def test_files_that_are_no_shaders_are_refused(tmp_path: Path) -> None:
    large, null = tmp_path / "large.fs", tmp_path / "null.fs"
    large.write_bytes(b" " * (FILE_LIMIT + 1))
    null.write_bytes(b"/*{}*/\0")
    for path, said in (
        (large, "larger than"),
        (null, "null character"),
        (tmp_path / "none.fs", "cannot be read"),
    ):
        with pytest.raises(RenderError, match=said):
            load_isf(path)
    (tmp_path / "face.png").write_bytes(b"no picture")
    with pytest.raises(RenderError, match="imported picture face"):
        isf(tmp_path, {"IMPORTED": {"face": {"PATH": "face.png"}}}, "vec4 a = IMG_THIS_PIXEL(face);" + MAIN)


def test_letters_of_another_encoding_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "latin.fs"
    path.write_bytes(b'/*{"CREDIT": "Ren\xe9e"}*/\r\n// caf\xe9\r' + MAIN.encode())
    assert load_isf(path).header.credit == "Renée"


def test_translated_text_keeps_its_lines_and_comments() -> None:
    body = "#version 120\n// gl_FragColor\n/* varying\n */\nvarying vec2 a; float gl_FragColor2;\ngl_FragData[ 0 ]\n"
    made = fragment_glsl(IsfHeader(), body, ()).body.splitlines()
    assert made == [
        "",
        "// gl_FragColor",
        "/* varying",
        " */",
        "in vec2 a; float gl_FragColor2;",
        "isf_FragColor",
    ]


def test_a_name_is_found_in_the_folders_in_their_order(tmp_path: Path) -> None:
    for name in ("a/One.fs", "b/One.fs", "b/deep/er/Two.fs", "b/read.me"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("/*{}*/")
    shelf = Shelf([tmp_path / "a", tmp_path / "b"])
    assert shelf.find("One.fs") == tmp_path / "a/One.fs"
    assert shelf.find("one") == tmp_path / "a/One.fs"
    assert shelf.find("Two") == tmp_path / "b/deep/er/Two.fs"
    assert shelf.find("deep/er/Two.fs") == tmp_path / "b/deep/er/Two.fs"
    with pytest.raises(RenderError, match="did you mean"):
        shelf.find("Twoo.fs")


def test_the_command_line_names_folders_and_files(tmp_path: Path) -> None:
    file = tmp_path / "x.fs"
    file.write_text("/*{}*/")
    shelf, always = open_shelf([tmp_path, file])
    assert shelf.folders[0] == tmp_path
    assert always == (file,)
    with pytest.raises(UsageError, match="no ISF file or folder"):
        open_shelf([tmp_path / "gone"])
