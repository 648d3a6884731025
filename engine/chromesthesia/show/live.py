"""Opens what a live show is made of, and plays it: the one place that knows every part."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from chromesthesia.audio.channels import parse_channels, parse_musicians
from chromesthesia.audio.select import open_source
from chromesthesia.control.commands import LoadPack, SetParameter
from chromesthesia.core.ahead import Ahead
from chromesthesia.core.config import ShowConfig, check_isf, check_numbers, check_rungs
from chromesthesia.core.guard import Guard
from chromesthesia.core.protocols import AudioSource, Clock, FrameSink
from chromesthesia.core.room import read_room
from chromesthesia.core.stop_signals import stop_on_signals
from chromesthesia.display.light import Light
from chromesthesia.display.outputs import OpenOutputs, no_outputs
from chromesthesia.health.telling import health_of
from chromesthesia.isf.plan import NO_ISF, IsfPlan
from chromesthesia.mapping.mapper import Mapper
from chromesthesia.params.sound import HUD_VISIBLE
from chromesthesia.ports.port import PortMaker
from chromesthesia.recording.outputs import Outputs, close_and_report, open_outputs
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.score.writer import open_writer
from chromesthesia.show.analysis import silent_heard
from chromesthesia.show.assembly import (
    ENGINES_OWN,
    Models,
    OwnParts,
    open_controller,
    open_models,
)
from chromesthesia.show.control_loop import ControlLoop
from chromesthesia.show.faults import NoFaults, open_faults
from chromesthesia.show.going_on import GoingOn
from chromesthesia.show.health_watch import HealthWatch, open_alerts, open_log_file, pages
from chromesthesia.show.held_picture import holding
from chromesthesia.show.isf_desk import open_desk
from chromesthesia.show.live_show import PATIENCE_S, LiveShow
from chromesthesia.show.models_ahead import OpenModels
from chromesthesia.show.more_ports import set_bpm
from chromesthesia.show.pack_swap import PackSwap, refuse_beside_score
from chromesthesia.show.preset_keeper import PresetKeeper, no_picture
from chromesthesia.show.pulse import Pulse
from chromesthesia.show.score_live import FrameScore
from chromesthesia.show.stage import Controls, no_isf
from chromesthesia.show.staging import open_eye_port, open_stage, staged
from chromesthesia.show.surfaces import HEADLESS_FPS, WINDOW_FPS, RendererMaker, SurfaceOpener
from chromesthesia.show.ways import open_ways

if TYPE_CHECKING:
    from chromesthesia.show.many.ear import EarDesk

log = logging.getLogger(__name__)


def first_light(light: Light, controls: Controls, isf: IsfPlan = NO_ISF) -> None:
    """Show the preset's shaders over a quiet picture while the models are still opened."""
    preset, values = controls.current
    heard = silent_heard(values)
    look = Mapper().step(0.0, values, preset.routes, heard)
    light.draw(FrameInputs(0.0, 0.0, look, heard, isf=isf), want_pixels=False)
    light.restart()


def log_link(link: str) -> None:
    """Tell in the log where the panel is."""
    log.info("the panel: %s", link)


def run_show(
    config: ShowConfig,
    stop: threading.Event | None = None,
    sinks: tuple[FrameSink, ...] = (),
    ports: Sequence[PortMaker] = (),
    outputs: OpenOutputs = no_outputs,
    own: OwnParts = ENGINES_OWN,
    tell_link: Callable[[str], None] = log_link,
    pulse: Pulse | None = None,
    opens: OpenModels = open_models,
) -> dict[str, object]:
    """Play until the sound ends, `duration_s` is over, the window is closed, a signal comes, or `stop` is set.

    Returns the report (also written to `config.report`, even when a film or still could not be). Everything that can
    be wrong is checked before the show begins and raises a ChromesthesiaError; what goes wrong afterwards is logged,
    counted and survived. Call from the main thread. sinks: take frames and sound beside the files that `config` names.
    ports: more ways than OSC to steer the show and to hear of it. outputs: opens what shows every frame beside the
    surface, now and whenever OpenGL was lost. own: parts in the place of those that `config` names; its source is
    closed when the show ends. tell_link: is told where a browser finds the panel; with `lan` its token is in it.
    pulse: tells a supervisor how the show is. opens: the models, which may be open already.
    """
    check_numbers(config)
    check_rungs(config)
    check_isf(config)
    read_room(config.room)
    parse_channels(config.channels)
    parse_musicians(config.musicians)
    config, stage_spec = staged(config)
    stop = stop or threading.Event()
    alerts = open_alerts(config)
    with ExitStack() as opened:
        log_file = open_log_file(config, opened)
        faults = open_faults(opened)
        clock = faults.clock()
        going_on = GoingOn(config, pulse is not None and pulse.safe_look)
        config = going_on.config
        tree, controller = open_controller(config.preset)
        stage = open_stage(config, stage_spec, tree, controller, clock, stop)
        eye = open_eye_port(config, tree, clock)
        # What a score or another machine's light is told of a frame has no shaders of a user's in it.
        told = config.score is not None or config.ear is not None
        isf = None if told else open_desk(tree, controller, config.isf)
        if config.hud:
            controller.post(SetParameter(HUD_VISIBLE.path, True, "command line"))
        if not config.flash_limiter:
            log.warning("the flash limiter is off: the picture may flash without limit")
        if config.bpm is not None:
            set_bpm(controller, config.bpm)
        controller.begin(clock.now_s())
        going_on.set_room(controller)
        last_picture = None if pulse is None else pulse.last_picture
        opener = faults.surface(own.surface or SurfaceOpener(config, goes_on=last_picture is not None))
        if last_picture is not None and not config.headless:
            opener = holding(last_picture, opener)
        # Models open while the surface, the shaders and the ports do.
        loading = Ahead(
            lambda: faults.models(
                going_on.open_models(lambda config: opens(config.pack, config.provider, own))
            ),
            "models load",
        )
        models: Models | None = None
        desk: EarDesk | None = None
        if config.ear is not None:
            # Imported only where it is asked for.
            from chromesthesia.show.many.open_ear import open_ear

            desk, models = open_ear(config, loading.result(), controller, clock, opened)
        ready = [port for port in (eye, isf, desk) if port is not None]
        ways = open_ways(config, tree, controller, clock, opened, outputs, sinks, stage, ready, ports)
        panel = ways.panel
        if panel is not None:
            tell_link(panel.link)
        source = _open_sound(config, clock) if own.source is None else own.source
        opened.callback(source.close)
        guard = Guard(clock)
        light = Light(opener, RendererMaker(config, guard), clock, guard, ways.outputs)
        opened.callback(light.close)
        width, height = light.size
        off_screen = config.headless and not (stage is not None and stage.spec.has_windows)
        slow = off_screen or (light.renderer is not None and light.renderer.software)
        fps = config.fps or (HEADLESS_FPS if slow else WINDOW_FPS)
        first_light(light, controller, NO_ISF if isf is None else isf.plan)
        models = models or loading.result()
        config = going_on.config
        # From here on there are files to finish: a signal ends the show in order.
        opened.enter_context(stop_on_signals(stop))
        files = open_outputs(
            width, height, fps, True, config.record, config.stills, config.sheet, config.report
        )
        writer = None if config.score is None else open_writer(config.score, config.score_limit_mib)
        kept = Outputs(files.sinks + ways.sinks, live=True, beside=() if writer is None else (writer,))
        score = None
        if writer is not None or desk is not None:
            score = FrameScore(writer, controller, light, desk)
        preview = None if panel is None else panel.site.preview
        keeper = PresetKeeper(tree, controller, picture=no_picture if preview is None else preview.newest)
        keeper.register()
        watchers: list[Callable[[float], None]] = [] if pulse is None else [pulse.shown]
        show = LiveShow(
            config,
            clock,
            controller,
            models,
            source,
            light,
            kept,
            fps,
            stop,
            guard,
            preview,
            score,
            lambda now_s: _tell(watchers, now_s),
            no_isf if isf is None else lambda: isf.plan,
        )
        keeper.standing = lambda: show.standing
        if eye is not None:
            show.see = eye.see
        if stage is not None:
            show.unseen = lambda: stage.unseen
        seeing = [port for port in (stage, eye) if port is not None]
        show.trouble = lambda: "; ".join(filter(None, (port.trouble for port in seeing)))
        show.performer.register()
        if writer is not None:
            writer.begin(show.score_head(fps))
        if desk is not None:
            desk.begin_show(show.score_head(fps))
        if panel is not None:
            panel.site.health = lambda: health_of(show.health.status())
            panel.site.performers = show.performer.names
            panel.port.server.pages = pages(show.health.status)
        served = [*ways.ports, HealthWatch(show.health.status, alerts, log_file)]
        if score is not None:
            controller.handle(LoadPack, refuse_beside_score)
        elif own.encoder is None and own.generator is None:
            swap = PackSwap(models, controller.post, show.try_models, _opener(config.provider, faults))
            controller.handle(LoadPack, swap.load)
        for port in served:
            show.health.count(f"port {port.name}", port.health)
        heart = show.health.heart("control", PATIENCE_S)
        control = ControlLoop(controller, clock, served, show.readings, heart)
        first_pack = models.name
        state = going_on.begin(
            show, controller, lambda: _pack_of(config, None if show.pack == first_pack else show.pack)
        )
        if state is not None:
            show.health.count("state", state.counts)
            watchers.append(state.shown)
            state.start()
        if pulse is not None:
            show.seen.keep_picture = pulse.keep_picture
            pulse.playing(show.health.status, stop)
        try:
            show.run(control)
        finally:
            if pulse is not None:
                pulse.ending()
            if state is not None:
                state.close()
            report = close_and_report(kept, config.report, show.report)
    return report


def _tell(watchers: Sequence[Callable[[float], None]], now_s: float) -> None:
    for watcher in watchers:
        watcher(now_s)


def _pack_of(config: ShowConfig, changed: str | None) -> str | None:
    """Which pack another show would be given to go on with this one's; None for the default."""
    return changed or (None if config.pack is None else str(config.pack))


def _opener(provider: str, faults: NoFaults) -> Callable[[Path], Models]:
    return lambda folder: faults.models(open_models(folder, provider))


def _open_sound(config: ShowConfig, clock: Clock) -> AudioSource:
    # A demo in a window, or a file with a duration longer than itself, begins again; otherwise the end is the end.
    loop = config.duration_s is not None or not config.headless or config.outputs is not None
    return open_source(
        config.source,
        config.device,
        config.host_api,
        clock,
        loop=loop,
        channels=parse_channels(config.channels),
        musicians=parse_musicians(config.musicians),
    )
