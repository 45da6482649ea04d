"""What heads and engine know of a backbone: images in, one feature map per level out, keyed by stride.

No code outside `architectures/` may depend on which network stands behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue
from torch import Tensor, nn
from torch.nn import functional as F

from lovt_bench.benchmark.backbone.names import BackboneError as BackboneError
from lovt_bench.benchmark.backbone.tokens.tables import PositionTable
from lovt_bench.benchmark.contract.backbone import FeatureLevel

STRIDES = (2, 4, 8, 16, 32)
"""Strides of the levels that heads ask for."""

BATCH = 32
"""Images that an evaluation asks a frozen backbone for at once; the last time may be fewer."""


def batch_sizes(images: int) -> list[int]:
    """Return in which batches a graph alone gets a number of images: as many of `BATCH` as fit, then powers of two.

    There are few sizes, so that a check can try all of them: a graph may look at how many images it gets.
    """
    whole, rest = divmod(images, BATCH)
    return [BATCH] * whole + [
        1 << place for place in reversed(range(BATCH.bit_length())) if rest >> place & 1
    ]


@dataclass(frozen=True)
class Summary:
    """What a listing shows of an architecture."""

    parameters: int
    levels: tuple[FeatureLevel, ...]
    first: str
    """First name of the state dict."""
    patch: int | None = None
    """Side in pixels of the patches that tokens are for; None where there are none."""


def level_of(stride: int, channels: int) -> FeatureLevel:
    """Return a level of a network under the name that goes with its stride: `c1` for 2 … `c5` for 32."""
    return FeatureLevel(name=f"c{stride.bit_length() - 1}", channels=channels, stride=stride)


def with_image(levels: Sequence[FeatureLevel]) -> list[FeatureLevel]:
    """Return levels with the image in place of a missing stride 2 where the U-Net lacks nothing else."""
    if [level.stride for level in levels] != list(STRIDES[1:]):
        return list(levels)
    return [FeatureLevel(name="c1", channels=3, stride=STRIDES[0], substitute="image"), *levels]


class Backbone(nn.Module):
    """Base of all architectures.

    The state dict of a subclass is what `backbone.safetensors` holds: names, shapes and dtypes are part of
    the contract, so a subclass keeps the names that its origin publishes weights under.
    """

    def __init__(
        self,
        architecture: str,
        levels: tuple[FeatureLevel, ...],
        options: Mapping[str, JsonValue] | None = None,
    ) -> None:
        super().__init__()
        self.architecture = architecture
        """Name in the registry."""
        self.options = None if options is None else dict(options)
        """What completes the name, whole; None where the name says all. Part of the weights' digest."""
        self.levels = levels
        """In ascending stride; the image itself (stride 1) is not among them."""
        self.fixed_side: int | None = None
        """The only image side that the network takes; None: any divisible by 32."""
        self.discarded: frozenset[str] = frozenset()
        """Names in published state dicts that lie within the trunk's own modules and belong to the classifier."""
        self.saved_names: Mapping[str, str] = {}
        """How the library that owns the network names its tensors in files, each with its name in the state dict;
        empty where files have the names of the state dict."""
        self.packed_names: Mapping[str, tuple[str, ...]] = {}
        """Names in such files that hold several tensors of the state dict, concatenated along the first axis."""
        self.position_tables: Mapping[str, PositionTable] = {}
        """Tensors of the state dict that are resampled where a file has them for another side of images."""

    def feature_maps(self, image: Tensor) -> tuple[Tensor, ...]:
        """Return one map per entry of `levels`, in that order, each (N, channels, S / stride, S / stride)."""
        raise NotImplementedError

    def forward(self, image: Tensor) -> dict[int, Tensor]:
        """Return the feature maps keyed by stride.

        Args:
            image: (N, 3, S, S) float, normalised by the dataset's statistics (evaluation.md section 5), S
                divisible by 32.

        Returns:
            {stride: (N, channels, S / stride, S / stride)} in ascending stride.

        Raises:
            ValueError: `image` has another shape, or a side that this network does not take.
        """
        if image.ndim != 4 or image.shape[1] != 3 or image.shape[2] % 32 or image.shape[3] % 32:
            raise ValueError(
                f"expected images of shape (N, 3, S, S) with S divisible by 32, found {tuple(image.shape)}"
            )
        if self.fixed_side is not None and tuple(image.shape[-2:]) != (self.fixed_side, self.fixed_side):
            raise BackboneError(
                f"{self.architecture} takes images of {self.fixed_side} pixels only, found {image.shape[-1]}; choose a "
                "profile of that side"
            )
        maps = self.feature_maps(image)
        return {level.stride: feature for level, feature in zip(self.levels, maps, strict=True)}

    def map_side(self, stride: int, side: int) -> int:
        """Return the side of the map of a level, of images of that side."""
        return side // stride

    def with_substitutes(self, image: Tensor, maps: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Return one map per level: the network's, and the averaged image where a level is a substitute.

        Args:
            image: (N, 3, S, S).
            maps: Maps of the levels that the network has, in their order.
        """
        own = iter(maps)
        return tuple(
            next(own) if level.substitute is None else F.avg_pool2d(image, level.stride)
            for level in self.levels
        )

    @property
    def parameter_count(self) -> int:
        """Number of learnable values; BN running statistics are not among them."""
        return sum(parameter.numel() for parameter in self.parameters())
