"""Light: from a picture, features and emotion to pixels, on a window or off screen."""

import os

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # read when pygame is first imported, in `window`
