"""The panel of one show, and the OSCQuery port that serves it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from chromesthesia.control.controller import Controller
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.protocols import Clock
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.oscquery.endpoints import open_oscquery
from chromesthesia.ports.oscquery.port import OscQueryPort
from chromesthesia.ports.panel.link import checked_token, panel_link
from chromesthesia.ports.panel.log_lines import LogLines
from chromesthesia.ports.panel.preview import Preview
from chromesthesia.ports.panel.site import PanelSite


@dataclass(frozen=True, slots=True)
class Panel:
    """What a show has of its panel: the port that serves it and the site that it serves."""

    port: OscQueryPort
    site: PanelSite
    link: str
    """Where a browser finds it, with the token where there is one."""


def open_panel(
    config: ShowConfig, tree: ParameterTree, controller: Controller, clock: Clock, opened: ExitStack
) -> Panel | None:
    """OSCQuery with the panel; None where it is off.

    Raises UsageError for a token that is none, and NetworkError as `open_oscquery` does.
    """
    token = checked_token(config.token) if config.lan else None
    lines = LogLines()
    site = PanelSite(controller, Preview(), lines)
    port = open_oscquery(config, tree, controller, clock, opened, site, token)
    if port is None:
        return None
    lines.open()
    opened.callback(lines.close)
    return Panel(port, site, panel_link(port.number, token))
