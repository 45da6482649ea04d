"""What is stored of a backbone that gives tokens: maps on their own grid, from which levels are resampled when read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from lovt_bench.benchmark.backbone.model import STRIDES, Backbone
from lovt_bench.benchmark.backbone.tokens.grid import resample, tokens_across
from lovt_bench.benchmark.backbone.tokens.model import TOKEN_STRIDES, LevelRule, TokenBackbone
from lovt_bench.benchmark.contract.backbone import FeatureLevel

DEEPEST = STRIDES[-1]


@dataclass(frozen=True)
class StoredTokens:
    """Which maps of a backbone are stored. Each goes by the coarsest stride that is resampled from it.

    Args:
        width: Values of a token.
        patch: Side of a patch in pixels.
        rule: From which blocks the levels come.
    """

    width: int
    patch: int
    rule: LevelRule

    def map_of(self, stride: int) -> int:
        """Return the map that a level is resampled from."""
        return DEEPEST if self.rule == "last" else stride

    def maps_of(self, strides: Iterable[int]) -> list[int]:
        """Return the maps that levels of these strides are resampled from, ascending; the image is none."""
        return sorted({self.map_of(stride) for stride in strides if stride in TOKEN_STRIDES})

    def grid(self, side: int) -> int:
        """Return the tokens along one axis of an image of that side."""
        return tokens_across(side, self.patch)

    def levels(
        self, maps: Mapping[int, Tensor], image: Tensor | None, strides: Iterable[int], side: int
    ) -> dict[int, Tensor]:
        """Return what heads read: levels resampled, at stride 2 the averaged image, at stride 1 the image.

        Args:
            maps: (N, C, G, G) float32 by the stride that they are stored under.
            image: (N, 3, S, S), where a stride below 4 is wanted.
            strides: What is wanted.
            side: Side of the images in pixels.

        Raises:
            ValueError: The image is wanted, and there is none.
        """
        found: dict[int, Tensor] = {}
        for stride in strides:
            if stride in TOKEN_STRIDES:
                found[stride] = resample(maps[self.map_of(stride)], side // stride)
            elif image is None:
                raise ValueError(
                    f"what stands in at stride {stride} is made from the image, and there is none"
                )
            else:
                found[stride] = image if stride == 1 else F.avg_pool2d(image, stride)
        return found


def stored_tokens(backbone: nn.Module) -> StoredTokens | None:
    """Return what is stored of a backbone that gives tokens; None for any other, whose levels are stored."""
    if not isinstance(backbone, TokenBackbone):
        return None
    return StoredTokens(backbone.levels[-1].channels, backbone.patch, backbone.rule)


def as_stored(backbone: nn.Module) -> nn.Module:
    """Return a backbone as it is asked for what is stored: token maps, or the levels of any that has no tokens."""
    return TokenMaps(backbone) if isinstance(backbone, TokenBackbone) else backbone


class TokenMaps(Backbone):
    """A backbone seen as what is stored of it: token maps in the place of levels.

    Args:
        backbone: Its weights are shared.
    """

    def __init__(self, backbone: TokenBackbone) -> None:
        tokens = StoredTokens(backbone.levels[-1].channels, backbone.patch, backbone.rule)
        levels = tuple(
            FeatureLevel(name=f"tokens{stride}", channels=tokens.width, stride=stride)
            for stride in tokens.maps_of(TOKEN_STRIDES)
        )
        super().__init__(backbone.architecture, levels, backbone.options)
        self.fixed_side, self.backbone = backbone.fixed_side, backbone

    def map_side(self, stride: int, side: int) -> int:
        return self.backbone.grid(side)

    def feature_maps(self, image: Tensor) -> tuple[Tensor, ...]:
        return self.backbone.token_maps(self.backbone.fitted(image))
