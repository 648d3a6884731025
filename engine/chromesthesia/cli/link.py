"""The panel's link in the terminal; from the network also as a QR code, for a telephone."""

from __future__ import annotations

import io
import sys

from chromesthesia.cli.console import say

TOKEN_MARK = "?token="


def show_link(link: str) -> None:
    """Say where the panel is. A link with a token is for other machines: it comes as a QR code too, on a terminal."""
    say(f"Panel: {link}", "cyan")
    if TOKEN_MARK in link and sys.stdout.isatty():
        sys.stdout.write(qr_code(link))


def qr_code(text: str) -> str:
    """`text` as a QR code in half blocks, some thirty columns wide, ending in a newline."""
    # Not needed by a show that stays on its machine.
    import segno

    drawn = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(drawn, border=2, compact=True)
    return drawn.getvalue().rstrip("\n") + "\n"
