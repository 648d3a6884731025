"""The panel's link in the terminal."""

from __future__ import annotations

import io

import pytest

from chromesthesia.cli.link import qr_code, show_link

LINK = "http://192.168.1.20:9000/panel/?token=abcdefghijklmnopqrstuv"


class Terminal(io.StringIO):
    """Standard output that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_qr_code_is_small_and_square() -> None:
    lines = qr_code(LINK).splitlines()
    assert len(lines) < 22
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) < 45
    assert qr_code(LINK).endswith("\n")


def test_a_link_from_the_network_comes_as_a_qr_code_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    show_link(LINK)
    told = capsys.readouterr().out
    assert LINK in told
    assert "█" not in told
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    show_link("http://127.0.0.1:9000/panel/")
    assert "█" not in terminal.getvalue()
    show_link(LINK)
    assert qr_code(LINK) in terminal.getvalue()
