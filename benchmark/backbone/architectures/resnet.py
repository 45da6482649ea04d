"""ResNets of torchvision (v1.5: the stride sits in the 3 x 3 convolution), without average pooling and `fc`.

State dicts keep torchvision's names, so that published weights load as they are (evaluation.md section 6).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import Tensor
from torchvision.models import get_model

from lovt_bench.benchmark.backbone.model import Backbone
from lovt_bench.benchmark.contract.backbone import FeatureLevel

NAMES = (
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnext50_32x4d",
    "resnext101_32x8d",
    "resnext101_64x4d",
    "wide_resnet50_2",
    "wide_resnet101_2",
)


class ResNet(Backbone):
    """Levels c1 (first ReLU, before max-pooling, stride 2) and c2 … c5 (layer1 … layer4, strides 4 … 32)."""

    def __init__(self, architecture: str) -> None:
        network = get_model(architecture, weights=None)
        deepest = network.fc.in_features
        channels = (network.conv1.out_channels, deepest // 8, deepest // 4, deepest // 2, deepest)
        super().__init__(
            architecture,
            tuple(
                FeatureLevel(name=f"c{k}", channels=width, stride=2**k)
                for k, width in enumerate(channels, start=1)
            ),
        )
        self.conv1 = network.conv1
        self.bn1 = network.bn1
        self.relu = network.relu
        self.maxpool = network.maxpool
        self.layer1 = network.layer1
        self.layer2 = network.layer2
        self.layer3 = network.layer3
        self.layer4 = network.layer4

    def feature_maps(self, image: Tensor) -> tuple[Tensor, ...]:
        c1 = self.relu(self.bn1(self.conv1(image)))
        c2 = self.layer1(self.maxpool(c1))
        c3 = self.layer2(c2)
        c4 = self.layer3(c3)
        return c1, c2, c3, c4, self.layer4(c4)


BASIC = ("resnet18", "resnet34")
"""Networks of blocks without a bottleneck: they have no 1 x 1 convolution that could have the stride."""

_DILATED = "dilated networks"
_CAFFE = f"{_DILATED} or those with the stride in the 1 x 1 convolution (Caffe, MSRA, Detectron)"

UNLISTED = {name: _DILATED if name in BASIC else _CAFFE for name in NAMES}

ARCHITECTURES: dict[str, Callable[[], Backbone]] = {name: partial(ResNet, name) for name in NAMES}
