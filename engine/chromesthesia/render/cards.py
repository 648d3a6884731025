"""Test pictures for setting up an output: a grid to align by, bars and a ramp for its gamma, white, its number."""

from __future__ import annotations

import colorsys
from enum import StrEnum

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from chromesthesia.core.records import UInt8
from chromesthesia.core.user_files import one_line

Colour = tuple[int, int, int]

GOLDEN = 0.618034
INK: Colour = (236, 236, 230)
DIM: Colour = (96, 98, 104)
GROUND: Colour = (14, 15, 18)


class Card(StrEnum):
    """What an output shows in the place of the show. OFF: the show itself."""

    OFF = "off"
    GRID = "grid"
    BARS = "bars"
    WHITE = "white"
    IDENTIFY = "identify"


def card_picture(card: Card, width: int, height: int, number: int = 1, name: str = "") -> UInt8:
    """The card as uint8 [height, width, 3], row 0 at the top; each output number has a colour of its own.

    WHITE and OFF are a white picture.
    """
    image = Image.new("RGB", (width, height), (255, 255, 255) if card in (Card.WHITE, Card.OFF) else GROUND)
    draw = ImageDraw.Draw(image)
    colour = colour_of(number)
    if card is Card.GRID:
        _grid(draw, width, height, colour)
        _named(
            draw, width, height, number, name, colour, height / 26.0, (width / 2, height * 0.5 + height / 9)
        )
    elif card is Card.BARS:
        _bars(draw, width, height)
    elif card is Card.IDENTIFY:
        _identify(draw, width, height, number, name, colour)
    return np.asarray(image, np.uint8)


def colour_of(number: int) -> Colour:
    """The colour that output `number` is known by: neighbours differ much."""
    red, green, blue = colorsys.hsv_to_rgb((0.55 + (number - 1) * GOLDEN) % 1.0, 0.62, 0.96)
    return round(255 * red), round(255 * green), round(255 * blue)


def _grid(draw: ImageDraw.ImageDraw, width: int, height: int, colour: Colour) -> None:
    cell = max(8.0, height / 12.0)
    line = max(1, round(height / 540))
    x, y = width / 2.0, height / 2.0
    for step in range(1, int(max(width, height) / cell) + 1):
        tone = DIM if step % 2 == 0 else tuple(part // 2 for part in DIM)
        for sign in (-1, 1):
            across, down = x + sign * step * cell, y + sign * step * cell
            draw.line([(across, 0), (across, height)], fill=tone, width=line)
            draw.line([(0, down), (width, down)], fill=tone, width=line)
    draw.line([(0, 0), (width - 1, height - 1)], fill=DIM, width=line)
    draw.line([(width - 1, 0), (0, height - 1)], fill=DIM, width=line)
    draw.line([(x, 0), (x, height)], fill=INK, width=2 * line)
    draw.line([(0, y), (width, y)], fill=INK, width=2 * line)
    radius = height / 2.0 - cell / 2.0
    for share in (1.0, 0.5):
        r = radius * share
        draw.ellipse([x - r, y - r, x + r, y + r], outline=colour, width=2 * line)
    corner = cell * 0.75
    for centre_x, centre_y in (
        (corner, corner),
        (width - corner, corner),
        (corner, height - corner),
        (width - corner, height - corner),
    ):
        r = corner * 0.6
        draw.ellipse([centre_x - r, centre_y - r, centre_x + r, centre_y + r], outline=colour, width=2 * line)
    _frame(draw, width, height, colour, max(2, 2 * line))


def _bars(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
    full = 191
    bars = [
        (full * (code >> 1 & 1), full * (code >> 2 & 1), full * (code & 1)) for code in (7, 6, 5, 4, 3, 2, 1)
    ]
    top = round(height * 0.55)
    for number, colour in enumerate(bars):
        draw.rectangle(
            [round(number * width / 7), 0, round((number + 1) * width / 7) - 1, top - 1], fill=colour
        )
    middle = round(height * 0.75)
    for column in range(width):
        grey = round(255 * column / max(1, width - 1))
        draw.line([(column, top), (column, middle - 1)], fill=(grey, grey, grey))
    # Every other row white, beside the grey that such rows look like from afar where the gamma is right.
    half = round(255 * 0.5 ** (1 / 2.2))
    draw.rectangle([0, middle, width - 1, height - 1], fill=(half, half, half))
    for row in range(middle, height):
        tone = 255 if row % 2 else 0
        draw.line([(width // 3, row), (2 * width // 3, row)], fill=(tone, tone, tone))


def _identify(
    draw: ImageDraw.ImageDraw, width: int, height: int, number: int, name: str, colour: Colour
) -> None:
    edge = max(2, round(min(width, height) / 36))
    _frame(draw, width, height, colour, edge)
    big = _font(height * 0.52)
    draw.text((width / 2, height * 0.46), str(number), fill=colour, font=big, anchor="mm")
    _named(draw, width, height, number, name, INK, height / 14.0, (width / 2, height * 0.82))
    small = _font(max(8.0, height / 32.0))
    draw.text((width / 2, height * 0.9), f"{width} x {height}", fill=DIM, font=small, anchor="mm")


def _named(
    draw: ImageDraw.ImageDraw,
    width: int,
    height: int,
    number: int,
    name: str,
    colour: Colour,
    size: float,
    at: tuple[float, float],
) -> None:
    font = _font(max(8.0, size))
    text = one_line(name or f"output {number}", 40)
    left, top, right, bottom = draw.textbbox(at, text, font=font, anchor="mm")
    pad = size * 0.35
    draw.rectangle([left - pad, top - pad, right + pad, bottom + pad], fill=GROUND)
    draw.text(at, text, fill=colour, font=font, anchor="mm")


def _frame(draw: ImageDraw.ImageDraw, width: int, height: int, colour: Colour, edge: int) -> None:
    draw.rectangle([0, 0, width - 1, height - 1], outline=colour, width=edge)


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
