"""A whole client in Python: asks what there is, moves one thing over OSC, and prints what is heard.

pip install python-osc websockets
python follow.py                        all there is, then the emotion as it changes
python follow.py /look/flow/amount 0.8  set this first
python follow.py --port 9000 --host 127.0.0.1 --count 10 --listen /emotion/valence
"""

from __future__ import annotations

import argparse
import json
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from pythonosc.osc_message import OscMessage
from pythonosc.udp_client import SimpleUDPClient
from websockets.sync.client import connect


def leaves(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every address below a node of OSCQuery's tree that has a type."""
    if "TYPE" in node:
        yield node
    for inner in node.get("CONTENTS", {}).values():
        yield from leaves(inner)


def main() -> None:
    """The client."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("address", nargs="?", help="an address to set")
    parser.add_argument("value", nargs="?", help="to what: a number or a word")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--listen", nargs="*", help="addresses to follow; left out: all below /emotion")
    parser.add_argument("--count", type=int, help="end after so many values")
    asked = parser.parse_args()

    with urllib.request.urlopen(f"http://{asked.host}:{asked.port}/", timeout=10) as answer:
        nodes = [*leaves(json.load(answer))]
    print(f"{len(nodes)} addresses")
    follow = asked.listen or [
        node["FULL_PATH"]
        for node in nodes
        if node["FULL_PATH"].startswith("/emotion/") and node["ACCESS"] == 1
    ]
    with connect(f"ws://{asked.host}:{asked.port}") as stream:
        for address in follow:
            stream.send(json.dumps({"COMMAND": "LISTEN", "DATA": address}))
        heard = 0
        while asked.count is None or heard < asked.count:
            packet = stream.recv()
            if not isinstance(packet, bytes):  # text tells that paths came or went
                continue
            message = OscMessage(packet)
            print(message.address, *message.params, flush=True)
            heard += 1
            if heard == 1 and asked.address:
                SimpleUDPClient(asked.host, asked.port).send_message(
                    asked.address, number(asked.value or "1")
                )


def number(words: str) -> float | str:
    """A number where it is one."""
    try:
        return float(words)
    except ValueError:
        return words


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
