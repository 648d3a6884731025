"""The look: every parameter of the shader passes, in the order in which the light runs through them."""

from __future__ import annotations

from chromesthesia.params.declaration import Param

FOLDS = ("none", "mirror", "quad", "kaleidoscope")
"""Symmetries of the view: mirror folds left onto right, quad both ways, kaleidoscope into `segments` wedges."""
FACETS = ("none", "glass", "tiles", "rain")
"""Cells that the view is cut into: irregular panes of glass, square tiles, vertical reeds."""
TRAIL_BLENDS = ("mix", "lighten", "darken")
"""How the last frame joins the new one: plain cross-fade, glowing streaks, or ink that stays."""
PALETTES = ("painting", "ember", "tide", "ink", "neon", "gold", "herbarium", "rose", "mono")
"""Colour schemes laid over the painting; `painting` keeps its own colours."""

LOOK: tuple[Param, ...] = (
    # painting: the generator's picture, enlarged as brush strokes
    Param("/look/painting/stroke", 0.6, "Length of the brush strokes along the picture's own edges",
          low=0.0, high=1.0, smoothing_s=0.2, routable=True),
    Param("/look/painting/sharpness", 0.6, "How hard the edges between strokes are drawn",
          low=0.0, high=1.0, smoothing_s=0.2, routable=True),
    Param("/look/painting/relief", 0.45, "Light on the ridges of the paint",
          low=0.0, high=1.0, smoothing_s=0.2, routable=True),
    Param("/look/painting/canvas", 0.25, "Weave of the canvas showing through",
          low=0.0, high=1.0, smoothing_s=0.2, routable=True),
    Param("/look/painting/lines", 0.0, "Contours: below 0 dark as ink, above 0 glowing",
          low=-1.0, high=1.0, smoothing_s=0.2, routable=True),
    # view: how the painting is laid on the screen
    Param("/look/view/fold", "none", "Symmetry the view is folded into", choices=FOLDS),
    Param("/look/view/segments", 6, "Wedges of the kaleidoscope", low=2, high=16),
    Param("/look/view/facet", "none", "Cells the view is cut into", choices=FACETS),
    Param("/look/view/facet_size", 0.12, "Size of the cells in screen heights",
          low=0.03, high=0.5, smoothing_s=0.3, routable=True),
    Param("/look/view/zoom", 1.0, "Enlargement of the painting",
          low=0.25, high=4.0, smoothing_s=0.25, routable=True),
    Param("/look/view/angle", 0.0, "Rotation of the painting",
          low=-180.0, high=180.0, unit="deg", smoothing_s=0.25, routable=True),
    Param("/look/view/spin", 0.0, "Steady rotation of the painting",
          low=-90.0, high=90.0, unit="deg/s", smoothing_s=0.5, routable=True),
    Param("/look/view/drift", 0.3, "Slow travel of the view over the painting",
          low=0.0, high=1.0, smoothing_s=0.5, routable=True),
    Param("/look/view/speed", 1.0, "Pace of everything that moves by itself",
          low=0.0, high=4.0, smoothing_s=0.5, routable=True),
    # flow: the field that bends the view
    Param("/look/flow/amount", 0.15, "Slow bending of the picture, always there",
          low=0.0, high=1.0, smoothing_s=0.2, routable=True),
    Param("/look/flow/scale", 1.0, "Fineness of the bends: higher is finer",
          low=0.25, high=4.0, smoothing_s=0.5, routable=True),
    Param("/look/flow/bass", 0.35, "Large swells from the low bands",
          low=0.0, high=1.0, smoothing_s=0.1, routable=True),
    Param("/look/flow/treble", 0.25, "Fine ripples from the high bands",
          low=0.0, high=1.0, smoothing_s=0.1, routable=True),
    Param("/look/flow/shock", 0.4, "Ring that runs out from an onset",
          low=0.0, high=1.0, smoothing_s=0.1, routable=True),
    # trails: what stays of the last frame
    Param("/look/trails/amount", 0.3, "How long the last frames stay: 1 is about four seconds",
          low=0.0, high=1.0, smoothing_s=0.2, routable=True),
    Param("/look/trails/blend", "mix", "How trails join the new frame", choices=TRAIL_BLENDS),
    Param("/look/trails/zoom", 0.0, "Trails grow outwards (above 0) or sink inwards",
          low=-1.0, high=1.0, unit="1/s", smoothing_s=0.2, routable=True),
    Param("/look/trails/rotate", 0.0, "Trails turn",
          low=-180.0, high=180.0, unit="deg/s", smoothing_s=0.2, routable=True),
    Param("/look/trails/slide_x", 0.0, "Trails slide to the right, in screen heights",
          low=-1.0, high=1.0, unit="1/s", smoothing_s=0.2, routable=True),
    Param("/look/trails/slide_y", 0.0, "Trails slide downwards, in screen heights",
          low=-1.0, high=1.0, unit="1/s", smoothing_s=0.2, routable=True),
    Param("/look/trails/flow", 0.3, "How far trails are carried by the flow",
          low=0.0, high=1.0, smoothing_s=0.2, routable=True),
    # grade: colour
    Param("/look/grade/palette", "painting", "Colour scheme laid over the painting", choices=PALETTES),
    Param("/look/grade/amount", 0.6, "Strength of the colour scheme (no effect on `painting`)",
          low=0.0, high=1.0, smoothing_s=0.2, routable=True),
    Param("/look/grade/emotion", 0.6, "How far valence and arousal colour the light",
          low=0.0, high=1.0, smoothing_s=0.2, routable=True),
    Param("/look/grade/adapt", 0.5, "How far the picture's own brightness and contrast are evened out",
          low=0.0, high=1.0, smoothing_s=0.3, routable=True),
    Param("/look/grade/key", 0.45, "Mean brightness that evening out aims at",
          low=0.1, high=0.8, smoothing_s=0.3, routable=True),
    Param("/look/grade/exposure", 0.0, "Exposure before the soft limits",
          low=-2.0, high=2.0, unit="stops", smoothing_s=0.1, routable=True),
    Param("/look/grade/contrast", 1.0, "Contrast around middle grey",
          low=0.25, high=2.5, smoothing_s=0.2, routable=True),
    Param("/look/grade/saturation", 1.0, "Saturation: 0 is grey",
          low=0.0, high=2.5, smoothing_s=0.2, routable=True),
    Param("/look/grade/hue", 0.0, "Turn of all colours around the wheel",
          low=-180.0, high=180.0, unit="deg", smoothing_s=0.3, routable=True),
    # finish: the last pass
    Param("/look/finish/glow", 0.3, "Light that spills from bright places",
          low=0.0, high=1.0, smoothing_s=0.1, routable=True),
    Param("/look/finish/grain", 0.15, "Film grain",
          low=0.0, high=1.0, smoothing_s=0.2, routable=True),
    Param("/look/finish/vignette", 0.3, "Darker corners",
          low=0.0, high=1.0, smoothing_s=0.2, routable=True),
    Param("/look/finish/split", 0.0, "Red and blue drawn apart towards the rim, as by a lens",
          low=0.0, high=1.0, smoothing_s=0.1, routable=True),
    Param("/look/finish/floor", 0.12, "Mean light below which the picture is lifted, so that it is never black",
          low=0.03, high=0.4, smoothing_s=0.5),
)  # fmt: skip
