"""What a person before the picture is told: the newest notice, where the cues are, why something was refused."""

from __future__ import annotations

from dataclasses import dataclass

from chromesthesia.control.commands import (
    Command,
    CueBack,
    CueGo,
    CueHold,
    CueJump,
    CueTrigger,
    Finish,
    LearnClear,
    LearnLoad,
    LearnMark,
    LearnSave,
    LearnUndo,
    LoadPack,
    LoadPreset,
    NextPreset,
    PreviousPreset,
    RemoveRoute,
    RenamePreset,
    SafeLook,
    SaveOutputs,
    SavePreset,
    SetRoute,
    Subscribe,
    Unsubscribe,
)
from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.core.user_files import one_line

OSC_SOURCE = "osc:"
"""How the source of every command that came over the network begins."""


@dataclass(frozen=True, slots=True)
class Notice:
    """The newest thing a person should know, e.g. `preset Ember` or why a preset was refused; always one line."""

    text: str = ""
    at_s: float = 0.0
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class CueNow:
    """Where a cue list is: names of the present cue and the next, and when that begins by itself, None for not."""

    name: str = ""
    next: str = ""
    due_s: float | None = None


class NotDoneHereError(ChromesthesiaError):
    """A command that nobody in this show does."""


def refusal(command: Command, error: Exception, now_s: float) -> Notice:
    """What the wall may say about `error`: never a word that came over the network, only whose and which it was."""
    if command.source.startswith(OSC_SOURCE):
        text = f"refused over OSC: {_WORDS.get(type(command), 'a setting')} (see the log)"
    elif isinstance(error, ChromesthesiaError):
        text = one_line(error)
    else:
        text = one_line(f"{type(error).__name__}: {error}")
    return Notice(text, now_s, is_error=True)


def not_done_here(command: Command) -> NotDoneHereError:
    """That nobody in this show does `command`."""
    return NotDoneHereError(f"{_WORDS.get(type(command), 'this')} cannot be had in this show")


_WORDS: dict[type, str] = {
    LoadPreset: "a preset",
    NextPreset: "the next preset",
    PreviousPreset: "the previous preset",
    SafeLook: "the safe look",
    SetRoute: "a route",
    RemoveRoute: "the end of a route",
    SavePreset: "a preset to keep",
    SaveOutputs: "outputs to be saved",
    RenamePreset: "another name of a preset",
    LoadPack: "another model pack",
    CueGo: "the next cue",
    CueBack: "the cue before",
    CueHold: "to hold the cues",
    CueJump: "a cue",
    CueTrigger: "a cue",
    LearnMark: "a mark of a mood",
    LearnUndo: "to take a mark back",
    LearnClear: "to clear the marks",
    LearnSave: "marks to keep",
    LearnLoad: "the marks of a performer",
    Finish: "another model pack",
    Subscribe: "a subscription",
    Unsubscribe: "the end of a subscription",
}
