"""One way from a picture file to the colours that a viewer shows: upright, 8 bits, sRGB, on white."""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

LOADER_VERSION = 2
"""Part of the key of whatever keeps decoded pictures."""
PAPER = (255, 255, 255)
_SIXTEEN_BIT_FORMATS = ("PNG", "PPM")
"""Where whole numbers of 32 bits hold 16-bit ones, scaled to the full range."""
_DAMAGED_TAGS = (
    SyntaxError,
    ValueError,
    KeyError,
    TypeError,
    OverflowError,
    ZeroDivisionError,
    OSError,
    struct.error,
)


class PictureError(ValueError):
    """A file that is no picture, a damaged one, or one of a kind that has no certain colours."""


def load_rgb(content: bytes) -> Image.Image:
    """The picture in a file's bytes, mode RGB, as a viewer shows it.

    Turned as its EXIF data say; 16 bits become their upper 8; colours with a profile become sRGB; what is transparent
    shows white. Raises PictureError saying what is wrong.
    """
    try:
        with Image.open(io.BytesIO(content)) as opened:
            opened.load()
            image = _eight_bits(_upright(opened), opened.format or "")
            return _on_paper(image, opened.info.get("icc_profile"))
    except UnidentifiedImageError as error:
        # Its message names an object in memory, different each time.
        raise PictureError("no picture") from error
    except (OSError, ValueError, SyntaxError, EOFError, struct.error, Image.DecompressionBombError) as error:
        raise error if isinstance(error, PictureError) else PictureError(str(error)) from error


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except _DAMAGED_TAGS:
        return image


def _eight_bits(image: Image.Image, kind: str) -> Image.Image:
    if image.mode.startswith("I;16") or (image.mode == "I" and kind in _SIXTEEN_BIT_FORMATS):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F", "LAB"):
        what = {"I": "32-bit whole numbers", "F": "floating-point numbers", "LAB": "Lab colours"}[image.mode]
        raise PictureError(f"its pixels are {what}; save it with 8 bits a channel")
    return image


def _on_paper(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours through their profile, then over white where the picture is transparent."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        colours = _to_srgb(image.convert("RGB"), profile)
        paper = Image.new("RGB", image.size, PAPER)
        paper.paste(colours, mask=image.getchannel("A"))
        return paper
    return _to_srgb(image if image.mode in ("RGB", "CMYK", "L") else image.convert("RGB"), profile)


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        try:
            given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "srgb" not in ImageCms.getProfileDescription(given).lower():
                converted = ImageCms.profileToProfile(
                    image, given, ImageCms.createProfile("sRGB"), outputMode="RGB"
                )
                if converted is not None:
                    return converted
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # a damaged profile, or one of another kind of picture: viewers leave it aside too
    return image.convert("RGB")
