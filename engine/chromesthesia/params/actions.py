"""What can be asked of a show beside setting parameters, declared once for OSC, keys, panels and documentation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Argument:
    """What an action takes. kinds: OSC type tags that it may have, e.g. `si` for a text or a whole number."""

    name: str
    kinds: str
    description: str


@dataclass(frozen=True, slots=True)
class Action:
    """Something that is done at once. path: its OSC address. argument: None for a button.

    A button takes any number or none; 0 does nothing, so that releasing it does nothing.
    """

    path: str
    description: str
    argument: Argument | None = None


PRESET_LOAD = Action(
    "/preset/load",
    "Glide to a preset over `/master/morph_s`",
    Argument("which", "si", "its name, or its number from 0"),
)
PRESET_NEXT = Action("/preset/next", "Glide to the next preset by name, round and round")
PRESET_PREVIOUS = Action("/preset/previous", "Glide to the preset before, round and round")
SCENE_NEXT = Action("/scene/next", "Another place in the generator's imagination")
RESET = Action("/reset", "The present preset as it was loaded; what belongs to the room stays")
ROOM_RESET = Action("/room/reset", "Everything as at the start of the show: preset, settings, the room's too")

TEMPO_TAP = Action("/tempo/tap", "One beat, tapped: from the second tap on there is a tempo")
TEMPO_ONE = Action("/tempo/one", "This moment is the first beat of a bar")

ACTIONS: tuple[Action, ...] = (
    PRESET_LOAD,
    PRESET_NEXT,
    PRESET_PREVIOUS,
    SCENE_NEXT,
    RESET,
    ROOM_RESET,
    TEMPO_TAP,
    TEMPO_ONE,
)
