"""What lies below `/panel`: its own files and nothing else of the disk, the picture, presets, routes, the log."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chromesthesia.control.controller import Controller
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import Preset, PresetLibrary, find_presets
from chromesthesia.params.routes import Route
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.oscquery.site import Reply
from chromesthesia.ports.panel import preview as preview_module
from chromesthesia.ports.panel.files import MOST_FILES, listed
from chromesthesia.ports.panel.log_lines import LONGEST_LINE, MOST_LINES, LogLines
from chromesthesia.ports.panel.preview import LARGEST_SIDE, MOST_WATCHERS, Preview
from chromesthesia.ports.panel.site import PanelSite
from chromesthesia.signals.table import TABLE
from chromesthesia.testing.oscquery import raw, served

ROUTE = Route("features/onset", "/look/view/zoom", gain=0.1)


def site_of(library: PresetLibrary | None = None, files: Mapping[str, Path] | None = None) -> PanelSite:
    presets = (
        PresetLibrary((Preset("Ink", routes=(ROUTE,), description="wet"),)) if library is None else library
    )
    controller = Controller(ParameterTree(PARAMETERS), presets)
    return PanelSite(controller, Preview(), LogLines(), files)


def got(site: PanelSite, path: str) -> Reply | None:
    return asyncio.run(site.get(path))


def told(site: PanelSite, name: str) -> object:
    reply = got(site, f"/panel/{name}")
    assert reply is not None
    assert (reply.status, reply.media_type) == (200, "application/json")
    return json.loads(reply.body)


def test_the_page_is_there_and_comes_with_the_package() -> None:
    page = got(site_of(), "/panel/")
    assert page is not None
    assert page.media_type == "text/html; charset=utf-8"
    assert page.body.startswith(b"<!doctype html>")
    beside = got(site_of(), "/panel")
    assert beside is not None
    assert (beside.status, beside.location) == (303, "/panel/")


def test_only_files_of_known_kinds_right_in_the_folder_are_listed(tmp_path: Path) -> None:
    for name in ("index.html", "a.js", "b.css", "c.svg", ".hidden.js", "d.py", "e.html.exe", "f", "G.html"):
        (tmp_path / name).write_text("x")
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "secret.html").symlink_to(tmp_path / "d.py")
    assert set(listed(tmp_path)) == {"index.html", "a.js", "b.css", "c.svg"}
    for number in range(2 * MOST_FILES):
        (tmp_path / f"n{number}.js").write_text("x")
    assert len(listed(tmp_path)) == MOST_FILES


@pytest.mark.parametrize(
    "path",
    [
        "/panel/../files.py",
        "/panel/%2e%2e/files.py",
        "/panel/..%2ffiles.py",
        "/panel/%2e%2e%2ffiles.py",
        "/panel/..%5cfiles.py",
        "/panel//etc/passwd",
        "/panel/%2fetc%2fpasswd",
        "/panel/assets/index.html",
        "/panel/index.html/",
        "/panel/index.html%00",
        "/panel/./index.html",
        "/panel/INDEX.HTML",
        "/panel/thumbnails/",
        "/panel/thumbnails/../ink.toml",
        "/panel/thumbnails/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/panel/secret.txt",
        "/panel/file:///etc/passwd",
    ],
)
def test_no_path_leads_anywhere_else(path: str, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "secret.txt").write_text("secret")
    with served({}, site=site_of(files=listed(tmp_path))) as tree:
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        answered = raw(tree.port, request, more=True)
        assert answered.startswith(b"HTTP/1.1 404 "), answered[:200]
        assert b"secret" not in answered
        assert tree.ask("/panel/index.html")[1] == b"<!doctype html>"


def test_a_file_that_went_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("x")
    site = site_of(files=listed(tmp_path))
    (tmp_path / "index.html").unlink()
    assert got(site, "/panel/index.html") is None


def test_presets_routes_and_signals_are_told(tmp_path: Path) -> None:
    (tmp_path / "ink.toml").write_text('schema = 1\nname = "Ink"\n')
    (tmp_path / "ember.toml").write_text('schema = 1\nname = "Ember"\ndescription = "glows"\n')
    Image.new("RGB", (4, 4)).save(tmp_path / "ember.jpg")
    (tmp_path / "other.jpg").write_bytes(b"not a preset's")
    site = site_of(find_presets([tmp_path]))
    site.own = tmp_path
    assert told(site, "presets.json") == {
        "current": "Ember",
        "presets": [
            {"name": "Ember", "description": "glows", "thumbnail": "thumbnails/ember.jpg", "own": True},
            {"name": "Ink", "description": "", "thumbnail": None, "own": True},
        ],
    }
    thumbnail = got(site, "/panel/thumbnails/ember.jpg")
    assert thumbnail is not None
    assert thumbnail.media_type == "image/jpeg"
    assert got(site, "/panel/thumbnails/other.jpg") is None
    assert got(site, "/panel/ember.jpg") is None, "one address for one thing"

    site = site_of()
    assert told(site, "routes.json") == [
        {
            "signal": "features/onset",
            "target": "/look/view/zoom",
            "gain": 0.1,
            "curve": "linear",
            "low": 0.0,
            "high": 1.0,
            "attack_s": 0.0,
            "release_s": 0.0,
            "mode": "add",
        }
    ]
    signals = told(site, "signals.json")
    assert isinstance(signals, list)
    assert [each["name"] for each in signals] == list(TABLE.taps)
    addresses = {param.path for param in PARAMETERS}
    assert all(each["address"] in addresses for each in signals), "each can be listened to"
    packs = told(site, "packs.json")
    assert isinstance(packs, list)


def test_health_is_told_as_the_show_gives_it() -> None:
    site = site_of()
    assert told(site, "health.json") == {}
    site.health = lambda: {"fps": 30}
    assert told(site, "health.json") == {"fps": 30}


def test_the_log_is_kept_short_and_on_one_line() -> None:
    lines = LogLines()
    lines.open()
    logger = logging.getLogger("chromesthesia.test")
    logger.setLevel(logging.INFO)
    try:
        logger.info("a\nline %s", "x" * 10_000)
        logger.debug("not this")
        lines.emit(logging.LogRecord("chromesthesia", logging.WARNING, "", 0, "bad %d", ("text",), None))
        kept = lines.lines()
        assert [each["level"] for each in kept] == ["INFO", "WARNING"]
        assert len(str(kept[0]["text"])) <= LONGEST_LINE
        assert "\n" not in str(kept[0]["text"])
        assert "cannot be told" in str(kept[1]["text"])
        for number in range(MOST_LINES + 10):
            logger.info("line %d", number)
        assert len(lines.lines()) == MOST_LINES
    finally:
        lines.close()
    logger.info("too late")
    assert lines.lines()[-1]["text"] != "too late"


# -- the picture -----------------------------------------------------------------------------------------------------


def picture(value: int, width: int = 64, height: int = 36) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def brightness(jpeg: bytes) -> float:
    return float(np.asarray(Image.open(io.BytesIO(jpeg))).mean())


def test_no_frame_is_wanted_while_nobody_watches() -> None:
    preview = Preview()
    assert not preview.wants(0.0)
    assert not preview.wants(1e9)
    assert preview.newest() is None


def test_who_watches_gets_the_newest_at_a_bounded_rate() -> None:
    preview = Preview(rate_hz=5.0)

    async def watch() -> list[float]:
        seen: list[float] = []
        pictures = preview.pictures()
        for number in range(3):
            coming = asyncio.ensure_future(anext(pictures))
            await asyncio.sleep(0)
            time_s = 0.25 * number
            assert preview.wants(time_s)
            preview.frame(picture(10), time_s)
            preview.frame(picture(100 + 50 * number), time_s)
            assert not preview.wants(time_s + 0.1)
            seen.append(brightness(await coming))
        assert preview.newest() is not None
        assert isinstance(pictures, AsyncGenerator)
        await pictures.aclose()
        return seen

    assert asyncio.run(watch()) == pytest.approx([100, 150, 200], abs=3)
    assert preview.watchers == 0
    assert not preview.wants(100.0)
    assert preview.newest() is None


def test_a_picture_is_small_whatever_the_frame_is(monkeypatch: pytest.MonkeyPatch) -> None:
    preview = Preview()

    async def one(width: int, height: int) -> tuple[int, int]:
        coming = asyncio.ensure_future(preview.picture())
        await asyncio.sleep(0)
        frame = picture(50, width, height)
        preview.frame(frame, 0.0)
        frame[:] = 255  # the frame's buffer is written again at once
        jpeg = await coming
        assert jpeg is not None
        assert brightness(jpeg) == pytest.approx(50, abs=3)
        return Image.open(io.BytesIO(jpeg)).size

    assert asyncio.run(one(1920, 1080)) == (LARGEST_SIDE, 270)
    assert asyncio.run(one(360, 640)) == (270, LARGEST_SIDE)
    assert asyncio.run(one(64, 36)) == (64, 36)
    monkeypatch.setattr(preview_module, "WAIT_S", 0.0)
    assert asyncio.run(preview.picture()) is None, "no frame comes: nobody waits for ever"


def test_watchers_are_bounded() -> None:
    preview = Preview()

    async def crowd() -> None:
        watching = [asyncio.ensure_future(preview.picture()) for _ in range(MOST_WATCHERS)]
        await asyncio.sleep(0)
        assert preview.watchers == MOST_WATCHERS
        assert await preview.picture() is None
        assert [each async for each in preview.pictures()] == []
        preview.frame(picture(9), 0.0)
        jpegs = await asyncio.gather(*watching)
        assert len(set(jpegs)) == 1, "encoded once for all"

    asyncio.run(crowd())
    assert preview.watchers == 0


def test_the_picture_over_http() -> None:
    site = site_of()
    assert site.stream("/panel/preview") is not None
    assert site.stream("/panel/other") is None

    async def ask() -> Reply | None:
        coming = asyncio.ensure_future(site.get("/panel/preview.jpg"))
        await asyncio.sleep(0)
        site.preview.frame(picture(80), 0.0)
        return await coming

    reply = asyncio.run(ask())
    assert reply is not None
    assert (reply.status, reply.media_type) == (200, "image/jpeg")


def test_the_panel_asks_no_other_host_and_misses_none_of_its_modules() -> None:
    files = listed()
    names = set(files) | {
        "log.json",
        "routes.json",
        "signals.json",
        "presets.json",
        "packs.json",
        "health.json",
    }
    for name, path in files.items():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "//cdn" not in text
        assert not re.search(r"""["'(]\s*(https?:)?//\w""", text), f"{name} names another host"
        wanted = re.findall(r'(?:from |import )"\./([^"]+)"|(?:src|href)="([a-z0-9.-]+)"', text)
        assert {one or other for one, other in wanted} <= names, name


def test_every_shipped_preset_has_a_small_picture(repository: Path) -> None:
    presets = sorted((repository / "presets").glob("*.toml"))
    assert presets
    for preset in presets:
        picture = preset.with_suffix(".jpg")
        assert picture.stat().st_size <= 12_000, picture.name
        assert Image.open(picture).size == (320, 180)


def test_it_tells_whose_marks_are_kept() -> None:
    site = site_of()
    assert told(site, "performers.json") == []
    site.performers = lambda: ["Ann", "Zoë"]
    assert told(site, "performers.json") == ["Ann", "Zoë"]
