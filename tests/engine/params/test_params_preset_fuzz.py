"""Whatever is in a preset file: a preset whose every value may be used, or a PresetError on one line. Nothing else."""

from __future__ import annotations

import math
from pathlib import Path

from hypothesis import given
from tests.fuzzing import check_told, growth_bytes, in_time, settings_for
from tests.hostile_toml import toml_bytes

from chromesthesia.core.errors import PresetError
from chromesthesia.core.user_files import decode_text, parse_toml
from chromesthesia.mapping.mapper import Mapper
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import Preset, parse_preset
from chromesthesia.params.tree import ParameterTree

FILE = Path("fuzz.toml")
SEEDS = tuple(path.read_bytes() for path in sorted(Path(__file__).parents[3].glob("presets/*.toml")))
TREE = ParameterTree(PARAMETERS)


def read(content: bytes) -> Preset | None:
    """The preset of a file with this content; None when it was refused as it should be."""
    try:
        return parse_preset(parse_toml(decode_text(content, FILE, PresetError), FILE, PresetError), FILE)
    except PresetError as error:
        check_told(error)
        return None


@settings_for()
@given(toml_bytes(SEEDS))
def test_fuzz_preset(content: bytes) -> None:
    with in_time():
        preset = read(content)
    if preset is None:
        return
    assert preset.name.isprintable()
    assert preset.description.isprintable()
    TREE.load_look(preset.params, "fuzz")
    look = Mapper().step(0.02, TREE.snapshot(), preset.routes, None)
    assert all(math.isfinite(value) for value in look.values() if isinstance(value, float))


def test_the_presets_themselves_are_fine() -> None:
    assert len(SEEDS) >= 10
    assert all(read(content) is not None for content in SEEDS)


def test_refusing_presets_leaves_nothing_behind() -> None:
    broken = [content[:cut] + b"\xff" * (cut % 2) for content in SEEDS for cut in range(0, 400, 100)]
    assert growth_bytes(read, broken, rounds=2) < 64 * 1024
