"""The starters for Pure Data, SuperCollider, Max, TouchDesigner and Chataigne, by the programs or with fakes."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.engine.ports.partners import HOST, TIMEOUT_S, Hall, free_port
from tools.layouts.controls import pages
from tools.layouts.patches import BUTTONS, starters

from chromesthesia.params.actions import ACTIONS
from chromesthesia.params.catalogue import PARAMETERS

FLOW = "/look/flow/amount"


@pytest.fixture
def hall() -> Iterator[Hall]:
    made = Hall()
    yield made
    made.close()


@pytest.mark.pure_data
def test_pure_data_moves_the_show_and_its_faders_follow(hall: Hall, tmp_path: Path, repository: Path) -> None:
    text = (repository / "examples/puredata/chromesthesia.pd").read_text(encoding="utf-8")
    patch = tmp_path / "chromesthesia.pd"
    patch.write_text(text.replace(" 9000;", f" {hall.config.osc_in_port};"), encoding="utf-8")
    control = free_port(socket.SOCK_STREAM)
    driver = tmp_path / "driver.pd"
    driver.write_text(
        "#N canvas 0 0 400 300 12;\n"
        f"#X obj 10 10 netreceive {control};\n#X obj 10 40 route fader next look;\n"
        "#X obj 10 70 s look-flow-amount;\n#X obj 90 70 s preset-next;\n#X obj 170 70 s look-flow-amount;\n"
        "#X obj 10 150 r look-flow-amount-moved;\n#X obj 10 180 print moved;\n"
        "#X obj 200 150 loadbang;\n#X obj 200 180 print opened;\n"
        "#X obj 200 210 r look-flow-amount-heard;\n#X obj 200 240 print told;\n"
        "#X connect 0 0 1 0;\n#X connect 1 0 2 0;\n#X connect 1 1 3 0;\n#X connect 1 2 4 0;\n"
        "#X connect 5 0 6 0;\n#X connect 7 0 8 0;\n#X connect 9 0 10 0;\n",
        encoding="utf-8",
    )
    program = subprocess.Popen(
        [
            *("pd", "-nogui", "-noaudio", "-nomidi", "-noprefs", "-stderr"),
            *("-open", str(patch), "-open", str(driver)),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    ends = threading.Timer(TIMEOUT_S, program.kill)
    ends.start()
    try:
        lines = said_until(program, "opened: bang")
        assert not [line for line in lines if "couldn't create" in line or "error" in line]
        with socket.create_connection((HOST, control), TIMEOUT_S) as driven:
            driven.sendall(b"fader 0.25;\n")
            hall.wait_for(FLOW, 0.25)
            driven.sendall(b"next bang;\n")
            hall.wait_for(FLOW, 0.75)  # as the preset has it; told back, which moves the fader
            said_until(program, "told: 0.75")
            driven.sendall(b"look bang;\n")  # lets the fader say where it is
            said_until(program, "moved: 0.75")
    finally:
        ends.cancel()
        program.terminate()
        program.wait(TIMEOUT_S)


def said_until(program: subprocess.Popen[str], last: str) -> list[str]:
    """What Pure Data prints until this line; fails when it ends before."""
    assert program.stderr is not None
    lines: list[str] = []
    for line in program.stderr:
        lines.append(line.strip())
        if lines[-1] == last:
            return lines
    pytest.fail(f"Pure Data never said {last!r}: {lines}")


@pytest.mark.supercollider
def test_supercollider_steers_and_hears(hall: Hall, tmp_path: Path, repository: Path) -> None:
    text = (repository / "examples/supercollider/chromesthesia.scd").read_text(encoding="utf-8")
    script = tmp_path / "chromesthesia.scd"
    heard = "OSCdef(\\\\preset, { |message| ~stop.(); 0.exit }, '/status/preset', nil, nil, ['Ink']);"
    script.write_text(
        text.replace("9000", str(hall.config.osc_in_port)) + ";" + heard.replace("\\\\", "\\") + "\n"
        '~engine.sendMsg("/preset/load", "Ink");\n',
        encoding="utf-8",
    )
    done = subprocess.run(
        ["sclang", str(script)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1"},
    )
    assert done.returncode == 0, done.stdout
    assert "ERROR" not in done.stdout
    hall.wait_for(FLOW, 0.75)
    assert hall.controller.current[0].name == "Ink"


def test_the_max_patch_has_the_form_of_one(repository: Path) -> None:
    patcher = json.loads((repository / "examples/max/chromesthesia.maxpat").read_text(encoding="utf-8"))[
        "patcher"
    ]
    boxes = {item["box"]["id"]: item["box"] for item in patcher["boxes"]}
    assert len(boxes) == len(patcher["boxes"])
    for item in patcher["lines"]:
        source, outlet = item["patchline"]["source"]
        target, inlet = item["patchline"]["destination"]
        assert 0 <= outlet < boxes[source]["numoutlets"]
        assert 0 <= inlet < boxes[target]["numinlets"]
    assert all(len(box["outlettype"]) == box["numoutlets"] for box in boxes.values())
    faders, heard = starters()
    texts = [box.get("text", "") for box in boxes.values()]
    assert "route " + " ".join(param.path for param in (*faders, *heard)) in texts
    assert {f"{action.path} 1" for action in BUTTONS} <= set(texts)


class FakeComp:
    """As much of TouchDesigner's COMPs, DATs and CHOPs as the script uses; it makes no operator that there is not."""

    KINDS = frozenset(
        ("baseCOMP", "oscinCHOP", "nullCHOP", "oscoutDAT", "oscinDAT", "parameterexecuteDAT", "textDAT")
    )

    def __init__(self, owner: FakeComp | None = None) -> None:
        self.made: dict[str, FakeComp] = {}
        self.kind, self.text, self.owner = "", "", owner
        self.par: Any = SimpleNamespace()
        self.stored: dict[str, Any] = {}
        self.pages: dict[str, dict[str, Any]] = {}
        self.nodeX = self.nodeY = 0
        self.wired: list[FakeComp] = []
        self.inputConnectors = [SimpleNamespace(connect=self.wired.append)]
        self.sent: list[tuple[str, list[object]]] = []

    def create(self, kind: str, name: str) -> FakeComp:
        assert kind in self.KINDS
        self.made[name] = FakeComp(self)
        self.made[name].kind = kind
        return self.made[name]

    def store(self, name: str, value: object) -> None:
        self.stored[name] = value

    def fetch(self, name: str) -> Any:
        return self.stored[name]

    def op(self, name: str) -> FakeComp:
        return self.made[name]

    def parent(self) -> FakeComp:
        assert self.owner is not None
        return self.owner

    def sendOSC(self, address: str, values: list[object]) -> None:  # noqa: N802
        self.sent.append((address, values))

    def appendCustomPage(self, name: str) -> Any:  # noqa: N802
        pars = self.pages[name] = {}

        def append(name: str, label: str) -> list[Any]:
            assert re.fullmatch(r"[A-Z][a-z0-9]*", name)
            assert all(name not in page for page in self.pages.values())
            pars[name] = SimpleNamespace(name=name, label=label, owner=self, isMenu=False, isToggle=False)
            return [pars[name]]

        kinds = ("Float", "Int", "Toggle", "Menu", "Str", "Pulse")
        return SimpleNamespace(**{f"append{kind}": append for kind in kinds})


@pytest.fixture
def network(repository: Path) -> FakeComp:
    path = repository / "examples/touchdesigner/chromesthesia_network.py"
    spec = importlib.util.spec_from_file_location("chromesthesia_network", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    built: FakeComp = module.build(FakeComp())
    return built


def test_touchdesigner_gets_a_parameter_for_every_setting_and_button(network: FakeComp) -> None:
    labels = {par.label: par for page in network.pages.values() for par in page.values()}
    for param in PARAMETERS:
        if param.writable:
            par = labels[f"{param.path}_index" if param.choices else param.path]
            if param.is_number:
                assert (par.normMin, par.normMax, par.default) == (param.low, param.high, param.default)
    assert {action.path for action in ACTIONS if action.is_button} <= set(labels)
    assert network.made["null_heard"].wired == [network.made["heard"]]


def test_touchdesigners_faders_send_and_follow_without_an_echo(network: FakeComp) -> None:
    par = next(par for page in network.pages.values() for par in page.values() if par.label == FLOW)
    par.eval = lambda: par.val
    network.par = {par.name: par}
    moved: dict[str, Any] = {}
    exec(compile(network.made["fader_moved"].text, "fader_moved", "exec"), moved)
    told: dict[str, Any] = {}
    exec(compile(network.made["engine_told"].text, "engine_told", "exec"), told)
    par.val = 0.5
    moved["onValueChange"](par, 0.0)
    told["onReceiveOSC"](network.made["from_engine"], 0, "", b"", 0.0, FLOW, [0.75], None)
    assert par.val == 0.75
    moved["onValueChange"](par, 0.5)
    assert network.made["to_engine"].sent == [(FLOW, [0.5])]


@pytest.mark.node
def test_chataignes_script_does_what_its_module_says(repository: Path) -> None:
    folder = repository / "examples/chataigne"
    module = json.loads((folder / "module.json").read_text(encoding="utf-8"))
    callbacks = sorted({command["callback"] for command in module["commands"].values()})
    values = {name: [*group] for name, group in module["values"].items()}
    first = next(control for page in pages() for control in page.controls if control.heard_only)
    run = f"""
const fs = require("fs"), vm = require("vm");
const sent = [], heard = {{}}, values = {json.dumps(values)};
const local = {{
  send: (...message) => sent.push(message),
  values: {{ getChild: (group) => values[group] && {{ getChild: (address) => values[group].includes(address)
    && {{ set: (value) => heard[address] = value }} }} }},
}};
const context = vm.createContext({{ local }});
vm.runInContext(fs.readFileSync("chromesthesia.js", "utf8"), context);
context.set("{FLOW}", 0.5); context.set("/master/blackout", true); context.press("/safe"); context.loadPreset("Ink");
context.oscEvent("{first.address}", [0.25]); context.oscEvent("/nowhere", [1]);
const known = {json.dumps(callbacks)}.every((name) => typeof context[name] === "function");
console.log(JSON.stringify({{ sent, heard, known }}));
"""
    node = shutil.which("node")
    assert node is not None
    told = subprocess.run([node, "-e", run], cwd=folder, capture_output=True, text=True, check=True)
    assert json.loads(told.stdout) == {
        "sent": [[FLOW, 0.5], ["/master/blackout", 1], ["/safe", 1], ["/preset/load", "Ink"]],
        "heard": {first.address: 0.25},
        "known": True,
    }


def test_every_address_in_starters_and_guides_is_one_of_the_tree(repository: Path) -> None:
    known = {param.path for param in PARAMETERS} | {action.path for action in ACTIONS}
    known |= {f"{param.path}_{more}" for param in PARAMETERS for more in ("nudge", "index", "toggle")}
    roots = {path.split("/")[1] for path in known}
    folders = {path[: path.rindex("/")] for path in known if path.count("/") > 1}
    folders |= {folder.rpartition("/")[0] for folder in folders}
    texts = [
        *(repository / "docs/partners").glob("*.md"),
        *(
            file
            for kind in ("py", "mjs", "js", "scd", "pd", "maxpat", "json", "tsv")
            for file in (repository / "examples").glob(f"*/*.{kind}")
        ),
    ]
    assert len(texts) > 8
    wrong = {
        (file.name, address)
        for file in texts
        for address in re.findall(
            r"(?<![\w./:-])/[a-z_0-9]+(?:/[a-z_0-9]+)*\b", file.read_text(encoding="utf-8")
        )
        if address.split("/")[1] in roots and address not in known and address not in folders
    }
    assert wrong == set()


def test_every_file_that_the_guides_name_is_there(repository: Path) -> None:
    named = {
        name
        for page in (repository / "docs/partners").glob("*.md")
        for name in re.findall(r"(?<![\w/:])(?:examples|tools)/[\w./-]*\w", page.read_text(encoding="utf-8"))
    }
    assert len(named) > 8
    assert [name for name in sorted(named) if not (repository / name).exists()] == []


def test_every_guide_says_what_to_do_when_nothing_moves(repository: Path) -> None:
    for page in (repository / "docs/partners").glob("*.md"):
        text = page.read_text(encoding="utf-8")
        assert "hen nothing\nmoves" in text or "hen nothing moves" in text, page.name
        assert "```mermaid" in text, page.name
