"""What can be asked of a show beside setting parameters, declared once for OSC, keys, panels and documentation."""

from __future__ import annotations

from dataclasses import dataclass

from chromesthesia.core.emotions import EMOTIONS


@dataclass(frozen=True, slots=True)
class Argument:
    """What an action takes. kinds: OSC type tags that it may have, e.g. `si` for a text or a whole number.

    optional: it, and all behind it, may be left out.
    """

    name: str
    kinds: str
    description: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """Something that is done at once. path: its OSC address. arguments: in their order; none for a button.

    A button takes any number or none; 0 does nothing, so that releasing it does nothing. critical: what is sent to it
    must not get lost.
    """

    path: str
    description: str
    arguments: tuple[Argument, ...] = ()
    critical: bool = False

    @property
    def is_button(self) -> bool:
        """True when it takes nothing but being pressed."""
        return not self.arguments


_WHICH_PRESET = Argument("which", "si", "its name, or its number from 0")

PRESET_LOAD = Action("/preset/load", "Glide to a preset over `/master/morph_s`", (_WHICH_PRESET,))
PRESET_MORPH = Action(
    "/preset/morph",
    "Glide to a preset over so many seconds, whatever `/master/morph_s` is",
    (_WHICH_PRESET, Argument("seconds", "fi", "0 to 600")),
)
PRESET_NEXT = Action("/preset/next", "Glide to the next preset by name, round and round")
PRESET_PREVIOUS = Action("/preset/previous", "Glide to the preset before, round and round")
_NEW_NAME = Argument("name", "s", "of at most 400 letters, on one line")
PRESET_SAVE = Action(
    "/preset/save", "Keep the present look, its routes included, as a preset of your own", (_NEW_NAME,)
)
PRESET_RENAME = Action("/preset/rename", "Call a preset of your own otherwise", (_WHICH_PRESET, _NEW_NAME))
SAFE = Action(
    "/safe", "The plain look that always works: no routes, everything at its default", critical=True
)
_ROUTE = (
    Argument("signal", "s", "what moves it, e.g. `features/onset`"),
    Argument("target", "s", "the setting that is moved, by its address"),
)
ROUTE_SET = Action(
    "/route/set",
    "Let a signal move a setting, or move it otherwise, until another look is loaded",
    (
        *_ROUTE,
        Argument("gain", "fi", "how much it adds at most, in the setting's own unit", True),
        Argument("low", "fi", "the signal's value that counts as nothing", True),
        Argument("high", "fi", "the signal's value that counts as all", True),
        Argument("curve", "s", "`linear`, `square`, `root` or `smooth`", True),
        Argument("attack_s", "fi", "how slowly it rises", True),
        Argument("release_s", "fi", "how slowly it falls", True),
        Argument("mode", "s", "`add` or `scale`", True),
    ),
)
ROUTE_REMOVE = Action("/route/remove", "Let a signal no longer move a setting", _ROUTE)
PARAMETER_RESET = Action(
    "/parameter/reset",
    "One setting as the present preset has it, else at its default",
    (Argument("setting", "s", "its address"),),
)
PACK_LOAD = Action(
    "/pack/load",
    "Paint with another model pack from now on",
    (Argument("name", "s", "of its folder, where packs are found"),),
)
CUE_GO = Action(
    "/cue/go", "Begin the next cue of the list; pressed again while it waits for its beat: at once"
)
CUE_BACK = Action("/cue/back", "Back to the cue before")
CUE_HOLD = Action("/cue/hold", "No cue begins by itself until one is asked for")
CUE_JUMP = Action("/cue/jump", "Go to a cue", (Argument("which", "si", "its name, or its number from 1"),))
CUE_TRIGGER = Action(
    "/cue/trigger", "Go to the cue that waits for this word", (Argument("word", "s", "its trigger"),)
)
OUTPUT_SAVE = Action("/output/save", "Write how the outputs look now into the file of `--outputs`")
SCENE_NEXT = Action("/scene/next", "Another place in the generator's imagination")
RESET = Action("/reset", "The present preset as it was loaded; what belongs to the room stays")
ROOM_RESET = Action(
    "/room/reset",
    "Everything as at the start of the show: preset, settings, the room's too",
    critical=True,
)
UNDO = Action("/undo", "Take the last change back, up to 100 of them: a setting, a route, a whole look")

_SUBSCRIBER = (
    Argument("host", "s", "an IPv4 address or `localhost`; left out: where the message came from", True),
    Argument("port", "i", "the UDP port that listens there", True),
)
OSC_SUBSCRIBE = Action(
    "/osc/subscribe",
    "Be told over OSC what is heard and what changes, until it is over",
    (*_SUBSCRIBER, Argument("seconds", "fi", "for how long, 1 to 86400; left out: 60", True)),
)
OSC_UNSUBSCRIBE = Action("/osc/unsubscribe", "Be told no more", _SUBSCRIBER)
_MOODS = "/".join(f"`{mood}`" for mood in EMOTIONS)
LEARN_MARK = Action(
    "/learn/mark",
    "The last second was this mood: learn the performer by it",
    (Argument("mood", "si", f"{_MOODS}, or its number from 0"),),
)
LEARN_MOODS = tuple(
    Action(f"/learn/{mood}", f"The last second was {mood}: the same for a key or a pedal")
    for mood in EMOTIONS
)
LEARN_UNDO = Action("/learn/undo", "Take the last mark back, or what was cleared or loaded")
LEARN_CLEAR = Action("/learn/clear", "Hear as the pack alone does, without any mark")
LEARN_SAVE = Action("/learn/save", "Keep the marks by the performer's name", (_NEW_NAME,))
LEARN_LOAD = Action(
    "/learn/load", "Hear with the marks of a performer", (Argument("name", "s", "as they were kept by"),)
)
TEMPO_TAP = Action("/tempo/tap", "One beat, tapped: from the second tap on there is a tempo")
TEMPO_ONE = Action("/tempo/one", "This moment is the first beat of a bar")

ACTIONS: tuple[Action, ...] = (
    PRESET_LOAD,
    PRESET_MORPH,
    PRESET_NEXT,
    PRESET_PREVIOUS,
    PRESET_SAVE,
    PRESET_RENAME,
    SAFE,
    ROUTE_SET,
    ROUTE_REMOVE,
    PARAMETER_RESET,
    PACK_LOAD,
    CUE_GO,
    CUE_BACK,
    CUE_HOLD,
    CUE_JUMP,
    CUE_TRIGGER,
    OUTPUT_SAVE,
    SCENE_NEXT,
    RESET,
    ROOM_RESET,
    UNDO,
    LEARN_MARK,
    *LEARN_MOODS,
    LEARN_UNDO,
    LEARN_CLEAR,
    LEARN_SAVE,
    LEARN_LOAD,
    OSC_SUBSCRIBE,
    OSC_UNSUBSCRIBE,
    TEMPO_TAP,
    TEMPO_ONE,
)
