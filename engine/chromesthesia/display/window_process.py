"""The process of one window of a stage: shows the newest frame of a show, bent and cropped as its output asks.

`python -m chromesthesia.display.window_process` takes orders on standard input and tells on standard output how it is
(see `window_words`). A display that dies takes this process with it, and not the show; windows on displays with
different rhythms do not wait for each other. When the show dies the last picture stays for a while, so that the next
engine finds no black room.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import BinaryIO

import moderngl

from chromesthesia.core.clock import SystemClock
from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.core.protocols import Clock
from chromesthesia.core.records import UInt8
from chromesthesia.core.user_files import one_line
from chromesthesia.display.frame_share import FrameReader
from chromesthesia.display.window_words import (
    ALIVE,
    EVENT,
    OPENED,
    REFUSED,
    Order,
    Word,
    line_of,
    read_line,
)
from chromesthesia.render.cards import Card, card_picture
from chromesthesia.render.output import WHOLE, OutputPass, OutputShape

ALIVE_EVERY_S = 0.5
PAUSE_S = 0.002


class Screen:
    """Draws frames and cards onto a window's frame buffer. Use from the thread that owns `ctx`."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._pass = OutputPass(ctx)
        self._frame: moderngl.Texture | None = None
        self._card: moderngl.Texture | None = None
        self._card_key: tuple[object, ...] = ()

    def take(self, pixels: UInt8) -> None:
        """Show pixels uint8 [H, W, 3] from now on."""
        size = (pixels.shape[1], pixels.shape[0])
        if self._frame is None or self._frame.size != size:
            if self._frame is not None:
                self._frame.release()
            self._frame = _texture(self._ctx, size)
        self._frame.write(pixels, alignment=1)

    def draw(self, target: moderngl.Framebuffer, size: tuple[int, int], order: Order) -> None:
        """Show what `order` asks for on `target`, of this size; black before the first frame."""
        if order.card is Card.OFF:
            if self._frame is None:
                target.clear(0.0, 0.0, 0.0, 1.0)
            else:
                self._pass.draw(self._frame, target, order.shape)
            return
        shape = order.shape
        uncropped = OutputShape(WHOLE, shape.corners, shape.fade, shape.light, shape.gamma, shape.mesh)
        self._pass.draw(self._card_texture(size, order), target, uncropped)

    def _card_texture(self, size: tuple[int, int], order: Order) -> moderngl.Texture:
        key = (size, order.card, order.number, order.name)
        if self._card is None or key != self._card_key:
            if self._card is not None:
                self._card.release()
            self._card, self._card_key = _texture(self._ctx, size), key
            self._card.write(card_picture(order.card, *size, order.number, order.name), alignment=1)
        return self._card


def _texture(ctx: moderngl.Context, size: tuple[int, int]) -> moderngl.Texture:
    texture = ctx.texture(size, 3, alignment=1)
    texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
    texture.repeat_x = texture.repeat_y = False
    return texture


class Orders:
    """Reads orders on a thread of its own. `gone_s`: since when nobody gives any; None while somebody may."""

    def __init__(self, source: BinaryIO, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._waiting: deque[Order] = deque(maxlen=64)
        self.gone_s: float | None = None
        threading.Thread(target=self._read, name="orders", daemon=True).start()

    def newest(self) -> Order | None:
        """The last that came since the last call."""
        order = None
        while self._waiting:
            order = self._waiting.popleft()
        return order

    def _read(self) -> None:
        for line in self._source:
            order = read_line(line, Order)
            if order is not None:
                self._waiting.append(order)
        self.gone_s = self._clock.now_s()


def run(first: Order, orders: Orders, say: Callable[[Word], bool], clock: Clock) -> None:
    """Open the window and show what is asked for until the end. Raises WindowError where no window can be opened."""
    from chromesthesia.display.window import WindowEvent, WindowSurface, count_displays, display_count

    displays = count_displays()
    if first.display >= displays:
        say(Word(what=REFUSED, displays=displays, reason=f"there is no display {first.display}"))
        return
    surface = WindowSurface(*first.size, first.fullscreen, first.display, f"Chromesthesia {first.name}")
    screen, order, reader = Screen(surface.ctx), first, _reader(first.memory)
    say(Word(what=OPENED, displays=displays))
    told_s, shown, dirty = float("-inf"), 0, True
    try:
        while not order.end:
            now_s = clock.now_s()
            if orders.gone_s is not None and now_s - orders.gone_s > order.hold_s:
                return
            for event in surface.poll():
                if event is WindowEvent.QUIT and orders.gone_s is not None:
                    return
                dirty = True
                say(Word(what=EVENT, event=event.name))
            asked = orders.newest()
            if asked is not None:
                if asked.memory != order.memory:
                    reader = _reader(asked.memory) or reader
                order, dirty = asked, True
            pixels = None if reader is None else reader.take()
            if pixels is not None:
                screen.take(pixels)
            if pixels is not None or dirty:
                screen.draw(surface.screen, surface.size, order)
                surface.present()
                dirty = False
                shown += 1
            else:
                time.sleep(PAUSE_S)
            if now_s - told_s >= ALIVE_EVERY_S:
                told_s = now_s
                say(Word(what=ALIVE, displays=display_count(), shown=shown))
    finally:
        surface.close()


def _reader(memory: str) -> FrameReader | None:
    return FrameReader(memory) if memory else None


def main() -> int:
    """Take the first order, then be that window. Ends with 0 in order, with 1 when it could not be."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the show, which ends its windows itself
    clock = SystemClock()
    out = sys.stdout.buffer

    def say(word: Word) -> bool:
        try:
            out.write(line_of(word))
            out.flush()
        except OSError:  # nobody listens any more: the orders are gone, too
            return False
        return True

    first = read_line(sys.stdin.buffer.readline(), Order)
    if first is None:
        return 2
    try:
        run(first, Orders(sys.stdin.buffer, clock), say, clock)
    except ChromesthesiaError as error:
        say(Word(what=REFUSED, reason=one_line(error)))
        return 1
    except Exception as error:  # the process's guard: whoever started it is to know why
        say(Word(what=REFUSED, reason=f"{type(error).__name__}: {one_line(error)}"))
        return 1
    return 0


if __name__ == "__main__":
    # At once: the thread that reads orders waits within Python's own lock on standard input.
    os._exit(main())
