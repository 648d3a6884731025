"""The table that TouchDesigner's network is built from: one line for each control, and the name of its channel."""

from __future__ import annotations

from collections.abc import Sequence

from tools.layouts.controls import Page

COLUMNS = ("channel", "address", "page", "kind", "low", "high", "default", "choices", "unit", "description")


def table(pages: Sequence[Page]) -> bytes:
    """Tab-separated, with a heading. channel: what OSC In CHOP calls it, the address without its first slash."""
    lines = [COLUMNS]
    for page in pages:
        for control in page.controls:
            low, high = (("" if end is None else f"{end:g}") for end in (control.low, control.high))
            default = int(control.default) if isinstance(control.default, bool | int) else control.default
            lines.append(
                (
                    control.address[1:],
                    control.address,
                    page.title,
                    control.kind,
                    low,
                    high,
                    f"{default:g}" if isinstance(default, int | float) else default,
                    "|".join(control.choices),
                    control.unit,
                    control.description,
                )
            )
    assert all("\t" not in cell for line in lines for cell in line)
    return "".join("\t".join(line) + "\n" for line in lines).encode()
