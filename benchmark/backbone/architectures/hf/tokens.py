"""Plain vision transformers of transformers as backbones: their patch tokens, on one grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from lovt_bench.benchmark.backbone.architectures._timm import Adopted
from lovt_bench.benchmark.backbone.architectures.hf.build import created, discarded
from lovt_bench.benchmark.backbone.architectures.hf.plain import PARTS, after_blocks, norm_name
from lovt_bench.benchmark.backbone.architectures.hf.positions import position_tables
from lovt_bench.benchmark.backbone.architectures.hf.saved_names import saved_names
from lovt_bench.benchmark.backbone.tokens.model import LevelRule, TokenBackbone, blocks_of


class HfTokens(Adopted, TokenBackbone):
    """A plain vision transformer.

    Args:
        architecture: Its name in the registry.
        model_type: A plain one.
        options: `config` cleaned, and what else completes the name.
        rule: From which blocks the levels come.
    """

    def __init__(
        self, architecture: str, model_type: str, options: Mapping[str, Any], rule: LevelRule
    ) -> None:
        config = options["config"]
        super().__init__(
            architecture,
            dict(options),
            width=config["hidden_size"],
            patch=config["patch_size"],
            rule=rule,
        )
        network = created(model_type, config)
        self.adopt(network)
        self._parts = PARTS[model_type]
        self.norm_name = norm_name(network, self._parts)
        self._prefix = self._parts.prefix + config.get("num_register_tokens", 0)
        self._blocks = blocks_of(rule, config["num_hidden_layers"])
        self.saved_names, self.packed_names = saved_names(network)
        self.discarded = discarded(network, self.saved_names)
        self.position_tables = position_tables(model_type, network, self._parts.prefix)

    def token_maps(self, image: Tensor) -> tuple[Tensor, ...]:
        side = image.shape[-1] // self.patch
        return tuple(
            tokens[:, self._prefix :].transpose(1, 2).unflatten(2, (side, side))
            for tokens in after_blocks(self._network[0], self._parts, image, self._blocks)
        )
