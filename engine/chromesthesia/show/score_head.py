"""What a score begins with, and by which hashes it knows another engine's shaders and parameters."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from typing import Any

import msgspec

from chromesthesia.core.user_files import one_line
from chromesthesia.core.version import __version__
from chromesthesia.display.light import Light
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.render.renderer import Renderer
from chromesthesia.score.events import Head
from chromesthesia.show.score_changes import param_told


def head_of(light: Light, **known: Any) -> Head:
    """What a score begins with, at this moment of the clock. known: the fields that the show knows."""
    assert light.renderer is not None
    began = datetime.now().astimezone()
    offset = began.utcoffset()
    return Head(
        show=uuid.uuid4().hex,
        engine=__version__,
        began_s=began.timestamp(),
        utc_offset_s=0 if offset is None else round(offset.total_seconds()),
        size=light.size,
        shaders=shader_hash(light.renderer),
        opengl=one_line(light.renderer.ctx.info.get("GL_RENDERER", "")),
        **known,
    )


def shader_hash(renderer: Renderer) -> str:
    """Of the text of every shader file in use."""
    texts = renderer.library.files.texts
    whole = hashlib.sha256()
    for name in sorted(texts):
        whole.update(name.encode() + b"\0" + texts[name].encode() + b"\0")
    return whole.hexdigest()


def catalogue_hash() -> str:
    """Of everything that this engine declares about its parameters."""
    told = [msgspec.to_builtins(param_told(param)) for param in PARAMETERS]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()
