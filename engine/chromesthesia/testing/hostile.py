"""Settings, pictures and shaders that strobe: what somebody could ask of a show who means harm.

Everything is decided by a seed and by the show's time; values go to the renderer as they are, without the mapper that
would smooth them. The scenes of `SCENES` ask for settings, `STROBE_SHADER` is a user's `finish.frag`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chromesthesia.core.records import UInt8
from chromesthesia.params.declaration import Value
from chromesthesia.params.look import LOOK
from chromesthesia.render.inputs import FrameInputs, HudInfo
from chromesthesia.testing.render import heard, picture, plain_picture

HUD = HudInfo(fps=30.0, latency_ms=40.0, source="hostile", pack="none", preset="none", message="flash")
_BARE: dict[str, Value] = {
    "/look/grade/adapt": 0.0,
    "/look/grade/emotion": 0.0,
    "/look/trails/amount": 0.0,
    "/look/finish/vignette": 0.0,
    "/look/finish/floor": 0.0,
    "/look/flow/amount": 0.0,
    "/look/view/drift": 0.0,
}
_WHITE, _BLACK = plain_picture(255, 255, 255, 16), plain_picture(0, 0, 0, 16)
_RED, _BLUE, _GREEN = plain_picture(255, 0, 0, 16), plain_picture(0, 0, 255, 16), plain_picture(0, 120, 0, 16)
_PAINTINGS = [picture(seed, 64) for seed in range(6)]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a scene asks for at one moment. shown: the picture and its serial, None for a painting."""

    values: Mapping[str, Value]
    shown: UInt8 | None = None
    hud: bool = False


Scene = Callable[[float, "Beat"], Asked]


class Beat:
    """The rhythm of a scene: how often, for how long, and dice of its own for each beat."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.hz = float(rng.choice([3.2, 4.0, 5.0, 6.7, 8.0, 10.0, 12.5, 15.0, 20.0, 30.0]))
        self.duty = float(rng.choice([0.15, 0.3, 0.5, 0.5, 0.7, 0.85]))
        self.rest = bool(rng.random() < 0.3)
        self._seed = int(rng.integers(1 << 30))

    def on(self, time_s: float) -> bool:
        """Whether the strobe is on: a square wave, in some scenes with rests of a second after a burst of one."""
        if self.rest and time_s % 2.3 > 1.1:
            return False
        return (time_s * self.hz) % 1.0 < self.duty

    def dice(self, time_s: float) -> np.random.Generator:
        """The same dice during one half beat."""
        return np.random.default_rng((self._seed, int(time_s * 2.0 * self.hz)))


def _brightness(time_s: float, beat: Beat) -> Asked:
    return Asked({"/master/brightness": 2.0 if beat.on(time_s) else 0.0})


def _blackout(time_s: float, beat: Beat) -> Asked:
    return Asked({"/master/brightness": 1.0 if beat.on(time_s) else 0.0, "/look/trails/amount": 0.0})


def _faint(time_s: float, beat: Beat) -> Asked:
    return Asked({"/master/brightness": 1.0 if beat.on(time_s) else 0.75, **_BARE}, _WHITE)


def _grade(time_s: float, beat: Beat) -> Asked:
    on = beat.on(time_s)
    return Asked(
        {**_BARE, "/look/grade/exposure": 2.0 if on else -2.0, "/look/grade/contrast": 2.0 if on else 0.5}
    )


def _red_blue(time_s: float, beat: Beat) -> Asked:
    return Asked({**_BARE, "/look/grade/saturation": 2.0}, _RED if beat.on(time_s) else _BLUE)


def _red_green(time_s: float, beat: Beat) -> Asked:
    return Asked({**_BARE, "/look/grade/saturation": 2.0}, _RED if beat.on(time_s) else _GREEN)


def _hue(time_s: float, beat: Beat) -> Asked:
    return Asked({**_BARE, "/look/grade/hue": 0.0 if beat.on(time_s) else 150.0}, _RED)


def _palette(time_s: float, beat: Beat) -> Asked:
    palette = "ember" if beat.on(time_s) else "tide"
    return Asked({**_BARE, "/look/grade/palette": palette, "/look/grade/amount": 1.0})


def _pictures(time_s: float, beat: Beat) -> Asked:
    return Asked(_BARE, _WHITE if beat.on(time_s) else _BLACK)


def _freeze(time_s: float, beat: Beat) -> Asked:
    """Unfrozen only for moments, and each time with the other brightness."""
    step = int(time_s * 2.0 * beat.hz)
    return Asked(
        {"/master/brightness": 2.0 * (step % 2), "/master/freeze": time_s * 2.0 * beat.hz % 1.0 > 0.5}
    )


def _display(time_s: float, beat: Beat) -> Asked:
    return Asked({**_BARE, "/look/grade/exposure": 1.5}, _WHITE, beat.on(time_s))


def _moving(time_s: float, beat: Beat) -> Asked:
    """A small white patch that blinks, each time at another place."""
    shown = plain_picture(10, 10, 10, 64)
    if beat.on(time_s):
        left, top = beat.dice(time_s).integers(0, 48, 2)
        shown[top : top + 16, left : left + 16] = 255
    return Asked(_BARE, shown)


def _jumping(time_s: float, beat: Beat) -> Asked:
    """A white patch that is always there, and never twice at the same of three places."""
    shown = plain_picture(10, 10, 10, 64)
    left, top = ((2, 6), (40, 14), (22, 40))[int(time_s * 2.0 * beat.hz) % 3]
    shown[top : top + 20, left : left + 20] = 255
    return Asked(_BARE, shown)


def _checks(time_s: float, beat: Beat) -> Asked:
    squares = np.indices((64, 64)).sum(0) // 8 % 2 == int(beat.on(time_s))
    return Asked(_BARE, np.asarray(squares[..., None] * np.full(3, 255), np.uint8))


def _cuts(time_s: float, beat: Beat) -> Asked:
    dice = beat.dice(time_s)
    return Asked({"/look/trails/amount": 0.0}, picture(int(dice.integers(1000)), 64))


def _whirl(time_s: float, beat: Beat) -> Asked:
    return Asked(
        {
            "/look/view/fold": "kaleidoscope", "/look/view/segments": 16, "/look/view/spin": 90.0,
            "/look/view/speed": 4.0, "/look/flow/amount": 1.0, "/look/grade/contrast": 2.0,
            "/look/view/angle": 45.0 if beat.on(time_s) else -45.0, "/look/trails/amount": 0.0,
        }
    )  # fmt: skip


def _anything(time_s: float, beat: Beat) -> Asked:
    dice = beat.dice(time_s)
    values: dict[str, Value] = {"/master/brightness": float(dice.uniform(0.0, 2.0))}
    for param in LOOK:
        if param.choices:
            values[param.path] = str(dice.choice(param.choices))
        elif param.low is not None and param.high is not None:
            values[param.path] = type(param.default)(dice.uniform(param.low, param.high))
    shown = [None, _WHITE, _BLACK, _RED, _BLUE][int(dice.integers(5))]
    return Asked(values, shown, bool(dice.random() < 0.5))


SCENES: Mapping[str, Scene] = {
    "brightness": _brightness, "blackout": _blackout, "faint": _faint, "grade": _grade, "red and blue": _red_blue,
    "red and green": _red_green, "hue": _hue, "palette": _palette, "pictures": _pictures, "freeze": _freeze,
    "display": _display, "moving": _moving, "jumping": _jumping, "checks": _checks, "cuts": _cuts, "whirl": _whirl,
    "anything": _anything,
}  # fmt: skip


def looks_in_turn(looks: Sequence[Mapping[str, Value]]) -> Scene:
    """A scene that loads another of `looks` at every beat."""
    return lambda time_s, beat: Asked(looks[int(time_s * beat.hz) % len(looks)])


def play(scene: Scene, seed: int, seconds: float, fps: float, start_s: float = 0.0) -> Iterator[FrameInputs]:
    """The frames of one scene, from `start_s` on."""
    beat = Beat(np.random.default_rng(seed))
    serials: dict[bytes, int] = {}
    for number in range(round(seconds * fps)):
        time_s = number / fps
        asked = scene(time_s, beat)
        shown = asked.shown if asked.shown is not None else _PAINTINGS[int(time_s / 2) % len(_PAINTINGS)]
        serial = 1000 * seed + serials.setdefault(shown.tobytes(), len(serials))
        yield FrameInputs(
            time_s=start_s + time_s,
            dt_s=1.0 / fps,
            values=asked.values,
            heard=heard(0.2, 0.3, 0.6, int(time_s * 2), 0.5),
            previous=shown,
            current=shown,
            previous_serial=serial,
            current_serial=serial,
            hud=HUD if asked.hud else None,
        )


STROBE_SHADER = """// Ignores every setting and strobes with the clock of the grain: white, red, a patch, checks.
noperspective in vec2 v_uv;
noperspective in vec2 v_place;
uniform float u_grain_seed;
out vec4 o_color;

void main() {
    float beat = floor(u_grain_seed / 1.37 + 0.5);
    float on = mod(floor(beat / 2.0), 2.0);
    float section = mod(floor(beat / 36.0), 4.0);
    vec3 c = vec3(on);
    if (section == 1.0) {
        c = mix(vec3(0.0, 0.0, 1.0), vec3(0.55, 0.0, 0.0), on);
    } else if (section == 2.0) {
        vec2 place = fract(vec2(0.618, 0.755) * floor(beat / 4.0)) * 0.8;
        c = vec3(on * step(place.x, v_uv.x) * step(v_uv.x, place.x + 0.2) * step(place.y, v_uv.y)
            * step(v_uv.y, place.y + 0.2));
    } else if (section == 3.0) {
        vec2 cell = floor(gl_FragCoord.xy);
        c = vec3(mod(cell.x + cell.y + on, 2.0));
    }
    o_color = vec4(c, 1.0);
}
"""
