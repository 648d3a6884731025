"""The six versions of TokenFusionVAE, from V1's plain layers to V3.2, whose decoder is told the CLS token.

All take tokens with a modality flag, and the labels where asked for, and keep one latent vector an item. V1 to V3 pool
by the mean and repeat what they decode at every place, which the thesis says of V3 and leaves open before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.vae.layers import (
    DROPOUT,
    AttentionPool,
    ConditionalLayerNorm,
    GatedConditionalLayerNorm,
    GatedResidualBlock,
    Norm,
    PlainNorm,
    SkipPath,
    SpatialExpansion,
)
from chromesthesia_training.vae.material import KINDS, Kind

Version = Literal["v1", "v2", "v21", "v3", "v31", "v32"]
VERSIONS: tuple[Version, ...] = ("v1", "v2", "v21", "v3", "v31", "v32")
SPECIFIC: tuple[Version, ...] = ("v1", "v2", "v21")
BLOCKS = 6
GRID = 14
LOG_VARIANCE = (-8.0, 4.0)
FLAG = {"image": 0.0, "sound": 1.0}
V1_WIDTHS, V2_WIDTHS = (1024, 512, 256), (2048, 1536, 1024, 768, 512, 256)


@dataclass(frozen=True)
class Sizes:
    """What a net is built for.

    features: values of a token inside; inputs: of a token as it comes, by modality, where that is another number: a
    learned projection leads to `features` and one leads back. tokens: places of the inside, a sound's are stretched
    to as many. labels: valence and arousal are appended to every token that goes in. cls: tokens come with a CLS
    token. bypass: V3.2's decoder is told the item's own CLS token; else it is told one made from the latent.
    hidden: width of V3's blocks.
    """

    version: Version
    tokens: int
    features: int
    inputs: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    labels: bool = False
    bypass: bool = True
    hidden: int = 192
    widths: tuple[int, ...] = ()

    @property
    def latent(self) -> int:
        return (self.widths or _WIDTHS[self.version])[-1]

    @property
    def extras(self) -> int:
        """Values appended to a token: the flag, and the labels."""
        return 3 if self.labels else 1


_WIDTHS: dict[str, tuple[int, ...]] = {
    "v1": V1_WIDTHS,
    "v2": V2_WIDTHS,
    "v21": (*V2_WIDTHS[:-1], 384),
    "v3": (256,),
    "v31": (256,),
    "v32": (256,),
}
EMBEDDING = {"v1": 1, "v2": 64, "v21": 96}
_NORMS: dict[str, Norm] = {"v1": PlainNorm, "v2": ConditionalLayerNorm, "v21": GatedConditionalLayerNorm}


class TokenFusionVae(nn.Module):
    """Tokens of a modality to a latent vector, valence and arousal, and tokens of either modality.

    `encode` and `decode` may be given a part of the places, the same for a whole batch; what they give for a place
    does not depend on which others are asked for (nor, but for the mean over them, does the latent).
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        latent = sizes.latent
        self.into = nn.ModuleDict()
        self.back = nn.ModuleDict()
        for kind, (_, width) in sizes.inputs.items():
            if width != sizes.features:
                self.into[kind] = nn.Linear(width, sizes.features)
                self.back[kind] = nn.Linear(sizes.features + sizes.extras, width + sizes.extras)
        self.body = _body(sizes)
        self.mean, self.log_variance = (
            nn.Linear(latent_width(sizes), latent),
            nn.Linear(latent_width(sizes), latent),
        )
        nn.init.zeros_(self.log_variance.weight)
        nn.init.constant_(self.log_variance.bias, -2.0)
        self.va = _va_predictor(latent, three=sizes.version in SPECIFIC)

    def encode(
        self, kind: Kind, tokens: Tensor, cls: Tensor | None, va: Tensor, places: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Mean and log variance [B, latent]. tokens [B, n, inputs] as they come, va [B, 2], seen only with `labels`."""
        inside = stretch(tokens, self.sizes.tokens)
        places = torch.arange(self.sizes.tokens) if places is None else places
        inside = inside[:, places]
        if kind in self.into:
            inside = self.into[kind](inside)
        given = with_extras(inside, kind, va if self.sizes.labels else None)
        whole = (
            None if cls is None else with_extras(cls[:, None], kind, va if self.sizes.labels else None)[:, 0]
        )
        hidden = self.body.encode(given, whole, kind, places)
        return self.mean(hidden), torch.clamp(self.log_variance(hidden), *LOG_VARIANCE)

    def decode(
        self, kind: Kind, latent: Tensor, va: Tensor, cls: Tensor | None = None, places: Tensor | None = None
    ) -> Tensor:
        """Tokens [B, n, inputs + extras] at `places` of the modality's own; cls: V3.2's, else made from the latent."""
        given = torch.cat([latent, va, torch.full_like(va[:, :1], FLAG[kind])], dim=1)
        count = self.sizes.inputs[kind][0]
        places = torch.arange(count) if places is None else places
        if kind in self.back:  # the versions that project repeat one token: it is projected once
            one = self.back[kind](self.body.decode(given, None, kind, places[:1]))
            return torch.as_tensor(one).expand(-1, len(places), -1)
        return torch.as_tensor(self.body.decode(given, cls if self.sizes.bypass else None, kind, places))

    def cls_of(self, kind: Kind, latent: Tensor, va: Tensor) -> Tensor:
        """The CLS token [B, features] that the latent speaks for; V3.2 only."""
        if not isinstance(self.body, _ClsInformed):
            raise TrainingError(f"{self.sizes.version} makes no CLS token", "ask V3.2")
        given = torch.cat([latent, va, torch.full_like(va[:, :1], FLAG[kind])], dim=1)
        return torch.as_tensor(self.body.cls_head(given))


def latent_width(sizes: Sizes) -> int:
    """What leaves the encoder's body."""
    if sizes.version in SPECIFIC:
        return sizes.latent
    return 2 * sizes.hidden if sizes.version == "v32" else sizes.hidden


def stretch(tokens: Tensor, count: int) -> Tensor:
    """[B, n, width] to [B, count, width], linear along the tokens."""
    if tokens.shape[1] == count:
        return tokens
    return functional.interpolate(
        tokens.transpose(1, 2), size=count, mode="linear", align_corners=False
    ).transpose(1, 2)


def with_extras(tokens: Tensor, kind: Kind, va: Tensor | None) -> Tensor:
    """Labels where given, then the flag of the modality, behind every token [B, n, width]."""
    count, length, _ = tokens.shape
    flag = torch.full((count, length, 1), FLAG[kind], dtype=tokens.dtype, device=tokens.device)
    parts = [tokens] if va is None else [tokens, va[:, None].expand(-1, length, -1)]
    return torch.cat([*parts, flag], dim=2)


def _va_predictor(latent: int, three: bool) -> nn.Module:
    """256, 128, 64, 2 before V3, and three layers from then on; ends in -1..1."""
    hidden = (128, 64) if three else (128, 32)
    layers: list[nn.Module] = []
    wide = latent
    for narrow in hidden:
        layers += [nn.Linear(wide, narrow), nn.LayerNorm(narrow), nn.GELU(), nn.Dropout(DROPOUT)]
        wide = narrow
    return nn.Sequential(*layers, nn.Linear(wide, 2), nn.Tanh())


def _body(sizes: Sizes) -> _Body:
    if sizes.version in SPECIFIC:
        return _Paths(sizes)
    kinds: dict[str, type[_Body]] = {"v3": _Gated, "v31": _Spatial, "v32": _ClsInformed}
    return kinds[sizes.version](sizes)


class _Body(nn.Module):
    """What differs between the versions. encode: [B, width]; decode: [B, places, features + extras]."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes

    def encode(self, tokens: Tensor, cls: Tensor | None, kind: Kind, places: Tensor) -> Tensor:
        raise NotImplementedError

    def decode(self, given: Tensor, cls: Tensor | None, kind: Kind, places: Tensor) -> Tensor:
        raise NotImplementedError


class _Paths(_Body):
    """V1, V2 and V2.1: narrowing layers over each token, the mean, widening layers, repeated."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        first = sizes.version == "v1"
        widths = sizes.widths or _WIDTHS[sizes.version]
        size = EMBEDDING[sizes.version]
        norm = _NORMS[sizes.version]
        inputs = sizes.features + sizes.extras
        bottleneck = 1 if first else 4
        self.embedding = nn.Embedding(len(KINDS), size)
        # The thesis puts conditional norms into the decoder; the encoder keeps plain ones.
        self.encoder = SkipPath(inputs, widths, PlainNorm, size, bottleneck, again=first)
        back = (*widths[-2::-1],)
        self.decoder = SkipPath(sizes.latent + 3, back, norm, size, bottleneck)
        self.out = nn.Linear(back[-1], inputs)

    def _condition(self, kind: Kind) -> Tensor:
        return torch.as_tensor(self.embedding.weight[KINDS.index(kind)])

    def encode(self, tokens: Tensor, cls: Tensor | None, kind: Kind, places: Tensor) -> Tensor:
        return torch.as_tensor(self.encoder(tokens, self._condition(kind))).mean(dim=1)

    def decode(self, given: Tensor, cls: Tensor | None, kind: Kind, places: Tensor) -> Tensor:
        made = torch.as_tensor(self.out(self.decoder(given, self._condition(kind))))
        return made[:, None].expand(-1, len(places), -1)


class _Gated(_Body):
    """V3: six gated blocks over each token, the mean; six that labels and modality steer, repeated."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        inputs, hidden = sizes.features + sizes.extras, sizes.hidden
        self.into = nn.Linear(inputs, hidden)
        self.encoder = nn.ModuleList(GatedResidualBlock(hidden) for _ in range(BLOCKS))
        self.start = nn.Linear(sizes.latent + 3, hidden)
        self.decoder = nn.ModuleList(GatedResidualBlock(hidden, 3) for _ in range(BLOCKS))
        self.out = nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, inputs))

    def encode(self, tokens: Tensor, cls: Tensor | None, kind: Kind, places: Tensor) -> Tensor:
        hidden = self.into(tokens)
        for block in self.encoder:
            hidden = block(hidden)
        return torch.as_tensor(hidden).mean(dim=1)

    def decode(self, given: Tensor, cls: Tensor | None, kind: Kind, places: Tensor) -> Tensor:
        hidden = self.start(given)
        for block in self.decoder:
            hidden = block(hidden, given[:, -3:])
        return torch.as_tensor(self.out(hidden))[:, None].expand(-1, len(places), -1)


class _Spatial(_Body):
    """V3.1: places are known to both sides; attention pools, learned patterns expand."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        inputs, hidden = sizes.features + sizes.extras, sizes.hidden
        self.encoder_places = nn.Parameter(torch.randn(sizes.tokens, hidden) * 0.02)
        self.decoder_places = nn.Parameter(torch.randn(sizes.tokens, hidden) * 0.02)
        self.into = nn.Sequential(nn.Linear(inputs + hidden, hidden), nn.GELU(), nn.Linear(hidden, hidden))
        self.encoder = nn.ModuleList(GatedResidualBlock(hidden) for _ in range(BLOCKS))
        self.pool = AttentionPool(hidden)
        self.expand = SpatialExpansion(sizes.latent + 3, hidden, sizes.tokens)
        self.start = nn.Sequential(nn.Linear(2 * hidden, hidden), nn.GELU(), nn.Linear(hidden, hidden))
        self.decoder = nn.ModuleList(GatedResidualBlock(hidden, 3) for _ in range(BLOCKS))
        self.out = nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, inputs))

    def _placed(self, tokens: Tensor, places: Tensor) -> Tensor:
        where = self.encoder_places[places].expand(len(tokens), -1, -1)
        return torch.as_tensor(self.into(torch.cat([tokens, where], dim=2)))

    def encode(self, tokens: Tensor, cls: Tensor | None, kind: Kind, places: Tensor) -> Tensor:
        hidden = self._placed(tokens, places)
        for block in self.encoder:
            hidden = block(hidden)
        return torch.as_tensor(self.pool(hidden))

    def decode(self, given: Tensor, cls: Tensor | None, kind: Kind, places: Tensor) -> Tensor:
        hidden = self.expand(given, places)
        where = self.decoder_places[places].expand(len(given), -1, -1)
        hidden = self.start(torch.cat([hidden, where], dim=2))
        for block in self.decoder:
            hidden = block(hidden, given[:, -3:])
        return torch.as_tensor(self.out(hidden))


class _ClsInformed(_Spatial):
    """V3.2: CLS and patches go their own ways; 196, 49, 7, 1; the decoder is told a CLS token at every place.

    The six blocks of the encoder stand where they are cheapest: none before the first pooling, 3 at 49 places, 2 at 7
    and 1 at 1; two more are the CLS token's own.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        hidden, features = sizes.hidden, sizes.features
        del self.pool
        self.cls_into = nn.Linear(features + sizes.extras, hidden)
        self.cls_encoder = nn.ModuleList(GatedResidualBlock(hidden) for _ in range(2))
        self.cls_head = nn.Sequential(
            nn.Linear(sizes.latent + 3, 2 * hidden), nn.GELU(), nn.Linear(2 * hidden, features)
        )
        self.start = nn.Sequential(
            nn.Linear(2 * hidden + features, hidden), nn.GELU(), nn.Linear(hidden, hidden)
        )

    def encode(self, tokens: Tensor, cls: Tensor | None, kind: Kind, places: Tensor) -> Tensor:
        """All places, or one of every 2 x 2 in order."""
        assert cls is not None
        half = GRID // 2
        hidden = self._placed(tokens, places)
        if len(places) == GRID * GRID:
            hidden = hidden.reshape(len(hidden), half, 2, half, 2, -1).mean(dim=(2, 4)).flatten(1, 2)
        for block in self.encoder[:3]:
            hidden = block(hidden)
        hidden = hidden.reshape(len(hidden), half, half, -1).mean(dim=2)
        for block in self.encoder[3:5]:
            hidden = block(hidden)
        hidden = self.encoder[5](hidden.mean(dim=1))
        whole = self.cls_into(cls)
        for block in self.cls_encoder:
            whole = block(whole)
        return torch.cat([hidden, torch.as_tensor(whole)], dim=1)

    def decode(self, given: Tensor, cls: Tensor | None, kind: Kind, places: Tensor) -> Tensor:
        told = torch.as_tensor(self.cls_head(given)) if cls is None else cls
        where = self.decoder_places[places].expand(len(given), -1, -1)
        everywhere = told[:, None].expand(-1, len(places), -1)
        hidden = self.start(torch.cat([self.expand(given, places), where, everywhere], dim=2))
        for block in self.decoder:
            hidden = block(hidden, given[:, -3:])
        return torch.as_tensor(self.out(hidden))
