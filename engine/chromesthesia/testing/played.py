"""A sound heard and painted once, to be looked at through any number of presets without hearing it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from chromesthesia.core.clock import ManualClock
from chromesthesia.core.records import HOP_SAMPLES, SAMPLE_RATE_HZ, Float32, Heard, PaintedImage, PaintRequest
from chromesthesia.core.slot import LatestSlot
from chromesthesia.generator.worker import GeneratorWorker
from chromesthesia.health.latency import LatencyMeter
from chromesthesia.mapping.mapper import Mapper
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Value
from chromesthesia.params.presets import Preset
from chromesthesia.params.tree import ParameterTree
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.show.analysis import Analysis, silent_heard
from chromesthesia.show.assembly import Models, make_stage, open_controller


def hear_and_paint(
    samples: Float32, models: Models, fps: float, seed: int = 1, values: Mapping[str, Value] | None = None
) -> list[FrameInputs]:
    """Every frame of `samples` (float32 mono at 24 kHz) as a film of it would have them, of the default preset.

    values: parameters set beforehand, such as an emotion by hand. The steps are those of
    `render_film`; the pictures do not depend on a preset that leaves `/generator` alone.
    """
    clock = ManualClock()
    tree, controller = open_controller(None)
    for path, value in (values or {}).items():
        tree.write(path, value, "played")
    analysis = Analysis(models.encoder, clock, LatencyMeter())
    requests: LatestSlot[PaintRequest] = LatestSlot()
    images: LatestSlot[PaintedImage] = LatestSlot()
    worker = GeneratorWorker(models.generator, clock, requests, images)
    stage = make_stage(controller, models.generator, seed, requests.put)
    heard: LatestSlot[Heard] = LatestSlot()
    newest = silent_heard(controller.current[1])
    done = 0
    frames = []

    def painted() -> PaintedImage | None:
        worker.step(0.0)
        return images.take()

    for index in range(max(1, int(len(samples) / SAMPLE_RATE_HZ * fps))):
        time_s = index / fps
        clock.set(time_s)
        controller.step(time_s)
        until = int(time_s * SAMPLE_RATE_HZ) // HOP_SAMPLES * HOP_SAMPLES
        if until > done:
            analysis.hear(samples[done:until], done, done / SAMPLE_RATE_HZ, controller.current[1], heard.put)
            done = until
        newest = replace(heard.take() or newest, beat=controller.beat(time_s))
        frames.append(stage.step(time_s, 1.0 / fps if index else 0.0, newest, painted))
    return frames


def through(
    preset: Preset, frames: Sequence[FrameInputs], more: Mapping[str, Value] | None = None
) -> Iterator[FrameInputs]:
    """The same frames under the values and routes of `preset`; more: values that are set beside it."""
    tree = ParameterTree(PARAMETERS)
    for path, value in {**preset.params, **(more or {})}.items():
        tree.write(path, value, "preset")
    mapper = Mapper()
    for inputs in frames:
        yield replace(inputs, values=mapper.step(inputs.dt_s, tree.snapshot(), preset.routes, inputs.heard))
