"""What a show is drawn on: windows, off-screen surfaces, and the light that is made again when OpenGL fails."""

import os

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # read when pygame is first imported, in `window`
