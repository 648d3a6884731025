"""What is told about a live show: the counts and figures of its parts, read whenever a status is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from chromesthesia.audio.ring import Ring
from chromesthesia.control.controller import Controller
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.guard import Guard
from chromesthesia.core.protocols import AudioSource, Clock, Counting
from chromesthesia.core.records import HOP_SAMPLES, Heard
from chromesthesia.core.slot import LatestSlot
from chromesthesia.core.user_files import one_line
from chromesthesia.display.light import Light
from chromesthesia.health.host import HostWatch, LateBlame
from chromesthesia.health.latency import LatencyMeter
from chromesthesia.health.status import (
    ANALYSIS,
    CONTROL,
    FAULTS,
    FRAMES,
    GENERATOR,
    GL,
    LADDER,
    LATE,
    OUTPUTS,
    RING,
    SOURCE,
    Figures,
    Health,
)
from chromesthesia.recording.outputs import Outputs
from chromesthesia.show.analysis import Analysis
from chromesthesia.show.frame_loop import FrameLoop
from chromesthesia.show.frames import CountRate, FrameSchedule
from chromesthesia.show.nearest import NearestPaintings
from chromesthesia.show.painter import Painter
from chromesthesia.show.seen import Seen
from chromesthesia.show.sound import Capture

NOTICE_S = 4.0
LATENCIES_A_MINUTE = 12_000
"""One for every 5 ms."""


@dataclass(frozen=True, slots=True)
class Wires:
    """The ring and the latest-wins slot between the threads that hear and those that show."""

    ring: Ring
    heard: LatestSlot[Heard]


@dataclass(frozen=True, slots=True)
class ShowParts:
    """The parts of a live show that have something to tell; nothing here changes them."""

    config: ShowConfig
    clock: Clock
    controller: Controller
    source: AudioSource
    capture: Capture
    wires: Wires
    analysis: Analysis
    nearest: NearestPaintings
    painter: Painter
    paint_rate: CountRate
    loop: FrameLoop
    schedule: FrameSchedule
    light: Light
    seen: Seen
    outputs: Outputs
    guards: tuple[Guard, ...]
    meter: LatencyMeter
    host: HostWatch
    blame: LateBlame

    @property
    def source_name(self) -> str:
        """Name of the device or file on one line: files and drivers may call themselves anything."""
        return one_line(self.source.name)


def register_counts(health: Health, parts: ShowParts) -> None:
    """Tell where the counts of every part are read. Before the threads start."""
    count, source, wires, painter = health.count, parts.source, parts.wires, parts.painter
    count(SOURCE, lambda: {"overruns": source.overruns})
    if isinstance(source, Counting):
        count(SOURCE, source.counts)
    count(RING, lambda: {"lost_hops": wires.ring.lost_samples // HOP_SAMPLES})
    count(ANALYSIS, parts.analysis.counts)
    count(GENERATOR, painter.worker.counts)
    count(
        "overtaken",
        lambda: {
            "hops": wires.heard.replaced,
            "requests": painter.requests.replaced,
            "images": painter.images.replaced,
        },
    )
    count(FRAMES, parts.schedule.counts)
    count(LADDER, painter.ladder.counts)
    count("swaps", painter.trial.counts)
    count(LATE, parts.blame.counts)
    count("pictures", parts.loop.watch.counts)
    count("output", parts.seen.output.counts)
    count(GL, parts.light.counts)
    count(CONTROL, parts.controller.counts)
    count(OUTPUTS, parts.outputs.counts)
    for guard in parts.guards:
        count(FAULTS, guard.counts)
    count(FAULTS, lambda: {"outputs": parts.outputs.failures})


def figures_of(parts: ShowParts, elapsed_s: float, trouble: str, unseen: bool) -> Figures:
    """Every figure of the show, now. trouble, unseen: what is wrong with the displays, as `Figures` has them. Any
    thread.
    """
    now_s = parts.clock.now_s()
    controller, light, painter = parts.controller, parts.light, parts.painter
    beat, notice, cue = controller.beat(now_s), controller.notice, controller.cue
    trouble = light.message or trouble
    return Figures(
        elapsed_s=elapsed_s,
        fps=parts.loop.fps,
        latency_ms=parts.loop.latency_ms,
        generator_fps=parts.paint_rate.per_second(painter.worker.painted, now_s),
        source=parts.source_name,
        rung=painter.ladder.step.rung,
        pack=painter.models.name,
        preset=controller.current[0].name,
        preset_index=controller.preset_index,
        cue=cue.name,
        cue_next=cue.next,
        cue_left_s=0.0 if cue.due_s is None else max(0.0, cue.due_s - now_s),
        routes=controller.route_changes,
        tempo_source=beat.source,
        bpm=beat.bpm,
        beat_error_ms=parts.seen.beats.error_ms,
        timecode=controller.tempo.timecode_text(now_s),
        parameters=controller.current[1].declared.version,
        trouble=trouble,
        unseen=unseen or bool(getattr(light.surface, "unseen", "")),
        message=trouble or (notice.text if now_s - notice.at_s < NOTICE_S else ""),
        picture=parts.seen.output.fault,
        size=light.size,
        flash_limiter=parts.config.flash_limiter,
        nearest=parts.nearest.now,
        sound=parts.capture.watch.now(),
        host=parts.host.now(),
        latency_p95_ms=parts.meter.lately_ms("sound_to_light", 0.95, LATENCIES_A_MINUTE, now_s),
    )
