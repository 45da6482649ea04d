"""Tokens of a plain transformer against one in float64; other networks are refused by a sentence."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lovt_bench.benchmark.backbone.sources import random_draw
from lovt_bench.submissions.common.errors import SettingsError
from lovt_bench.submissions.common.vision_transformer import encode, plain_transformer
from tests.submissions.plain_transformer import arrays, encoded
from tests.submissions.small_runs import TINY

NAME = "timm.vit_tiny_patch16_224"


@pytest.mark.parametrize("kept", [None, [0, 5, 2, 700]])
def test_tokens_are_those_of_the_plain_transformer(kept: list[int] | None):
    transformer = plain_transformer(random_draw(NAME, 3, TINY)).double()
    with torch.no_grad():
        for parameter in transformer.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    images = torch.randn(2, 3, 224, 224, dtype=torch.float64)
    keep = None if kept is None else torch.tensor([kept, kept[::-1]])
    with torch.no_grad():
        found = encode(transformer, images, keep)
    for place in range(2):
        places = None if keep is None else keep[place].numpy()
        expected = encoded(images[place].numpy(), arrays(transformer.state_dict()), 2, 2, places)
        np.testing.assert_allclose(found[place].numpy(), expected, atol=1e-10)


@pytest.mark.parametrize("side", [32, 224])
def test_without_a_mask_they_are_the_tokens_that_levels_come_from(side: int):
    """At another side the table of positions is resampled by the backbone's own rule."""
    transformer = plain_transformer(random_draw(NAME, 3, {**TINY, "positions": "bicubic-offset"}))
    images = torch.randn(2, 3, side, side)
    with torch.no_grad():
        (expected,) = transformer.token_maps(images)
        found = encode(transformer, images)[:, 1:].transpose(1, 2).reshape_as(expected)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    "name", ["resnet18", "timm.vit_base_patch16_siglip_224", "timm.eva02_tiny_patch14_224"]
)
def test_other_networks_are_refused(name: str):
    backbone = random_draw(name, 0, TINY | {"depth": 1} if "siglip" in name else None)
    with pytest.raises(SettingsError, match=f"architecture={name}: expected a plain vision transformer"):
        plain_transformer(backbone)
