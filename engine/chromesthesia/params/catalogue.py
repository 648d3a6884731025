"""Every parameter there is, in the order of the reference page."""

from __future__ import annotations

from chromesthesia.params.declaration import Param
from chromesthesia.params.look import LOOK
from chromesthesia.params.readings import READINGS
from chromesthesia.params.scenes import SCENES
from chromesthesia.params.sound import SOUND
from chromesthesia.params.tempo import MIDI, TEMPO

PARAMETERS: tuple[Param, ...] = (*SOUND, *TEMPO, *MIDI, *LOOK, *SCENES, *READINGS)
