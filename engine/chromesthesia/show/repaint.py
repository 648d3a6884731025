"""A part of a logged show as a film, stills or a print: finds the moment, checks what paints, and keeps the frames."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from time import perf_counter

from chromesthesia.core.config import RepaintConfig, check_numbers
from chromesthesia.core.errors import PackError, ScoreError, UsageError
from chromesthesia.core.protocols import FrameSink, Generator
from chromesthesia.core.stop_signals import stop_on_signals
from chromesthesia.core.user_files import one_line
from chromesthesia.core.version import __version__
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.health.show_report import PictureWatch, machine
from chromesthesia.inference.generator import OnnxGenerator
from chromesthesia.inference.probe import load_pack
from chromesthesia.packs.find import find_pack
from chromesthesia.recording.outputs import Outputs, abandoned_unless_whole, close_and_report, open_outputs
from chromesthesia.recording.stills import write_png
from chromesthesia.render.renderer import Renderer
from chromesthesia.score.events import Head
from chromesthesia.score.reader import open_score
from chromesthesia.show.assembly import painter_of
from chromesthesia.show.score_head import catalogue_hash, shader_hash
from chromesthesia.show.score_paint import Repainter

DAY_US = 24 * 3600 * 1_000_000
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d(?:\.\d{1,6})?))?")
_SECONDS = re.compile(r"\+?(\d{1,9}(?:\.\d{1,6})?)\s*s?")


def begin_us(text: str, head: Head) -> int:
    """The show time that `text` means: `21:30:00` by the clock of the show's place, or seconds from the start.

    A time of day is that of the first day on which it came. Raises UsageError for anything else.
    """
    if clock := _CLOCK.fullmatch(text.strip()):
        asked_us = round((int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3] or 0)) * 1e6)
        began = _began(head)
        midnight = began.replace(hour=0, minute=0, second=0, microsecond=0)
        return (asked_us - round((began - midnight) / timedelta(microseconds=1))) % DAY_US
    if seconds := _SECONDS.fullmatch(text.strip()):
        return round(float(seconds[1]) * 1e6)
    raise UsageError(
        f"{one_line(text, 40)!r} is no moment of a show",
        "give a time of day, e.g. 21:30:00, or seconds, e.g. 90",
    )


def time_of_day(head: Head, time_us: int) -> str:
    """The clock of the show's place at a show time, e.g. `21:30:05`."""
    return f"{_began(head) + timedelta(microseconds=time_us):%H:%M:%S}"


def what_differs(head: Head, renderer: Renderer, size: tuple[int, int], painter: str) -> list[str]:
    """Why the frames may not be those of the show, byte for byte; nothing where they will be."""
    opengl = one_line(renderer.ctx.info.get("GL_RENDERER", ""))
    return [
        line
        for line, differs in (
            (f"size {size[0]}x{size[1]}, shown at {head.size[0]}x{head.size[1]}", size != head.size),
            (f"engine {__version__}, shown with {head.engine}", __version__ != head.engine),
            ("other parameters are declared", catalogue_hash() != head.catalogue),
            ("other shaders", shader_hash(renderer) != head.shaders),
            (f"drawn by {opengl}, shown by {one_line(head.opengl)}", opengl != head.opengl),
            ("another generator paints", painter != head.generator),
        )
        if differs
    ]


def repaint(
    config: RepaintConfig,
    progress: Callable[[float], None] | None = None,
    sinks: tuple[FrameSink, ...] = (),
    stop: threading.Event | None = None,
    generator: Generator | None = None,
) -> dict[str, object]:
    """Paint a part of `config.score` again; at the size of the show, byte for byte what was shown.

    Times that sinks are given count from the beginning of the part. generator: the caller's own, for a show that had
    one. Returns the report: `exact` says whether the frames are those of the show, `differs` why not, and `notes` what
    of the score could not be read. Raises a ChromesthesiaError for what cannot be read, loaded or written, PackError
    for another pack than the show's.
    """
    check_numbers(config)
    stop = stop or threading.Event()
    with ExitStack() as opened:
        score = open_score(config.score)
        opened.callback(score.close)
        head = score.head
        from_us = begin_us(config.begin, head)
        if from_us > score.end_us + 1_000_000:
            raise UsageError(
                f"the score does not reach {one_line(config.begin, 40)}",
                f"it goes from {time_of_day(head, 0)} to {time_of_day(head, score.end_us)}, "
                f"{score.end_us / 1e6:.0f} s",
            )
        to_us = 1 << 53 if config.duration_s is None else from_us + round(config.duration_s * 1e6)
        painter, own = _painter(config, head, generator)
        size = config.width or head.size[0], config.height or head.size[1]
        surface = HeadlessSurface(*size)
        opened.callback(surface.close)
        renderer = Renderer(surface.ctx, *size, flash_limiter=head.flash_limiter)
        opened.callback(renderer.release)
        differs = what_differs(head, renderer, size, own)
        repainter = Repainter(score, painter, renderer, size)
        opened.enter_context(stop_on_signals(stop))
        outputs = Outputs(
            open_outputs(
                *size, head.fps, False, config.film, config.stills, config.sheet, config.report
            ).sinks
            + sinks
        )
        watch = PictureWatch()
        began_s = perf_counter()
        frames = lead = 0

        def report() -> dict[str, object]:
            notes = [*score.notes, *repainter.notes]
            return {
                "frames": frames,
                "lead_frames": lead,
                "duration_s": round(frames / head.fps, 3),
                "render_fps": round((frames + lead) / max(1e-9, perf_counter() - began_s), 2),
                "source": f"score: {one_line(config.score.name)}",
                "from": time_of_day(head, from_us),
                "pack": head.pack,
                "preset": head.preset,
                "seed": head.seed,
                "size": list(size),
                "exact": not differs and not repainter.torn and not repainter.reshaded,
                "differs": differs,
                "notes": notes,
                "pictures": watch.summary(),
                "machine": machine(),
            }

        with abandoned_unless_whole(outputs, config.report, report):
            for frame in repainter.frames(from_us, to_us):
                if stop.is_set():
                    raise KeyboardInterrupt
                if frame.pixels is None:
                    lead += 1
                    continue
                if config.still is not None and frames == 0:
                    write_png(config.still, frame.pixels)
                time_s = (frame.time_us - from_us) / 1e6
                watch.frame(frame.pixels)
                outputs.frame(frame.pixels, time_s)
                frames += 1
                if progress is not None:
                    whole_us = min(to_us, max(score.end_us, from_us + 1)) - from_us
                    progress(min(1.0, (frame.time_us - from_us) / whole_us))
                if config.still is not None and config.duration_s is None and config.film is None:
                    break
            if frames == 0:
                raise ScoreError(
                    f"{one_line(config.score)}: no frame from {one_line(config.begin, 40)} on can be painted",
                    next(iter([*repainter.notes, *score.notes]), "paint from an earlier moment"),
                )
        return close_and_report(outputs, config.report, report)


def _painter(config: RepaintConfig, head: Head, own: Generator | None) -> tuple[Generator, str]:
    if own is not None:
        return own, ""
    pack = load_pack(find_pack(config.pack))
    found = painter_of(pack, config.provider)
    if found != head.generator and not config.other_pack:
        shown = f"{one_line(head.pack, 60)} ({head.generator[:12] or 'models of its own'})"
        raise PackError(
            f"the show was painted by pack {shown}, {one_line(pack.name, 60)} is another ({found[:12]})",
            "give that pack with --pack, or paint with this one: --other-pack",
        )
    return OnnxGenerator(pack, config.provider), found


def _began(head: Head) -> datetime:
    try:
        place = timezone(timedelta(seconds=head.utc_offset_s))
        return datetime.fromtimestamp(head.began_s, place)
    except (ValueError, OverflowError, OSError) as error:
        raise ScoreError(f"the score began at {head.began_s} s, which is no time", "") from error
