"""Any shader files at all: a bounded text or a named error, in time."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from tests.fuzzing import in_time, settings_for

from chromesthesia.core.errors import RenderError
from chromesthesia.render.shader_files import PROGRAM_FILES, PROGRAM_LIMIT, ShaderFiles

NAMES = st.sampled_from(["a", "b", "c.glsl", "d/e"])
LINES = st.one_of(
    NAMES.map(lambda name: f'#include "{name}"'.encode()),
    st.text(max_size=12).map(lambda name: f'#include "{name}"'.encode("utf-8", "surrogatepass")),
    st.binary(max_size=24),
    st.sampled_from([b"#line 7 9", b"\\", b"/*", b"\xef\xbb\xbf", b"\xff\xfe", b"\x00", b"x" * 5000]),
)
CONTENTS = st.lists(LINES, max_size=12).map(b"\n".join)


@settings_for()
@given(contents=st.dictionaries(NAMES, CONTENTS), edit=st.tuples(NAMES, CONTENTS))
def test_fuzz_any_files_give_a_bounded_text_or_a_named_error(
    tmp_path: Path, contents: dict[str, bytes], edit: tuple[str, bytes]
) -> None:
    (tmp_path / "d").mkdir(exist_ok=True)
    for name in ("a", "b", "c.glsl", "d/e"):
        (tmp_path / name).unlink(missing_ok=True)
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    with in_time():
        _read_twice(tmp_path, edit)


def _read_twice(folder: Path, edit: tuple[str, bytes]) -> None:
    files = ShaderFiles([folder])
    for _ in range(2):
        try:
            source = files.source("a")
        except RenderError as error:
            refused = str(error)
        else:
            refused = ""
            assert len(source.text) <= PROGRAM_LIMIT
            assert len(set(source.files)) == len(source.files) <= PROGRAM_FILES
        assert refused.isprintable()
        (folder / edit[0]).write_bytes(edit[1])
        try:
            files.take(files.read_again(files.changed()))
        except RenderError as error:
            files.refuse(str(error))
    assert len(files.texts) <= PROGRAM_FILES
