"""The smaller generator is opened beside the show, once, and a broken one is done without."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from chromesthesia.core.protocols import Generator
from chromesthesia.packs.manifest import GENERATOR_ROLE, Tier
from chromesthesia.packs.pack import Pack, read_pack
from chromesthesia.show.smaller import SmallerGenerator
from chromesthesia.testing.models import PlainGenerator, write_tiny_pack

WAIT_S = 20.0


def test_it_is_opened_once_and_has_painted_before_it_is_used() -> None:
    made: list[PlainGenerator] = []
    opened: list[bool] = []

    def open_it() -> Generator:
        made.append(PlainGenerator())
        return made[-1]

    smaller = SmallerGenerator(open_it, lambda: opened.append(True))
    before = smaller.ready
    for _ in range(3):
        smaller.prepare()
    smaller.wait(WAIT_S)
    assert (before, smaller.ready) == (None, made[0])
    assert (len(made), made[0].painted, opened) == (1, 1, [True])


def test_one_that_does_not_open_is_done_without(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Generator:
        raise RuntimeError("no memory")

    smaller = SmallerGenerator(broken, lambda: pytest.fail("it was not opened"))
    smaller.prepare()
    smaller.wait(WAIT_S)
    assert smaller.ready is None
    assert "the smaller generator cannot be used: no memory" in caplog.text


def with_tiers(pack: Pack, **ms: float) -> Pack:
    """The pack with these precisions of its generator, by their files."""
    own = pack.manifest.generator.file
    tiers = tuple(
        Tier(
            model=GENERATOR_ROLE,
            precision="fp32" if name == "fp32" else name,
            kept=True,
            file=own if name == "fp32" else f"{name}.onnx",
            ms=took_ms,
            why="a test",
        )
        for name, took_ms in ms.items()
    )
    models = {**pack.models, **{tier.file: pack.generator_bytes for tier in tiers}}
    return Pack(pack.path, msgspec.structs.replace(pack.manifest, tiers=tiers), models, pack.art_index)


def test_a_faster_precision_is_the_smaller_generator_where_another_one_runs(tmp_path: Path) -> None:
    pack = read_pack(write_tiny_pack(tmp_path / "tiny"))
    assert pack.faster_model(GENERATOR_ROLE) is None
    tiered = with_tiers(pack, fp32=20.0, int8=9.0)
    on_gpu = tiered.faster_model(GENERATOR_ROLE, on_cpu=False)
    assert on_gpu is not None
    assert on_gpu[0] == "int8.onnx"
    # There the fastest runs already.
    assert tiered.faster_model(GENERATOR_ROLE, on_cpu=True) is None
    assert with_tiers(pack, fp32=9.0, int8=20.0).faster_model(GENERATOR_ROLE, on_cpu=False) is None
