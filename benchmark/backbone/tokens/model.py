"""The base of all backbones that give tokens on one grid, such as plain vision transformers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

from torch import Tensor

from lovt_bench.benchmark.backbone.model import STRIDES, Backbone, BackboneError, level_of, with_image
from lovt_bench.benchmark.backbone.tokens.grid import resample, tokens_across

LevelRule = Literal["last", "quarters"]
"""`last`: every level is resampled from the map after the last block. `quarters`: stride 4, 8, 16 and 32 from the maps
after a quarter, a half, three quarters and all of the blocks."""

TOKEN_STRIDES = STRIDES[1:]
"""Strides that tokens give; the image takes the place of stride 2."""


def blocks_of(rule: LevelRule, depth: int) -> tuple[int, ...]:
    """Return which blocks of a network (from 0) a rule takes the maps after, the deepest last."""
    if rule == "last":
        return (depth - 1,)
    return tuple(max(1, depth * quarter // 4) - 1 for quarter in range(1, 5))


class TokenBackbone(Backbone):
    """Cuts the image into patches and gives one token for each; feature levels are resampled from them.

    Args:
        architecture: Name in the registry.
        options: What completes the name; written whole, so that a file states the rules that it was made by.
        width: Values of a token.
        patch: Side of a patch in pixels.
        rule: From which blocks the levels come.
    """

    def __init__(
        self, architecture: str, options: dict[str, Any], *, width: int, patch: int, rule: LevelRule
    ) -> None:
        if rule not in get_args(LevelRule):
            raise BackboneError(
                f"feature levels come from tokens by one of {', '.join(get_args(LevelRule))}, found {rule!r}"
            )
        levels = with_image([level_of(stride, width) for stride in TOKEN_STRIDES])
        super().__init__(architecture, tuple(levels), options={**options, "levels": rule})
        self.patch, self.rule = patch, rule

    def token_maps(self, image: Tensor) -> tuple[Tensor, ...]:
        """Return the maps that levels are resampled from, normed by the network's last norm.

        CLS, register and distillation tokens are left out.

        Args:
            image: (N, 3, S, S) whose side the patch divides, as `fitted` makes it.

        Returns:
            One map by the rule `last`, four by `quarters`, the deepest last; each (N, width, G, G), G = `grid(S)`.
        """
        raise NotImplementedError

    def grid(self, side: int) -> int:
        """Return the tokens along one axis of an image of that side."""
        return tokens_across(side, self.patch)

    def fitted(self, image: Tensor) -> Tensor:
        """Return the image, resampled to the nearest side that the patch divides where it does not divide it."""
        return resample(image, self.grid(image.shape[-1]) * self.patch)

    def feature_maps(self, image: Tensor) -> tuple[Tensor, ...]:
        maps = self.token_maps(self.fitted(image))
        return self.with_substitutes(image, levels_from_tokens(maps, image.shape[-1]))


def levels_from_tokens(maps: Sequence[Tensor], side: int) -> list[Tensor]:
    """Return the feature levels of strides 4, 8, 16 and 32 of images of that side.

    Args:
        maps: One map (N, C, G, G) for all levels, or one for each.
        side: Side of the images in pixels.
    """
    each = list(maps) * len(TOKEN_STRIDES) if len(maps) == 1 else maps
    return [resample(tokens, side // stride) for stride, tokens in zip(TOKEN_STRIDES, each, strict=True)]
