"""One parameter tree: declared once, read by presets, OSC, the panel, shaders and the reference page."""
