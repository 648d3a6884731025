"""The panel as a person uses it: in Chromium, with mouse and with keys, beside OSC, through a loss and a restart."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pythonosc.udp_client import SimpleUDPClient

from chromesthesia.control.commands import Command, CueGo, CueJump
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import load_preset
from chromesthesia.params.routes import Route
from chromesthesia.testing.chromium import LOOK_S, PATIENCE_S, Page, chromium
from chromesthesia.testing.oscquery import free_port
from chromesthesia.testing.panel import PanelShow, panel_show

pytestmark = pytest.mark.chromium

PAGES = ("live", "look", "presets", "routes", "room")
LIVE = "globalThis.chromesthesia?.client.live && document.querySelector('main').children.length"
EXPOSURE = "/look/grade/exposure"
MEAN = """(() => { const c = document.querySelector('#preview'); const p = c.getContext('2d')
  .getImageData(0, 0, c.width, c.height).data; let sum = 0; for (const v of p) sum += v; return sum / p.length; })()"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with chromium() as page:
        yield page


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Shipped presets, one with a picture, and the user's own: none yet."""
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    shipped.mkdir()
    own.mkdir()
    repository = Path(__file__).resolve().parents[3] / "presets"
    for name in ("ember.toml", "ember.jpg", "gallery.toml"):
        shutil.copy(repository / name, shipped)
    return shipped, own


@pytest.fixture
def show(folders: tuple[Path, Path]) -> Iterator[PanelShow]:
    with panel_show(*folders) as show:
        yield show


@pytest.fixture
def page(browser: Page, show: PanelShow) -> Page:
    """The panel of `show` on a laptop, open on its first page."""
    browser.errors.clear()
    browser.size(1440, 900)
    browser.media("dark")
    browser.open(f"http://127.0.0.1:{show.number}/panel/")
    browser.until(f"location.port === '{show.number}' && {LIVE}")
    return browser


def turn(page: Page, name: str) -> None:
    page.run(f"location.hash = '#{name}'")
    page.until(f"document.querySelector('#tabs [aria-current]').dataset.page === '{name}'")


def slider(path: str) -> str:
    return f'.row[data-path="{path}"] input[type=range]'


def value(page: Page, path: str) -> object:
    return page.run(f"chromesthesia.client.values.get({json.dumps(path)})")


def test_every_page_opens_without_an_error(page: Page) -> None:
    for name in PAGES:
        turn(page, name)
        page.until("document.querySelectorAll('main button, main select').length > 0")
    page.until("performance.now() > 0 && chromesthesia.client.live")
    assert page.errors == []


@pytest.mark.parametrize(("width", "height", "phone"), [(390, 844, True), (1440, 900, False)])
def test_nothing_is_cut_off_and_all_has_a_name(page: Page, width: int, height: int, phone: bool) -> None:
    page.size(width, height, phone)
    for name in PAGES:
        turn(page, name)
        page.until("document.querySelectorAll('main button, main select').length > 0")
        assert page.run("document.documentElement.scrollWidth") <= width, name
        nameless = page.run(
            "[...document.querySelectorAll('button, input, select, canvas, a')].filter((e) => e.checkVisibility()"
            " && !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length)).map((e) => e.outerHTML)"
        )
        assert nameless == [], name
        small = page.run(
            "[...document.querySelectorAll('button, input, select, nav a, summary')].filter((e) => {"
            " const b = e.getBoundingClientRect(); return e.checkVisibility() && b.width > 0"
            " && (b.height < 43.5 || b.width < 43.5); }).map((e) => e.outerHTML)"
        )
        assert small == [], name
        covered = page.run(
            "['safe', 'blackout'].filter((id) => { const e = document.getElementById(id);"
            " const b = e.getBoundingClientRect();"
            " return document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2) !== e; })"
        )
        assert covered == [], name


def test_every_setting_has_the_widget_of_its_kind(page: Page) -> None:
    turn(page, "look")
    rows = page.until(
        "[...document.querySelectorAll('.look .row')].map((e) => [e.dataset.path, e.className.split(' ')[1]])"
    )
    kinds = {"str": "text"}
    assert dict(rows) == {
        param.path: kinds.get(param.type_name, param.type_name) for param in PARAMETERS if param.writable
    }


def test_a_search_leaves_what_is_meant(page: Page) -> None:
    turn(page, "live")
    page.press("/")
    page.until("document.activeElement.id === 'search'")
    page.write("vignette")
    assert page.until(
        "[...document.querySelectorAll('.look .row:not([hidden])')].map((e) => e.dataset.path)",
        lambda found: found == ["/look/finish/vignette"],
    )


def test_a_slider_moves_the_picture(page: Page, show: PanelShow) -> None:
    page.until("chromesthesia.picture.frames > 1")
    before = page.run(MEAN)
    turn(page, "look")
    page.run(f"document.querySelector('{slider(EXPOSURE)}').focus()")
    page.press("ArrowRight")
    page.until("chromesthesia.client.values.get('/look/grade/exposure') > 0")
    page.click(slider("/look/view/zoom"))  # the mouse, on the middle of a ratio: from 0.25 to 4 that is 1
    for _ in range(5):
        page.press("ArrowUp")
    page.run(f"document.querySelector('{slider(EXPOSURE)}').focus()")
    for _ in range(20):
        page.press("ArrowRight")
    page.until(f"Math.abs({_value(EXPOSURE)} - 0.84) < 0.001")
    turn(page, "live")
    page.until(MEAN, lambda now: isinstance(now, float | int) and now > before * 1.1)
    assert show.tree.snapshot()[EXPOSURE] == pytest.approx(0.84, abs=0.001)


def _value(path: str) -> str:
    return f"chromesthesia.client.values.get('{path}')"


def test_an_osc_message_moves_the_slider(page: Page, show: PanelShow) -> None:
    turn(page, "look")
    SimpleUDPClient("127.0.0.1", show.number).send_message("/look/trails/amount", 0.75)
    page.until(f"document.querySelector('{slider('/look/trails/amount')}')?.value", lambda at: at == "750")
    assert (
        page.run(f"document.querySelector('{slider('/look/trails/amount')}').getAttribute('aria-valuetext')")
        == "0.75"
    )


def test_a_setting_is_reset_as_the_preset_has_it(page: Page, show: PanelShow) -> None:
    turn(page, "look")
    page.run("chromesthesia.client.set('/look/trails/amount', 0.9)")
    page.click('.row[data-path="/look/trails/amount"] .reset')
    page.until(_value("/look/trails/amount"), lambda now: now is not None and abs(now - 0.3) < 0.5)
    preset, _ = show.controller.current
    wanted = preset.params.get("/look/trails/amount", 0.3)
    page.until(f"Math.abs({_value('/look/trails/amount')} - {wanted}) < 0.001")


def test_a_preset_loads_is_kept_and_comes_back_after_a_restart(
    page: Page, show: PanelShow, folders: tuple[Path, Path]
) -> None:
    turn(page, "presets")
    page.until("document.querySelector('.load[data-name=Ember] img')?.naturalWidth > 0")
    page.run("document.querySelector('#glide').value = 0")
    page.click(".load[data-name=Ember]")
    page.until("document.querySelector('.load[aria-current]')?.dataset.name === 'Ember'")
    page.run("chromesthesia.client.set('/look/finish/vignette', 0.875)")
    page.until("chromesthesia.picture.frames > 1")
    page.run("document.querySelector('#save-name').focus()")
    page.write("Late – night")
    page.press("Enter")
    page.until("document.querySelector('.load[aria-current]')?.dataset.name === 'Late – night'")
    page.until("document.querySelector('.load[aria-current] img')?.naturalWidth > 0")
    with panel_show(*folders) as again:
        page.open(f"http://127.0.0.1:{again.number}/panel/#presets")
        page.until(f"location.port === '{again.number}' && {LIVE}")
        page.until("document.querySelector('.load[data-name=\"Late – night\"]') !== null")
        page.run("document.querySelector('#glide').value = 0")
        page.click('.load[data-name="Late – night"]')
        page.until("document.querySelector('.load[aria-current]')?.dataset.name === 'Late – night'")
        page.until(f"{_value('/look/finish/vignette')} === 0.875")
        page.click(".rename")
        page.until("document.activeElement.closest('.rename-form') !== null")
        page.write("Dawn")
        page.press("Enter")
        page.until("document.querySelector('.load[data-name=Dawn]') !== null")
        assert "Dawn" in again.controller.library.names
        assert page.errors == []


def test_what_was_set_comes_before_the_action_whatever_waits_in_the_browser(
    page: Page, folders: tuple[Path, Path]
) -> None:
    turn(page, "presets")
    page.run(
        "(() => { const own = Object.getOwnPropertyDescriptor(WebSocket.prototype, 'bufferedAmount');"
        " Object.defineProperty(WebSocket.prototype, 'bufferedAmount', { ...own, get: () => 1e6 });"
        " chromesthesia.client.set('/look/finish/vignette', 0.625);"
        " chromesthesia.client.act('/preset/save', 'Crowded');"
        " Object.defineProperty(WebSocket.prototype, 'bufferedAmount', own); })()"
    )
    page.until("document.querySelector('.load[aria-current]')?.dataset.name === 'Crowded'")
    assert load_preset(folders[1] / "crowded.toml").params["/look/finish/vignette"] == 0.625


def test_a_refusal_is_said(page: Page) -> None:
    page.run("chromesthesia.client.act('/preset/rename', 'Ember', 'Mine')")
    page.until("document.querySelector('#alerts').textContent.includes('not a preset of your own')")


def test_routes_are_added_changed_and_removed(page: Page, show: PanelShow) -> None:
    turn(page, "routes")
    page.until("document.querySelector('#route-target option') !== null")
    page.run(
        "(() => { document.querySelector('#route-signal').value = 'features/onset';"
        " document.querySelector('#route-target').value = '/look/finish/split'; })()"
    )
    page.click(".add button")
    row = '.route[data-route="features/onset /look/finish/split"]'
    page.until(f"document.querySelector('{row} details')?.open")
    assert route(show) == Route("features/onset", "/look/finish/split", gain=0.25, release_s=0.2)
    page.run(f"(() => {{ const e = document.querySelector('{row} input'); e.value = '0.5';"
             " e.dispatchEvent(new Event('change')); })()")  # fmt: skip
    page.until(f"document.querySelector('{row} .gain')?.textContent.trim() === '+0.5'")
    assert route(show) == Route("features/onset", "/look/finish/split", gain=0.5, release_s=0.2)
    page.click(f"{row} .remove")
    page.until(f"document.querySelector('{row}') === null")
    assert route(show) is None


def route(show: PanelShow) -> Route | None:
    """The route to the setting that the test moves; what came as a float of 32 bits is rounded."""
    preset, _ = show.controller.current
    found = next((each for each in preset.routes if each.target == "/look/finish/split"), None)
    return None if found is None else replace(found, release_s=round(found.release_s, 5))


def test_it_is_played_by_keys_alone(page: Page, show: PanelShow) -> None:
    page.press("Tab")
    assert page.run("document.activeElement.className") == "skip"
    stops = []
    for _ in range(9):
        page.press("Tab")
        stops.append(page.run("document.activeElement.id || document.activeElement.dataset.page"))
        outline = page.run("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", stops
    assert stops == ["scheme", "help-open", *PAGES, "safe", "blackout"]
    page.press("Enter")
    page.until("document.querySelector('#blackout').getAttribute('aria-pressed') === 'true'")
    page.until("document.querySelector('#news').textContent.startsWith('Blackout')")
    assert page.until(_value("/master/blackout"))
    page.press("B", shift=True)
    page.until(f"{_value('/master/blackout')} === false")
    page.press("3")
    page.until("document.querySelector('.presets-page') !== null")
    page.press("?")
    page.until("document.querySelector('#help').open")
    page.press("Escape")
    page.until("!document.querySelector('#help').open")
    page.run("chromesthesia.client.set('/look/trails/amount', 0.9)")
    page.press("S", shift=True)
    page.until(f"{_value('/status/preset')} === 'Plain'")
    assert show.tree.snapshot()["/look/trails/amount"] == pytest.approx(0.3)


def test_keys_can_be_switched_off(page: Page) -> None:
    page.click("#help-open")
    page.click("#single-keys")
    page.press("Escape")
    page.until("!document.querySelector('#help').open")
    page.press("3")
    page.press("?")
    assert page.run("document.querySelector('#tabs [aria-current]').dataset.page") == "live"


def test_a_lost_connection_is_said_and_nothing_stale_is_sent(
    browser: Page, folders: tuple[Path, Path]
) -> None:
    number = free_port()
    with panel_show(*folders, number) as show:
        browser.size(1440, 900)
        browser.open(f"http://127.0.0.1:{number}/panel/#look")
        browser.until(f"location.port === '{number}' && {LIVE}")
        browser.run("chromesthesia.client.set('/look/trails/amount', 0.5)")
        browser.until("chromesthesia.client.values.get('/look/trails/amount') === 0.5")
        assert show.number == number
    browser.until("chromesthesia.client.state === 'lost' && !document.querySelector('#lost').hidden")
    assert browser.run("document.querySelector('main').inert && document.querySelector('#stage').inert")
    assert "nothing is sent" in browser.run("document.querySelector('#lost').textContent")
    epoch = browser.run("chromesthesia.client.epoch")
    assert browser.run("chromesthesia.client.set('/look/trails/amount', 0.99)") is False
    assert browser.run("chromesthesia.client.act('/safe')") is False
    with panel_show(*folders, number) as again:
        browser.until("chromesthesia.client.live && document.querySelector('#lost').hidden")
        assert not browser.run("document.querySelector('main').inert")
        # A drag that began before the gap goes on in the hand, and counts no more.
        assert browser.run(f"chromesthesia.client.set('/look/trails/amount', 0.99, {epoch})") is False
        browser.run("chromesthesia.client.set('/look/flow/amount', 0.625)")
        browser.until("chromesthesia.client.values.get('/look/flow/amount') === 0.625")
        SimpleUDPClient("127.0.0.1", number).send_message("/look/flow/scale", 2.0)
        browser.until("chromesthesia.client.values.get('/look/flow/scale') === 2")
        assert again.tree.snapshot()["/look/flow/amount"] == 0.625
        assert again.tree.snapshot()["/look/trails/amount"] != pytest.approx(0.99)
        assert browser.run(_value("/look/trails/amount")) == pytest.approx(
            again.tree.snapshot()["/look/trails/amount"]
        )


def test_an_open_show_is_locked_until_its_token_is_given(browser: Page, folders: tuple[Path, Path]) -> None:
    number = free_port()
    with panel_show(*folders, number, token="first-of-two-tokens") as show:
        browser.open(f"http://127.0.0.1:{number}/panel/")
        browser.until(f"location.port === '{number}' || location.protocol === 'chrome-error:'")
        assert browser.run("globalThis.chromesthesia === undefined")
        browser.open(f"http://127.0.0.1:{number}/panel/?token=first-of-two-tokens")
        browser.until(f"location.port === '{number}' && {LIVE}")
        assert browser.run("location.search") == ""
        browser.run("chromesthesia.client.set('/look/flow/amount', 0.625)")
        browser.until("chromesthesia.client.values.get('/look/flow/amount') === 0.625")
        assert show.panel.link.endswith("?token=first-of-two-tokens")
    with panel_show(*folders, number, token="other-of-two-tokens"):
        browser.until("chromesthesia.client.state === 'locked' && document.querySelector('#token') !== null")
        browser.run("document.querySelector('#token').focus()")
        browser.write(f"http://192.168.1.2:{number}/panel/?token=other-of-two-tokens")
        browser.press("Enter")
        browser.until(f"{LIVE} && location.search === '' && document.querySelector('#lost').hidden")


def test_light_and_dark_follow_the_system_until_the_switch_is_used(page: Page) -> None:
    assert page.run("document.documentElement.dataset.scheme") == "dark"
    page.media("light")
    page.until("document.documentElement.dataset.scheme === 'light'")
    page.click("#scheme")
    assert page.run("document.documentElement.dataset.scheme") == "dark"
    page.run("globalThis.before = true; location.reload()")
    page.until(
        f"globalThis.before === undefined && {LIVE} && document.documentElement.dataset.scheme === 'dark'"
    )


def test_the_accent_is_a_colour_of_the_picture(page: Page, show: PanelShow) -> None:
    turn(page, "presets")
    page.run("document.querySelector('#glide').value = 0")
    page.until("document.querySelector('.load[data-name=Ember]') !== null")
    page.click(".load[data-name=Ember]")
    # Ember is orange: an Oklch hue near 60 degrees.
    page.until(
        "Number(document.documentElement.style.getPropertyValue('--hue'))",
        lambda hue: isinstance(hue, float | int) and 35 < hue < 90,
    )


@pytest.mark.gl
def test_a_slider_moves_what_a_real_show_draws(browser: Page, tmp_path: Path) -> None:
    number = free_port()
    command = f"run --headless --source demo --duration 600 --size 160x90 --osc-in-port {number}"
    process = subprocess.Popen(
        [sys.executable, "-m", "chromesthesia", *command.split(), "--osc-out", f"127.0.0.1:{free_port()}"],
        env={**os.environ, "CHROMESTHESIA_HOME": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        browser.size(1440, 900)
        address = f"http://127.0.0.1:{number}/panel/"
        wait_for(number)
        browser.open(address)
        browser.until(f"location.port === '{number}' && {LIVE}")
        browser.until("chromesthesia.picture.frames > 1")
        before = browser.run(MEAN)
        browser.run(f"document.querySelector('{slider('/master/brightness')}').focus()")
        browser.press("Home")
        browser.until("chromesthesia.client.values.get('/master/brightness') === 0")
        browser.until(MEAN, lambda now: isinstance(now, float | int) and now < before * 0.8)
    finally:
        process.terminate()
        process.wait(60)


def wait_for(number: int) -> None:
    """Until somebody listens."""
    end_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", number), 1.0).close()
            return
        except OSError:
            if time.monotonic() > end_s:
                raise
            time.sleep(LOOK_S)


def test_a_cue_list_is_shown_and_run_from_the_live_page(page: Page, show: PanelShow) -> None:
    turn(page, "live")
    hidden = "document.querySelector('.cues').hidden"
    assert page.until(f"{hidden} === true")
    asked: list[Command] = []
    for kind in (CueGo, CueJump):
        show.controller.handle(kind, lambda command, now_s: asked.append(command))
    show.controller.cues = ("doors", "storm")
    page.run("location.reload()")
    page.until(f"{LIVE} && {hidden} === false")
    page.click(".cues .go")
    page.run(
        "(() => { const s = document.querySelector('.cues select'); s.value = 'storm';"
        " s.dispatchEvent(new Event('change')); })()"
    )
    deadline = time.monotonic() + PATIENCE_S
    while len(asked) < 2 and time.monotonic() < deadline:
        page.until("true")
    assert [type(command) for command in asked] == [CueGo, CueJump]
    assert isinstance(asked[1], CueJump)
    assert asked[1].which == "storm"


def test_a_performer_is_marked_taken_back_kept_and_loaded(
    page: Page, show: PanelShow, folders: tuple[Path, Path]
) -> None:
    lit = "[...document.querySelectorAll('.mood')].map((e) => [e.dataset.mood, e.querySelectorAll('.on').length])"
    assert page.until(lit, lambda found: len(found) == 3) == [["angry", 0], ["happy", 0], ["sad", 0]]
    for _ in range(2):
        page.click("[data-mood=happy]")
    page.until(lit, lambda found: found[1] == ["happy", 2])
    page.run("document.querySelector('.mark-tools button').click()")
    page.until(lit, lambda found: found[1] == ["happy", 1])
    page.run("document.querySelector('.performer input').focus()")
    page.write("Maria")
    page.press("Enter")
    page.until("document.querySelector('.whose').textContent === 'Maria'")
    assert (folders[1] / "performers" / "maria.json").is_file()
    page.run("[...document.querySelectorAll('.mark-tools button')][1].click()")
    page.until(lit, lambda found: found[1] == ["happy", 0])
    page.until("document.querySelectorAll('.performer option').length === 2")
    page.run(
        "(() => { const s = document.querySelector('.performer select'); s.value = 'Maria';"
        " s.dispatchEvent(new Event('change')); })()"
    )
    page.until(lit, lambda found: found[1] == ["happy", 1])
    assert page.errors == []
