"""Sound files as other programs leave them: encoded by FFmpeg, headers unfilled, damaged, cut."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import av
import numpy as np

from chromesthesia.core.records import Float32


def encode(
    path: Path,
    samples: Float32,
    rate_hz: int,
    codec: str,
    container: str,
    muxer: dict[str, str] | None = None,
    encoder: dict[str, str] | None = None,
    picture: bool = False,
) -> Path:
    """Write mono float32 [n] through FFmpeg; muxer, encoder: their options; picture: add a short video track."""
    with av.open(str(path), "w", format=container, options=muxer or {}) as file:
        stream: Any = file.add_stream(codec, rate=rate_hz, options=encoder or {})
        stream.layout = "mono"
        video: Any = file.add_stream("mpeg4", rate=10) if picture else None
        if video is not None:
            video.width = video.height = 32
            video.pix_fmt = "yuv420p"
            for _ in range(3):
                black = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
                file.mux(video.encode(black))
            file.mux(video.encode(None))
        whole = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="fltp", layout="mono")
        whole.rate = rate_hz
        fifo = av.AudioFifo()
        for frame in av.AudioResampler(stream.format.name, "mono", rate_hz).resample(whole):
            fifo.write(frame)
        while (part := fifo.read(stream.frame_size or 1024)) is not None:
            file.mux(stream.encode(part))
        if (rest := fifo.read()) is not None:
            file.mux(stream.encode(rest))
        file.mux(stream.encode(None))
    return path


def mp3(path: Path, samples: Float32, rate_hz: int, variable: bool = False, stated: bool = False) -> Path:
    """An mp3 of constant or variable bit rate, with or without the header that states its length."""
    encoder = {"global_quality": str(2 * 118), "flags": "+qscale"} if variable else {"b": "64000"}
    return encode(path, samples, rate_hz, "libmp3lame", "mp3", {"write_xing": str(int(stated))}, encoder)


def wav_bytes(samples: Float32, rate_hz: int, before: bytes = b"") -> bytearray:
    """A wav file of mono float32 [n] as 16-bit samples; before: chunks in front of the sound."""
    sound = np.round(samples * 32767.0).astype("<i2").tobytes()
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate_hz, 2 * rate_hz, 2, 16)
    body = b"WAVE" + fmt + before + b"data" + struct.pack("<I", len(sound)) + sound
    return bytearray(b"RIFF" + struct.pack("<I", len(body)) + body)


def restate(content: bytearray, container_bytes: int, sound_bytes: int) -> bytearray:
    """The same wav with other sizes in its header."""
    changed = bytearray(content)
    changed[4:8] = struct.pack("<I", container_bytes)
    at = changed.index(b"data") + 4
    changed[at : at + 4] = struct.pack("<I", sound_bytes)
    return changed
