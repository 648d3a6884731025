"""The status of a show in the words of each reader: the report, the on-screen display, partners over the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from chromesthesia.core.rungs import Rung
from chromesthesia.health.show_report import machine
from chromesthesia.health.status import (
    ANALYSIS,
    BUS,
    FAULTS,
    GENERATOR,
    GL,
    LATE,
    OUTPUTS,
    Figures,
    ShowStatus,
)
from chromesthesia.health.verdict import verdict_of
from chromesthesia.packs.art_index import Artwork
from chromesthesia.params.declaration import Value
from chromesthesia.params.readings import NEAREST_COUNT, nearest_addresses
from chromesthesia.render.inputs import FLASH_LIMITER_OFF, HudInfo


def readings_of(status: ShowStatus) -> dict[str, Value]:
    """A value for each of `params.readings.STATUS` and `NEAREST`, by address."""
    figures, verdict = status.figures, verdict_of(status)
    sound, host = figures.sound, figures.host
    return {
        "/status/fps": figures.fps,
        "/status/latency_ms": figures.latency_ms,
        "/status/overruns": status.overruns,
        "/status/late_frames": status.late_frames,
        "/status/lost_frames": status.lost_frames,
        "/status/faults": status.faults,
        "/status/stalled": " ".join(status.stalled),
        "/status/generator_fps": figures.generator_fps,
        "/status/osc_lost": status.osc_lost,
        "/status/osc_dropped": status.osc_dropped,
        "/status/rung": str(figures.rung),
        "/status/lights": status.lights,
        "/status/lights_alone": status.count(BUS, "lights_alone"),
        "/status/lights_late": status.count(BUS, "late"),
        "/status/light_skew_ms": status.light_skew_ms,
        "/status/light_delay_ms": status.count(BUS, "delay_us") / 1e3,
        "/status/health": str(verdict.state),
        "/status/health_reason": verdict.reasons[0] if verdict.reasons else "",
        "/status/late_host": status.count(LATE, "host"),
        "/status/host/steal": host.steal or 0.0,
        "/status/host/throttled": host.throttled or 0.0,
        "/status/host/busy": host.busy or 0.0,
        "/status/sound/clipped": sound.clipped,
        "/status/sound/nan": sound.nan,
        "/status/sound/dc": sound.dc,
        "/status/sound/silent": sound.silent_s,
        "/status/sound/drift_ppm": sound.drift_ppm or 0.0,
        "/status/source": figures.source,
        "/status/pack": figures.pack,
        "/status/preset": figures.preset,
        "/status/preset_index": figures.preset_index,
        "/status/cue": figures.cue,
        "/status/cue_next": figures.cue_next,
        "/status/cue_left_s": figures.cue_left_s,
        "/status/routes": figures.routes,
        "/status/tempo_source": figures.tempo_source,
        "/status/beat_error_ms": -1.0 if figures.beat_error_ms is None else figures.beat_error_ms,
        "/status/timecode": figures.timecode,
        "/status/parameters": figures.parameters,
        **_nearest(figures.nearest),
    }


def _nearest(paintings: tuple[Artwork, ...]) -> dict[str, Value]:
    told: dict[str, Value] = {}
    for place in range(1, NEAREST_COUNT + 1):
        artist, title, distance = nearest_addresses(place)
        there = paintings[place - 1] if place <= len(paintings) else None
        told[artist] = "" if there is None else there.artist
        told[title] = "" if there is None else there.title
        told[distance] = 0.0 if there is None else there.distance
    return told


def hud_of(status: ShowStatus) -> HudInfo:
    """What the on-screen display shows; a loop that stands still is told where there is no other message."""
    figures = status.figures
    stalled = f"stands still: {', '.join(status.stalled)}" if status.stalled else ""
    rung = "" if figures.rung in (Rung.FULL, Rung.PAINT_SLOWER) else f"rung: {figures.rung}"
    wrong = f"the picture is {figures.picture}" if figures.picture else ""
    return HudInfo(
        fps=figures.fps,
        latency_ms=figures.latency_ms,
        source=figures.source,
        pack=figures.pack,
        preset=figures.preset,
        overruns=status.overruns,
        nearest=nearest_line(figures.nearest[0]) if figures.nearest else "",
        message=figures.message or stalled or wrong or rung,
        warning="" if figures.flash_limiter else FLASH_LIMITER_OFF,
        lights=lights_line(status),
        beat=beat_line(figures),
    )


def beat_line(figures: Figures) -> str:
    """Tempo, who tells it, and how far the light is from the beat; empty while no beat is followed."""
    if not figures.tempo_source or figures.bpm <= 0.0:
        return ""
    off = "" if figures.beat_error_ms is None else f", light within {figures.beat_error_ms:.0f} ms"
    return f"{figures.bpm:.1f} bpm ({figures.tempo_source}){off}"


def lights_line(status: ShowStatus) -> str:
    """The lights of a show on one line; empty where it has no bus."""
    if BUS not in status.counts:
        return ""
    if not status.count(BUS, "leads"):
        return "stands by"
    alone = status.count(BUS, "lights_alone")
    parted = f", {alone} alone" if alone else ""
    return (
        f"{status.lights} lights{parted}, skew {status.light_skew_ms:.1f} ms, "
        f"shown {status.count(BUS, 'delay_us') / 1e3:.0f} ms later"
    )


def nearest_line(painting: Artwork) -> str:
    """One painting on one line; collections write artists as `jackson-pollock`."""
    artist = painting.artist.replace("-", " ").title()
    return f"nearest: {artist}, {painting.title} ({painting.distance:.2f})"


def report_of(
    status: ShowStatus,
    latency_ms: Mapping[str, object],
    pictures: Mapping[str, object],
    nearest: Sequence[Mapping[str, object]] = (),
    beat_light: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """The report of a live show. latency_ms: percentiles by stage; pictures: what `PictureWatch` saw;
    nearest: paintings by how long each was the nearest; beat_light: how far from the beat the light was."""
    figures = status.figures
    elapsed_s = max(1e-9, figures.elapsed_s)
    return {
        "fps": round(status.frames / elapsed_s, 2),
        "frames": status.frames,
        "late_frames": status.late_frames,
        "lost_frames": status.lost_frames,
        "duration_s": round(elapsed_s, 3),
        "overruns": status.overruns,
        "rung": str(figures.rung),
        "source": figures.source,
        "pack": figures.pack,
        "preset": figures.preset,
        "latency_ms": latency_ms,
        "beat_light": dict(beat_light or {}),
        "size": list(figures.size),
        "flash_limiter": figures.flash_limiter,
        "dropped_film_frames": status.count(OUTPUTS, "film_frames_dropped"),
        **failures_of(status),
        "frame_failures": {part: count for part, count in status.counts.get(FAULTS, {}).items() if count},
        "health": _verdict(status),
        "sound": asdict(figures.sound),
        "host": asdict(figures.host),
        "pictures": pictures,
        "nearest": list(nearest),
        "loops": {
            loop.name: {"state": str(loop.state), "beats": loop.beats, "failures": loop.failures}
            for loop in status.loops
        },
        "counts": {group: dict(counts) for group, counts in status.counts.items()},
        "machine": machine(),
    }


def health_of(status: ShowStatus) -> dict[str, object]:
    """How a running show is, for a page that people read."""
    figures = status.figures
    return {
        "elapsed_s": round(figures.elapsed_s, 1),
        "rung": str(figures.rung),
        "source": figures.source,
        "pack": figures.pack,
        "preset": figures.preset,
        "message": figures.message,
        "health": _verdict(status),
        "sound": asdict(figures.sound),
        "host": asdict(figures.host),
        "picture": figures.picture,
        "size": list(figures.size),
        "flash_limiter": figures.flash_limiter,
        "loops": {
            loop.name: {"state": str(loop.state), "beats": loop.beats, "failures": loop.failures}
            for loop in status.loops
        },
        "counts": {group: dict(counts) for group, counts in status.counts.items()},
    }


def _verdict(status: ShowStatus) -> dict[str, object]:
    verdict = verdict_of(status)
    return {"state": str(verdict.state), "reasons": list(verdict.reasons)}


def failures_of(status: ShowStatus) -> dict[str, int]:
    """What failed in the stages that a live show and an offline film share, for both reports."""
    return {
        "generator_failures": status.count(GENERATOR, "failures"),
        "encoder_failures": status.count(ANALYSIS, "encoder_failures"),
        "gl_recoveries": status.count(GL, "recoveries"),
    }
