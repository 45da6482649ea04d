"""Masked autoencoder (He et al., CVPR 2022): a transformer sees a quarter of the patches and redraws the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from pydantic import Field, PositiveInt
from torch import Tensor
from torch.nn import functional
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as images

from lovt_bench.benchmark.backbone.network import SIDE
from lovt_bench.submissions.common.augment.crop import crop_view
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.entry import run
from lovt_bench.submissions.common.errors import SettingsError
from lovt_bench.submissions.common.lightly_parts import modules, utils
from lovt_bench.submissions.common.sampling import Sample, Transform
from lovt_bench.submissions.common.transformer_module import TransformerModule, TransformerSettings
from lovt_bench.submissions.common.vision_transformer import encode, plain_transformer


class Settings(TransformerSettings):
    """Defaults are those of the paper for ViT-B/16, 800 epochs; README.md says where each comes from."""

    batch_size: int = 256
    accumulate: PositiveInt = 16
    learning_rate: float = 2.4e-3
    weight_decay: float = 0.05
    second_beta: float = 0.95
    rate_every: Literal["epoch", "step"] = "step"
    warmup_epochs: int = 40
    max_epochs: PositiveInt = 800
    least_area: float = Field(default=0.2, gt=0, le=1)
    """Least share of the image's area that a crop shows."""
    mask_ratio: float = Field(default=0.75, gt=0, lt=1)
    """Share of the patches that the encoder does not see."""
    normalised_targets: bool = True
    """Whether each patch is predicted after its own mean and deviation are taken out; false: pixels."""
    decoder_width: PositiveInt = 512
    decoder_depth: PositiveInt = 8
    decoder_heads: PositiveInt = 16


class MAE(TransformerModule):
    """MAE: encode a quarter of an image's patches, and draw the others from them."""

    settings: Settings

    def __init__(self, settings: Settings, corpus: Corpus, seed: int = 0) -> None:
        super().__init__(settings, corpus, seed)
        transformer = plain_transformer(self.backbone)
        grid = transformer.grid(settings.image_side)
        if int(grid**2 * (1 - settings.mask_ratio)) == 0:
            raise SettingsError(
                f"mask_ratio={settings.mask_ratio:g} leaves none of the {grid**2} patches of an image of "
                f"{settings.image_side} pixels; lower it, or raise image_side"
            )
        network = transformer.network_for(SIDE)
        if settings.initial_weights == "random":
            # lightly's wrapper draws the weights as MAE does, and writes the table of positions.
            modules.MaskedVisionTransformerTIMM(network)
        network.pos_embed.requires_grad_(False)
        self.decoder = modules.MAEDecoderTIMM(
            num_patches=grid**2,
            patch_size=transformer.patch,
            embed_dim=transformer.levels[-1].channels,
            decoder_embed_dim=settings.decoder_width,
            decoder_depth=settings.decoder_depth,
            decoder_num_heads=settings.decoder_heads,
        )

    def training_transform(self) -> Transform:
        return FlippedCrop(self.settings.image_side, self.settings.least_area)

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        transformer = plain_transformer(self.backbone)
        views = transformer.fitted(self.network_input(batch))
        places = 1 + transformer.grid(views.shape[-1]) ** 2
        keep, masked = utils.random_token_mask(
            (len(views), places), self.settings.mask_ratio, device=views.device
        )
        predicted = self.decode(encode(transformer, views, keep), keep, masked, places)
        loss = patch_loss(
            predicted, views, masked - 1, transformer.patch, normalised=self.settings.normalised_targets
        )
        self.log("train/loss", loss)
        return loss

    def decode(self, seen: Tensor, keep: Tensor, masked: Tensor, places: int) -> Tensor:
        """Return the pixels (N, M, patch² · 3) of the masked patches.

        Args:
            seen: (N, K, width), tokens of the encoder.
            keep: (N, K) int64, their places; CLS has place 0.
            masked: (N, M) int64, places of the others.
            places: Number of all places.
        """
        tokens = self.decoder.embed(seen)
        whole = utils.repeat_token(self.decoder.mask_token, (len(seen), places)).type_as(tokens)
        decoded = self.decoder.decode(utils.set_at_index(whole, keep, tokens))
        return self.decoder.predict(utils.get_at_index(decoded, masked))


def patch_loss(predicted: Tensor, views: Tensor, masked: Tensor, patch: int, *, normalised: bool) -> Tensor:
    """Return the mean squared error over the pixels of all masked patches.

    Args:
        predicted: (N, M, patch² · 3) floating; used as float32 or better.
        views: (N, 3, S, S), what the encoder saw a part of.
        masked: (N, M) int64, patches row by row from 0.
        patch: Side of a patch in pixels.
        normalised: Whether the mean of each patch is taken out and what is left divided by its deviation.
    """
    target = utils.get_at_index(utils.patchify(views, patch), masked)
    if normalised:
        target = utils.normalize_mean_var(target)
    with torch.autocast(predicted.device.type, enabled=False):
        return functional.mse_loss(predicted.to(target.dtype), target)


@dataclass(frozen=True)
class FlippedCrop:
    """A crop of an image, mirrored every second time."""

    side: int
    least_area: float

    def __call__(self, sample: Sample) -> Tensor:
        """Return (1, side, side) uint8."""
        view = crop_view(sample.image, self.side, (self.least_area, 1.0), InterpolationMode.BICUBIC)
        return images.horizontal_flip(view) if torch.rand(()) < 0.5 else view


if __name__ == "__main__":
    run(MAE, Settings)
