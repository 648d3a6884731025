"""The status of a show as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from chromesthesia.core.rungs import RUNGS
from chromesthesia.health.heartbeat import LoopState
from chromesthesia.health.status import ShowStatus
from chromesthesia.health.verdict import State, verdict_of

if TYPE_CHECKING:
    from prometheus_client.core import Metric

PREFIX = "chromesthesia"


class Metrics:
    """Makes the page. Any thread.

    status: how the show is. The library is imported when the first page is asked for: a show starts without it.
    """

    def __init__(self, status: Callable[[], ShowStatus]) -> None:
        self._status = status

    def page(self) -> tuple[bytes, str]:
        """The page, and its media type."""
        from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
        from prometheus_client.registry import CollectorRegistry

        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry), CONTENT_TYPE_LATEST

    def describe(self) -> Iterable[Metric]:
        """Nothing is promised beforehand; the library asks."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Everything that is measured and counted, now."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

        status = self._status()
        figures, sound, host = status.figures, status.figures.sound, status.figures.host
        verdict = verdict_of(status)
        gauges: tuple[tuple[str, str, float | None], ...] = (
            ("up", "1 while the show is not failing", verdict.state is not State.FAILING),
            ("degraded", "1 while it goes on with less", verdict.state is State.DEGRADED),
            ("rung", f"Rung of the ladder, 0 is the best: {', '.join(RUNGS)}", RUNGS.index(figures.rung)),
            ("running_seconds", "How long the show has been running", figures.elapsed_s),
            ("fps", "Frames shown a second", figures.fps),
            ("generator_fps", "Pictures painted a second", figures.generator_fps),
            ("sound_to_light_p50_seconds", "Sound to light, median", figures.latency_ms / 1000.0),
            (
                "sound_to_light_p95_seconds",
                "Sound to light, 95th percentile of the last minute",
                figures.latency_p95_ms / 1000.0,
            ),
            ("sound_dc", "Mean of the sound, in shares of full scale", sound.dc),
            ("sound_silent_seconds", "How long the sound has been dead", sound.silent_s),
            ("sound_drift_ppm", "Clock of the sound against that of the pictures", sound.drift_ppm),
            ("host_steal", "Share of the processors' time given to others", host.steal),
            ("host_throttled", "Share of the time in which the container was held back", host.throttled),
            ("host_busy", "Share of the processors' time that was used", host.busy),
            ("host_waiting", "Share of the time in which a program waited for a processor", host.waiting),
            ("host_clock", "Frequency of the processor, of its highest", host.clock),
        )
        for name, about, value in gauges:
            if value is not None:
                yield GaugeMetricFamily(f"{PREFIX}_{name}", about, value=float(value))
        for name, about, total in (
            ("sound_clipped_samples", "Samples at full scale, in runs", sound.clipped),
            ("sound_nan_samples", "Samples that were no numbers", sound.nan),
        ):
            yield CounterMetricFamily(f"{PREFIX}_{name}", about, value=total)
        counts = CounterMetricFamily(
            f"{PREFIX}_count", "Everything that is counted in a show", labels=("group", "name")
        )
        for group, named in status.counts.items():
            for name, count in named.items():
                if count >= 0:
                    counts.add_metric((group, name), count)
        yield counts
        beats = CounterMetricFamily(f"{PREFIX}_loop_beats", "Times a loop came round", labels=("loop",))
        stalled = GaugeMetricFamily(f"{PREFIX}_loop_stalled", "1 while a loop stands still", labels=("loop",))
        for loop in status.loops:
            beats.add_metric((loop.name,), loop.beats)
            stalled.add_metric((loop.name,), float(loop.state is LoopState.STALLED))
        yield beats
        yield stalled
        info = InfoMetricFamily(f"{PREFIX}_show", "What is shown")
        info.add_metric(
            (),
            {
                "source": figures.source,
                "pack": figures.pack,
                "preset": figures.preset,
                "rung": str(figures.rung),
            },
        )
        yield info
