"""One frame's worth of decisions: parameters, latent motion, which pictures to blend. No threads, no OpenGL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from chromesthesia.core.records import Heard, PaintedImage, PaintRequest
from chromesthesia.generator.blend import BlendView, ImageBlend
from chromesthesia.generator.walks.latent import LatentMotion, MotionSettings
from chromesthesia.isf.plan import NO_ISF, IsfPlan
from chromesthesia.mapping.mapper import Look, Mapper
from chromesthesia.mapping.standing import Standing
from chromesthesia.params.presets import Preset
from chromesthesia.params.routes import Route
from chromesthesia.params.sound import (
    GENERATOR_CONDITION_GAIN,
    GENERATOR_DRIFT,
    GENERATOR_KICK,
    GENERATOR_MORPH_S,
    GENERATOR_RATE_HZ,
    GENERATOR_SCENE,
    HUD_VISIBLE,
    MASTER_FREEZE,
)
from chromesthesia.params.tree import Snapshot
from chromesthesia.render.inputs import FrameInputs, HudInfo, Later

Date = tuple[float, float, float, float]


def no_isf() -> IsfPlan:
    """No shaders of a user's."""
    return NO_ISF


def no_date() -> Date | None:
    """The day begins with the show."""
    return None


def date_now() -> Date:
    """Year, month, day and seconds of the day of this place."""
    now = datetime.now()
    seconds = now.hour * 3600 + now.minute * 60 + now.second + now.microsecond / 1e6
    return float(now.year), float(now.month), float(now.day), seconds


class Controls(Protocol):
    """Where the parameters are read: `control.controller.Controller`, or what stands for it."""

    @property
    def current(self) -> tuple[Preset, Snapshot]:
        """The preset in use and all values, which belong together."""
        ...


class Stage:
    """Live and offline shows call the same `step` once a frame; the same calls give the same frames.

    ask: hands a request to the generator (live: a latest-wins slot; offline: painted at once). isf: which shaders of a
    user's are shown; date: year, month, day and seconds of the day for them.
    """

    def __init__(
        self,
        controls: Controls,
        mapper: Mapper,
        motion: LatentMotion,
        blend: ImageBlend,
        ask: Callable[[PaintRequest], None],
        late_mapper: Mapper | None = None,
        isf: Callable[[], IsfPlan] = no_isf,
        date: Callable[[], Date | None] = no_date,
    ) -> None:
        """late_mapper: follows what the last passes of a frame hear; its steps are those of `mapper`."""
        self._isf, self._date = isf, date
        self._controls = controls
        self._mapper = mapper
        self._motion = motion
        self._blend = blend
        self._ask = ask
        self._serial = 0
        self._next_paint_s = 0.0
        self._next_motion: LatentMotion | None = None
        self._late_mapper = Mapper() if late_mapper is None else late_mapper
        self._last_step: tuple[float, Snapshot, tuple[Route, ...]] | None = None
        self._late_steps = False
        self.standing: Standing | None = None
        """The look drawn last as a preset, while it glides from one to another. Any thread."""

    def state(self) -> dict[str, Any]:
        """All that later frames depend on beside what they are given, as plain values; `restore` takes it."""
        return {
            "mapper": self._mapper.state(),
            "motion": self._motion.state(),
            "blend": self._blend.state(),
            "serial": self._serial,
            "next_paint_s": self._next_paint_s,
            **({"late": self._late_mapper.state()} if self._late_steps else {}),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`; the controls are as they were then. Raises ValueError or KeyError for another."""
        preset, values = self._controls.current
        self._mapper.restore(state["mapper"], values, preset.routes)
        # Until frames hear twice, both have heard the same.
        self._late_mapper.restore(state.get("late", state["mapper"]), values, preset.routes)
        self._late_steps = "late" in state
        self._motion.restore(state["motion"])
        self._blend.restore(state["blend"])
        self._serial, self._next_paint_s = int(state["serial"]), float(state["next_paint_s"])

    def change_motion(self, motion: LatentMotion) -> None:
        """Walk through what another generator can imagine, from the next frame on. Any thread."""
        self._next_motion = motion

    def take(self, time_s: float, image: PaintedImage) -> BlendView:
        """Take a picture before the frame of `time_s` is decided on: what that frame shows of pictures."""
        self._blend.push(image, time_s)
        return self._blend.at(time_s)

    def walk(self) -> dict[str, Any]:
        """Where the latent walk is, as plain values; `go_on` takes it."""
        return self._motion.state()

    def go_on(self, walk: Mapping[str, Any]) -> None:
        """Walk on from there. Raises ValueError, KeyError or TypeError for another walk, and begins anew."""
        try:
            self._motion.restore(walk)
        except (ValueError, KeyError, TypeError):
            self._motion.reset()
            raise

    def step(
        self,
        time_s: float,
        dt_s: float,
        heard: Heard,
        painted: Callable[[], PaintedImage | None],
        hud: HudInfo | None = None,
        paint_factor: float = 1.0,
    ) -> FrameInputs:
        """What to draw `time_s` after the start of the show, `dt_s` after the last frame.

        painted: the newest picture not seen before, or None; asked after the request was made. paint_factor: scales the
        generator's rate; at 0 it is not asked. The HUD is shown only when the parameter says so, but for its warning.
        """
        preset, values = self._controls.current
        look = self._mapper.step(dt_s, values, preset.routes, heard)
        self._last_step = dt_s, values, preset.routes
        self.standing = self._mapper.standing(look, heard)
        if (motion := self._next_motion) is not None:
            self._motion, self._next_motion = motion, None
        frozen = look[MASTER_FREEZE]
        condition, noise = self._motion.step(0.0 if frozen else dt_s, heard, _motion_settings(look))
        if paint_factor > 0.0 and time_s >= self._next_paint_s:
            period_s = 1.0 / (look[GENERATOR_RATE_HZ] * paint_factor)
            # A request that is a little late keeps the rhythm; one that is far behind starts a new one.
            self._next_paint_s = max(self._next_paint_s + period_s, time_s)
            self._serial += 1
            frame = heard.frame
            self._ask(PaintRequest(self._serial, frame.end_sample, frame.entered_s, condition, noise))
        image = painted()
        if image is not None:
            self._blend.push(image, time_s)
        view = self._blend.at(time_s)
        return FrameInputs(
            time_s=time_s,
            dt_s=dt_s,
            values=look,
            heard=heard,
            previous=view.previous,
            current=view.current,
            mix=view.mix,
            previous_serial=view.previous_serial,
            current_serial=view.current_serial,
            hud=hud if hud is None or look[HUD_VISIBLE] else hud.hidden(),
            isf=self._isf(),
            date=self._date(),
        )

    def hear_again(self, inputs: FrameInputs, heard: Heard) -> FrameInputs:
        """The frame that `step` just gave, with what its last passes show: `heard` now, while it is being drawn.

        A show that calls it after one step calls it after every one.
        """
        assert self._last_step is not None, "a frame is decided on before it hears again"
        self._late_steps = True
        look = self._late_mapper.step(*self._last_step, heard)
        return replace(inputs, later=Later(look, heard))


def _motion_settings(look: Look) -> MotionSettings:
    return MotionSettings(
        scene=look[GENERATOR_SCENE],
        drift=look[GENERATOR_DRIFT],
        kick=look[GENERATOR_KICK],
        morph_s=look[GENERATOR_MORPH_S],
        condition_gain=look[GENERATOR_CONDITION_GAIN],
    )
