"""The bus over Zenoh itself: on loopback, and with keys."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from chromesthesia.core.clock import SystemClock
from chromesthesia.core.errors import UsageError
from chromesthesia.ports.bus.bus import BusConfig, checked_name
from chromesthesia.ports.bus.keys import KEY, TOKEN, load_keys, make_keys
from chromesthesia.ports.bus.zenoh_bus import ZenohBus, zenoh_settings

PATIENCE_S = 20.0
FAR = "tls/192.168.1.10:7447"


class Heard:
    """Keeps what comes under a topic."""

    def __init__(self) -> None:
        self.came = threading.Event()
        self.contents: list[bytes] = []

    def __call__(self, content: bytes) -> None:
        self.contents.append(content)
        self.came.set()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def told(sender: ZenohBus, heard: Heard, content: bytes, patience_s: float = PATIENCE_S) -> bool:
    """Tell again and again until it is heard: machines find each other in their own time."""
    for _ in range(round(patience_s / 0.05)):
        sender.publish("frames", content)
        heard.came.wait(0.05)
        heard.came.clear()
        if content in heard.contents:
            return True
    return False


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Those of this room, and of another."""
    pytest.importorskip("cryptography")
    folder = tmp_path_factory.mktemp("keys")
    make_keys(folder / "ours")
    make_keys(folder / "others")
    return folder / "ours", folder / "others"


@pytest.mark.zenoh
@pytest.mark.parametrize("with_keys", [False, True])
def test_an_ear_is_heard_by_its_light(keys: tuple[Path, Path], with_keys: bool) -> None:
    endpoint = f"{'tls' if with_keys else 'tcp'}/127.0.0.1:{free_port()}"
    folder = keys[0] if with_keys else None
    clock = SystemClock()
    ear = ZenohBus(BusConfig("room", listen=(endpoint,), keys=folder), clock, ear=True)
    light = ZenohBus(BusConfig("room", connect=(endpoint,), keys=folder), clock, ear=False)
    other_room = ZenohBus(BusConfig("hall", connect=(endpoint,), keys=folder), clock, ear=False)
    try:
        heard, back, elsewhere = Heard(), Heard(), Heard()
        light.subscribe("frames", heard)
        other_room.subscribe("frames", elsewhere)
        ear.subscribe("frames", back)
        assert told(ear, heard, b"content")
        assert heard.contents[0] == b"content"
        assert told(light, back, b"answer"), "what it told itself may come first"
        assert not elsewhere.contents
        assert ear.counts()["failures"] == 0
    finally:
        for bus in (ear, light, other_room):
            bus.close()


@pytest.mark.zenoh
def test_who_has_other_keys_hears_nothing(keys: tuple[Path, Path], tmp_path: Path) -> None:
    endpoint = f"tls/127.0.0.1:{free_port()}"
    clock = SystemClock()
    wrong_token = tmp_path / "wrong"
    wrong_token.mkdir()
    for file in keys[0].iterdir():
        (wrong_token / file.name).write_bytes(file.read_bytes())
    (wrong_token / TOKEN).write_text("f" * 48, encoding="ascii")
    ear = ZenohBus(BusConfig("room", listen=(endpoint,), keys=keys[0]), clock, ear=True)
    strangers = [
        ZenohBus(BusConfig("room", connect=(endpoint,), keys=folder), clock, ear=False)
        for folder in (keys[1], wrong_token)
    ]
    friend = ZenohBus(BusConfig("room", connect=(endpoint,), keys=keys[0]), clock, ear=False)
    try:
        unheard = [Heard() for _ in strangers]
        for stranger, heard in zip(strangers, unheard, strict=True):
            stranger.subscribe("frames", heard)
        known = Heard()
        friend.subscribe("frames", known)
        assert told(ear, known, b"content")
        assert not any(heard.contents for heard in unheard)
    finally:
        for bus in (ear, friend, *strangers):
            bus.close()


def test_keys_are_for_their_owner_alone_and_are_not_written_over(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    made = make_keys(tmp_path / "room")
    assert made == load_keys(tmp_path / "room")
    assert (tmp_path / "room" / KEY).stat().st_mode & 0o077 == 0
    with pytest.raises(UsageError, match="is there already"):
        make_keys(tmp_path / "room")
    (tmp_path / "room" / TOKEN).write_text("short", encoding="ascii")
    with pytest.raises(UsageError, match="no token"):
        load_keys(tmp_path / "room")
    (tmp_path / "room" / KEY).unlink()
    with pytest.raises(UsageError, match=KEY):
        load_keys(tmp_path / "room")


@pytest.mark.parametrize(
    ("config", "what"),
    [
        (BusConfig(lan=True), "without keys"),
        (BusConfig(listen=("tcp/192.168.1.10:7447",)), "overheard"),
        (BusConfig(connect=("tcp/0.0.0.0:7447",)), "overheard"),
        (BusConfig(connect=(FAR,)), "needs keys"),
        (BusConfig(connect=("udp/127.0.0.1:1",)), "no endpoint"),
        (BusConfig(listen=("nonsense",)), "no endpoint"),
        (BusConfig(listen=("tls/",)), "no endpoint"),
    ],
    ids=str,
)
def test_nothing_leaves_this_machine_in_the_clear(config: BusConfig, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        zenoh_settings(config, None, ear=True)


def test_a_light_is_called_by_nobody_and_only_the_lan_is_searched(keys: tuple[Path, Path]) -> None:
    loaded = load_keys(keys[0])
    light = zenoh_settings(BusConfig(lan=True), loaded, ear=False)
    assert light["listen/endpoints"] == []
    assert light["scouting/multicast/enabled"] is True
    here = zenoh_settings(BusConfig(), None, ear=False)
    assert here["scouting/multicast/enabled"] is False
    assert all(endpoint.startswith("tcp/127.0.0.1:") for endpoint in here["connect/endpoints"])
    tls = light["transport/link/tls"]
    assert tls["enable_mtls"] is True


@pytest.mark.parametrize("name", ["", "a/b", "*", "a b", "x" * 41, "größe"])
def test_a_name_that_is_no_part_of_a_topic_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        checked_name(name)
