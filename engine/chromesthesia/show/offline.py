"""A film of a sound file: the steps of a live show in the same order, on one thread, under a manual clock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from time import perf_counter

from chromesthesia.audio.files import read_sound
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.config import FilmConfig, check_numbers
from chromesthesia.core.errors import RenderError
from chromesthesia.core.protocols import FrameSink
from chromesthesia.core.records import HOP_SAMPLES, SAMPLE_RATE_HZ, Heard, PaintedImage, PaintRequest
from chromesthesia.core.slot import LatestSlot
from chromesthesia.core.stop_signals import stop_on_signals
from chromesthesia.core.user_files import one_line
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.display.light import Light
from chromesthesia.generator.worker import GeneratorWorker
from chromesthesia.health.latency import LatencyMeter
from chromesthesia.health.show_report import PictureWatch, machine
from chromesthesia.health.status import ANALYSIS, GENERATOR, GL, Health
from chromesthesia.health.telling import failures_of
from chromesthesia.ports.osc.track import OscPlayer, open_track
from chromesthesia.recording.outputs import Outputs, abandoned_unless_whole, close_and_report, open_outputs
from chromesthesia.render.renderer import Renderer
from chromesthesia.show.analysis import Analysis, silent_heard
from chromesthesia.show.assembly import make_stage, open_controller, open_models
from chromesthesia.show.isf_desk import open_desk
from chromesthesia.show.more_ports import set_bpm
from chromesthesia.show.nearest import NearestPaintings


def render_film(
    config: FilmConfig,
    progress: Callable[[float], None] | None = None,
    sinks: tuple[FrameSink, ...] = (),
    stop: threading.Event | None = None,
) -> dict[str, object]:
    """Render `config.sound` to `config.film`; the same sound, preset and seed give the same frames.

    progress: called after every frame with the share that is done, 0..1. sinks: take frames and sound beside the files
    that `config` names. stop: set to end before the film is whole, as a signal does; KeyboardInterrupt then. Returns
    the report, which is written whatever happens once the work has begun. Raises a ChromesthesiaError for whatever
    cannot be read, loaded or written; an older film stays until the new one is whole.
    """
    check_numbers(config)
    stop = stop or threading.Event()
    tree, controller = open_controller(config.preset)
    isf = open_desk(tree, controller, config.isf)
    track = None if config.osc is None else open_track(config.osc)
    if config.bpm is not None:
        set_bpm(controller, config.bpm)
    samples = read_sound(config.sound, config.duration_s)
    models = open_models(config.pack, config.provider)
    clock = ManualClock()
    player = None if track is None else OscPlayer(track, tree, controller.post, clock)
    meter = LatencyMeter()
    analysis = Analysis(models.encoder, clock, meter, controller.tempo.sound)
    nearest = NearestPaintings(models.art_index)
    requests: LatestSlot[PaintRequest] = LatestSlot()
    images: LatestSlot[PaintedImage] = LatestSlot()
    worker = GeneratorWorker(models.generator, clock, requests, images)
    stage = make_stage(controller, models.generator, config.seed, requests.put, lambda: isf.plan)
    watch = PictureWatch()
    period_s = 1.0 / config.fps
    frame_count = max(1, int(len(samples) / SAMPLE_RATE_HZ * config.fps))

    def painted() -> PaintedImage | None:
        worker.step(0.0)
        return images.take()

    with ExitStack() as opened:
        if track is not None:
            opened.callback(track.close)
        light = Light(
            lambda: HeadlessSurface(config.width, config.height),
            lambda surface: Renderer(surface.ctx, *surface.size, flash_limiter=config.flash_limiter),
            clock,
        )
        opened.callback(light.close)
        health = Health(clock)
        health.count(GENERATOR, worker.counts)
        health.count(ANALYSIS, analysis.counts)
        health.count(GL, light.counts)
        # From here on there are files to finish: a signal ends the work in order.
        opened.enter_context(stop_on_signals(stop))
        outputs = Outputs(
            open_outputs(
                config.width,
                config.height,
                config.fps,
                False,
                config.film,
                config.stills,
                config.sheet,
                config.report,
            ).sinks
            + sinks
        )
        begin_s = perf_counter()
        heard: LatestSlot[Heard] = LatestSlot()
        newest = silent_heard(controller.current[1])
        done = 0
        frames = 0

        def report() -> dict[str, object]:
            elapsed_s = max(1e-9, perf_counter() - begin_s)
            return {
                "frames": frames,
                "whole": frames == frame_count,
                "duration_s": round(frames * period_s, 3),
                "render_fps": round(frames / elapsed_s, 2),
                "source": one_line(f"file: {config.sound.name}"),
                "pack": models.name,
                "preset": controller.current[0].name,
                "seed": config.seed,
                "flash_limiter": config.flash_limiter,
                "size": [config.width, config.height],
                **failures_of(health.status()),
                "pictures": watch.summary(),
                "nearest": nearest.summary(),
                "machine": machine(),
            }

        with abandoned_unless_whole(outputs, config.report, report):
            for index in range(frame_count):
                if stop.is_set():
                    raise KeyboardInterrupt
                time_s = index * period_s
                clock.set(time_s)
                if player is not None:
                    player.play(time_s)
                controller.step(time_s)
                # A frame shows the sound up to its own moment, in whole hops, as a live show does.
                until = int(time_s * SAMPLE_RATE_HZ) // HOP_SAMPLES * HOP_SAMPLES
                if until > done:
                    chunk = samples[done:until]
                    analysis.hear(chunk, done, done / SAMPLE_RATE_HZ, controller.current[1], heard.put)
                    outputs.sound(chunk, done / SAMPLE_RATE_HZ)
                    done = until
                newest = replace(heard.take() or newest, beat=controller.beat(time_s))
                nearest.step(newest)
                inputs = stage.step(time_s, period_s if index else 0.0, newest, painted)
                pixels = light.draw(inputs, want_pixels=True)
                if pixels is None:
                    raise RenderError(f"frame {index} could not be made: {light.message}", "render it again")
                watch.frame(pixels)
                outputs.frame(pixels, time_s)
                frames = index + 1
                if progress is not None:
                    progress(frames / frame_count)
            outputs.sound(samples[done:], done / SAMPLE_RATE_HZ)
        return close_and_report(outputs, config.report, report)
