"""OSC packets read and built: ours beside python-osc, which builds the messages of a show but reads none.

python -m benchmarks osc_codec [--quick]

The same packets for both. python-osc's time for building a bundle holds that its builder reads again what it wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from benchmarks import peers
from benchmarks.rows import Absent, Row, Times, compared, in_turns
from chromesthesia.ports.osc.codec import Argument, decode, encode_bundle, encode_message

ADDRESS = "/look/flow/amount"
MESSAGES = 40
"""In one bundle, as many as a packet of readings holds."""


def rows(quick: bool) -> list[Row]:
    """A packet in microseconds."""
    rounds, calls = (20, 5) if quick else (200, 20)
    found: list[Row] = []
    loaded = {
        name: peers.load(f"pythonosc.{name}") for name in ("osc_message", "osc_bundle", "osc_bundle_builder")
    }
    absent = next((peer for peer in loaded.values() if isinstance(peer, Absent)), None)
    message, bundle, builder = (None if isinstance(peer, Absent) else peer for peer in loaded.values())
    arguments: dict[str, tuple[Argument, ...]] = {
        "one float": (0.5,),
        "1,000 letters": ("x" * 1000,),
        "1,000 whole numbers": tuple(range(1000)),
    }
    for what, given in arguments.items():
        packet = encode_message(ADDRESS, given)
        contenders: dict[str, Callable[[], object]] = {"ours": partial(decode, packet)}
        if message is not None:
            contenders["python-osc"] = partial(message.OscMessage, packet)
        found += _rows(f"OSC read, {what}", contenders, absent, rounds, calls)
    messages = [encode_message(f"/look/group{n % 10}/value{n}", (0.5,)) for n in range(MESSAGES)]
    whole = encode_bundle(messages)
    reading: dict[str, Callable[[], object]] = {"ours": partial(decode, whole)}
    building: dict[str, Callable[[], object]] = {"ours": partial(encode_bundle, messages)}
    if message is not None and bundle is not None and builder is not None:
        parsed = [message.OscMessage(one) for one in messages]

        def built() -> bytes:
            theirs = builder.OscBundleBuilder(builder.IMMEDIATELY)
            for one in parsed:
                theirs.add_content(one)
            return bytes(theirs.build().dgram)

        assert built() == whole
        reading["python-osc"] = partial(bundle.OscBundle, whole)
        building["python-osc"] = built
    found += _rows(f"OSC read, a bundle of {MESSAGES}", reading, absent, rounds, calls)
    found += _rows(f"OSC build, a bundle of {MESSAGES}", building, absent, rounds, calls)
    return found


def _rows(
    name: str, contenders: dict[str, Callable[[], object]], absent: Absent | None, rounds: int, calls: int
) -> list[Row]:
    spent: dict[str, Times | Absent] = dict(in_turns(contenders, rounds, calls))
    ours = spent.pop("ours")
    assert isinstance(ours, Times)
    return compared(name, ours, {"python-osc": absent} if absent is not None else spent, "us")
