"""The ISF shaders of a picture: compiled, kept while their files are broken, and put into its graph."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

import moderngl

from chromesthesia.core.errors import RenderError
from chromesthesia.core.user_files import one_line
from chromesthesia.isf.plan import NO_ISF, IsfPlan
from chromesthesia.isf.shader import IsfShader
from chromesthesia.params.declaration import Value
from chromesthesia.render.graph import Graph
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.isf_graph import BLACK, FRAGMENTS, with_isf
from chromesthesia.render.isf_playing import Playing
from chromesthesia.render.look_graph import Frame, look_graph
from chromesthesia.render.passes import Drawer

log = logging.getLogger(__name__)

_LOOK = look_graph(1.0)


class IsfStage:
    """Use from the thread that owns the context.

    good: the last version of every file that compiled, by key; it outlives the context, so that a renderer made anew
    draws with it while the file is broken.
    """

    def __init__(self, drawer: Drawer, good: dict[str, IsfShader] | None = None) -> None:
        self._drawer = drawer
        self._good = {} if good is None else good
        self._scene: Playing | None = None
        self._filters: tuple[Playing, ...] = ()
        self._black: moderngl.Texture | None = None
        self._made = 0
        self._left: list[Playing] = []
        self.plan = NO_ISF
        self.error: str | None = None
        """What is wrong with a file; None when all are drawn as they are."""

    def take(self, plan: IsfPlan) -> None:
        """Draw by another plan from the next `graph` on. What does not compile is drawn as it last was, or left out."""
        if not self._made:
            for name, text in FRAGMENTS.items():
                self._drawer.library.files.give(name, text)
        errors = list(plan.errors)
        former = {each.shader.key: each for each in self._playing()}
        kept: dict[str, Playing] = {}
        for shader in plan.shaders:
            kept.update(self._ready(shader, former.get(shader.key), errors))
        scene = None if plan.scene is None else kept.get(plan.scene.key)
        filters = tuple(
            each
            for key in dict.fromkeys(each.key for each in plan.filters)
            if (each := kept.get(key)) and each is not scene
        )
        self._left += [each for each in former.values() if kept.get(each.shader.key) is not each]
        for key in self._good.keys() - {shader.key for shader in plan.shaders}:
            del self._good[key]
        self._scene, self._filters, self.plan = scene, filters, plan
        error = one_line(errors[0]) if errors else None
        if error is not None and error != self.error:
            log.error("%s", error)
        self.error = error

    def graph(self, look: Graph[Frame]) -> Graph[Frame]:
        """The graph of `look` with what is shown."""
        return with_isf(look, self._scene, self.plan.place, self._filters)

    @property
    def textures(self) -> Mapping[str, moderngl.Texture]:
        """For the imports that `graph` has beside those of the look."""
        found: dict[str, moderngl.Texture] = {}
        for each in self._playing():
            found.update(each.textures)
        if found or self._scene is not None or self._filters:
            if self._black is None:
                self._black = self._drawer.ctx.texture((1, 1), 4, bytes(4))
            found[BLACK] = self._black
        return found

    def give_up(self, error: RenderError) -> None:
        """Show none of the plan, which cannot be drawn for this reason."""
        self._left += [*self._playing()]
        self._scene, self._filters = None, ()
        self.error = one_line(error)
        log.error("ISF shaders are left out: %s", self.error)

    def drop(self) -> None:
        """What an earlier plan showed is not drawn any more: free it."""
        for each in self._left:
            self._free(each)
        self._left.clear()

    def step(self, inputs: FrameInputs, values: Mapping[str, Value]) -> bool:
        """Take what this frame is made of; True when passes may have to be of another size."""
        return any([each.step(inputs, values) for each in self._playing()])

    def restart(self) -> None:
        """The next frame is the first of every shader."""
        for each in self._playing():
            each.restart()

    def release(self) -> None:
        """Free the textures; the programs are the library's."""
        for each in (*self._left, *self._playing()):
            each.release()
        if self._black is not None:
            self._black.release()
            self._black = None

    def _playing(self) -> Iterator[Playing]:
        if self._scene is not None:
            yield self._scene
        yield from self._filters

    def _ready(self, shader: IsfShader, former: Playing | None, errors: list[str]) -> dict[str, Playing]:
        """The shader, the version before it, or nothing."""
        if former is not None and former.shader is shader:
            return {shader.key: former}
        try:
            playing = self._compile(shader)
        except RenderError as error:
            errors.append(str(error))
            if former is not None:
                return {shader.key: former}
            good = self._good.get(shader.key)
            if good is None or good is shader:
                return {}
            try:
                playing = self._compile(good)
            except RenderError:
                return {}
        self._good[shader.key] = playing.shader
        if former is not None:
            playing.go_on(former)
        return {shader.key: playing}

    def _compile(self, shader: IsfShader) -> Playing:
        library = self._drawer.library
        self._made += 1
        inside = f"isf/{self._made}"
        fragment, vertex = f"{inside}.fs", f"{inside}.vs"
        for name, glsl, body in (
            (fragment, shader.fragment, f"{inside}/{shader.name}"),
            (vertex, shader.vertex, f"{inside}/{shader.name} (its vertex shader)"),
        ):
            library.files.give(body, glsl.body)
            library.files.give(name, f'{glsl.declarations}#include "{body}"\n')
        playing: Playing | None = None
        try:
            library.program(fragment, vertex)
            playing = Playing(self._drawer.ctx, shader, fragment, vertex)
            with_isf(_LOOK, playing, "picture", ())
        except (RenderError, moderngl.Error) as error:
            if playing is not None:
                playing.release()
            self._forget(fragment)
            message = error.message if isinstance(error, RenderError) else f"shader {shader.name}: {error}"
            for told, name in ((f"{inside}/", ""), (fragment, shader.name), (vertex, "its vertex shader")):
                message = message.replace(told, name)
            raise RenderError(one_line(message), "the last good one stays; correct the file") from error
        return playing

    def _free(self, playing: Playing) -> None:
        playing.release()
        self._forget(playing.fragment)

    def _forget(self, fragment: str) -> None:
        library = self._drawer.library
        library.forget(fragment)
        inside = fragment.removesuffix(".fs")
        library.files.forget(
            [name for name in library.files.texts if name.startswith((f"{inside}.", f"{inside}/"))]
        )
