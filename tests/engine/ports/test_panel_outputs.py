"""Outputs set in the panel: a corner pulled with the mouse and with keys, a mesh, cards, and saved into the file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from chromesthesia.control.controller import Controller
from chromesthesia.core.protocols import Clock
from chromesthesia.display.stage_file import read_stage
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.stage.port import StagePort
from chromesthesia.testing.chromium import Page, chromium
from chromesthesia.testing.panel import PanelShow, panel_show
from chromesthesia.testing.stage import SilentWindow

pytestmark = pytest.mark.chromium

FILE = """schema = 1
canvas = [1920, 540]

[[output]]
name = "left wall"
crop = [0, 0, 0.55, 1]
blend = [0, 0, 0.18, 0]
corners = [[0.06, 0.04], [0.97, 0.0], [1.0, 0.96], [0.02, 1.0]]
columns = 4
rows = 3

[[output]]
name = "right wall"
crop = [0.45, 0, 0.55, 1]
blend = [0.18, 0, 0, 0]
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with chromium() as page:
        yield page


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "stage.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


@pytest.fixture
def ports(path: Path) -> list[StagePort]:
    """The port of the outputs, once the show has made it."""
    return []


@pytest.fixture
def show(tmp_path: Path, path: Path, ports: list[StagePort]) -> Iterator[PanelShow]:
    presets, own = tmp_path / "presets", tmp_path / "own"
    presets.mkdir()
    own.mkdir()
    for name in ("ember.toml", "ember.jpg"):
        shutil.copy(Path(__file__).resolve().parents[3] / "presets" / name, presets)

    def stage(tree: ParameterTree, controller: Controller, clock: Clock) -> StagePort:
        ports.append(StagePort(read_stage(path), path, tree, controller, clock, open_link=SilentWindow))
        return ports[-1]

    with panel_show(presets, own, stage=stage) as show:
        yield show


@pytest.fixture
def page(browser: Page, show: PanelShow) -> Page:
    browser.errors.clear()
    browser.size(1440, 900)
    browser.media("dark")
    browser.open(f"http://127.0.0.1:{show.number}/panel/#outputs")
    browser.until(f"location.port === '{show.number}' && document.querySelectorAll('.handle').length === 4")
    return browser


def value(page: Page, path: str) -> float:
    return float(page.run(f"chromesthesia.client.values.get({json.dumps(path)})"))


def test_corners_are_pulled_meshes_bent_cards_shown_and_all_of_it_saved(
    page: Page, ports: list[StagePort], path: Path
) -> None:
    assert page.run("document.querySelector('#tabs [data-page=outputs]').checkVisibility()")
    page.run("document.querySelector('[data-point=\"corner/1\"]').focus()")
    page.press("ArrowRight")
    page.press("ArrowDown", shift=True)
    page.until("chromesthesia.client.values.get('/output/1/corner/1/y') > 0.055")
    assert value(page, "/output/1/corner/1/x") == pytest.approx(0.062, abs=1e-4)
    assert value(page, "/output/1/corner/1/y") == pytest.approx(0.06, abs=1e-4)
    # With the mouse: by a tenth of the box to the left.
    x, y, width = page.run(
        "(() => { const b = document.querySelector('[data-point=\"corner/3\"]').getBoundingClientRect();"
        " return [b.x + b.width / 2, b.y + b.height / 2, document.querySelector('.output-box').clientWidth]; })()"
    )
    for kind, to in (("mousePressed", x), ("mouseMoved", x - width / 12), ("mouseReleased", x - width / 12)):
        page.do("Input.dispatchMouseEvent", type=kind, x=to, y=y, button="left", buttons=1, clickCount=1)
    page.until("chromesthesia.client.values.get('/output/1/corner/3/x') < 0.95")
    assert value(page, "/output/1/corner/3/x") == pytest.approx(0.9, abs=0.01)
    page.run("[...document.querySelectorAll('.editor .chip')].find((e) => e.textContent === 'Mesh').click()")
    page.until("document.querySelectorAll('.handle').length === 12")
    page.run("document.querySelector('[data-point=\"mesh/2/2\"]').focus()")
    for _ in range(3):
        page.press("ArrowUp", shift=True)
    page.until("chromesthesia.client.values.get('/output/1/mesh/2/2/y') < 0.46")
    page.run(
        "[...document.querySelectorAll('.outputs .toggle')].find((e) => e.textContent === 'Identify all').click()"
    )
    page.until("document.querySelector('.outputs .toggle').getAttribute('aria-pressed') === 'true'")
    page.run(
        "[...document.querySelectorAll('.outputs button')].find((e) => e.textContent === 'Save').click()"
    )
    page.until("document.getElementById('news').textContent.includes('saved')")
    page.until("chromesthesia.client.live")
    for _ in range(200):
        saved = read_stage(path).outputs[0].shape
        if saved.corners[0][1] > 0.05 and saved.mesh is not None and saved.mesh.points[5][1] < 0.46:
            break
        page.until("new Promise((done) => setTimeout(() => done(true), 20))")
    assert saved.corners[0] == pytest.approx((0.062, 0.06), abs=1e-4)
    assert saved.mesh is not None
    assert saved.mesh.points[5][1] < 0.46
    assert ports[0].output(1).shape.corners[0] == pytest.approx(saved.corners[0], abs=1e-5)
    assert page.errors == []


def test_the_page_fits_every_screen_and_all_has_a_name(page: Page) -> None:
    for width, height, phone in ((390, 844, True), (1440, 900, False)):
        page.size(width, height, phone)
        page.until("document.querySelectorAll('.outputs .row').length > 10")
        assert page.run("document.documentElement.scrollWidth") <= width
        assert (
            page.run(
                "[...document.querySelectorAll('main button, main input, main select, main canvas')].filter((e) =>"
                " e.checkVisibility() && !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length))"
                ".map((e) => e.outerHTML)"
            )
            == []
        )
    page.size(1440, 900)
    page.run("location.hash = '#look'")
    page.until("document.querySelectorAll('.look .row').length > 10")
    assert page.run("document.querySelectorAll('.look .row[data-path^=\"/output/\"]').length") == 0
