"""A toy architecture of one file, found by listing like any other, and folders made of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lovt_bench.benchmark.backbone import architectures, registry
from lovt_bench.benchmark.backbone.folder import save_backbone
from lovt_bench.benchmark.backbone.sources import random_draw
from lovt_bench.benchmark.contract.backbone import Provenance

TOY = """
from torch import nn
from lovt_bench.benchmark.backbone.model import Backbone
from lovt_bench.benchmark.backbone.tokens.model import TokenBackbone
from lovt_bench.benchmark.contract.backbone import FeatureLevel


class Toy(Backbone):
    def __init__(self):
        super().__init__("toy", (FeatureLevel(name="fine", channels=4, stride=2),
                                 FeatureLevel(name="coarse", channels=6, stride=8)))
        self.first = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.second = nn.Conv2d(4, 6, 4, stride=4)

    def feature_maps(self, image):
        fine = self.norm(self.first(image)).relu()
        return fine, self.second(fine)


ARCHITECTURES = {"toy": Toy}


class ToyTokens(TokenBackbone):
    def __init__(self, options):
        super().__init__("toy-tokens.it", dict(options), width=4, patch=16, rule=options["levels"])
        self.first = nn.Conv2d(3, 4, 16, stride=16)

    def token_maps(self, image):
        maps = self.first(self.fitted(image))
        return (maps,) if self.rule == "last" else (maps, 2 * maps, 3 * maps, 4 * maps)


PREFIX = "toy-tokens."


def named(architecture, options):
    return lambda: ToyTokens(options or {"levels": "last"})
"""


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Name of an architecture that lies in one extra file."""
    family = tmp_path_factory.mktemp("families")
    (family / "toy_family.py").write_text(TOY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(architectures, "__path__", [*architectures.__path__, str(family)])
        registry._tables.cache_clear()
        registry._blueprint.cache_clear()
        yield "toy"
    registry._tables.cache_clear()
    registry._blueprint.cache_clear()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty workspace."""
    return tmp_path / "workspace"


@pytest.fixture
def toy_folder(toy: str, workspace: Path) -> Path:
    """A backbone folder without a graph."""
    root = workspace / "backbones" / "my-toy"
    save_backbone(
        root,
        random_draw(toy, 1),
        display_name="My toy",
        provenance=Provenance(method="toy"),
        onnx=False,
        side=64,
    )
    return root
