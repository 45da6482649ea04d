"""Networks of transformers with maps of strides 4, 8, 16 and 32 as backbones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

from lovt_bench.benchmark.backbone.architectures._timm import OTHER_SIDES, SIDE, Adopted
from lovt_bench.benchmark.backbone.architectures.hf.build import created, discarded
from lovt_bench.benchmark.backbone.architectures.hf.positions import position_tables
from lovt_bench.benchmark.backbone.architectures.hf.pyramid import PYRAMIDS
from lovt_bench.benchmark.backbone.architectures.hf.saved_names import saved_names
from lovt_bench.benchmark.backbone.model import STRIDES, BackboneError, level_of, with_image
from lovt_bench.benchmark.contract.backbone import FeatureLevel


@dataclass(frozen=True)
class Plan:
    """What is known of a network before its weights are allocated."""

    levels: tuple[FeatureLevel, ...]
    fixed_side: int | None


class HfStages(Adopted):
    """A network with maps of several strides. If it has no stride 2, the image takes the place of c1.

    Args:
        architecture: Its name in the registry.
        model_type: One that is not plain.
        options: `config` cleaned, and what else completes the name.
    """

    def __init__(self, architecture: str, model_type: str, options: Mapping[str, Any]) -> None:
        plan = _plan(model_type, json.dumps(options["config"], sort_keys=True))
        super().__init__(architecture, plan.levels, options)
        network = _trunk(model_type, options["config"])
        self.adopt(network)
        self._maps = PYRAMIDS[model_type].maps
        self.fixed_side = plan.fixed_side
        self.saved_names, self.packed_names = saved_names(network)
        self.discarded = discarded(network, self.saved_names)
        if model_type == "hiera":
            self.position_tables = position_tables(model_type, network, prefix=0)

    def feature_maps(self, image: Tensor) -> tuple[Tensor, ...]:
        return self.with_substitutes(image, self._maps(self._network[0], image))


def _trunk(model_type: str, config: Mapping[str, Any]) -> Any:
    network = created(model_type, config)
    for name in PYRAMIDS[model_type].left_out:
        delattr(network, name)
    return network


@cache
def _plan(model_type: str, config: str) -> Plan:
    """Return levels and limits of a network, which is built on the meta device and run on images without values."""
    with torch.device("meta"):
        network = _trunk(model_type, json.loads(config)).eval()
        widths = _widths(model_type, network, SIDE)
        if widths is None:
            raise BackboneError(
                f"hf.{model_type} of this configuration cannot be a backbone: heads ask for maps of strides 4, 8, 16 "
                f"and 32 of {SIDE}-pixel images, which its stages do not give"
            )
        anywhere = all(_widths(model_type, network, side) == widths for side in OTHER_SIDES)
    levels = [level_of(stride, width) for stride, width in zip(STRIDES[-len(widths) :], widths, strict=True)]
    return Plan(tuple(with_image(levels)), None if anywhere else SIDE)


def _widths(model_type: str, network: Any, side: int) -> list[int] | None:
    """Return the channels of the maps of images of that side, if they have the strides of the levels."""
    try:
        with torch.no_grad():
            maps = PYRAMIDS[model_type].maps(network, torch.zeros(2, 3, side, side))
    except (ArithmeticError, AssertionError, LookupError, RuntimeError, TypeError, ValueError):
        return None
    strides = STRIDES[-len(maps) :]
    if [tuple(each.shape[2:]) for each in maps] != [(side // stride,) * 2 for stride in strides]:
        return None
    return [each.shape[1] for each in maps]
