"""The look: every parameter of the shader passes, in the order in which the light runs through them."""

from __future__ import annotations

from chromesthesia.params.declaration import Choice, Number, Whole, declared_in

FOLDS = ("none", "mirror", "quad", "kaleidoscope")
"""Symmetries of the view: mirror folds left onto right, quad both ways, kaleidoscope into `segments` wedges."""
FACETS = ("none", "glass", "tiles", "rain")
"""Cells that the view is cut into: irregular panes of glass, square tiles, vertical reeds."""
TRAIL_BLENDS = ("mix", "lighten", "darken")
"""How the last frame joins the new one: plain cross-fade, glowing streaks, or ink that stays."""
PALETTES = (
    "painting",
    "ember",
    "tide",
    "ink",
    "neon",
    "gold",
    "herbarium",
    "rose",
    "mono",
    "aurora",
    "dusk",
    "lagoon",
    "sakura",
    "cobalt",
    "acid",
    "terracotta",
    "ash",
)
"""Colour schemes laid over the painting; `painting` keeps its own colours."""

# fmt: off
# painting: the generator's picture, enlarged as brush strokes
PAINTING_STROKE = Number("/look/painting/stroke", 0.6, "Length of the brush strokes along the picture's own edges",
    low=0.0, high=1.0, smoothing_s=0.2, routable=True)
PAINTING_SHARPNESS = Number("/look/painting/sharpness", 0.6, "How hard the edges between strokes are drawn",
    low=0.0, high=1.0, smoothing_s=0.2, routable=True)
PAINTING_RELIEF = Number("/look/painting/relief", 0.45, "Light on the ridges of the paint",
    low=0.0, high=1.0, smoothing_s=0.2, routable=True)
PAINTING_CANVAS = Number("/look/painting/canvas", 0.25, "Weave of the canvas showing through",
    low=0.0, high=1.0, smoothing_s=0.2, routable=True)
PAINTING_BRUSH = Number("/look/painting/brush", 0.0, "Strokes of a brush at the size of the screen, lit from the side",
    low=0.0, high=1.0, smoothing_s=0.2, routable=True)
PAINTING_LINES = Number("/look/painting/lines", 0.0, "Contours: below 0 dark as ink, above 0 glowing",
    low=-1.0, high=1.0, smoothing_s=0.2, routable=True)

# view: how the painting is laid on the screen
VIEW_FOLD = Choice("/look/view/fold", "none", "Symmetry the view is folded into", choices=FOLDS)
VIEW_SEGMENTS = Whole("/look/view/segments", 6, "Wedges of the kaleidoscope", low=2, high=16)
VIEW_FACET = Choice("/look/view/facet", "none", "Cells the view is cut into", choices=FACETS)
VIEW_FACET_SIZE = Number("/look/view/facet_size", 0.12, "Size of the cells in screen heights",
    low=0.03, high=0.5, smoothing_s=0.3, routable=True)
VIEW_ZOOM = Number("/look/view/zoom", 1.0, "Enlargement of the painting",
    low=0.25, high=4.0, smoothing_s=0.25, routable=True)
VIEW_ANGLE = Number("/look/view/angle", 0.0, "Rotation of the painting",
    low=-180.0, high=180.0, unit="deg", smoothing_s=0.25, routable=True)
VIEW_SPIN = Number("/look/view/spin", 0.0, "Steady rotation of the painting",
    low=-90.0, high=90.0, unit="deg/s", smoothing_s=0.5, routable=True)
VIEW_DRIFT = Number("/look/view/drift", 0.3, "Slow travel of the view over the painting",
    low=0.0, high=1.0, smoothing_s=0.5, routable=True)
VIEW_SPEED = Number("/look/view/speed", 1.0, "Pace of everything that moves by itself",
    low=0.0, high=4.0, smoothing_s=0.5, routable=True)

# flow: the field that bends the view
FLOW_AMOUNT = Number("/look/flow/amount", 0.15, "Slow bending of the picture, always there",
    low=0.0, high=1.0, smoothing_s=0.2, routable=True)
FLOW_SCALE = Number("/look/flow/scale", 1.0, "Fineness of the bends: higher is finer",
    low=0.25, high=4.0, smoothing_s=0.5, routable=True)
FLOW_BASS = Number("/look/flow/bass", 0.35, "Large swells from the low bands",
    low=0.0, high=1.0, smoothing_s=0.1, routable=True)
FLOW_TREBLE = Number("/look/flow/treble", 0.25, "Fine ripples from the high bands",
    low=0.0, high=1.0, smoothing_s=0.1, routable=True)
FLOW_SHOCK = Number("/look/flow/shock", 0.4, "Ring that runs out from an onset",
    low=0.0, high=1.0, smoothing_s=0.1, routable=True)

# trails: what stays of the last frame
TRAILS_AMOUNT = Number("/look/trails/amount", 0.3, "How long the last frames stay: 1 is about four seconds",
    low=0.0, high=1.0, smoothing_s=0.2, routable=True)
TRAILS_BLEND = Choice("/look/trails/blend", "mix", "How trails join the new frame", choices=TRAIL_BLENDS)
TRAILS_ZOOM = Number("/look/trails/zoom", 0.0, "Trails grow outwards (above 0) or sink inwards",
    low=-1.0, high=1.0, unit="1/s", smoothing_s=0.2, routable=True)
TRAILS_ROTATE = Number("/look/trails/rotate", 0.0, "Trails turn",
    low=-180.0, high=180.0, unit="deg/s", smoothing_s=0.2, routable=True)
TRAILS_SLIDE_X = Number("/look/trails/slide_x", 0.0, "Trails slide to the right, in screen heights",
    low=-1.0, high=1.0, unit="1/s", smoothing_s=0.2, routable=True)
TRAILS_SLIDE_Y = Number("/look/trails/slide_y", 0.0, "Trails slide downwards, in screen heights",
    low=-1.0, high=1.0, unit="1/s", smoothing_s=0.2, routable=True)
TRAILS_FLOW = Number("/look/trails/flow", 0.3, "How far trails are carried by the flow",
    low=0.0, high=1.0, smoothing_s=0.2, routable=True)

# grade: colour
GRADE_PALETTE = Choice("/look/grade/palette", "painting", "Colour scheme laid over the painting", choices=PALETTES)
GRADE_AMOUNT = Number("/look/grade/amount", 0.6, "Strength of the colour scheme (no effect on `painting`)",
    low=0.0, high=1.0, smoothing_s=0.2, routable=True)
GRADE_EMOTION = Number("/look/grade/emotion", 0.6, "How far valence and arousal colour the light",
    low=0.0, high=1.0, smoothing_s=0.2, routable=True)
GRADE_ADAPT = Number("/look/grade/adapt", 0.5, "How far the picture's own brightness and contrast are evened out",
    low=0.0, high=1.0, smoothing_s=0.3, routable=True)
GRADE_KEY = Number("/look/grade/key", 0.45, "Mean brightness that evening out aims at",
    low=0.1, high=0.8, smoothing_s=0.3, routable=True)
GRADE_EXPOSURE = Number("/look/grade/exposure", 0.0, "Exposure before the soft limits",
    low=-2.0, high=2.0, unit="stops", smoothing_s=0.1, routable=True)
GRADE_CONTRAST = Number("/look/grade/contrast", 1.0, "Contrast around middle grey",
    low=0.25, high=2.5, smoothing_s=0.2, routable=True)
GRADE_SATURATION = Number("/look/grade/saturation", 1.0, "Saturation: 0 is grey",
    low=0.0, high=2.5, smoothing_s=0.2, routable=True)
GRADE_HUE = Number("/look/grade/hue", 0.0, "Turn of all colours around the wheel",
    low=-180.0, high=180.0, unit="deg", smoothing_s=0.3, routable=True)

# finish: the last pass
FINISH_GLOW = Number("/look/finish/glow", 0.3, "Light that spills from bright places",
    low=0.0, high=1.0, smoothing_s=0.1, routable=True)
FINISH_GRAIN = Number("/look/finish/grain", 0.15, "Film grain",
    low=0.0, high=1.0, smoothing_s=0.2, routable=True)
FINISH_VIGNETTE = Number("/look/finish/vignette", 0.3, "Darker corners",
    low=0.0, high=1.0, smoothing_s=0.2, routable=True)
FINISH_SPLIT = Number("/look/finish/split", 0.0, "Red and blue drawn apart towards the rim, as by a lens",
    low=0.0, high=1.0, smoothing_s=0.1, routable=True)
FINISH_FLOOR = Number("/look/finish/floor", 0.12,
    "Mean light below which the picture is lifted, so that it is never black",
    low=0.03, high=0.4, smoothing_s=0.5)
# fmt: on

LOOK = declared_in(globals())
