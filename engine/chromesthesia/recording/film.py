"""One film file: H.264 pictures and AAC sound on one time axis. No threads here; see `recorder`.

The file is written as fragments, so that what exists is playable at any moment, and turned into a plain seekable
MP4 when it is finished (the `hybrid_fragmented` mode of FFmpeg 7.1 and newer). `delay_moov` lets the first header
know the delays of both encoders; without it the parts would start up to two frames out of step.

When the disk fails nothing more may be written: FFmpeg would go on to turn the fragments into a plain film whose index
is cut short, and so spoil what was playable. `PartFile` sees to that.
"""

from __future__ import annotations

import contextlib
import math
import os
from fractions import Fraction
from typing import Any, BinaryIO, Final

import av
import av.error
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter

from chromesthesia.core.errors import RecordError
from chromesthesia.core.records import Float32, UInt8

VIDEO_TICKS_HZ: Final = 90_000
"""Time base of the pictures; frames keep their true times, so the film may have a variable rate."""
AUDIO_BITS_PER_S: Final = 128_000
LIVE_OPTIONS: Final = {"preset": "ultrafast", "crf": "20"}
OFFLINE_OPTIONS: Final = {"preset": "veryfast", "crf": "18", "mbtree": "0"}
"""Without x264's macroblock tree, which does not repeat itself byte for byte (docs/decisions/0005-films.md)."""
PIXELS_A_SECOND: Final = 1920 * 1080 * 60
"""Live, one encoder thread for each so many."""
KEYFRAME_S: Final = 2.0
"""Players seek to a whole picture; one so often."""
FRAGMENT_S: Final = 0.5
"""Live, pictures and sound reach the file in pieces of this length, each playable as soon as it is there."""
DRIFT_LIMIT_S: Final = 0.008
"""Sound whose mean distance from its place grows beyond this is put back in step."""
JUMP_LIMIT_S: Final = 0.1
"""Sound further than this from its place is moved at once: something was lost."""
DRIFT_MEMORY: Final = 0.02
SILENCE_AFTER_S: Final = 1.0
"""A sound that stays away this long is written as silence; the muxer holds all pictures back for it.

With `FRAGMENT_S` it is what a film loses at most whose process dies: 1.5 s and what waits to be encoded."""


class PartFile:
    """What FFmpeg writes through. After a write has failed, or `frozen` was set, nothing more reaches `file`.

    FFmpeg is not told of a failure, so that it comes to its end in order; `error` holds it.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.frozen = False
        self.error: OSError | None = None

    def write(self, content: bytes) -> int:
        """Write all of `content`, or note in `error` why not."""
        rest = memoryview(content)
        try:
            while rest and not self.frozen:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self.error, self.frozen = error, True
        return len(content)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move as in any file."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Position in bytes."""
        return self._file.tell()

    def read(self, count: int = -1) -> bytes:
        """Read back; FFmpeg does so while it finishes a film."""
        return self._file.read(count)

    def close(self) -> None:
        """Close the file under it."""
        self._file.close()


class FilmWriter:
    """Writes one film into `file`, opened `w+b` and unbuffered; call from one thread.

    width, height: any size from 16 pixels; an odd row or column is cut off, as H.264 4:2:0 needs even sizes. live
    trades file size for speed and uses as few encoder threads as the size needs. Equal calls give equal bytes. Raises
    RecordError when the container or a codec cannot be opened, and OSError or av.error.FFmpegError from writing.
    """

    def __init__(
        self, file: BinaryIO, width: int, height: int, fps: float, sound_rate_hz: int, live: bool
    ) -> None:
        if min(width, height) < 16 or fps <= 0:
            raise RecordError(
                f"cannot film {width} x {height} at {fps:g} fps", "use at least 16 x 16 at 1 fps"
            )
        self._width = width // 2 * 2
        self._height = height // 2 * 2
        self._sound_rate_hz = sound_rate_hz
        self._reformatter = VideoReformatter()
        self._last_tick = -1
        self._next_sample = 0
        self._drift_s = 0.0
        self.frames = 0
        self.repeated_times = 0
        self._file = PartFile(file)
        muxing = {"movflags": "hybrid_fragmented+frag_keyframe+delay_moov", "flush_packets": "1"}
        if live:
            # Not where pictures are reordered: the last one would be beyond what the finished film says to play.
            muxing["frag_duration"] = str(round(FRAGMENT_S * 1e6))
        try:
            self._container = av.open(self._file, "w", format="mp4", options=muxing)
            rate = Fraction(fps).limit_denominator(1001)
            options = dict(LIVE_OPTIONS if live else OFFLINE_OPTIONS)
            self._video = self._container.add_stream("libx264", rate=rate, options=options)
            self._audio = self._container.add_stream("aac", rate=sound_rate_hz, layout="mono")
        except (ValueError, OSError) as error:
            file.close()
            raise RecordError(
                f"cannot encode a film: {error}", "`chromesthesia doctor` tells which codecs are there"
            ) from error
        video = self._video.codec_context
        video.width, video.height, video.pix_fmt = self._width, self._height, "yuv420p"
        video.time_base = self._video.time_base = Fraction(1, VIDEO_TICKS_HZ)
        video.gop_size = max(1, round(KEYFRAME_S * fps))
        video.thread_count = live_threads(width, height, fps) if live else 2
        video.colorspace, video.color_range = Colorspace.ITU709, ColorRange.MPEG
        video.color_primaries, video.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        self._audio.codec_context.bit_rate = AUDIO_BITS_PER_S

    def frame(self, pixels: UInt8, time_s: float) -> None:
        """Add pixels uint8 [H, W, 3] shown from `time_s` on; a time not after the last one is left out and counted.

        Another size than the film's is scaled to it. The first frame is also shown from the very start. Sound may come
        at most `SILENCE_AFTER_S` after the pictures of its time.
        """
        tick = round(time_s * VIDEO_TICKS_HZ)
        if tick <= self._last_tick:
            self.repeated_times += 1
            return
        picture = self._convert(pixels)
        if self._last_tick < 0 and tick > 0:
            self._encode_picture(picture, 0)
        self._encode_picture(picture, tick)
        self._silence_until(time_s - SILENCE_AFTER_S)

    def sound(self, samples: Float32, start_s: float) -> None:
        """Add mono float32 samples whose first belongs at `start_s`.

        Small jitter is ignored; a gap becomes silence, an overlap is cut, and a slow drift between the sound's clock
        and the film's is taken out in steps of a few milliseconds, so that sound and picture stay within a frame.
        """
        first = round(start_s * self._sound_rate_hz)
        behind_s = (first - self._next_sample) / self._sound_rate_hz
        self._drift_s += DRIFT_MEMORY * (behind_s - self._drift_s)
        if abs(behind_s) > JUMP_LIMIT_S or abs(self._drift_s) > DRIFT_LIMIT_S or self._next_sample == 0:
            self._drift_s = 0.0
            if first > self._next_sample:
                self._silence_until(start_s)
            else:
                samples = samples[self._next_sample - first :]
        self._encode_sound(samples)

    def finish(self) -> None:
        """Write what the encoders hold back and close the file."""
        if self.frames:
            self._mux(self._video.encode(None))
        if self._next_sample:
            self._mux(self._audio.encode(None))
        self._container.close()
        self._file.close()
        if self._file.error is not None:
            raise self._file.error

    def abandon(self) -> None:
        """Give up after an error: let go of the file as it is, playable up to its last whole fragment."""
        self._file.frozen = True
        with contextlib.suppress(OSError, ValueError, av.error.FFmpegError):
            self._container.close()
        self._file.close()

    def _mux(self, packets: list[av.Packet[Any]]) -> None:
        self._container.mux(packets)
        if self._file.error is not None:
            raise self._file.error

    def _convert(self, pixels: UInt8) -> av.VideoFrame:
        if pixels.shape[:2] in {(self._height + y, self._width + x) for y in (0, 1) for x in (0, 1)}:
            pixels = pixels[: self._height, : self._width]
        rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        return self._reformatter.reformat(
            rgb,
            self._width,
            self._height,
            "yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )

    def _encode_picture(self, picture: av.VideoFrame, tick: int) -> None:
        picture.pts = tick
        picture.time_base = Fraction(1, VIDEO_TICKS_HZ)
        self._mux(self._video.encode(picture))
        self._last_tick = tick
        self.frames += 1

    def _encode_sound(self, samples: Float32) -> None:
        if len(samples) == 0:
            return
        clean = np.clip(np.nan_to_num(samples.astype(np.float32, copy=False)), -1.0, 1.0)
        block = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(clean)[np.newaxis], format="fltp", layout="mono"
        )
        block.sample_rate = self._sound_rate_hz
        block.pts = self._next_sample
        block.time_base = Fraction(1, self._sound_rate_hz)
        self._mux(self._audio.encode(block))
        self._next_sample += len(samples)

    def _silence_until(self, time_s: float) -> None:
        missing = round(time_s * self._sound_rate_hz) - self._next_sample
        second = self._sound_rate_hz
        while missing > 0:
            self._encode_sound(np.zeros(min(missing, second), np.float32))
            missing -= second


def live_threads(width: int, height: int, fps: float, cores: int | None = None) -> int:
    """Encoder threads beside a show: one up to 1920 x 1080 at 60, more for more, at most half of the `cores`."""
    most = max(1, (cores or os.cpu_count() or 1) // 2)
    return min(most, max(1, math.ceil(width * height * fps / PIXELS_A_SECOND)))
