"""What can be asked of a running show. Each command carries `source`, who asked, e.g. `keyboard`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from chromesthesia.params.declaration import Param
from chromesthesia.params.preset_file import RouteTable


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
class NudgeParameter:
    """Move a number by `amount` from where it is, a choice by so many places (see `params.values.moved`)."""

    path: str
    amount: object
    source: str


@dataclass(frozen=True, slots=True)
class SaveOutputs:
    """Write how the outputs look now into the file that they came from."""

    source: str


@dataclass(frozen=True, slots=True)
class LoadPreset:
    """Glide to the preset with this name or number. morph_s: over so long; None: over `/master/morph_s`."""

    which: str | int
    source: str
    morph_s: float | None = None


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
class Undo:
    """The room as it was before the last change."""

    source: str


@dataclass(frozen=True, slots=True)
class ResetParameter:
    """One setting as the present preset has it, else at its default."""

    path: str
    source: str


@dataclass(frozen=True, slots=True)
class SafeLook:
    """Glide to the plain look: no routes, every parameter at its default."""

    source: str


@dataclass(frozen=True, slots=True)
class TapTempo:
    """One beat, tapped."""

    source: str


@dataclass(frozen=True, slots=True)
class SetRoute:
    """Let a signal move a setting; a route of both that is there is replaced."""

    route: RouteTable
    source: str


@dataclass(frozen=True, slots=True)
class RemoveRoute:
    """Take out the route from `signal` to `target`."""

    signal: str
    target: str
    source: str


@dataclass(frozen=True, slots=True)
class SavePreset:
    """Keep the present look as a preset. Done by whoever keeps files (see `Controller.handle`)."""

    name: str
    source: str


@dataclass(frozen=True, slots=True)
class RenamePreset:
    """Call a preset of the user's own otherwise. Done by whoever keeps files (see `Controller.handle`)."""

    which: str | int
    name: str
    source: str


@dataclass(frozen=True, slots=True)
class LoadPack:
    """Paint with the model pack of this name. Done by whoever runs the models (see `Controller.handle`)."""

    name: str
    source: str


@dataclass(frozen=True, slots=True)
class CueGo:
    """Begin the next cue. This and the other cue commands are done by whoever plays a cue list."""

    source: str


@dataclass(frozen=True, slots=True)
class CueBack:
    """Go to the cue before."""

    source: str


@dataclass(frozen=True, slots=True)
class CueHold:
    """No cue begins by itself until one is asked for."""

    source: str


@dataclass(frozen=True, slots=True)
class CueJump:
    """Go to the cue with this name, or number from 1."""

    which: str | int
    source: str


@dataclass(frozen=True, slots=True)
class CueTrigger:
    """Go to the cue that waits for this word."""

    word: str
    source: str


@dataclass(frozen=True, slots=True)
class LearnMark:
    """The last second was of this mood, by its name or number. This and the other learning commands are done by whoever
    learns the performer (see `Controller.handle`).
    """

    mood: str | int
    source: str


@dataclass(frozen=True, slots=True)
class LearnUndo:
    """The marks as they were before the last change of them."""

    source: str


@dataclass(frozen=True, slots=True)
class LearnClear:
    """No marks."""

    source: str


@dataclass(frozen=True, slots=True)
class LearnSave:
    """Keep the marks by this name."""

    name: str
    source: str


@dataclass(frozen=True, slots=True)
class LearnLoad:
    """Take the marks that were kept by this name."""

    name: str
    source: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The end, on the control thread, of what was begun on another. do: refuses by raising a ChromesthesiaError."""

    do: Callable[[], None]
    source: str


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Tell a partner over OSC what changes. host, port: where, None for the sender's own; seconds: None for the usual.

    Done by the OSC port (see `Controller.handle`).
    """

    host: str | None
    port: int | None
    seconds: float | None
    source: str


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """The end of a subscription; host, port: as it was asked for."""

    host: str | None
    port: int | None
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
    | NudgeParameter
    | LoadPreset
    | NextPreset
    | PreviousPreset
    | NextScene
    | ResetParameters
    | ResetRoom
    | ResetParameter
    | Undo
    | SafeLook
    | SetRoute
    | RemoveRoute
    | SavePreset
    | SaveOutputs
    | RenamePreset
    | LoadPack
    | CueGo
    | CueBack
    | CueHold
    | CueJump
    | CueTrigger
    | LearnMark
    | LearnUndo
    | LearnClear
    | LearnSave
    | LearnLoad
    | Finish
    | Subscribe
    | Unsubscribe
    | TapTempo
    | AlignBar
    | AddParameters
    | RemoveParameters
)
