"""Which ISF shaders are to be shown, and where: what the control thread decides and a renderer draws."""

from __future__ import annotations

from dataclasses import dataclass

from chromesthesia.isf.shader import IsfShader
from chromesthesia.params.preset_file import ISF_PLACES


@dataclass(frozen=True, slots=True, eq=False)
class IsfPlan:
    """Never changes; another one is another object.

    place: of the scene, see `ISF_PLACES`. errors: of files that cannot be read, for as long as that is so.
    """

    scene: IsfShader | None = None
    place: str = ISF_PLACES[0]
    filters: tuple[IsfShader, ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def shaders(self) -> tuple[IsfShader, ...]:
        """All of them, in the order in which they are drawn."""
        return (*(() if self.scene is None else (self.scene,)), *self.filters)

    def draws_as(self, other: IsfPlan) -> bool:
        """True where both show the same."""
        return (self.scene, self.place, self.filters) == (other.scene, other.place, other.filters)


NO_ISF = IsfPlan()
