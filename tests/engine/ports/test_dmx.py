"""Lamps: patches, colours, channels, flashes, and frames that real receivers hear."""

from __future__ import annotations

import queue
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chromesthesia.core.clock import ManualClock
from chromesthesia.core.errors import NetworkError
from chromesthesia.params.declaration import Value
from chromesthesia.ports.dmx.colours import ChiefColours, MeanColours, linear_of
from chromesthesia.ports.dmx.flashes import FlashGate
from chromesthesia.ports.dmx.lamps import Lamps
from chromesthesia.ports.dmx.patch import Fixed, Light, Patch, PatchError, Universe, load_patch
from chromesthesia.ports.dmx.port import DmxPort, open_dmx
from chromesthesia.recording.flash_analyser import FlashAnalyser
from chromesthesia.signals.table import TABLE, Tap

ONSET = TABLE.taps["features/onset"]
VALENCE = TABLE.taps["emotion/valence"]
ONE = (Universe(1),)
RED_LEFT = np.zeros((36, 64, 3), np.uint8)
RED_LEFT[:, :32] = (255, 0, 0)
RED_LEFT[:, 32:] = (0, 128, 255)
FULL = {}  # type: Mapping[Tap, float]


def channels(
    *lights: Light, levels: Mapping[Tap, float] = FULL, pixels: Any = RED_LEFT, fixed: tuple[Fixed, ...] = ()
) -> list[int]:
    """The first channels of universe 1 after one step."""
    lamps = Lamps(Patch(ONE, lights, fixed))
    lamps.look(pixels)
    return list(lamps.step(0.0, lambda tap: levels[tap])[1][:16])


LEFT, RIGHT = (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 0.5, 1.0)


def test_a_lamp_shows_the_mean_colour_of_its_part_of_the_picture() -> None:
    assert channels(Light(1, 3, region=LEFT), Light(1, 7, region=RIGHT))[2:9] == [255, 0, 0, 0, 0, 55, 255]
    whole = channels(Light(1, 1, region=(0.0, 0.0, 1.0, 1.0)))
    assert whole[:3] == [128, 28, 128]  # the mean of light, not of levels


def test_white_dimmer_sixteen_bits_and_any_order() -> None:
    pastel = (0.6, 0.3, 0.2)
    assert channels(Light(1, 1, "rgbw", colour=pastel))[:4] == [102, 25, 0, 51]
    assert channels(Light(1, 1, "drgb", colour=pastel))[:4] == [153, 255, 128, 85]
    assert channels(Light(1, 1, "dwbgr", colour=pastel))[:5] == [153, 85, 0, 42, 170]
    assert channels(Light(1, 1, "d", 16, colour=pastel))[:2] == [153, 153]
    assert channels(Light(1, 1, "gd", 16, colour=(0.0, 0.25, 0.0)))[:4] == [255, 255, 64, 0]
    assert channels(Light(1, 1, "d"))[:1] == [255]


def test_levels_limits_gamma_and_what_is_fixed() -> None:
    assert channels(Light(1, 1, "d", tap=ONSET), levels={ONSET: 0.5})[0] == 128
    assert channels(Light(1, 1, "d", tap=VALENCE), levels={VALENCE: -1.0})[0] == 0
    assert channels(Light(1, 1, "d", tap=VALENCE), levels={VALENCE: 1.0})[0] == 255
    assert channels(Light(1, 1, "d", tap=ONSET, low=0.2, high=0.6), levels={ONSET: 0.0})[0] == 51
    assert channels(Light(1, 1, "d", tap=ONSET, low=0.2, high=0.6), levels={ONSET: 1.0})[0] == 153
    assert channels(Light(1, 1, "d", tap=ONSET, gamma=2.0), levels={ONSET: 0.5})[0] == 64
    assert channels(Light(1, 1, "d"), fixed=(Fixed(1, 5, 200),))[4] == 200


def test_a_lamp_follows_smoothly() -> None:
    level = {ONSET: 0.0}
    lamps = Lamps(Patch(ONE, (Light(1, 1, "d", tap=ONSET, smoothing_s=0.2),)))
    lamps.step(0.0, level.__getitem__)
    level[ONSET] = 1.0
    assert lamps.step(0.2, level.__getitem__)[1][0] == pytest.approx(255 * (1 - np.exp(-1.0)), abs=1)


def test_chief_colours_stand_for_the_picture_and_keep_their_places() -> None:
    source = np.random.default_rng(1)
    paints = np.array([(10, 10, 10), (200, 30, 30), (30, 160, 60), (240, 220, 60), (250, 250, 250)], np.uint8)
    pixels = paints[source.integers(0, 5, (36, 64))]
    chief = ChiefColours()
    for _ in range(30):
        found = chief.step(linear_of(pixels))
    wanted = linear_of(paints[None])[0]
    assert {int(np.abs(wanted - colour).sum(axis=1).argmin()) for colour in found} == set(range(5))
    moved = chief.step(linear_of(np.roll(pixels, 9, axis=1)))
    assert np.allclose(moved, found, atol=0.02)


def test_means_of_parts_are_those_of_their_pixels() -> None:
    linear = np.random.default_rng(2).random((36, 64, 3)).astype(np.float32)
    parts = [(0.0, 0.0, 1.0, 1.0), (0.25, 0.5, 0.5, 0.25), (0.999, 0.999, 0.001, 0.001)]
    whole, part, corner = MeanColours(parts).of(linear)
    assert whole == pytest.approx(linear.mean(axis=(0, 1)), rel=1e-5)
    assert part == pytest.approx(linear[18:27, 16:48].mean(axis=(0, 1)), rel=1e-5)
    assert corner == pytest.approx(linear[-1, -1], rel=1e-5)


# -- flashes ------------------------------------------------------------------------------------------------------

Ask = Callable[[float, int], np.ndarray[Any, Any]]


def square(hz: float) -> Ask:
    return lambda time_s, lights: np.full((lights, 3), float(time_s * hz % 1.0 < 0.5))


def in_turns(time_s: float, lights: int) -> np.ndarray[Any, Any]:
    """Every lamp flashes three times a second, each at another moment."""
    phase = (time_s * 3.0 + np.arange(lights) / lights) % 1.0
    return np.repeat((phase < 0.2).astype(float)[:, None], 3, axis=1)


def wheel(time_s: float, lights: int) -> np.ndarray[Any, Any]:
    """All colours round the wheel, eight times a second, at the same brightness."""
    angle = 2 * np.pi * (8.0 * time_s + np.array([0.0, 1 / 3, 2 / 3]))
    return np.tile(0.5 + 0.5 * np.cos(angle), (lights, 1))


def noise(time_s: float, lights: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(int(time_s * 1000)).random((lights, 3))


ASKED: dict[str, Ask] = {
    "3.5 Hz": square(3.5),
    "10 Hz": square(10.0),
    "22 Hz": square(22.0),
    "in turns": in_turns,
    "colour wheel": wheel,
    "noise": noise,
    "saturated red": lambda time_s, lights: square(7.0)(time_s, lights) * np.array([1.0, 0.0, 0.0]),
    "bursts": lambda time_s, lights: square(9.0)(time_s, lights) * (time_s % 2.0 < 0.6),
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_whatever_is_asked_no_lamp_flashes_more_than_three_times_a_second(asked: Ask) -> None:
    """Judged by the analyser of pictures, which shares nothing with the gate: each lamp is a part of a wall."""
    lights, rate_hz = 6, 44.0
    gate = FlashGate(lights)
    # Lamps whose light is linear, and lamps whose light goes with the square of the level.
    walls = {1.0: FlashAnalyser(), 2.0: FlashAnalyser()}
    for step in range(int(4 * rate_hz)):
        now_s = step / rate_hz
        shown = gate.step(asked(now_s, lights), now_s, 1.0 / rate_hz)
        for power, analyser in walls.items():
            light = shown**power
            level = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
            wall = np.repeat(np.repeat(level.reshape(2, 3, 3), 6, axis=0), 6, axis=1)
            analyser.frame((wall * 255 + 0.5).astype(np.uint8), now_s)
    assert all(analyser.violations == [] for analyser in walls.values())
    assert gate.held > 0


def test_three_flashes_pass_and_a_held_lamp_comes_back() -> None:
    gate = FlashGate(1)
    for step in range(300):
        asked = np.full((1, 3), float(step / 44 * 2.5 % 1.0 < 0.5))
        assert np.array_equal(gate.step(asked, step / 44, 1 / 44), asked)
    assert gate.held == 0
    for step in range(300, 500):
        gate.step(np.full((1, 3), float(step % 4 < 2)), step / 44, 1 / 44)
    assert gate.held > 100
    for step in range(500, 620):
        shown = gate.step(np.full((1, 3), 0.7), step / 44, 1 / 44)
    assert shown.tolist() == [[0.7, 0.7, 0.7]]


# -- patches ---------------------------------------------------------------------------------------------------------

HEAD = "schema = 1\n[[universe]]\nnumber = 1\n"
GOOD = f"""
{HEAD}
[[universe]]
number = 0
protocol = "artnet"
to = "127.0.0.1"

[[light]]
address = 1
channels = "rgbw"
region = [0, 0, 0.5, 1]
smoothing_s = 0

[[light]]
address = 10
channels = "d"
bits = 16
level = "features/onset"
smoothing_s = 0

[[light]]
universe = 0
address = 510
palette = 2

[[fixed]]
address = 9
value = 17
"""
BAD = (
    ("x = 1", "no schema number"),
    ("schema = 1", r"no \[\[light\]\]"),
    ("schema = 1\nrate_hz = 45", "rate_hz is 45.0"),
    ("schema = 1\nrate_hz = nan", "rate_hz is nan"),
    ("schema = 1\nat_end = 'off'", "use black or hold"),
    ("schema = 1\nlight = 5", r"\[\[light\]\]"),
    ("schema = 1\nlihgt = 5", "did you mean light"),
    (HEAD + "protocol = 'dmx'", "universe 1: protocol is 'dmx'"),
    ("schema = 1\n[[universe]]\nnumber = 0", "sacn has 1 to 63999"),
    (HEAD + "to = 'lamp.local'", "give an IPv4 address"),
    (HEAD + "to = '0.0.0.0'", "give an IPv4 address"),
    (HEAD + "to = 'multicast'\nprotocol = 'artnet'", "only sacn has it"),
    (HEAD + "[[universe]]\nnumber = 1", "universe 1 is there twice"),
    (HEAD + "[[light]]\nchannels = 'rgb'", "light 1: no 'address'"),
    (HEAD + "[[light]]\naddress = 511", "with 3 channels use 1 to 510"),
    (HEAD + "[[light]]\naddress = 0", "light 1: address is 0"),
    (HEAD + "[[light]]\naddress = 1\nuniverse = 2", "with that number"),
    (HEAD + "[[light]]\naddress = 1\n[[light]]\naddress = 3", "channel 3 of universe 1 is light 1's"),
    (HEAD + "[[light]]\naddress = 1\n[[fixed]]\naddress = 2\nvalue = 3", "fixed 1: channel 2"),
    (HEAD + "[[light]]\naddress = 1\nchannels = 'rgba'", "at most once"),
    (HEAD + "[[light]]\naddress = 1\nchannels = 'rr'", "at most once"),
    (HEAD + "[[light]]\naddress = 1\nbits = 12", "use 8 or 16"),
    (HEAD + "[[light]]\naddress = 1\nregion = [0, 0, 2, 1]", "region is"),
    (HEAD + "[[light]]\naddress = 1\nregion = [0, 0, 1]", "region is"),
    (HEAD + "[[light]]\naddress = 1\nregion = 'left'", "region is 'left'"),
    (HEAD + "[[light]]\naddress = 1\npalette = 5", "use 0 to 4"),
    (HEAD + "[[light]]\naddress = 1\npalette = 1\ncolour = [1, 1, 1]", "both palette and colour"),
    (HEAD + "[[light]]\naddress = 1\ncolour = [1, 1, 9]", "red, green, blue"),
    (HEAD + "[[light]]\naddress = 1\nlevel = 'features/onste'", "did you mean features/onset"),
    (HEAD + "[[light]]\naddress = 1\nlow = 0.9\nhigh = 0.1", "at most high"),
    (HEAD + "[[light]]\naddress = 1\ngamma = 0", "use 0.2 to 5"),
    (HEAD + "[[light]]\naddress = 1\n[[fixed]]\naddress = 9\nvalue = 256", "use 0 to 255"),
)


def written(folder: Path, text: str) -> Path:
    path = folder / "patch.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("text", "told"), BAD, ids=[told for _, told in BAD])
def test_a_bad_patch_is_refused_by_its_place(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(PatchError, match=told):
        load_patch(written(tmp_path, text))


def test_a_patch_that_is_not_there_or_no_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(PatchError):
            load_patch(path)


# -- the port --------------------------------------------------------------------------------------------------------


class Wire:
    """A line that keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.last: list[bool] = []
        self.refusing = False
        self.closed = False

    def send(self, channels: bytes, last: bool = False) -> None:
        if self.refusing:
            raise OSError("network is unreachable")
        self.sent.append(channels)
        self.last.append(last)

    def close(self) -> None:
        self.closed = True


def readings(onset: float = 0.0) -> Callable[[], Mapping[str, Value]]:
    return lambda: {"/features/onset": onset}


def test_packets_go_at_the_rate_of_the_patch_whatever_happens_between() -> None:
    clock, wire = ManualClock(), Wire()
    port = DmxPort(
        Patch(ONE, (Light(1, 1, "d", tap=ONSET, smoothing_s=0.0),), rate_hz=44.0), {1: wire}, clock
    )
    port.publish(0.0, (), readings())
    assert wire.sent == []  # not before it was started
    port.start()
    for step in range(1000):
        port.publish(step / 1000, (), readings(1.0))
    assert len(wire.sent) == pytest.approx(44, abs=1)
    assert wire.sent[0][0] == 255
    # After five seconds in which nothing came round, packets are not made up for.
    before = len(wire.sent)
    for step in range(10):
        port.publish(6.0 + step / 1000, (), readings())
    assert len(wire.sent) == before + 1


@pytest.mark.parametrize(("at_end", "last"), [("black", 0), ("hold", 255)])
def test_the_end_is_black_or_holds(at_end: str, last: int) -> None:
    wire = Wire()
    port = DmxPort(Patch(ONE, (Light(1, 1, "d"),), at_end=at_end), {1: wire}, ManualClock())
    port.start()
    port.publish(0.0, (), readings())
    port.stop()
    assert (wire.sent[-1][0], wire.last[-1], wire.closed) == (last, at_end == "black", True)


def test_a_network_that_refuses_costs_only_its_own_packets(caplog: pytest.LogCaptureFixture) -> None:
    ill, well = Wire(), Wire()
    ill.refusing = True
    patch = Patch((Universe(1), Universe(2)), (Light(1, 1, "d"), Light(2, 1, "d")))
    port = DmxPort(patch, {1: ill, 2: well}, ManualClock())
    port.start()
    for step in range(100):
        port.publish(step * 0.0251, (), readings())
    assert port.health() == {"failures": 100, "sent": 100, "held": 0}
    assert len(caplog.records) == 1
    ill.refusing = False
    port.publish(5.0, (), readings())
    assert ill.sent


def test_without_the_libraries_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "sacn", None)
    with pytest.raises(NetworkError, match=r"pip install 'chromesthesia\[dmx\]'"):
        open_dmx(written(tmp_path, GOOD), ManualClock())
    assert open_dmx(None, ManualClock()) is None


@pytest.fixture
def sacn_heard() -> Iterator[queue.Queue[Any]]:
    """What a real sACN receiver hears in universe 1 on loopback."""
    sacn = pytest.importorskip("sacn")
    heard: queue.Queue[Any] = queue.Queue()
    receiver = sacn.sACNreceiver(bind_address="127.0.0.1")
    receiver.register_listener("universe", heard.put, universe=1)
    receiver.start()
    yield heard
    receiver.stop()


@pytest.fixture
def artnet_heard() -> Iterator[queue.Queue[Any]]:
    """What a real Art-Net receiver hears in universe 0 on loopback."""
    art = pytest.importorskip("stupidArtnet")
    heard: queue.Queue[Any] = queue.Queue()
    server = art.StupidArtnetServer()
    server.register_listener(0, callback_function=lambda data: heard.put(data))
    yield heard
    server.listen = False
    server.delete_all_listener()


def test_real_receivers_hear_the_lamps_on_loopback(
    sacn_heard: queue.Queue[Any], artnet_heard: queue.Queue[Any], tmp_path: Path
) -> None:
    clock = ManualClock()
    port = open_dmx(written(tmp_path, GOOD), clock)
    assert port is not None
    port.pictures.put(RED_LEFT)
    port.start()
    palette: list[int] = []
    packet: Any = None
    # The receivers' threads may not have bound their sockets yet: packets go on, as in a show.
    for step in range(200):
        port.publish(step * 0.025, (), readings(0.5))
        try:
            packet = sacn_heard.get(timeout=0.05) if packet is None else packet
            palette = palette or artnet_heard.get(timeout=0.05)
            break
        except queue.Empty:
            continue
    assert packet.dmxData[:11] == (255, 0, 0, 0, 0, 0, 0, 0, 17, 128, 0)
    assert (packet.universe, packet.priority, packet.sourceName) == (1, 100, "Chromesthesia")
    assert len(palette) == 512
    assert any(palette[509:])
    assert palette[:509] == [0] * 509
    port.stop()
    ended: list[Any] = []
    while not ended or any(ended[-1].dmxData[:8]):
        ended.append(sacn_heard.get(timeout=10.0))
    assert ended[-1].dmxData[8] == 17


def test_the_patch_of_the_guide_is_as_it_should_be(repository: Path, tmp_path: Path) -> None:
    page = (repository / "docs" / "dmx.md").read_text(encoding="utf-8")
    patch = load_patch(written(tmp_path, page.partition("```toml\n")[2].partition("```")[0]))
    assert [light.channels for light in patch.lights] == ["rgbw", "drgb", "d"]
    assert patch.universes == (Universe(1, "sacn", "192.168.1.50"),)
