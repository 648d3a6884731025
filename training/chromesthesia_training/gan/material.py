"""What a run learns from: paintings, their conditions, the frozen net, and what is fitted once on them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from chromesthesia_training.backbones.squeezenet import FeatureNet, on_device
from chromesthesia_training.corpora.paintings import load_art
from chromesthesia_training.data.batching import batches
from chromesthesia_training.data.condition import ConditionSampler, ConditionSpace
from chromesthesia_training.gan.augment import crop_paintings
from chromesthesia_training.gan.discriminator import feature_statistics
from chromesthesia_training.gan.moments import FeatureAxes, fit_feature_axes
from chromesthesia_training.gan.settings import GanSettings
from chromesthesia_training.measuring.reader import Reader, fit_reader, pooled_features, resize

STATISTICS_IMAGES = 256


@dataclass(frozen=True)
class Material:
    """Paintings uint8 (N, s, s, 3), conditions, the frozen net and its reader; all but the net on the CPU."""

    paintings: Tensor
    sampler: ConditionSampler
    space: ConditionSpace
    net: FeatureNet
    reader: Reader
    statistics: dict[str, tuple[Tensor, Tensor]]
    axes: dict[str, FeatureAxes]

    def draw(
        self, settings: GanSettings, side: int, rng: torch.Generator, device: torch.device
    ) -> tuple[Tensor, Tensor]:
        """A batch of random views of paintings (batch, 3, side, side) in [-1, 1], and their conditions (batch, 11)."""
        rows = self.sampler.paintings(settings.batch, rng)
        images = crop_paintings(self.paintings[rows], side, settings.smallest_crop, rng, device)
        return images, self.sampler.of_paintings(rows, rng).to(device)

    def to(self, device: torch.device) -> Material:
        """The same with net, reader and axes on a device; paintings and conditions stay where they are."""
        axes = {name: one.to(device) for name, one in self.axes.items()}
        return replace(self, net=on_device(self.net, device), reader=self.reader.to(device), axes=axes)


def prepare(settings: GanSettings, net: FeatureNet) -> Material:
    """Read the paintings of the splits train and val, and fit the fixed parts on them."""
    art = load_art(settings.art_dir, settings.stored_side, settings.cache_dir).subset("train", "val")
    space = ConditionSpace.fit(art)
    sampler = ConditionSampler.over(art, space, settings.jitter, settings.mixed_share)
    paintings = torch.from_numpy(art.images)
    pooled = torch.cat(
        [
            pooled_features(net, part.permute(0, 3, 1, 2).float() / 127.5 - 1, settings.reader_side)
            for part in batches(paintings, 64)
        ]
    )
    some = torch.randperm(len(art), generator=torch.Generator().manual_seed(0))[:STATISTICS_IMAGES]
    sample = paintings[some].permute(0, 3, 1, 2).float() / 127.5 - 1
    statistics = feature_statistics(net, resize(sample, settings.reader_side))
    by_map = torch.split(pooled, [2 * len(mean) for mean, _ in statistics.values()], dim=1)
    return Material(
        paintings,
        sampler,
        space,
        net,
        fit_reader(pooled, sampler.vad, sampler.one_hot),
        statistics,
        {name: fit_feature_axes(part) for name, part in zip(statistics, by_map, strict=True)},
    )
