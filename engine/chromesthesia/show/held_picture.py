"""A surface that shows the last picture of the engine before, from the moment it is there."""

from __future__ import annotations

import logging
from collections.abc import Callable

from chromesthesia.core.user_files import one_line
from chromesthesia.display.surface import Surface
from chromesthesia.render.output import OutputPass
from chromesthesia.supervise.last_picture import LastPicture

log = logging.getLogger(__name__)


def holding(picture: LastPicture, open_surface: Callable[[], Surface]) -> Callable[[], Surface]:
    """Opens a surface now, shows `picture` on it, and answers it the first time that one is asked for.

    Raises what opening raises. A picture that cannot be shown is left out with a line in the log.
    """
    opened: list[Surface] = [open_surface()]
    try:
        _show(picture, opened[0])
    except Exception as error:  # whatever a driver answers: the show has its own pictures in a moment
        log.warning("the last picture is not shown: %s", one_line(error))
    return lambda: opened.pop() if opened else open_surface()


def _show(picture: LastPicture, surface: Surface) -> None:
    if surface.screen is None:
        return
    texture = surface.ctx.texture((picture.width, picture.height), 3, picture.pixels, alignment=1)
    shown = OutputPass(surface.ctx)
    # Twice: a window of two buffers may show either.
    for _ in range(2):
        shown.draw(texture, surface.screen)
        surface.present()
    shown.release()
    texture.release()
