"""A backbone whose batch norm uses the statistics of each batch, as the reference's figures of RSNA have it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from lovt_bench.benchmark.backbone.model import BATCH, Backbone
from lovt_bench.benchmark.backbone.sources import BackboneSource
from lovt_bench.benchmark.backbone.tokens.stored import StoredTokens
from lovt_bench.benchmark.contract.backbone import FeatureLevel
from lovt_bench.benchmark.contract.base import digest_of
from lovt_bench.benchmark.contract.declared_facts import Normalisation


@dataclass(frozen=True)
class BatchStatisticsSource:
    """A source of such backbones; what is stored of them is never taken for features of the backbone as it is."""

    source: BackboneSource
    tokens: StoredTokens | None = None

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def display_name(self) -> str:
        return self.source.display_name

    @property
    def architecture(self) -> str:
        return self.source.architecture

    @property
    def levels(self) -> tuple[FeatureLevel, ...]:
        return self.source.levels

    @property
    def drawn_per_run(self) -> bool:
        return self.source.drawn_per_run

    @property
    def normalisation(self) -> Normalisation | None:
        return self.source.normalisation

    @property
    def frozen_only(self) -> bool:
        return self.source.frozen_only

    @property
    def fixed_side(self) -> int | None:
        return self.source.fixed_side

    @property
    def sha256(self) -> str:
        return digest_of({"backbone": self.source.sha256, "batch_norm": "of the batch", "batch": BATCH})

    def load(self, seed: int) -> Backbone:
        """Return the backbone.

        Raises:
            ValueError: It has no batch norm.
        """
        backbone = self.source.load(seed)
        if self.source.tokens is not None or not any(
            isinstance(each, _BatchNorm) for each in backbone.modules()
        ):
            raise ValueError(
                f"--train-mode changes batch norm, and backbone {self.name} has none; leave it out"
            )
        return _BatchStatistics(backbone)


class _BatchStatistics(Backbone):
    def __init__(self, backbone: Backbone) -> None:
        super().__init__(backbone.architecture, backbone.levels, backbone.options)
        self.fixed_side, self.backbone = backbone.fixed_side, backbone

    def feature_maps(self, image: Tensor) -> tuple[Tensor, ...]:
        # Here, since whoever extracts features puts all modules into eval mode first.
        for module in self.modules():
            if isinstance(module, _BatchNorm):
                module.train()
        return self.backbone.feature_maps(image)
