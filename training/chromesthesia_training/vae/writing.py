"""What every metrics file of this section says of its data, split and reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chromesthesia_training.stage import Context
from chromesthesia_training.vae.material import KINDS
from chromesthesia_training.vae.worlds import World

FIRST_FOLD = (
    "the first of five folds by artist and by game series is scored; nothing was fitted to it or chosen on it"
)
EVERY_FOLD = (
    "five folds by artist and by game series, each scored once: tokenizers, net and the choice of the epoch know none "
    "of it"
)
WHY_NOT_THE_SAME = (
    "theirs: 1,066 food pictures, DEAM, tokens of ViT-base and EnCodec, random 80/20 by picture and by part of a song, "
    "losses on the validation items that chose the epoch; ours: paintings, game music, small tokenizers fitted here, "
    "unseen artists and series"
)


def content(
    context: Context,
    world: World,
    settings: Mapping[str, Any],
    made: Mapping[str, Any],
    notes: Sequence[str] = (),
    split: str = FIRST_FOLD,
) -> dict[str, Any]:
    """The content of a metrics file, with `made` as its figures."""
    return {
        "command": context.command,
        "data": {
            "what": ". ".join(world.items[kind].what for kind in KINDS),
            **{f"{kind}s": len(world.items[kind].items) for kind in KINDS},
            "groups": {kind: len({item.group for item in world.items[kind].items}) for kind in KINDS},
            "label_scale": [-1.0, 1.0],
            "tokens": world.token_set,
        },
        "protocol": "group",
        "split": split,
        "seeds": [context.seed],
        "settings": dict(settings),
        "figures": dict(made),
        "reference": {"row": "D", "same_work": False, "why": WHY_NOT_THE_SAME},
        "notes": list(notes),
    }
