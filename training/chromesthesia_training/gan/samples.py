"""What a pack paints, to be looked at: a contact sheet by emotion, and a short clip that follows three voices."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from chromesthesia.core.records import Float32, UInt8
from chromesthesia.generator.walks.latent import MotionSettings
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.measuring.evaluate import SURE
from chromesthesia_training.measuring.motion import emotional_sound, listen, walk
from chromesthesia_training.measuring.painters import OnnxPainter, normal_latents
from chromesthesia_training.safe_write import whole_file

LARGEST_SHEET_BYTES = 400_000
LARGEST_CLIP_BYTES = 1_500_000
TILE, GAP, MARGIN, LABEL_WIDTH = 148, 6, 14, 74
COLUMNS = 6
GROUND, INK = (255, 255, 255), (34, 37, 43)
ROWS: dict[str, tuple[float, ...]] = {**SURE, "neutral": (0.0, 0.0, 0.0, 0.0, 0.0)}
CLIP_SIDE, CLIP_RATE_HZ = 256, 12.0


def make_sheet(pack_dir: Path, path: Path, seed: int = 3) -> Path:
    """A JPEG of pictures by emotion: every row asks for one emotion, the latents are the same in every row.

    Raises:
        TrainingError: no generator in the pack, or a sheet that no quality makes small enough.
    """
    painter = OnnxPainter(pack_dir / "generator.onnx")
    latents = normal_latents(COLUMNS, painter.latent_size, seed)
    width = MARGIN * 2 + LABEL_WIDTH + COLUMNS * TILE + (COLUMNS - 1) * GAP
    height = MARGIN * 2 + len(ROWS) * TILE + (len(ROWS) - 1) * GAP
    sheet = Image.new("RGB", (width, height), GROUND)
    pen = ImageDraw.Draw(sheet)
    for row, (name, values) in enumerate(ROWS.items()):
        top = MARGIN + row * (TILE + GAP)
        pen.text((MARGIN, top + TILE // 2), name, INK, ImageFont.load_default(17), anchor="lm")
        pictures = painter.paint(np.tile(np.array(values, np.float32), (COLUMNS, 1)), latents)
        for column, picture in enumerate(pictures):
            tile = Image.fromarray(picture).resize((TILE, TILE), Image.Resampling.LANCZOS)
            sheet.paste(tile, (MARGIN + LABEL_WIDTH + column * (TILE + GAP), top))
    for quality in (90, 84, 78, 70, 60):
        content = _encoded(sheet, "JPEG", quality=quality, optimize=True)
        if len(content) <= LARGEST_SHEET_BYTES:
            return _write(path, content)
    raise TrainingError(f"the sheet takes {len(content)} bytes", "make its tiles smaller")


def make_clip(
    pack_dir: Path, path: Path, voices: list[Float32], seed: int = 3, seconds_each: float = 2.6
) -> Path:
    """An animated WebP of what the pack paints while it hears the voices, one after the other.

    Raises:
        TrainingError: no voices, or a clip that no quality makes small enough.
    """
    if not voices:
        raise TrainingError("no voices for the clip", "give the data folder with speech/ in it")
    heard = listen(pack_dir, emotional_sound(voices, seconds_each), CLIP_RATE_HZ)
    shown = walk(OnnxPainter(pack_dir / "generator.onnx"), heard, MotionSettings(), seed, CLIP_RATE_HZ)
    frames = [_frame(picture) for picture in shown.pictures]
    for quality in (72, 60, 48, 36, 25):
        content = _encoded(
            frames[0],
            "WEBP",
            save_all=True,
            append_images=frames[1:],
            duration=round(1000 / CLIP_RATE_HZ),
            loop=0,
            quality=quality,
            method=4,
        )
        if len(content) <= LARGEST_CLIP_BYTES:
            return _write(path, content)
    raise TrainingError(f"the clip takes {len(content)} bytes", "make it shorter")


def _frame(picture: UInt8) -> Image.Image:
    return Image.fromarray(picture).resize((CLIP_SIDE, CLIP_SIDE), Image.Resampling.LANCZOS)


def _encoded(image: Image.Image, form: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def _write(path: Path, content: bytes) -> Path:
    with whole_file(path) as file:
        file.write(content)
    return path
