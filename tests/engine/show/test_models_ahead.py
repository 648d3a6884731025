"""Models opened ahead: given once, to who asks for the same, and never those of a pack that changed meanwhile."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from chromesthesia.core.errors import PackError
from chromesthesia.inference import sessions
from chromesthesia.packs.find import find_pack
from chromesthesia.show.assembly import ENGINES_OWN, Models, OwnParts
from chromesthesia.show.models_ahead import ModelsAhead
from chromesthesia.testing.models import PlainGenerator, ToneEncoder


class Opener:
    """Opens fakes, and counts."""

    def __init__(self) -> None:
        self.asked: list[tuple[Path | None, str]] = []
        self.error: PackError | None = None

    def __call__(self, pack_path: Path | None, provider: str, own: OwnParts = ENGINES_OWN) -> Models:
        self.asked.append((pack_path, provider))
        if self.error is not None:
            raise self.error
        return Models("fakes", ToneEncoder(), PlainGenerator())


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of the default pack, to be changed."""
    return Path(shutil.copytree(find_pack(), tmp_path / "pack"))


def test_who_asks_for_the_same_has_them_at_once_and_the_next_has_others(pack: Path) -> None:
    opener = Opener()
    ahead = ModelsAhead(opener)
    ahead.prepare(pack, "cpu")
    first = ahead.open(pack, "cpu")
    assert opener.asked == [(pack, "cpu")]
    assert ahead.open(pack, "cpu") is not first
    assert len(opener.asked) == 2


@pytest.mark.parametrize("change", ["a file", "one more", "gone"])
def test_a_pack_that_changed_meanwhile_is_opened_anew(pack: Path, change: str) -> None:
    opener = Opener()
    ahead = ModelsAhead(opener)
    ahead.prepare(pack, "cpu")
    if change == "a file":
        manifest = pack / "manifest.toml"
        manifest.write_text(manifest.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    elif change == "one more":
        (pack / "more.txt").write_text("more", encoding="utf-8")
    else:
        shutil.rmtree(pack)
    ahead.open(pack, "cpu")
    assert len(opener.asked) == 2


def test_who_asks_for_something_else_has_that(pack: Path) -> None:
    opener = Opener()
    ahead = ModelsAhead(opener)
    for asked in (
        (None, "cpu", ENGINES_OWN),
        (pack, "auto", ENGINES_OWN),
        (pack, "cpu", OwnParts(encoder=ToneEncoder())),
    ):
        opener.asked.clear()
        ahead.prepare(pack, "cpu")
        ahead.open(*asked)
        assert opener.asked == [(pack, "cpu"), asked[:2]]


def test_what_cannot_be_opened_is_said_when_it_is_asked_for(pack: Path) -> None:
    opener = Opener()
    opener.error = PackError("broken", "mend it")
    ahead = ModelsAhead(opener)
    ahead.prepare(pack, "cpu")
    ahead.prepare(pack / "nowhere", "cpu")
    ahead.prepare(pack, "of another world")
    with pytest.raises(PackError, match="broken"):
        ahead.open(pack, "cpu")


def test_a_gpu_has_no_room_for_two(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "available_providers", lambda: ["cuda", "cpu"])
    opener = Opener()
    ahead = ModelsAhead(opener)
    ahead.prepare(pack, "auto")
    assert opener.asked == []
    ahead.prepare(pack, "cpu")
    assert opener.asked == [(pack, "cpu")]
