"""Scenes and filters that a look may turn on: every one is off, and costs nothing, while its amount is 0."""

from __future__ import annotations

from chromesthesia.params.declaration import Choice, Number, declared_in

TILINGS = ("hexagons", "squares", "triangles")
"""Mirrors of the endless kaleidoscope: walls at 60, 90 and 45 degrees."""


def _amount(path: str, description: str) -> Number:
    return Number(path, 0.0, description, low=0.0, high=1.0, smoothing_s=0.2, routable=True)


def _share(path: str, default: float, description: str) -> Number:
    return Number(path, default, description, low=0.0, high=1.0, smoothing_s=0.2, routable=True)


# fmt: off
# What moves by a law of its own, fed by the painting and by what is heard
FLUID_AMOUNT = _amount("/look/fluid/amount", "The painting as dye in a fluid, which onsets push and bass stirs")
FLUID_SWIRL = _share("/look/fluid/swirl", 0.5, "How much the fluid curls up")
FLUID_PUSH = _share("/look/fluid/push", 0.5, "How hard sound pushes the fluid")
FLUID_DYE = _share("/look/fluid/dye", 0.35, "How fast the painting shows through again")
REACTION_AMOUNT = _amount("/look/reaction/amount", "Spots and labyrinths of reaction and diffusion, over the painting")
REACTION_FEED = _share("/look/reaction/feed", 0.5, "From spots (0) over labyrinths to holes (1)")
REACTION_RELIEF = _share("/look/reaction/relief", 0.6, "How far the pattern stands out of the picture")
SPARKS_AMOUNT = _amount("/look/sparks/amount", "Particles that run along the contours of the picture")
SPARKS_PULL = Number("/look/sparks/pull", 0.2, "Particles climb to bright places (above 0) or sink to dark ones",
    low=-1.0, high=1.0, smoothing_s=0.2, routable=True)
SPARKS_SIZE = _share("/look/sparks/size", 0.4, "Size of a particle")
SPARKS_SPEED = _share("/look/sparks/speed", 0.4, "Pace of the particles")
SPARKS_TAIL = _share("/look/sparks/tail", 0.6, "How long their traces glow")
ECHO_AMOUNT = _amount("/look/echo/amount", "Trails that go on along the motion measured in the picture")
ECHO_REACH = _share("/look/echo/reach", 0.5, "How far the measured motion carries them")
MOSH_AMOUNT = _amount("/look/mosh/amount", "Blocks of old pictures that slide, as in a damaged film")
MOSH_SIZE = Number("/look/mosh/size", 0.08, "Size of the blocks in screen heights",
    low=0.02, high=0.3, smoothing_s=0.3, routable=True)
INK_AMOUNT = _amount("/look/ink/amount", "Ink that runs into wet paper and dries")
INK_SPREAD = _share("/look/ink/spread", 0.5, "How far the ink runs")

# What bends the whole view once more
TILING_AMOUNT = _amount("/look/tiling/amount", "Endless kaleidoscope: the picture mirrored to the horizon")
TILING_WALLS = Choice("/look/tiling/walls", "hexagons", "Its mirrors", choices=TILINGS)
TILING_SIZE = Number("/look/tiling/size", 0.5, "Size of a mirrored cell in screen heights",
    low=0.15, high=1.5, smoothing_s=0.3, routable=True)
DROSTE_AMOUNT = _amount("/look/droste/amount", "The picture within itself, along an endless spiral")
DROSTE_TWIST = Number("/look/droste/twist", 1.0, "Arms of the spiral, and which way they turn",
    low=-3.0, high=3.0, smoothing_s=0.5, routable=True)
DROSTE_PACE = Number("/look/droste/pace", 0.3, "How fast one falls into it",
    low=-2.0, high=2.0, unit="1/s", smoothing_s=0.5, routable=True)
BUBBLES_AMOUNT = _amount("/look/bubbles/amount", "Spheres of glass that drift before the painting and bend it")
BUBBLES_SIZE = _share("/look/bubbles/size", 0.5, "Their size")

# What paints the picture over
WASH_AMOUNT = _amount("/look/wash/amount", "Kuwahara filter: flat areas with clear edges, as in watercolour")
WASH_SIZE = Number("/look/wash/size", 0.012, "Width of its brush in screen heights",
    low=0.003, high=0.05, smoothing_s=0.2, routable=True)
OIL_AMOUNT = _amount("/look/oil/amount", "Oil: every stroke laid by itself, at the full size of the screen")
OIL_SIZE = Number("/look/oil/size", 0.03, "Width of the broad strokes in screen heights",
    low=0.012, high=0.12, smoothing_s=0.3, routable=True)
OIL_LENGTH = Number("/look/oil/length", 3.5, "Length of a stroke in widths: 1 is a dab",
    low=1.0, high=8.0, smoothing_s=0.3, routable=True)
OIL_IMPASTO = _share("/look/oil/impasto", 0.6, "How thick the paint stands")
ENGRAVE_AMOUNT = _amount("/look/engrave/amount", "Engraving: lines that swell with the dark, at the screen's full size")
ENGRAVE_PITCH = Number("/look/engrave/pitch", 0.013, "Distance of the lines in screen heights",
    low=0.006, high=0.04, smoothing_s=0.3, routable=True)
RIDGES_AMOUNT = _amount("/look/ridges/amount", "The picture as a land of ridges, line behind line")
RIDGES_PITCH = Number("/look/ridges/pitch", 0.03, "Distance of the ridges in screen heights",
    low=0.014, high=0.08, smoothing_s=0.3, routable=True)
RIDGES_HEIGHT = _share("/look/ridges/height", 0.5, "Height of the land")

# Light and film
RAYS_AMOUNT = _amount("/look/rays/amount", "Shafts of light from the bright places")
RAYS_LENGTH = _share("/look/rays/length", 0.6, "How far they reach")
BLOOM_AMOUNT = _amount("/look/bloom/amount", "Wide bloom, from a hair's breadth to a third of the picture")
BLOOM_HALATION = _amount("/look/bloom/halation", "Red rim around lights, as film has it")
FILM_AMOUNT = _amount("/look/film/amount", "Film: clumps of grain, dust, a gate that is never quite at rest")
# fmt: on

SCENES = declared_in(globals())
