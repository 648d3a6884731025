"""The layouts are made from the tree, are up to date, and name every setting with its own range."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tools.layouts.controls import pages
from tools.layouts.open_stage_control import session
from tools.layouts.touchosc import layout, layout_xml
from tools.make_layouts import layouts, stale

from chromesthesia.params.actions import ACTIONS
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Number

SETTINGS = {
    f"{param.path}_index" if param.choices else param.path: param for param in PARAMETERS if param.writable
}
READINGS = {param.path for param in PARAMETERS if not param.writable}
BUTTONS = {action.path for action in ACTIONS if action.is_button}


def widgets(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every widget of a session that sends or hears, at any depth."""
    if "address" in node:
        yield node
    for inner in (*node.get("widgets", ()), *node.get("tabs", ())):
        yield from widgets(inner)


def test_none_is_stale(repository: Path) -> None:
    assert stale(repository) == [], "python tools/make_layouts.py"


def test_a_stale_one_and_a_missing_one_are_named(tmp_path: Path) -> None:
    for name, made in layouts().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(made)
    assert stale(tmp_path) == []
    first, second, *_ = layouts()
    (tmp_path / first).unlink()
    (tmp_path / second).write_bytes(zlib.compress(b"<other/>") if second.endswith("tosc") else b"other")
    assert stale(tmp_path) == [first, second]


def test_the_command_says_that_all_is_well(repository: Path) -> None:
    checked = subprocess.run(
        [sys.executable, str(repository / "tools/make_layouts.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_open_stage_control_has_every_setting_reading_and_button_once() -> None:
    found = [*widgets(json.loads(session(pages()))["content"])]
    addresses = [widget["address"] for widget in found]
    assert len(addresses) == len(set(addresses))
    assert set(addresses) >= set(SETTINGS) | READINGS | BUTTONS
    by_address = {widget["address"]: widget for widget in found}
    for address, param in SETTINGS.items():
        widget = by_address[address]
        if param.choices:
            assert list(widget["values"]) == list(param.choices)
            assert list(widget["values"].values()) == list(range(len(param.choices)))
        elif param.is_number:
            assert widget["range"] == {"min": param.low, "max": param.high}
            assert widget["default"] == param.default
            assert widget["typeTags"] == param.type_tag
    assert all(by_address[address]["interaction"] is False for address in READINGS)


def test_every_id_of_open_stage_control_is_there_once() -> None:
    ids: list[str] = []

    def collect(node: dict[str, Any]) -> None:
        ids.append(node["id"])
        for inner in (*node.get("widgets", ()), *node.get("tabs", ())):
            collect(inner)

    collect(json.loads(session(pages()))["content"])
    assert len(ids) == len(set(ids))


def messages(root: ET.Element) -> Iterator[tuple[str, ET.Element, ET.Element]]:
    """Address, control and message of everything in a TouchOSC layout that has one."""
    for node in root.iter("node"):
        for message in node.iterfind("messages/osc"):
            address = message.findtext("path/partial/value")
            assert address is not None
            yield address, node, message


def test_touchosc_has_every_setting_reading_and_button_scaled_to_its_range() -> None:
    root = ET.fromstring(zlib.decompress(layout(pages())))
    assert (root.tag, root.get("version")) == ("lexml", "3")
    found = {address: (node, message) for address, node, message in messages(root)}
    assert set(found) >= set(SETTINGS) | READINGS | BUTTONS
    for address, param in SETTINGS.items():
        node, message = found[address]
        if param.is_number:
            scale = [float(message.findtext(f"arguments/partial/scale{end}", "")) for end in ("Min", "Max")]
            assert scale == [param.low, param.high]
        if param.choices:
            steps = {
                item.findtext("key"): item.findtext("value") for item in node.iterfind("properties/property")
            }
            assert steps["steps"] == str(len(param.choices))
        assert message.findtext("send") == "1"
    assert {found[address][1].findtext("send") for address in READINGS} == {"0"}


def test_touchosc_pages_fit_the_screen_and_ids_are_unique() -> None:
    root = ET.fromstring(layout_xml(pages()))
    ids = [node.get("ID") for node in root.iter("node")]
    assert len(ids) == len(set(ids))
    for page in root.iterfind("node/children/node/children/node"):
        width, height = frame(page)[2:]
        for control in page.iterfind("children/node"):
            x, y, w, h = frame(control)
            assert 0 <= x < x + w <= width
            assert 0 <= y < y + h <= height
            assert h >= 24, "too low for a finger"


def frame(node: ET.Element) -> list[int]:
    """x, y, width and height."""
    found = next(
        item for item in node.iterfind("properties/property") if item.findtext("key") == "frame"
    ).find("value")
    assert found is not None
    return [int(part.text or "") for part in found]


@pytest.mark.parametrize("made", [session, layout_xml])
def test_a_new_setting_is_in_it_without_another_word(made: Any) -> None:
    new = Number("/look/veil/thickness", 0.5, "How thick the veil is", 0.25, 2.0)
    assert b"/look/veil/thickness" in made(pages((*PARAMETERS, new)))
    assert b"/look/veil/thickness" not in made(pages())
