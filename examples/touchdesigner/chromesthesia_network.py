"""Builds Chromesthesia's network inside TouchDesigner: a fader for every setting, a channel for all that is heard.

In TouchDesigner, open the Textport (Alt+T) and enter, with the path of this folder:

    import sys; sys.path.insert(0, 'C:/chromesthesia/examples/touchdesigner')
    import chromesthesia_network; chromesthesia_network.build(op('/project1'))

Start the engine with `--osc-to 127.0.0.1:9001 --osc-to 127.0.0.1:9002`: channels hear at one port, faders at the other.
The names come from parameters.tsv beside this file, which is made from the engine's own declarations.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

ENGINE_HOST, ENGINE_PORT = "127.0.0.1", 9000
CHANNELS_PORT, FADERS_PORT = 9001, 9002
TABLE = Path(__file__).with_name("parameters.tsv")
HEARD_ONLY = ("meter", "words")

FADER_MOVED = """
def onValueChange(par, prev):
    send(par, par.menuIndex if par.isMenu else par.eval())

def onPulse(par):
    send(par, 1)

def send(par, value):
    address = par.owner.fetch('addresses').get(par.name)
    heard = par.owner.fetch('heard')
    if address is None or heard.get(address) == value:
        return  # it was told to us, so there is no need to tell it back
    heard.pop(address, None)
    par.owner.op('to_engine').sendOSC(address, [int(value) if isinstance(value, bool) else value])
"""
ENGINE_TOLD = """
def onReceiveOSC(dat, rowIndex, message, data, timeStamp, address, args, peer):
    owner = dat.parent()
    name = owner.fetch('names').get(address)
    if name is None or not args:
        return
    par = owner.par[name]
    value = int(args[0]) if par.isMenu else bool(args[0]) if par.isToggle else args[0]
    owner.fetch('heard')[address] = value
    if par.isMenu:
        par.menuIndex = value
    else:
        par.val = value
"""


def rows(table: Path = TABLE) -> list[dict[str, str]]:
    """The table, a dictionary for each line."""
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def par_name(address: str) -> str:
    """A name that TouchDesigner takes for a custom parameter: letters and digits, the first alone a capital."""
    return "".join(letter for letter in address if letter.isalnum()).lower().capitalize()


def build(where: Any, table: Path = TABLE) -> Any:
    """Make the network within the COMP `where`; the new base COMP, whose parameters are the faders."""
    base = where.create("baseCOMP", "chromesthesia")
    addresses: dict[str, str] = {}
    pages: dict[str, Any] = {}
    for row in rows(table):
        if row["kind"] in HEARD_ONLY:
            continue
        if row["page"] not in pages:
            pages[row["page"]] = base.appendCustomPage(row["page"].capitalize())
        name = par_name(row["address"])
        addresses[name] = row["address"]
        _append(pages[row["page"]], name, row)
    base.store("addresses", addresses)
    base.store("names", {address: name for name, address in addresses.items()})
    base.store("heard", {})

    channels = base.create("oscinCHOP", "heard")
    channels.par.port = CHANNELS_PORT
    channels.nodeX, channels.nodeY = 0, 0
    shown = base.create("nullCHOP", "null_heard")
    shown.inputConnectors[0].connect(channels)
    shown.nodeX, shown.nodeY = 200, 0

    to_engine = base.create("oscoutDAT", "to_engine")
    to_engine.par.netaddress, to_engine.par.port = ENGINE_HOST, ENGINE_PORT
    to_engine.nodeX, to_engine.nodeY = 0, -150
    moved = base.create("parameterexecuteDAT", "fader_moved")
    moved.text = FADER_MOVED
    moved.par.op, moved.par.pars = "..", "*"
    moved.par.valuechange, moved.par.onpulse = True, True
    moved.par.custom, moved.par.builtin = True, False
    moved.nodeX, moved.nodeY = 200, -150

    told = base.create("textDAT", "engine_told")
    told.text = ENGINE_TOLD
    told.nodeX, told.nodeY = 200, -300
    from_engine = base.create("oscinDAT", "from_engine")
    from_engine.par.port, from_engine.par.callbacks = FADERS_PORT, "engine_told"
    from_engine.nodeX, from_engine.nodeY = 0, -300
    return base


def _append(page: Any, name: str, row: dict[str, str]) -> None:
    """One custom parameter, with range and default."""
    make = {
        "number": page.appendFloat,
        "whole": page.appendInt,
        "switch": page.appendToggle,
        "choice": page.appendMenu,
        "text": page.appendStr,
        "button": page.appendPulse,
    }[row["kind"]]
    par = make(name, label=row["address"])[0]
    if row["kind"] in ("number", "whole"):
        kind = float if row["kind"] == "number" else int
        par.normMin, par.normMax = kind(float(row["low"])), kind(float(row["high"]))
        par.default = par.val = kind(float(row["default"]))
    elif row["kind"] == "choice":
        par.menuNames = par.menuLabels = row["choices"].split("|")
        par.default = par.val = par.menuNames[int(row["default"])]
    elif row["kind"] == "switch":
        par.default = par.val = bool(int(row["default"]))
