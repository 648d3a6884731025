"""A panel without a show behind it: the real tree, controller, presets and server; sound and picture are made up."""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import SystemClock
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.protocols import Clock
from chromesthesia.core.records import ENCODER_HOPS, EmotionState, UInt8
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Value
from chromesthesia.params.look import GRADE_EXPOSURE
from chromesthesia.params.presets import find_presets
from chromesthesia.params.readings import READINGS
from chromesthesia.params.sound import MASTER_BLACKOUT
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.endpoints import open_osc
from chromesthesia.ports.panel.endpoints import Panel, open_panel
from chromesthesia.ports.port import Port
from chromesthesia.show.analysis import silent_heard
from chromesthesia.show.control_loop import ControlLoop
from chromesthesia.show.performer import MARKED_STEPS, Performer
from chromesthesia.show.preset_keeper import PresetKeeper
from chromesthesia.testing.models import ToneEncoder
from chromesthesia.testing.oscquery import TIMEOUT_S, free_port

WIDTH, HEIGHT = 480, 270
PICTURE_S = 0.1


@dataclass
class PanelShow:
    """What runs. number: of the port, OSC over UDP too."""

    panel: Panel
    tree: ParameterTree
    controller: Controller
    number: int
    performer: Performer
    """Hears `ToneEncoder`, whose last second is full."""


@contextmanager
def panel_show(
    shipped: Path,
    own: Path,
    number: int | None = None,
    token: str | None = None,
    stage: Callable[[ParameterTree, Controller, Clock], Port] | None = None,
) -> Iterator[PanelShow]:
    """A `PanelShow` on loopback; with a token it is open as `--lan` opens it.

    shipped, own: folders of presets; what is kept goes to `own`. number: of the port, a free one when left out. stage:
    makes the port of its outputs.
    """
    tree = ParameterTree(PARAMETERS)

    def folders() -> list[Path]:
        return [own, shipped]

    controller = Controller(tree, find_presets(folders(), PARAMETERS))
    number = number or free_port()
    config = ShowConfig(osc_in_port=number, lan=token is not None, token=token, announce=False)
    clock, stop = SystemClock(), threading.Event()
    outputs = None if stage is None else stage(tree, controller, clock)
    with ExitStack() as opened:
        panel = open_panel(config, tree, controller, clock, opened)
        osc = open_osc(config, tree, controller, clock, opened)
        assert panel is not None
        panel.site.health = lambda: _health(controller)
        panel.site.own = own
        preview = panel.site.preview
        PresetKeeper(tree, controller, own, folders, preview.newest).register()
        performer = Performer(controller, lambda: _felt(controller), own / "performers")
        performer.register()
        ear = performer.ear(ToneEncoder(), "0" * 64, "default")
        for _ in range(MARKED_STEPS):
            ear.step(np.full((ENCODER_HOPS, 64), -8.0, np.float32), 0, 0.0)
        panel.site.performers = performer.names
        ports: list[Port] = [panel.port] if osc is None else [panel.port, osc]
        ports += [] if outputs is None else [outputs]
        loop = ControlLoop(
            controller,
            clock,
            ports,
            lambda: {**made_up_readings(clock.now_s(), controller), **performer.readings()},
        )

        def paint() -> None:
            while not stop.wait(PICTURE_S):
                now_s = clock.now_s()
                if preview.wants(now_s):
                    preview.frame(made_up_picture(controller), now_s)

        threads = [threading.Thread(target=loop.run, args=(stop,)), threading.Thread(target=paint)]
        for thread in threads:
            thread.start()
        try:
            yield PanelShow(panel, tree, controller, number, performer)
        finally:
            stop.set()
            for thread in threads:
                thread.join(TIMEOUT_S)
    assert not any(thread.is_alive() for thread in threads)


def _felt(controller: Controller) -> EmotionState:
    return replace(silent_heard(controller.current[1]).emotion, activity=1.0)


def made_up_readings(now_s: float, controller: Controller) -> Mapping[str, Value]:
    """Every reading at `now_s`: an emotion that goes round, and a beat at 96 a minute."""
    beat = now_s * 1.6
    pulse = math.exp(-5.0 * (beat % 1.0))
    told: dict[str, Value] = {param.path: param.default for param in READINGS}
    preset, values = controller.current
    made: dict[str, Value] = {
        "/emotion/valence": 0.25 + 0.5 * math.cos(0.5 * now_s) + 0.1 * math.sin(1.7 * now_s),
        "/emotion/arousal": 0.15 + 0.5 * math.sin(0.37 * now_s) + 0.08 * math.cos(2.3 * now_s),
        "/emotion/angry": 0.16,
        "/emotion/happy": 0.61,
        "/emotion/sad": 0.23,
        "/emotion/confidence": 0.74,
        "/emotion/activity": 1.0,
        "/features/loudness_dbfs": -24.0 + 9.0 * pulse,
        "/features/lufs": -21.4,
        "/features/centroid_hz": 2200.0 + 700.0 * math.sin(now_s),
        "/features/flux": 0.6 * pulse,
        "/features/onset": pulse,
        "/features/onset_count": int(beat),
        "/features/flatness": 0.12,
        "/tempo/bpm": 96.0,
        "/tempo/pulse": pulse,
        "/tempo/beat_in_bar": int(beat) % 4 + 1,
        "/status/fps": 60.0,
        "/status/latency_ms": 27.0,
        "/status/generator_fps": 30.0,
        "/status/source": "made up",
        "/status/pack": "default",
        "/status/preset": preset.name,
        "/status/preset_index": controller.preset_index,
        "/status/routes": controller.route_changes,
        "/status/parameters": values.declared.version,
    }
    bands = {
        f"/features/band/{band}": 0.15
        + 0.7 * abs(math.sin(now_s * (0.4 + 0.17 * band) + band)) * (0.5 + pulse / 2)
        for band in range(1, 9)
    }
    return told | {path: value for path, value in {**made, **bands}.items() if path in told}


def made_up_picture(controller: Controller) -> UInt8:
    """The thumbnail of the present preset, else a ramp, by exposure and blackout: uint8 [H, W, 3]."""
    preset, values = controller.current
    thumbnail = None if preset.path is None else preset.path.with_suffix(".jpg")
    if thumbnail is not None and thumbnail.is_file():
        picture = Image.open(io.BytesIO(thumbnail.read_bytes())).convert("RGB").resize((WIDTH, HEIGHT))
        pixels = np.asarray(picture, dtype=np.float32)
    else:
        ramp = np.linspace(30.0, 170.0, WIDTH, dtype=np.float32)
        warm = ramp[None, :, None] * np.array([1.0, 0.7, 0.4], dtype=np.float32)
        pixels = np.repeat(warm, HEIGHT, axis=0)
    light = 0.0 if values[MASTER_BLACKOUT] else 2.0 ** values[GRADE_EXPOSURE]
    return np.clip(pixels * light, 0.0, 255.0).astype(np.uint8)


def _health(controller: Controller) -> Mapping[str, object]:
    loops = ("frame", "capture", "analysis", "generator", "control")
    return {
        "elapsed_s": 4521.0,
        "source": "made up",
        "pack": "default",
        "preset": controller.current[0].name,
        "message": "",
        "rung": "shaders",
        "health": {"state": "degraded", "reasons": ["on the rung shaders"]},
        "sound": {
            "clipped": 12,
            "nan": 0,
            "dc": 0.004,
            "silent_s": 0.0,
            "drift_ppm": -18.2,
            "clipping": False,
        },
        "host": {"steal": 0.021, "throttled": None, "busy": 0.83, "waiting": 0.2, "clock": None, "hot": None},
        "size": [1920, 1080],
        "flash_limiter": True,
        "loops": {name: {"state": "beats", "beats": 1000, "failures": 0} for name in loops},
        "counts": {
            "control": controller.counts(),
            "frames": {"drawn": 271_260, "late": 3, "lost": 0},
            "late": {"ours": 1, "host": 2, "crowded": 0},
        },
    }
