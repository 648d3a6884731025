"""Models tried before they are trusted: each opens, has the tensors that its manifest declares, and answers once."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from chromesthesia.core.ahead import Ahead
from chromesthesia.core.errors import PackError
from chromesthesia.core.user_files import one_line
from chromesthesia.inference.binding import BoundSession
from chromesthesia.inference.sessions import Session, open_session
from chromesthesia.inference.trial import within
from chromesthesia.packs.manifest import REMEDY, EncoderSpec, GeneratorSpec, TensorSpec
from chromesthesia.packs.pack import Pack, model_files, read_pack


def load_pack(path: Path, check_models: bool = True) -> Pack:
    """The pack in folder `path`, read and checked (`packs.pack.read_pack`) and, with `check_models`, its models tried.

    Raises PackError as `expected X, got Y`. `inference.check` finds every fault rather than the first.
    """
    pack = read_pack(path)
    if check_models:
        check_models_work(pack)
    return pack


def check_models_work(pack: Pack) -> None:
    """Raise PackError unless ONNX Runtime opens every model, finds the tensors as declared and gets finite answers."""
    tried = [
        Ahead(partial(check_works, pack.models[file], spec, one_line(pack.path / file)), "trial")
        for file, spec in model_files(pack.manifest).items()
    ]
    for trial in tried:
        trial.result()


def check_works(content: bytes, spec: EncoderSpec | GeneratorSpec, name: str) -> None:
    """Raise PackError unless the model opens, has the tensors of `spec` and answers zeros, finitely and in time."""
    within(lambda options: _try(content, spec, name, options), name)


def _try(content: bytes, spec: EncoderSpec | GeneratorSpec, name: str, options: Any) -> None:
    session = open_session(content, "cpu", name=name, trial=True)
    check_session(session, spec.inputs, spec.outputs, name)
    try_once(session, spec, name, options)


def check_session(
    session: Session, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...], name: str
) -> None:
    """Raise PackError unless the session has exactly these float32 tensors, in any order."""
    for kind, declared, found in (
        ("input", inputs, session.get_inputs()),
        ("output", outputs, session.get_outputs()),
    ):
        actual = {tensor.name: tensor for tensor in found}
        expected = {spec.name for spec in declared}
        if expected != set(actual):
            raise PackError(f"{name}: {kind}s: expected {sorted(expected)}, got {sorted(actual)}", REMEDY)
        for spec in declared:
            tensor = actual[spec.name]
            if tensor.type != "tensor(float)":
                raise PackError(
                    f"{name}: {kind} {spec.name}: expected tensor(float), got {tensor.type}", REMEDY
                )
            if tuple(tensor.shape) != spec.shape:
                raise PackError(
                    f"{name}: {kind} {spec.name}: expected shape {list(spec.shape)}, got {list(tensor.shape)}",
                    REMEDY,
                )


def try_once(session: Session, model: EncoderSpec | GeneratorSpec, name: str, options: Any = None) -> None:
    """Raise PackError unless the model answers zeros with finite numbers."""
    arrays = [
        {spec.name: np.zeros(spec.shape, dtype=np.float32) for spec in specs}
        for specs in (model.inputs, model.outputs)
    ]
    BoundSession(session, arrays[0], arrays[1]).run(options)
    for output, array in arrays[1].items():
        if not np.isfinite(array).all():
            raise PackError(f"{name}: {output}: expected finite numbers, got NaN or infinity", REMEDY)
