"""ISF files tried one after another: read and compiled as a show would, without a picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import moderngl

from chromesthesia.core.errors import RenderError
from chromesthesia.core.paths import resource_dirs
from chromesthesia.core.user_files import one_line
from chromesthesia.isf.plan import NO_ISF, IsfPlan
from chromesthesia.isf.shader import IsfShader, load_isf
from chromesthesia.render.isf_stage import IsfStage
from chromesthesia.render.passes import Drawer
from chromesthesia.render.shaders import ShaderLibrary


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one file: the shader where it could be read, and what is wrong with it, empty for nothing."""

    path: Path
    shader: IsfShader | None
    error: str = ""


def try_files(ctx: moderngl.Context, paths: Iterable[Path]) -> Iterator[Tried]:
    """Try each file by itself, on the thread that owns `ctx`. Never raises for what is in a file."""
    library = ShaderLibrary(ctx, resource_dirs("shaders"))
    stage = IsfStage(Drawer(ctx, library))
    try:
        for path in paths:
            try:
                shader = load_isf(path)
            except RenderError as error:
                yield Tried(path, None, one_line(error))
                continue
            stage.take(IsfPlan(scene=shader))
            refused = stage.error or ""
            stage.take(NO_ISF)
            stage.drop()
            yield Tried(path, shader, refused)
    finally:
        stage.release()
        library.release()
