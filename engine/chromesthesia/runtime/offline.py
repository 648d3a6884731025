"""A film of a sound file: the steps of a live show in the same order, on one thread, under a manual clock."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from time import perf_counter

from chromesthesia.audio.files import read_sound
from chromesthesia.clock import ManualClock
from chromesthesia.config import FilmConfig
from chromesthesia.generator.worker import GeneratorWorker
from chromesthesia.out.outputs import Outputs, open_outputs
from chromesthesia.out.report import write_report
from chromesthesia.render.context import HeadlessSurface
from chromesthesia.render.renderer import Renderer
from chromesthesia.runtime.analysis import Analysis, silent_heard
from chromesthesia.runtime.assembly import make_stage, open_controller, open_models
from chromesthesia.runtime.latency import LatencyMeter
from chromesthesia.runtime.light import Light
from chromesthesia.runtime.show_report import PictureWatch, machine
from chromesthesia.seams import HOP_SAMPLES, SAMPLE_RATE_HZ, FrameSink, Heard, PaintedImage, PaintRequest
from chromesthesia.slot import LatestSlot


def render_film(
    config: FilmConfig,
    progress: Callable[[float], None] | None = None,
    sinks: tuple[FrameSink, ...] = (),
) -> dict[str, object]:
    """Render `config.sound` to `config.film`; the same sound, preset and seed give the same frames.

    progress: called after every frame with the share that is done, 0..1. sinks: take frames and sound beside the files
    that `config` names. Returns the report. Raises a
    ChromesthesiaError for whatever cannot be read, loaded or written; an older film stays until the new one is whole.
    """
    _, controller = open_controller(config.preset)
    samples = read_sound(config.sound, config.duration_s)
    models = open_models(config.pack, config.provider)
    clock = ManualClock()
    meter = LatencyMeter()
    analysis = Analysis(models.encoder, clock, meter)
    requests: LatestSlot[PaintRequest] = LatestSlot()
    images: LatestSlot[PaintedImage] = LatestSlot()
    worker = GeneratorWorker(models.generator, clock, requests, images)
    stage = make_stage(controller, models.generator, config.seed, requests.put)
    watch = PictureWatch()
    period_s = 1.0 / config.fps
    frame_count = max(1, int(len(samples) / SAMPLE_RATE_HZ * config.fps))

    def painted() -> PaintedImage | None:
        worker.step(0.0)
        return images.take()

    with ExitStack() as opened:
        light = Light(
            lambda: HeadlessSurface(config.width, config.height),
            lambda surface: Renderer(surface.ctx, *surface.size),
            clock,
        )
        opened.callback(light.close)
        files = opened.enter_context(
            open_outputs(
                config.width,
                config.height,
                config.fps,
                False,
                config.film,
                config.stills,
                config.sheet,
                config.report,
            )
        )
        outputs = Outputs(files.sinks + sinks)
        begin_s = perf_counter()
        heard: LatestSlot[Heard] = LatestSlot()
        newest = silent_heard(controller.current[1])
        done = 0
        for index in range(frame_count):
            time_s = index * period_s
            clock.set(time_s)
            controller.step(time_s)
            # A frame shows the sound up to its own moment, in whole hops, as a live show does.
            until = int(time_s * SAMPLE_RATE_HZ) // HOP_SAMPLES * HOP_SAMPLES
            if until > done:
                chunk = samples[done:until]
                analysis.hear(chunk, done, done / SAMPLE_RATE_HZ, controller.current[1], heard.put)
                outputs.sound(chunk, done / SAMPLE_RATE_HZ)
                done = until
            newest = heard.take() or newest
            inputs = stage.step(time_s, period_s if index else 0.0, newest, painted)
            pixels = light.draw(inputs, want_pixels=True)
            if pixels is not None:
                watch.frame(pixels)
                outputs.frame(pixels, time_s)
            if progress is not None:
                progress((index + 1) / frame_count)
        outputs.sound(samples[done:], done / SAMPLE_RATE_HZ)
        elapsed_s = perf_counter() - begin_s
    report: dict[str, object] = {
        "frames": frame_count,
        "duration_s": round(frame_count * period_s, 3),
        "render_fps": round(frame_count / elapsed_s, 2),
        "source": f"file: {config.sound.name}",
        "pack": models.pack.name,
        "preset": controller.current[0].name,
        "seed": config.seed,
        "size": [config.width, config.height],
        "generator_failures": worker.failures,
        "encoder_failures": analysis.encoder_failures,
        "gl_recoveries": light.recoveries,
        "pictures": watch.summary(),
        "machine": machine(),
    }
    if config.report is not None:
        write_report(config.report, report)
    return report
