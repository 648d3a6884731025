"""The pack's two models in the engine, beside the same networks in torch.

    python -m benchmarks torch_models [--quick]

Needs the training environment. Generator: the engine's picture beside torch eager and torch.compile of the same
network. Encoder: the engine's step, which carries its state, beside hearing the last three seconds again at every step,
as a network without a state has to. torch's networks have weights of chance: their time does not depend on them. One
thread, in turns. torch.compile's code for the processor takes minutes to make, so --quick only captures the graph
(`aot_eager`) and the row says so.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from benchmarks.rows import Absent, Row, Times, compared, in_turns
from chromesthesia.core.records import ENCODER_HOPS
from chromesthesia.features.mel import ENCODER_MEL
from chromesthesia.inference.encoder import OnnxEncoder
from chromesthesia.inference.generator import OnnxGenerator
from chromesthesia.inference.probe import load_pack
from chromesthesia.packs.find import find_pack
from chromesthesia.packs.pack import Pack
from chromesthesia_training.data.condition import CONDITION_SIZE
from chromesthesia_training.encoder.model import STEP_S, StreamingEncoder
from chromesthesia_training.gan.model import LATENT_SIZE, Generator

WINDOW_S = 3.0


def rows(quick: bool) -> list[Row]:
    """Picture and encoder step."""
    torch.set_num_threads(1)
    pack = load_pack(find_pack(None))
    with torch.inference_mode():
        encoder = _encoder(pack, quick)
    with torch.no_grad():
        return [*encoder, *_generator(pack, quick)]


def _encoder(pack: Pack, quick: bool) -> list[Row]:
    steps = round(WINDOW_S / STEP_S)
    rng = np.random.default_rng(0)
    window = rng.normal(-8.0, 2.0, (1, steps * ENCODER_HOPS, ENCODER_MEL.mels)).astype(np.float32)
    encoder, network, sound = OnnxEncoder(pack), StreamingEncoder().eval(), torch.from_numpy(window)
    beside = f"the last {WINDOW_S:g} s again, torch eager"
    spent = in_turns(
        {
            "ours": lambda: encoder.step(window[0, -ENCODER_HOPS:], 0, 0.0),
            beside: lambda: network(sound),
        },
        10 if quick else 200,
        warm_up=2,
    )
    return compared("encoder, one step of 80 ms", spent.pop("ours"), spent, "ms")


def _generator(pack: Pack, quick: bool) -> list[Row]:
    size = pack.manifest.generator
    engine, network = OnnxGenerator(pack, "cpu"), Generator().eval()
    latent, condition = torch.zeros(1, LATENT_SIZE), torch.zeros(1, CONDITION_SIZE)
    noise, asked = np.zeros(engine.noise_size, np.float32), np.zeros(len(engine.condition_labels), np.float32)
    contenders = {
        "ours": lambda: engine.paint(asked, noise),
        "torch eager": lambda: network(latent, condition),
    }
    others: dict[str, Times | Absent] = {}
    compiled = "torch.compile, captured only" if quick else "torch.compile"
    try:
        draw = _compiled("aot_eager" if quick else "inductor")
        draw(latent, condition)
    except torch._dynamo.exc.TorchDynamoException as error:
        others[compiled] = Absent(f"torch {torch.__version__} cannot: {str(error).splitlines()[0]}")
    else:
        contenders[compiled] = lambda: draw(latent, condition)
    spent = in_turns(contenders, 5 if quick else 100, warm_up=2)
    name = f"generator, one picture of {'x'.join(str(length) for length in size.image_size)}"
    return compared(name, spent.pop("ours"), {**spent, **others}, "ms")


def _compiled(backend: str) -> Callable[[Tensor, Tensor], Tensor]:
    """The generator through torch.compile, its head in the form of one transposed convolution.

    That is the same sum. torch 2.13 cannot make code for the laced form that is exported ("vr must not be None").
    """
    network = Generator().eval()
    network.head.up.train()
    draw: Callable[[Tensor, Tensor], Tensor] = torch.compile(network, dynamic=False, backend=backend)
    return draw
