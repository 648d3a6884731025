"""Presets: complete errors, no half-taken files, and look-up by name, number and place."""

from __future__ import annotations

import codecs
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chromesthesia.core.errors import PresetError
from chromesthesia.params.declaration import Access, Param
from chromesthesia.params.presets import (
    PLAIN,
    Preset,
    PresetLibrary,
    choose_preset,
    default_preset,
    find_presets,
    load_preset,
    preset_text,
)
from chromesthesia.params.routes import Route

PARAMS = (
    Param("/look/warp", 0.5, "", low=0.0, high=1.0, routable=True),
    Param("/look/fold", "none", "", choices=("none", "mirror")),
    Param("/look/count", 3, "", low=0, high=9),
    Param("/master/brightness", 1.0, "", low=0.0, high=2.0, room=True),
    Param("/status/fps", 0.0, "", access=Access.READ),
)
GOOD = """
schema = 1
name = "Ember"
description = "Slow fire"

[params]
"/look/warp" = 1
"/look/fold" = "mirror"

[[route]]
from = "features/band/1"
to = "/look/warp"
gain = 0.5
attack_s = 0.02
release_s = 0.4

[[route]]
from = "emotion/valence"
to = "/look/warp"
low = 0
high = -1
curve = "smooth"
mode = "scale"
"""


@pytest.fixture
def preset_file(tmp_path: Path) -> Path:
    path = tmp_path / "ember.toml"
    path.write_text(GOOD, encoding="utf-8")
    return path


class Walked(tuple[Param, ...]):
    """Parameters that count how often somebody goes through all of them."""

    walks = 0

    def __iter__(self) -> Iterator[Param]:
        self.walks += 1
        return super().__iter__()


def test_what_a_folder_of_files_may_say_is_found_out_once(tmp_path: Path) -> None:
    for number in range(34):
        text = GOOD.replace("Ember", f"Ember {number}")
        (tmp_path / f"{number}.toml").write_text(text, encoding="utf-8")
    params = Walked(PARAMS)
    assert len(find_presets([tmp_path], params)) == 34
    assert params.walks == 1


def test_a_preset_is_read_whole(preset_file: Path) -> None:
    preset = load_preset(preset_file, PARAMS)
    assert (preset.name, preset.description, preset.path) == ("Ember", "Slow fire", preset_file)
    assert dict(preset.params) == {"/look/warp": 1.0, "/look/fold": "mirror"}
    assert preset.routes == (
        Route("features/band/1", "/look/warp", gain=0.5, attack_s=0.02, release_s=0.4),
        Route("emotion/valence", "/look/warp", curve="smooth", low=0.0, high=-1.0, mode="scale"),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "no schema number"),
        ("schema = 2", "schema is 2, expected 1"),
        ("schema = true", "schema is True"),
        ("schema = 1\nnmae = 'x'", "did you mean name?"),
        ("schema = 1\nname = ''", "name is ''"),
        ("schema = 1\nname = 4", "name is 4"),
        ("schema = 1\nparams = 3", "params is 3"),
        ("schema = 1\nroute = 3", "route is 3"),
        ("schema = 1\n[params]\n'/look/wrap' = 1", "did you mean /look/warp?"),
        ("schema = 1\n[params]\n'/look/warp' = 'a lot'", "/look/warp: expected float"),
        ("schema = 1\n[params]\n'/look/warp' = nan", "not a finite number"),
        ("schema = 1\n[params]\n'/look/warp' = 1.5", "use 0..1"),
        ("schema = 1\n[params]\n'/look/count' = 2.5", "/look/count: expected int"),
        ("schema = 1\n[params]\n'/look/fold' = 'miror'", "did you mean mirror?"),
        ("schema = 1\n[params]\n'/look/warp' = 2020-01-01", "expected float"),
        ("schema = 1\n[params]\n'/master/brightness' = 1.0", "belongs to the room"),
        ("schema = 1\n[params]\n'/status/fps' = 1.0", "no parameter '/status/fps'"),
        ("schema = 1\n[[route]]\nto = '/look/warp'", "no 'from'"),
        (
            "schema = 1\n[[route]]\nfrom = 'emotion/valense'\nto = '/look/warp'",
            "did you mean emotion/valence?",
        ),
        ("schema = 1\n[[route]]\nfrom = 'emotion/sad'\nto = '/look/fold'", "to is '/look/fold'"),
        ("schema = 1\n[[route]]\nfrom = 'emotion/sad'\nto = '/look/warp'\ngian = 1", "did you mean gain?"),
        ("schema = 1\n[[route]]\nfrom = 'emotion/sad'\nto = '/look/warp'\ngain = inf", "gain is inf"),
        (
            "schema = 1\n[[route]]\nfrom = 'emotion/sad'\nto = '/look/warp'\nhigh = 0",
            "low and high are both 0",
        ),
        ("schema = 1\n[[route]]\nfrom = 'emotion/sad'\nto = '/look/warp'\nattack_s = -1", "out of range"),
        (
            "schema = 1\n[[route]]\nfrom = 'emotion/sad'\nto = '/look/warp'\ncurve = 'cubic'",
            "curve is 'cubic'",
        ),
        ("schema = 1\n[params", "not valid TOML"),
        ("x = " + "[" * 5000, "not valid TOML"),
        ("schema = 0x" + "f" * 9000, "schema is a number of about"),
        ("schema = 1\nparams = 0x" + "f" * 9000, "params is a number of about"),
        ("schema = 1\n[params]\n'/look/warp' = 0x" + "f" * 9000, "not a finite number"),
        ("schema = 1\n[params]\n'/look/fold' = 0x" + "f" * 9000, "expected choice"),
        (
            "schema = 1\n[[route]]\nfrom = 'emotion/sad'\nto = '/look/warp'\ngain = 1" + "0" * 400,
            "gain = a number of about 401 digits is out of range",
        ),
        ("schema = 1\nname = 'a'\n" + "a." * 2000 + "a = 1", "a key of more than 32 parts"),
        ('schema = 1\nname = "Two\\nlines"', "name is 'Two\\nlines'"),
        ('schema = 1\nname = "Bell\\u0007"', "name is 'Bell\\x07'"),
        ('schema = 1\nname = "Torn\\u2028"', "name is 'Torn\\u2028'"),
        ("#" * 300_000, "larger than"),
    ],
)
def test_every_mistake_is_named_with_the_file(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PresetError) as caught:
        load_preset(path, PARAMS)
    assert expected in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", ["from", "to", "curve", "mode", "gain", "low", "attack_s"])
@pytest.mark.parametrize("value", ["[1]", "true", "{}", "1979-05-27"])
def test_a_value_of_another_type_in_a_route_is_named(tmp_path: Path, name: str, value: str) -> None:
    path = tmp_path / "a.toml"
    lines = {"from": "'emotion/sad'", "to": "'/look/warp'"} | {name: value}
    path.write_text("schema = 1\n[[route]]\n" + "\n".join(f"{key} = {text}" for key, text in lines.items()))
    with pytest.raises(PresetError, match=rf"route 1: {name} is ") as caught:
        load_preset(path, PARAMS)
    assert caught.value.remedy


def test_a_preset_is_written_as_it_is_read(preset_file: Path, tmp_path: Path) -> None:
    preset = load_preset(preset_file, PARAMS)
    text = preset_text(preset)
    assert 'from = "features/band/1"' in text
    assert "low = 0" not in text.split("[[route]]")[1]  # natural ranges and other defaults are left out
    again = tmp_path / "again.toml"
    again.write_text(text, encoding="utf-8")
    assert replace(load_preset(again, PARAMS), path=preset_file) == preset


@pytest.mark.parametrize("name", ["ink", "gallery", "static-bloom"])
def test_a_shipped_preset_says_the_same_after_writing(repository: Path, name: str, tmp_path: Path) -> None:
    preset = load_preset(repository / f"presets/{name}.toml")
    (tmp_path / f"{name}.toml").write_text(preset_text(preset), encoding="utf-8")
    assert replace(load_preset(tmp_path / f"{name}.toml"), path=preset.path) == preset


def test_too_many_routes_missing_files_and_strange_bytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("schema = 1\n" + "[[route]]\nfrom = 'emotion/sad'\nto = '/look/warp'\n" * 65)
    with pytest.raises(PresetError, match="65 routes"):
        load_preset(path, PARAMS)
    path.write_bytes(b"schema = 1\nname = '\xff'")
    with pytest.raises(PresetError, match="not UTF-8"):
        load_preset(path, PARAMS)
    with pytest.raises(PresetError, match="cannot be read"):
        load_preset(tmp_path / "none.toml", PARAMS)


def test_a_broken_file_does_not_hide_the_others_and_the_first_folder_wins(tmp_path: Path) -> None:
    mine, packaged = tmp_path / "mine", tmp_path / "packaged"
    mine.mkdir()
    packaged.mkdir()
    (mine / "ember.toml").write_text("schema = 1\nname = 'Ember'\ndescription = 'mine'")
    (mine / "bad.toml").write_text("schema = 9")
    (packaged / "ember.toml").write_text("schema = 1\nname = 'Other name'")
    (packaged / "fire.toml").write_text("schema = 1\nname = 'EMBER'")
    (packaged / "ash.toml").write_text("schema = 1\nname = 'Ash'")
    library = find_presets([mine, packaged], PARAMS)
    assert library.names == ("Ash", "Ember")
    assert library.choose("ember").description == "mine"
    assert [error.message.rsplit("/")[-1] for error in library.broken] == [
        "bad.toml: schema is 9, expected 1"
    ]


ODD: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "folder": Path.mkdir,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "dangling": lambda path: path.symlink_to("nowhere"),
    "circle": lambda path: path.symlink_to(path.name),
    "empty": lambda path: path.write_bytes(b""),
    "bytes": lambda path: path.write_bytes(b"schema = 1\nname = '\xff'"),
    "digits": lambda path: path.write_text(
        "schema = 1\n[[route]]\nfrom = 'emotion/sad'\nto = '/look/warp'\ngain = " + "9" * 400
    ),
    "thousands": lambda path: path.write_text("schema = 1" + "0" * 5000),
    "dots": lambda path: path.write_text("a." * 100_000 + "a = 1"),
    "large": lambda path: path.write_text("schema = 1\n" + "#" * 16_384),
}


@pytest.mark.parametrize("kind", ODD)
def test_one_odd_file_is_left_out_with_one_line_and_hides_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    (tmp_path / "ash.toml").write_text("schema = 1\nname = 'Ash'")
    ODD[kind](tmp_path / f"{kind}.toml")
    with caplog.at_level(logging.WARNING):
        library = find_presets([tmp_path], PARAMS)
    assert library.names == ("Ash",)
    (error,) = library.broken
    assert f"{kind}.toml" in error.message
    assert [record.getMessage() for record in caplog.records] == [f"preset left out: {error}"]
    with pytest.raises(PresetError, match=kind):
        library.choose(kind.upper())
    with pytest.raises(PresetError, match="no preset named ''"):
        library.choose("")


def test_what_a_file_still_holds_is_not_read_twice(tmp_path: Path) -> None:
    for name in ("Ash", "Ink"):
        (tmp_path / f"{name}.toml").write_text(f"schema = 1\nname = '{name}'")
    first = find_presets([tmp_path], PARAMS)
    (tmp_path / "Ink.toml").write_text("schema = 1\nname = 'Oil'")
    ash, oil = find_presets([tmp_path], PARAMS, first)
    assert ash is first.presets[0]
    assert oil.name == "Oil"
    (tmp_path / "Ash.toml").write_text("schema = 2")
    assert find_presets([tmp_path], PARAMS, first).names == ("Oil",), "nor shown when it is broken"


def test_a_preset_is_checked_anew_where_other_parameters_are_there(tmp_path: Path) -> None:
    (tmp_path / "ash.toml").write_text("schema = 1\n[params]\n'/look/warp' = 0.5")
    first = find_presets([tmp_path], PARAMS)
    assert first.names == ("ash",)
    fewer = [param for param in PARAMS if param.path != "/look/warp"]
    assert find_presets([tmp_path], fewer, first).broken_stems == ("ash",)


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_a_preset_saved_with_a_byte_order_mark_is_read(tmp_path: Path, mark: bytes) -> None:
    codec = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}.get(mark, "utf-8")
    (tmp_path / "a.toml").write_bytes(mark + 'schema = 1\r\nname = "Glühen"'.encode(codec))
    assert find_presets([tmp_path], PARAMS).names == ("Glühen",)


def test_a_text_of_several_lines_and_a_torn_file_name_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('schema = 1\nname = "A"\ndescription = """one\ntwo\\u001b"""')
    (tmp_path / "two\nlines.toml").write_text("schema = 1")
    library = find_presets([tmp_path], PARAMS)
    assert library.choose("A").description == "one two\N{REPLACEMENT CHARACTER}"
    (error,) = library.broken
    assert "two lines.toml: name is 'two\\nlines'" in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize("which", ["x" * 300, "nul\0l", "x" * 300 + ".toml", "a\nb"])
def test_a_name_that_no_file_can_have_is_refused(which: str) -> None:
    with pytest.raises(PresetError) as caught:
        choose_preset(which, PresetLibrary((PLAIN,)), PARAMS)
    assert "\n" not in str(caught.value)


def test_a_preset_is_chosen_by_name_stem_number_or_path(preset_file: Path) -> None:
    library = PresetLibrary((Preset("Ash"), Preset("Slow Gold", path=Path("x/slow_gold.toml"))))
    assert library.choose("slow gold") is library.choose("SLOW_GOLD") is library.choose(1)
    assert choose_preset(str(preset_file), library, PARAMS).name == "Ember"
    assert choose_preset("ash", library, PARAMS).name == "Ash"
    with pytest.raises(PresetError, match="did you mean Ash"):
        library.choose("Asch")
    with pytest.raises(PresetError, match="no preset number 7"):
        library.choose(7)
    with pytest.raises(PresetError, match="none\\.toml"):
        choose_preset("none.toml", library, PARAMS)


def test_the_default_is_the_gallery_else_the_first_else_plain() -> None:
    assert default_preset(PresetLibrary((Preset("Ash"), Preset("Gallery")))).name == "Gallery"
    assert default_preset(PresetLibrary((Preset("Ash"), Preset("Ember")))).name == "Ash"
    assert default_preset(PresetLibrary(())) is PLAIN


def test_author_and_tags_are_read_written_and_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('schema = 1\nname = "A"\nauthor = "Me"\ntags = ["calm", "water"]\n')
    preset = load_preset(path)
    assert (preset.author, preset.tags) == ("Me", ("calm", "water"))
    path.write_text(preset_text(preset))
    assert load_preset(path) == preset
    for wrong in (
        'tags = "calm"',
        "tags = [1]",
        f"tags = {['x'] * 13}",
        f"tags = ['{'x' * 25}']",
        "tags = ['']",
    ):
        path.write_text(f"schema = 1\n{wrong}\n")
        with pytest.raises(PresetError, match="tags"):
            load_preset(path)


def test_every_preset_that_ships_says_who_made_it_and_where_to_find_it(repository: Path) -> None:
    presets = find_presets([repository / "presets"]).presets
    assert len(presets) >= 24
    assert all(preset.author and preset.tags for preset in presets)
    assert {"calm", "violent", "lively"} <= {tag for preset in presets for tag in preset.tags}
