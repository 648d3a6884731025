"""What can be asked of a running show. Each command carries `source`, who asked, e.g. `keyboard`."""

from __future__ import annotations

from dataclasses import dataclass, field

from chromesthesia.params.declaration import Param


@dataclass(frozen=True, slots=True)
class SetParameter:
    """Write `raw` to the parameter at `path` (see `params.values.coerce`).

    address: the one address that the sender wrote to, when it was exactly one: a choice by its number came to
    `<path>_index`. Empty when a pattern reached the parameter, or when nobody sent an address.
    """

    path: str
    raw: object
    source: str
    address: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class ToggleParameter:
    """Turn a switch the other way."""

    path: str
    source: str


@dataclass(frozen=True, slots=True)
class LoadPreset:
    """Glide to the preset with this name or number."""

    which: str | int
    source: str


@dataclass(frozen=True, slots=True)
class NextPreset:
    """Glide to the preset after the present one, round and round."""

    source: str


@dataclass(frozen=True, slots=True)
class PreviousPreset:
    """Glide to the preset before the present one, round and round."""

    source: str


@dataclass(frozen=True, slots=True)
class NextScene:
    """Move on to the next scene of the generator, round and round."""

    source: str


@dataclass(frozen=True, slots=True)
class ResetParameters:
    """Back to the present preset as it was loaded; with `paths`, those parameters back to their defaults."""

    source: str
    paths: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ResetRoom:
    """The room as at the start of the show: preset, every setting, and nothing waiting for its time."""

    source: str


@dataclass(frozen=True, slots=True)
class TapTempo:
    """One beat, tapped."""

    source: str


@dataclass(frozen=True, slots=True)
class AlignBar:
    """This moment is the first beat of a bar."""

    source: str


@dataclass(frozen=True, slots=True)
class AddParameters:
    """Declare more parameters below `namespace` (see `params.tree.ParameterTree.add`)."""

    namespace: str
    params: tuple[Param, ...]
    source: str


@dataclass(frozen=True, slots=True)
class RemoveParameters:
    """Forget the parameters that were added as `namespace`."""

    namespace: str
    source: str


Command = (
    SetParameter
    | ToggleParameter
    | LoadPreset
    | NextPreset
    | PreviousPreset
    | NextScene
    | ResetParameters
    | ResetRoom
    | TapTempo
    | AlignBar
    | AddParameters
    | RemoveParameters
)
