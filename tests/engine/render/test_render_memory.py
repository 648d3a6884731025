"""What an OpenGL that is gone, or a shader that was edited, held in memory is not held twice by the next."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.gl,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's heap"),
]

LOST = """
from chromesthesia.core.heap import give_back_free, keep_heap_small
from chromesthesia.core.paths import resource_dirs
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.params.presets import load_preset
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.renderer import Renderer

keep_heap_small()
folder = resource_dirs("presets")[-1]
looks = [load_preset(path).params for path in sorted(folder.glob("*.toml"))]

def anonymous_mib():
    return int(next(line for line in open("/proc/self/status") if line.startswith("RssAnon")).split()[1]) / 1024

def life():
    surface = HeadlessSurface(96, 54)
    renderer = Renderer(surface.ctx, 96, 54)
    for number, look in enumerate(looks):
        renderer.render(FrameInputs(time_s=number / 30, dt_s=1 / 30, values=dict(look)))
    surface.ctx.finish()
    give_back_free()
    held = anonymous_mib()
    renderer.release()
    surface.close()
    return held

first = life()
life()
print(life() - first)
"""


def test_an_opengl_that_is_made_again_takes_what_the_first_one_took() -> None:
    done = subprocess.run([sys.executable, "-c", LOST], capture_output=True, text=True, check=True)
    assert float(done.stdout.splitlines()[-1]) < 12.0
