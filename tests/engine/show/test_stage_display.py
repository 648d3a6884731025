"""What a stage shows of the display: all of it, its warning, or nothing."""

from __future__ import annotations

import pytest

from chromesthesia.control.commands import SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.render.inputs import HudInfo
from chromesthesia.show.assembly import make_stage
from chromesthesia.testing.models import PlainGenerator
from chromesthesia.testing.render import heard


@pytest.mark.parametrize("visible", [True, False])
@pytest.mark.parametrize("warning", ["", "flash limiter off"])
def test_the_warning_is_shown_as_long_as_it_is_true(visible: bool, warning: str) -> None:
    controller = Controller(ParameterTree(PARAMETERS), PresetLibrary(()))
    controller.post(SetParameter("/hud/visible", visible, "test"))
    controller.step(0.0)
    stage = make_stage(controller, PlainGenerator(), 1, lambda request: None)
    info = HudInfo(30.0, 40.0, "mic", "default", "Gallery", message="preset Ember", warning=warning)
    shown = stage.step(0.0, 0.0, heard(), lambda: None, info).hud
    if visible:
        assert shown is info
    elif warning:
        assert shown is not None
        assert (shown.warning, shown.message, shown.panel) == (warning, "", False)
    else:
        assert shown is None
