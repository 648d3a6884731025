"""Draws a graph: owns the textures of its buffers, runs its passes, takes another size or another graph."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Generic

import moderngl
import numpy as np

from chromesthesia.core.errors import RenderError
from chromesthesia.render.fixed import FixedPass, copy_pass
from chromesthesia.render.gl import build_mipmaps, clear
from chromesthesia.render.graph import Buffer, F, Graph, Pass, Size, one_of
from chromesthesia.render.passes import Drawer, Target

log = logging.getLogger(__name__)

_NOTHING: Mapping[Any, Any] = MappingProxyType({})
_PIXEL_BYTES = {"f1": 4, "f2": 8, "f4": 16}


class _Store:
    """The textures of one buffer: `front` was drawn into last; a second one where passes read what they draw into."""

    __slots__ = ("_back", "_ctx", "_front", "declared", "size")

    def __init__(self, ctx: moderngl.Context, declared: Buffer, size: Size) -> None:
        self._ctx = ctx
        self.declared = declared
        self.size = size
        self._front = None if declared.spare else self._target()
        self._back = self._target() if declared.keeps and not declared.spare else None

    @property
    def made(self) -> bool:
        """False for a spare one that was never used."""
        return self._front is not None

    @property
    def front(self) -> Target:
        """As it was drawn last."""
        if self._front is None:
            self._front = self._target()
        return self._front

    @property
    def back(self) -> Target:
        """What was there before, of one that keeps."""
        if self._back is None:
            self._back = self._target()
        return self._back

    def begin(self, read: bool) -> Target:
        """The target of the next pass over the whole of it; from now on it is the front. read: by that same pass."""
        if self.declared.keeps or (self.declared.again and read):
            self._front, self._back = self.back, self.front
        return self.front

    def clear(self) -> None:
        for target in (self._front, self._back):
            if target is not None:
                clear(target.frame)

    def release(self) -> None:
        for target in (self._front, self._back):
            if target is not None:
                target.release()

    def _target(self) -> Target:
        one = self.declared
        return Target.create(self._ctx, self.size, one.dtype, one.linear, repeat=one.repeat, mips=one.mips)


@dataclass(frozen=True, slots=True)
class _Step(Generic[F]):
    """A pass with what it reads and draws into looked up: a store, or the name of an import or (None) an export."""

    one: Pass[F]
    inputs: tuple[tuple[str, _Store | str], ...]
    store: _Store | None
    defines: tuple[tuple[str, Callable[[F], int]], ...]
    reads_itself: bool


class RunningGraph(Generic[F]):
    """Draws a graph and owns its buffers. Use from the thread that owns the drawer's context.

    outside: the sizes of the screen (`SCREEN`) and of every import. Raises RenderError when a shader does not compile
    or a size is not usable.
    """

    def __init__(self, drawer: Drawer, graph: Graph[F], outside: Mapping[str, Size]) -> None:
        self._drawer = drawer
        self._stores: dict[str, _Store] = {}
        self._copy: FixedPass | None = None
        self._steps: tuple[_Step[F], ...] = ()
        self._broken: set[str] = set()
        self._generation = -1
        self._outside = dict(outside)
        self.graph = graph
        compile_plain(drawer, graph)
        self._take(graph, self._outside)

    def lay_out(self, outside: Mapping[str, Size]) -> None:
        """Go on with these sizes: a buffer whose size changes is made again, stretched to it when it keeps.

        A sizing whose answer changed for another reason is asked again too. Raises RenderError for a size that is not
        usable, and then nothing has changed.
        """
        self._take(self.graph, {**self._outside, **outside})

    def change(self, graph: Graph[F], outside: Mapping[str, Size] | None = None) -> None:
        """Draw another graph from the next frame on; buffers that both declare alike go on with what is in them.

        Raises RenderError for a shader that does not compile or a size that is not usable; the old graph stays then.
        """
        compile_plain(self._drawer, graph)
        self._take(graph, {**self._outside, **(outside or {})})

    def run(
        self,
        frame: F,
        imports: Mapping[str, moderngl.Texture] = _NOTHING,
        exports: Mapping[str, Target] = _NOTHING,
        late: Callable[[], F] | None = None,
    ) -> None:
        """Order every pass once; the drawer's `settle` waits for them. imports, exports: one for every name declared.

        late: asked once, before the first pass that is `late`, for the frame which that and those behind it are made
        from; not asked where there is no such pass.
        """
        outside = {**imports, **{name: target.texture for name, target in exports.items()}}
        for step in self._steps:
            one = step.one
            if late is not None and one.late:
                self._drawer.settle()
                frame, late = late(), None
            if not one.when(frame) or (one.spare and not self._usable(one)):
                continue
            textures = {
                sampler: outside[source] if isinstance(source, str) else source.front.texture
                for sampler, source in step.inputs
            }
            store = step.store
            marks = None if one.marks is None else one.marks(frame)
            if store is None:
                target = exports[one.output]
            else:
                target = store.front if marks is not None else store.begin(step.reads_itself)
            self._drawer.full_screen(
                one.fragment,
                target.frame,
                textures,
                one.uniforms(frame, target.texture.size),
                vertex=one.vertex,
                marks=marks,
                adds=one.adds,
                vertices=one.vertices,
                **{name: int(asked(frame)) for name, asked in step.defines},
            )
            if store is not None and store.declared.mips:
                self._drawer.settle()
                build_mipmaps(target.texture)

    def target(self, name: str) -> Target:
        """The buffer as it was drawn last; valid until it is drawn into again, or the next change of size or graph."""
        return self._stores[name].front

    @property
    def floats(self) -> list[moderngl.Texture]:
        """The buffers of floats that must not come to hold what is no number, as they were drawn last."""
        return [
            store.front.texture
            for store in self._stores.values()
            if store.made and store.declared.dtype in ("f2", "f4") and not store.declared.loose
        ]

    def last(self, name: str) -> Target:
        """What a buffer that keeps held before it was drawn last."""
        store = self._stores[name]
        assert store.declared.keeps, f"{name} does not keep"
        return store.back

    def state(self) -> dict[str, Any]:
        """What every buffer that keeps holds, by its name: uint8 [bytes a pixel, height, width]; of spare ones, those
        that were used."""
        return {
            name: np.moveaxis(
                np.frombuffer(store.front.texture.read(), np.uint8).reshape(*store.size[::-1], -1), 2, 0
            )
            for name, store in self._stores.items()
            if store.declared.keeps and store.made
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`, of the same graph at the same size. Raises ValueError for another."""
        kept = {name: store for name, store in self._stores.items() if store.declared.keeps}
        needed = {name for name, store in kept.items() if not store.declared.spare}
        if not needed <= set(state) <= set(kept):
            raise ValueError(f"buffers {', '.join(sorted(state))}, expected {', '.join(sorted(needed))}")
        for name, store in kept.items():
            if name not in state:
                store.clear()
                continue
            texture, content = store.front.texture, state[name]
            size = (_PIXEL_BYTES[store.declared.dtype], *store.size[::-1])
            if not isinstance(content, np.ndarray) or content.dtype != np.uint8 or content.shape != size:
                raise ValueError(f"buffer {name} of {np.shape(content)}, expected {size}")
            texture.write(np.moveaxis(content, 0, 2).tobytes())
            if store.declared.mips:
                build_mipmaps(texture)

    def forget(self) -> None:
        """Empty every buffer that keeps."""
        for store in self._stores.values():
            if store.declared.keeps:
                store.clear()

    def release(self) -> None:
        """Free every buffer."""
        for store in self._stores.values():
            store.release()
        self._stores.clear()
        if self._copy is not None:
            self._copy.release()
            self._copy = None

    def _take(self, graph: Graph[F], outside: dict[str, Size]) -> None:
        ctx = self._drawer.ctx
        sizes = _sizes(graph, outside, int(ctx.info["GL_MAX_TEXTURE_SIZE"]))
        fresh: dict[str, _Store] = {}
        try:
            for buffer in graph.buffers:
                store = self._stores.get(buffer.name)
                if store is None or store.declared != buffer or store.size != sizes[buffer.name]:
                    fresh[buffer.name] = _Store(ctx, buffer, sizes[buffer.name])
                    if store is None and buffer.name == graph.result:
                        store = self._stores.get(self.graph.result)  # what was shown last goes on
                    if store is not None and store.made and store.declared.keeps and buffer.keeps:
                        self._stretch(store, fresh[buffer.name])
        except BaseException:
            for store in fresh.values():
                store.release()
            raise
        stores = {
            buffer.name: fresh.get(buffer.name) or self._stores[buffer.name] for buffer in graph.buffers
        }
        for name, store in self._stores.items():
            if stores.get(name) is not store:
                store.release()
        self._stores, self._outside, self.graph = stores, outside, graph
        self._steps = tuple(
            _Step(
                one,
                tuple((sampler, stores.get(source, source)) for sampler, source in one.inputs.items()),
                stores.get(one.output),
                tuple(one.defines.items()),
                one.output in one.inputs.values(),
            )
            for one in graph.passes
        )

    def _usable(self, one: Pass[F]) -> bool:
        """Whether the files of a spare pass compile; asked again when a file was saved."""
        library = self._drawer.library
        if self._broken and self._generation != library.generation:
            self._broken.clear()
        self._generation = library.generation
        if one.name in self._broken:
            return False
        try:
            library.program(one.fragment, one.vertex, None, **dict.fromkeys(one.defines, 0))
        except RenderError as error:
            library.files.refuse(str(error))
            log.error("left out: %s", error)
            self._broken.add(one.name)
            return False
        return True

    def _stretch(self, old: _Store, new: _Store) -> None:
        self._copy = self._copy or copy_pass(self._drawer.ctx)
        self._copy.draw(new.front.frame, (old.front.texture,))


def compile_plain(drawer: Drawer, graph: Graph[Any]) -> None:
    """Compile the plain variant of every pass but the spare ones, so that a broken file fails before a frame. Raises
    RenderError."""
    for one in graph.passes:
        if one.spare:
            continue
        plain: dict[str, Any] = dict.fromkeys(one.defines, 0)
        drawer.library.program(one.fragment, one.vertex, **plain)


def _sizes(graph: Graph[Any], outside: Mapping[str, Size], limit: int) -> dict[str, Size]:
    sizes = dict(outside)
    for buffer in graph.buffers:
        try:
            width, height = sizes[buffer.name] = buffer.size(sizes)
        except KeyError as error:
            raise RenderError(
                f"buffer {buffer.name} is to be as large as a part of {error}", one_of(sorted(sizes))
            ) from error
        if not (1 <= width <= limit and 1 <= height <= limit):
            raise RenderError(
                f"buffer {buffer.name} of {width} x {height} pixels", f"give 1 to {limit} pixels a side"
            )
    return sizes
