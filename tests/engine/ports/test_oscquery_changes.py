"""What clients are told when a tree changes, and what they then listen to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from chromesthesia.ports.oscquery.changes import MOST_EVENTS, NOTHING, changes
from chromesthesia.ports.oscquery.clients import MOST_WAITING_EVENTS, Audience, Client
from chromesthesia.ports.oscquery.commands import CommandError, Event, Wish, parse_wish
from chromesthesia.ports.oscquery.nodes import READ_WRITE, Node, Space, SpaceKeeper, Span


def tree(*paths: str) -> dict[str, Node]:
    return {path: Node(path, "", "f", READ_WRITE) for path in paths}


def events(before: Mapping[str, Node], after: Mapping[str, Node]) -> list[tuple[str, str]]:
    return [(event.command, event.path) for event in changes(Space(before), Space(after)).events]


def test_what_came_and_went_is_told_by_its_topmost_path_and_by_what_holds_it() -> None:
    assert events(tree("/a/x"), tree("/a/x", "/isf/ripples/speed", "/isf/ripples/size")) == [
        ("PATH_ADDED", "/isf"),
        ("PATH_CHANGED", "/"),
    ]
    assert events(tree("/a/x", "/a/y/z"), tree("/a/x")) == [
        ("PATH_REMOVED", "/a/y"),
        ("PATH_CHANGED", "/a"),
    ]


def test_a_branch_under_another_name_is_renamed() -> None:
    before, after = (
        tree("/isf/ripples/speed", "/isf/ripples/size"),
        tree("/isf/waves/speed", "/isf/waves/size"),
    )
    found = changes(Space(before), Space(after))
    assert found.events == (
        Event("PATH_RENAMED", "/isf/waves", was="/isf/ripples"),
        Event("PATH_CHANGED", "/isf"),
    )
    assert found.renamed["/isf/ripples/speed"] == "/isf/waves/speed"
    assert json.loads(found.events[0].text()) == {
        "COMMAND": "PATH_RENAMED",
        "DATA": {"OLD": "/isf/ripples", "NEW": "/isf/waves"},
    }
    assert json.loads(found.events[1].text()) == {"COMMAND": "PATH_CHANGED", "DATA": "/isf"}


def test_two_of_the_same_shape_are_not_guessed_at() -> None:
    told = events(tree("/isf/a/speed"), tree("/isf/b/speed", "/isf/c/speed"))
    assert ("PATH_REMOVED", "/isf/a") in told
    assert {path for command, path in told if command == "PATH_ADDED"} == {"/isf/b", "/isf/c"}


def test_what_became_different_has_changed_and_values_do_not_count() -> None:
    before = tree("/a/x", "/a/y")
    after = {**before, "/a/x": replace(before["/a/x"], spans=(Span(0.0, 1.0),))}
    assert events(before, after) == [("PATH_CHANGED", "/a/x")]
    assert events(before, dict(before)) == []
    space = Space(before)
    assert changes(space, space) is NOTHING


def test_very_many_changes_are_one() -> None:
    many = tree(*(f"/a/{number}" for number in range(MOST_EVENTS + 1)))
    assert events(tree("/a/x"), {**tree("/a/x"), **many}) == [("PATH_CHANGED", "/")]


def test_the_space_is_made_anew_only_for_other_nodes() -> None:
    nodes = tree("/a/x")
    keeper = SpaceKeeper(lambda: nodes)
    first = keeper.now()
    assert keeper.now() is first
    nodes = tree("/a/x")
    assert keeper.now() is not first


def test_listeners_follow_a_rename_and_leave_what_went() -> None:
    audience = Audience()
    client = Client("ws:1")
    audience.add(client)
    before, after = tree("/isf/a/speed", "/gone"), tree("/isf/b/speed")
    audience.listen(client, "/isf/a/speed")
    audience.listen(client, "/gone")
    client.note("/gone", 0.5)
    client.tell("/gone", b"old")
    client.take()
    client.tell("/gone", b"news")
    audience.changed(changes(Space(before), Space(after)), after)
    assert client.listening == {"/isf/b/speed"}
    assert list(audience.listeners("/isf/b/speed")) == [client]
    assert not list(audience.listeners("/gone"))
    frames = client.take()
    assert b"news" not in frames
    assert [json.loads(frame)["COMMAND"] for frame in frames] == [
        "PATH_REMOVED",
        "PATH_RENAMED",
        "PATH_CHANGED",
        "PATH_CHANGED",
    ]
    audience.remove(client)
    assert not audience.listening


def test_what_waits_for_a_client_is_bounded() -> None:
    client = Client("ws:1")
    for number in range(10_000):
        client.tell(f"/a/{number % 3}", b"%d" % number)
    assert client.take() == [b"9999", b"9997", b"9998"]
    for number in range(MOST_WAITING_EVENTS + 1):
        client.tell_changes(changes(Space({}), Space(tree(f"/a{number}"))))
    assert len(client.take()) <= MOST_WAITING_EVENTS
    assert client.take() == []
    assert not client.waiting.is_set()


def test_a_client_hears_no_echo_and_everything_else() -> None:
    client = Client("ws:1")
    client.listening.add("/a")
    client.note("/a", 0.5)
    client.note("/not-listened-to", 0.5)
    assert client.is_echo("/a", (0.5,))
    assert not client.is_echo("/a", (0.75,)), "somebody else moved it"
    assert not client.is_echo("/a", (0.5,)), "and back"
    assert not client.is_echo("/not-listened-to", (0.5,))


def test_a_client_that_was_told_something_older_meanwhile_hears_its_own_value() -> None:
    client = Client("ws:1")
    client.listening.add("/a")
    client.received()
    client.tell("/a", b"older")
    client.note("/a", 0.5)
    assert not client.is_echo("/a", (0.5,))
    client.received()
    client.note("/a", 0.75)
    assert client.is_echo("/a", (0.75,))


def test_bundles_are_of_a_bounded_size() -> None:
    client = Client("ws:1", bundles=True)
    for number in range(2000):
        client.tell(f"/{number}", bytes(100))
    frames = client.take()
    assert all(isinstance(frame, bytes) and frame.startswith(b"#bundle\0") for frame in frames)
    assert max(len(frame) for frame in frames) < 20_000
    assert len(frames) > 10


def test_wishes() -> None:
    assert parse_wish('{"COMMAND": "LISTEN", "DATA": "/a"}') == Wish("LISTEN", "/a")
    assert parse_wish('{"DATA": "/a/b", "COMMAND": "IGNORE", "MORE": 1}') == Wish("IGNORE", "/a/b")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "LISTEN",
        "[]",
        "null",
        "{}",
        '{"COMMAND": "LISTEN"}',
        '{"COMMAND": "LISTEN", "DATA": "a"}',
        '{"COMMAND": "LISTEN", "DATA": ["/a"]}',
        '{"COMMAND": "listen", "DATA": "/a"}',
        '{"COMMAND": ["LISTEN"], "DATA": "/a"}',
        '{"COMMAND": "PATH_CHANGED", "DATA": "/a"}',
        "[" * 4000,
        '{"COMMAND": "LISTEN", "DATA": "/' + "a" * 5000 + '"}',
    ],
)
def test_what_is_no_wish_is_one_error(text: str) -> None:
    with pytest.raises(CommandError):
        parse_wish(text)
