"""Pictures of every kind that computers make, read as a person sees them or refused by name."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from chromesthesia_training.corpora.facts import look_at
from chromesthesia_training.corpora.paintings import load_art
from chromesthesia_training.data.art import ArtError
from chromesthesia_training.data.pictures import PictureError, load_rgb

COLOURS = np.random.default_rng(0).integers(0, 256, (12, 20, 3)).astype(np.uint8)
RAMP = np.tile(np.arange(256, dtype=np.uint8), (4, 1))


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pixels(content: bytes) -> np.ndarray:
    image = load_rgb(content)
    assert image.mode == "RGB"
    return np.asarray(image)


@pytest.mark.parametrize(
    ("kind", "scale"), [("PNG", 256), ("PNG", 257), ("TIFF", 256), ("TIFF", 257), ("PPM", 257)]
)
def test_sixteen_bits_of_grey_are_the_eight_bit_picture(kind: str, scale: int) -> None:
    deep = Image.fromarray(RAMP.astype(np.uint16) * scale)
    assert deep.mode == "I;16"
    np.testing.assert_array_equal(pixels(saved(deep, kind)), pixels(saved(Image.fromarray(RAMP))))


def png(width: int, height: int, bits: int, colour_type: int, rows: bytes) -> bytes:
    """A png file without filters, of a depth that the imaging library does not write."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    stride = len(rows) // height
    data = b"".join(b"\0" + rows[row * stride : (row + 1) * stride] for row in range(height))
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_a_channel_are_the_eight_bit_picture(channels: int, alpha: bool) -> None:
    colours = COLOURS[..., :channels]
    if alpha:
        colours = np.concatenate([colours, np.full((12, 20, 1), 255, np.uint8)], axis=2)
    kind = {1: 0, 3: 2}[channels] + (4 if alpha else 0)
    deep = png(20, 12, 16, kind, (colours.astype(">u2") * 257).tobytes())
    expected = np.broadcast_to(colours[..., :channels], (12, 20, 3))
    np.testing.assert_array_equal(pixels(deep), expected)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_a_picture_is_turned_as_its_camera_says(kind: str, orientation: int, turns: int) -> None:
    image = Image.new("RGB", (16, 8), (255, 0, 0))
    image.paste((0, 0, 255), (0, 0, 8, 8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = pixels(saved(image, kind, exif=exif.tobytes()))
    expected = np.rot90(pixels(saved(image, kind)), turns)
    assert turned.shape == expected.shape
    np.testing.assert_allclose(turned.astype(int), expected.astype(int), atol=16)


def test_damaged_tags_of_a_camera_leave_the_picture(tmp_path: Path) -> None:
    image = Image.fromarray(COLOURS)
    for tags in (b"Exif\0\0MM", b"Exif\0\0II*\0\xff\xff\xff\xff", b"garbage", b"Exif\0\0" + bytes(40)):
        assert pixels(saved(image, "JPEG", exif=tags)).shape == (12, 20, 3)


def test_palette_grey_and_two_levels_are_the_plain_picture() -> None:
    few = Image.fromarray(COLOURS // 128 * 255)
    np.testing.assert_array_equal(pixels(saved(few.convert("P", palette=Image.Palette.ADAPTIVE))), few)
    grey = Image.fromarray(RAMP)
    np.testing.assert_array_equal(pixels(saved(grey))[..., 0], RAMP)
    two = Image.fromarray((RAMP > 127).astype(np.uint8) * 255).convert("1")
    np.testing.assert_array_equal(pixels(saved(two))[..., 2], np.asarray(two.convert("L")))


def test_what_is_transparent_shows_white() -> None:
    solid = Image.fromarray(COLOURS)
    clear = solid.convert("RGBA")
    np.testing.assert_array_equal(pixels(saved(clear)), COLOURS)
    clear.putalpha(Image.fromarray(np.repeat([[0, 255]], 10, axis=1).astype(np.uint8).repeat(12, axis=0)))
    seen = pixels(saved(clear))
    assert (seen[:, :10] == 255).all()
    np.testing.assert_array_equal(seen[:, 10:], COLOURS[:, 10:])
    grey = Image.fromarray(np.full((4, 4), 90, np.uint8)).convert("LA")
    grey.putalpha(0)
    assert (pixels(saved(grey)) == 255).all()
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([9, 9, 9, 200, 0, 0])
    assert (pixels(saved(palette, transparency=1)) == 255).all()
    assert (pixels(saved(palette, transparency=0)) == (200, 0, 0)).all()
    assert (pixels(saved(Image.new("RGB", (4, 4), (1, 2, 3)), transparency=(1, 2, 3))) == 255).all()


def test_inks_become_light() -> None:
    even = Image.new("RGB", (16, 16), (200, 40, 90))
    inks = pixels(saved(even.convert("CMYK"), "JPEG", quality=95))
    np.testing.assert_allclose(inks[8, 8], (200, 40, 90), atol=6)
    np.testing.assert_allclose(pixels(saved(even.convert("CMYK"), "TIFF"))[8, 8], (200, 40, 90), atol=2)


def test_a_profile_is_taken_into_account() -> None:
    """Colours that are Lab under their profile come out as the same seen colours in sRGB."""
    image = Image.new("RGB", (8, 8), (200, 40, 90))
    standard = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    np.testing.assert_array_equal(pixels(saved(image, icc_profile=standard.tobytes())), image)
    swapped = bytearray(standard.tobytes())
    swapped = swapped.replace(b"rXYZ", b"tXYZ").replace(b"gXYZ", b"rXYZ").replace(b"tXYZ", b"gXYZ")
    swapped = swapped.replace(b"s\0R\0G\0B", b"o\0d\0d\0!").replace(b"sRGB", b"odd!")
    seen = pixels(saved(image, icc_profile=bytes(swapped)))
    np.testing.assert_allclose(seen[4, 4].astype(int), (40, 200, 90), atol=2)


@pytest.mark.parametrize("profile", [b"", b"no profile", bytes(200)])
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA"])
def test_a_damaged_or_foreign_profile_is_left_aside(profile: bytes, mode: str) -> None:
    image = Image.new("RGB", (8, 8), (90, 90, 90)).convert(mode, palette=Image.Palette.ADAPTIVE)
    assert (pixels(saved(image, icc_profile=profile)) == 90).all()


@pytest.mark.parametrize(
    ("mode", "what"), [("F", "floating-point numbers"), ("I", "32-bit whole numbers"), ("LAB", "Lab colours")]
)
def test_pixels_without_certain_colours_are_refused_by_name(
    tmp_path: Path, mode: str, what: str, build_art: Callable[[bytes], Path]
) -> None:
    content = saved(Image.new(mode, (8, 8)), "TIFF")
    with pytest.raises(PictureError, match=what):
        load_rgb(content)
    folder = build_art(content)
    with pytest.raises(ArtError, match=rf"a\.png is damaged or no picture: its pixels are {what}"):
        load_art(folder, side=8)
    facts = look_at(folder / "awe" / "a.png", picture=True)
    assert facts.fault == "corrupt"
    assert what in facts.detail


@pytest.fixture
def build_art(tmp_path: Path) -> Callable[[bytes], Path]:
    """A folder of one painting with the given content."""

    def build(content: bytes) -> Path:
        path = tmp_path / "art" / "awe" / "a.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return tmp_path / "art"

    return build


def test_paintings_and_the_check_see_the_same_picture(build_art: Callable[[bytes], Path]) -> None:
    plain = build_art(saved(Image.fromarray(RAMP)))
    expected, facts = load_art(plain, side=16).images, look_at(plain / "awe" / "a.png", picture=True)
    deep = build_art(saved(Image.fromarray(RAMP.astype(np.uint16) * 257)))
    np.testing.assert_array_equal(load_art(deep, side=16).images, expected)
    assert look_at(deep / "awe" / "a.png", picture=True).fingerprint == facts.fingerprint
