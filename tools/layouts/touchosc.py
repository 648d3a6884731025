"""A layout of TouchOSC: zlib-compressed XML, a page for each page, rows in columns.

A fader of TouchOSC holds 0 to 1; the scale of its message turns that into the parameter's own unit, both ways. Ids are
made from addresses, so that the same tree gives the same file.
"""

from __future__ import annotations

import uuid
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Sequence
from math import ceil

from tools.layouts.controls import Control, Page

WIDTH, HEIGHT, BAR, GAP = 1280, 800, 44, 6
MOST_ROWS = 10
LABEL_SHARE = 0.36
PLACE = uuid.UUID("8f6d3a52-5f0e-4d4e-9a59-2f0f3a0c7c11")
Frame = tuple[int, int, int, int]
CONTROLS = {
    "number": "FADER",
    "whole": "FADER",
    "meter": "FADER",
    "switch": "BUTTON",
    "button": "BUTTON",
    "choice": "RADIO",
    "text": "TEXT",
    "words": "LABEL",
}
TOGGLE, MOMENTARY = 1, 0
TINTS = {"button": (0.85, 0.35, 0.3), "meter": (0.35, 0.6, 0.5), "words": (0.2, 0.2, 0.2)}
PLAIN = (0.35, 0.5, 0.8)


def layout(pages: Sequence[Page]) -> bytes:
    """The .tosc file."""
    return zlib.compress(layout_xml(pages), 9)


def layout_xml(pages: Sequence[Page]) -> bytes:
    """What is in it. Two files are the same layout when this is the same: compressors differ."""
    root = ET.Element("lexml", version="3")
    whole = _node(root, "GROUP", "chromesthesia", (0, 0, WIDTH, HEIGHT), (0.0, 0.0, 0.0))
    pager = _node(
        _children(whole), "PAGER", "pages", (0, 0, WIDTH, HEIGHT), (0.1, 0.1, 0.1), interactive=True
    )
    _property(pager, "b", "tabbar", 1)
    _property(pager, "b", "tabLabels", 1)
    _property(pager, "i", "tabbarSize", BAR)
    _value(pager, "page", "0")
    shown = _children(pager)
    for page in pages:
        _page(shown, page)
    text: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return text


def _page(parent: ET.Element, page: Page) -> None:
    group = _node(parent, "GROUP", page.title, (0, BAR, WIDTH, HEIGHT - BAR), (0.1, 0.1, 0.1))
    _property(group, "s", "tabLabel", page.title)
    inside = _children(group)
    columns = max(1, ceil(len(page.controls) / MOST_ROWS))
    rows = ceil(len(page.controls) / columns)
    width, height = WIDTH // columns, min(90, (HEIGHT - BAR) // rows)
    for number, control in enumerate(page.controls):
        column, row = divmod(number, rows)
        left, top = column * width + GAP, row * height + GAP
        split = int(width * LABEL_SHARE)
        unit = f" ({control.unit})" if control.unit else ""
        _label(inside, control, f"{control.label}{unit}", (left, top, split - GAP, height - 2 * GAP))
        _control(inside, control, (left + split, top, width - split - 2 * GAP, height - 2 * GAP))


def _label(parent: ET.Element, control: Control, text: str, frame: Frame) -> None:
    node = _node(parent, "LABEL", f"label {control.address}", frame, (0.1, 0.1, 0.1))
    _value(node, "text", text)


def _control(parent: ET.Element, control: Control, frame: Frame) -> None:
    kind = CONTROLS[control.kind]
    tint = TINTS.get(control.kind, PLAIN)
    node = _node(parent, kind, control.address, frame, tint, not control.heard_only)
    low, high = 0.0, 1.0
    match control.kind:
        case "number" | "whole" | "meter":
            low, high = control.low or 0.0, 1.0 if control.high is None else control.high
            _property(node, "i", "orientation", 1)
            _value(node, "x", f"{(float(control.default) - low) / (high - low):.6g}")
        case "choice":
            _property(node, "i", "steps", len(control.choices))
            _property(node, "i", "orientation", 1)
            _value(node, "x", str(control.default))
        case "switch" | "button":
            _property(node, "i", "buttonType", TOGGLE if control.kind == "switch" else MOMENTARY)
            _value(node, "x", str(int(bool(control.default))))
        case _:
            _value(node, "text", str(control.default) if control.kind == "text" else "")
    worded = control.kind in ("text", "words")
    conversion = "STRING" if worded else "FLOAT" if control.kind in ("number", "meter") else "INTEGER"
    _message(node, control, "text" if worded else "x", conversion, low, high)


def _message(
    node: ET.Element, control: Control, variable: str, conversion: str, low: float, high: float
) -> None:
    message = ET.SubElement(ET.SubElement(node, "messages"), "osc")
    for key, text in (
        ("enabled", "1"),
        ("send", "0" if control.heard_only else "1"),
        ("receive", "0" if control.kind == "button" else "1"),
        ("feedback", "0"),
        ("noDuplicates", "0"),
        ("connections", "1111111111"),
    ):
        ET.SubElement(message, key).text = text
    trigger = ET.SubElement(ET.SubElement(message, "triggers"), "trigger")
    ET.SubElement(trigger, "var").text = variable
    ET.SubElement(trigger, "condition").text = "RISE" if control.kind == "button" else "ANY"
    _partial(ET.SubElement(message, "path"), "CONSTANT", "STRING", control.address, 0.0, 1.0)
    _partial(ET.SubElement(message, "arguments"), "VALUE", conversion, variable, low, high)


def _partial(parent: ET.Element, kind: str, conversion: str, value: str, low: float, high: float) -> None:
    partial = ET.SubElement(parent, "partial")
    for key, text in (
        ("type", kind),
        ("conversion", conversion),
        ("value", value),
        ("scaleMin", f"{low:g}"),
        ("scaleMax", f"{high:g}"),
    ):
        ET.SubElement(partial, key).text = text


def _node(
    parent: ET.Element,
    kind: str,
    name: str,
    frame: Frame,
    tint: tuple[float, float, float],
    interactive: bool = False,
) -> ET.Element:
    node = ET.SubElement(parent, "node", ID=str(uuid.uuid5(PLACE, f"{kind} {name}")), type=kind)
    ET.SubElement(node, "properties")
    ET.SubElement(node, "values")
    _property(node, "s", "name", name)
    _property(node, "b", "visible", 1)
    _property(node, "b", "background", 1)
    _property(node, "b", "interactive", int(interactive))
    _parts(node, "r", "frame", zip("xywh", map(str, frame), strict=True))
    _parts(node, "c", "color", zip("rgba", (*(f"{part:g}" for part in tint), "1"), strict=True))
    return node


def _children(node: ET.Element) -> ET.Element:
    return ET.SubElement(node, "children")


def _property(node: ET.Element, kind: str, key: str, value: object) -> None:
    made = ET.SubElement(_inner(node, "properties"), "property", type=kind)
    ET.SubElement(made, "key").text = key
    ET.SubElement(made, "value").text = str(value)


def _parts(node: ET.Element, kind: str, key: str, parts: zip[tuple[str, str]]) -> None:
    made = ET.SubElement(_inner(node, "properties"), "property", type=kind)
    ET.SubElement(made, "key").text = key
    value = ET.SubElement(made, "value")
    for name, text in parts:
        ET.SubElement(value, name).text = text


def _value(node: ET.Element, key: str, default: str) -> None:
    made = ET.SubElement(_inner(node, "values"), "value")
    for name, text in (
        ("key", key),
        ("locked", "0"),
        ("lockedDefaultCurrent", "0"),
        ("default", default),
        ("defaultPull", "0"),
    ):
        ET.SubElement(made, name).text = text


def _inner(node: ET.Element, name: str) -> ET.Element:
    found = node.find(name)
    assert found is not None
    return found
