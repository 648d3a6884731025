"""Hostile variants of TOML files for fuzz tests: bytes changed, values replaced, lines cut, doubled and swapped."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

VALUES = (
    "0", "-1", "1e400", "-1e308", "nan", "inf", "-0.0", "true", "''", "'x'", '"two\\nlines"', '"\\u0000"',
    '"\\U0010ffff"',
    "1" + "0" * 400, "1" + "0" * 5000, "0x" + "f" * 400, "0x" + "f" * 9000, "0b1" + "0" * 3000, "[]", "[[]]", "{}",
    "[" * 200 + "]" * 200, "[" * 3000, "{a=" * 50 + "1" + "}" * 50, "1979-05-27", "1979-05-27T07:32:00Z", "07:32:00",
    "'" + "x" * 500 + "'", '"' + "\\u202e" * 50 + '"', "[1, 'a', 2.5]", "[{a = 1}, {b = 2}]", "9223372036854775808",
    "5e-324", "1_000", "'''\nlong\n'''", '"""\r\n\\\n  x"""', "a.b.c", "=", "\x00", "#",
)  # fmt: skip
"""What a value may be replaced by; some are no TOML."""
LINES = (
    "[" + ".".join("a" * 40) + "]", ".".join("a" * 31) + " = 1", "[[route]]", "[params]", "[[tier]]",
    "[params.x]", "params = 1", '"/look/flow/amount" = 1', "name = 'a'", "[[params]]", "'' = 1", '"\\n" = 1',
    "schema = 1", "route = [{}]", "[files]", "x" * 3000,
)  # fmt: skip
"""What may be put between two lines."""


@st.composite
def toml_bytes(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """One of `seeds` with up to six changes, or noise."""
    if draw(st.integers(0, 19)) == 0:
        return draw(st.binary(max_size=200))
    lines = draw(st.sampled_from(seeds)).decode().splitlines()
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1)) if lines else 0
        match draw(st.integers(0, 6)) if lines else 6:
            case 0 | 1 | 2:
                key, equals, _ = lines[at].partition(" = ")
                lines[at] = f"{key}{equals or ' = '}{draw(st.sampled_from(VALUES))}"
            case 3:
                del lines[at]
            case 4:
                lines.insert(at, lines[draw(st.integers(0, len(lines) - 1))])
            case 5:
                key, equals, value = lines[at].partition(" = ")
                lines[at] = f"{draw(st.text(max_size=12))}{equals}{value}"
            case _:
                lines.insert(at, draw(st.sampled_from(LINES) | st.text(max_size=30)))
    content = bytearray("\n".join(lines).encode(errors="surrogatepass"))
    for _ in range(draw(st.integers(0, 2))):
        if content:
            content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
    return bytes(draw(st.sampled_from((b"", b"", b"", b"\xef\xbb\xbf", b"\xff\xfe"))) + content)
