"""Check of resunet: U-Net head alone and on a ResNet-50, weights by formula (evaluation.md section 9)."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.models import resnet50
from torchvision.models.feature_extraction import create_feature_extractor

from lovt_bench.tasks.heads.unet import UNetHead
from lovt_bench.tasks.losses.dice import dice_loss
from tests.parity.compare import Comparison, Failure
from tests.parity.formula import fill, formula_input
from tests.parity.golden import GoldenError, GoldenFile, guarded

LEVELS = {"relu": 2, "layer1": 4, "layer2": 8, "layer3": 16, "layer4": 32}
"""torchvision's node and the stride of the map that leaves it."""

STRIDES = {"input": 1, "conv1": 2, "conv2": 4, "conv3": 8, "conv4": 16, "conv5": 32}


class Networks:
    """Backbone and head with the listed weights and running statistics, set anew for each case."""

    def __init__(self, golden: GoldenFile) -> None:
        weights = golden.entry["weights"]
        self.image = formula_input(golden.entry["image"])
        self.decoder_inputs = {
            STRIDES[name]: formula_input(entry) for name, entry in golden.entry["decoder_inputs"].items()
        }
        self.mask = torch.from_numpy(golden.mask("mask"))
        resnet = resnet50()
        resnet.fc = nn.Identity()
        self.backbone = create_feature_extractor(
            resnet, {node: str(stride) for node, stride in LEVELS.items()}
        )
        classes = int(weights["decoder_and_output"][-1]["shape"][0])
        channels = {stride: tensor.shape[1] for stride, tensor in self.decoder_inputs.items()}
        self.head = UNetHead(channels, classes)
        fill(stored(self.backbone), weights["resnet50"])
        fill(stored(self.head), weights["decoder_and_output"])
        self._norms = [copy.deepcopy(norm.state_dict()) for norm in self._all_norms()]
        self.seen: dict[str, Tensor] = {}
        blocks = {"bridge": self.head.bridge} | {f"up{i}": up for i, up in enumerate(self.head.ups, 1)}
        for name, module in blocks.items():
            module.register_forward_hook(lambda _m, _i, output, name=name: self.seen.update({name: output}))

    def _all_norms(self) -> list[nn.Module]:
        both = [*self.backbone.modules(), *self.head.modules()]
        return [module for module in both if isinstance(module, nn.BatchNorm2d)]

    def reset(self, *, backbone_trains: bool, head_trains: bool) -> None:
        """Set the running statistics as listed and the modes as asked."""
        for norm, state in zip(self._all_norms(), self._norms, strict=True):
            norm.load_state_dict(state)
        self.backbone.train(backbone_trains)
        self.head.train(head_trains)
        self.seen.clear()

    def features(self) -> dict[int, Tensor]:
        """Return the backbone's maps of the image, and the image."""
        maps = {int(stride): value for stride, value in self.backbone(self.image).items()}
        self.seen |= {name: maps[stride] for name, stride in STRIDES.items() if stride in maps}
        return {1: self.image, **maps}

    def loss(self, logits: Tensor) -> Tensor:
        return dice_loss(logits, self.mask.view(logits.shape))

    def layer(self, name: str) -> nn.Module:
        """Return a layer by its descriptive name, such as `up1.block2.conv`."""
        if name.startswith("resnet."):
            return self.backbone.get_submodule(name.removeprefix("resnet."))
        if name == "segmentation.out":
            return self.head.out
        block, _, rest = name.partition(".")
        if rest == "upsample":
            return self.head.get_submodule(f"ups.{int(block[2:]) - 1}.upsample")
        number, _, part = rest.partition(".")
        within = {"conv": 0, "bn": 1}[part]
        if block == "bridge":
            return self.head.get_submodule(f"bridge.{int(number[5:]) - 1}.{within}")
        return self.head.get_submodule(f"ups.{int(block[2:]) - 1}.{number}.{within}")


def stored(module: nn.Module) -> list[Tensor]:
    """Return parameters and running statistics in order."""
    state = module.state_dict(keep_vars=True)
    return [tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")]


def check_resunet(golden: GoldenFile) -> Iterator[Comparison | Failure]:
    """Compare feature maps in four modes, and loss and gradient norms of two training steps."""
    networks = Networks(golden)
    modes = {
        "decoder_eval": (False, False),
        "decoder_train": (False, True),
        "full_eval": (False, False),
        "full_frozen": (False, True),
    }
    for case, (backbone_trains, head_trains) in modes.items():
        networks.reset(backbone_trains=backbone_trains, head_trains=head_trains)
        yield from guarded(case, maps_case, golden, networks, case)
    yield from guarded("frozen_step", frozen_case, golden, networks, "frozen_step")
    yield from guarded("finetune_step", finetune_case, golden, networks, "finetune_step")


def maps_case(golden: GoldenFile, networks: Networks, case: str) -> Iterator[Comparison]:
    with torch.no_grad():
        features = networks.decoder_inputs if case.startswith("decoder") else networks.features()
        networks.head(features)
    names = [name for name in golden.outputs() if name.startswith(f"{case}_")]
    for level in dict.fromkeys(name.removeprefix(f"{case}_").rsplit("_", 1)[0] for name in names):
        value = networks.seen[level]
        yield from sampled(golden, value, f"{case}_{level}", case)


def sampled(golden: GoldenFile, value: Tensor, prefix: str, case: str) -> Iterator[Comparison]:
    """Yield the comparisons of a map by its statistics, sampled values and slice."""
    flat = value.double().numpy().ravel()
    statistics = [flat.mean(), flat.std(), np.linalg.norm(flat), flat.min(), flat.max(), np.abs(flat).sum()]
    yield golden.compare(f"{prefix}_stats", np.array(statistics), case)
    # The indices were drawn when the vectors were made: all there is to hold is that they lie in the map.
    index = golden.array(f"{prefix}_idx")
    yield golden.compare(f"{prefix}_idx", index.clip(0, flat.size - 1), case)
    yield golden.compare(f"{prefix}_val", flat[index.clip(0, flat.size - 1)], case)
    if f"{prefix}_slice" in golden.arrays:
        steps = slice_steps(golden.arrays[f"{prefix}_slice"]["meaning"])
        yield golden.compare(f"{prefix}_slice", value[tuple(slice(None, None, step) for step in steps)], case)


def slice_steps(meaning: str) -> list[int]:
    """Return the steps of a slice such as `up5[:, ::16, ::8, ::8]`."""
    found = re.search(r"\[(:[:\d, ]*)\]", meaning)
    if found is None:
        raise GoldenError(f"no slice such as `[:, ::8]` in {meaning!r}")
    return [int(axis.strip().lstrip(":") or 1) for axis in found[1].split(",")]


def frozen_case(golden: GoldenFile, networks: Networks, case: str) -> Iterator[Comparison]:
    networks.reset(backbone_trains=False, head_trains=True)
    with torch.no_grad():
        features = networks.features()
    logits = networks.head(features)
    loss = networks.loss(logits)
    expected = golden.arrays[f"{case}_probs"]["shape"]
    yield golden.compare(f"{case}_probs", torch.sigmoid(logits).view(expected), case)
    yield golden.compare(f"{case}_loss", loss, case)
    yield from gradient_norms(golden, networks, loss, case)


def finetune_case(golden: GoldenFile, networks: Networks, case: str) -> Iterator[Comparison]:
    networks.reset(backbone_trains=True, head_trains=True)
    loss = networks.loss(networks.head(networks.features()))
    yield golden.compare(f"{case}_loss", loss, case)
    yield from gradient_norms(golden, networks, loss, case)


def gradient_norms(golden: GoldenFile, networks: Networks, loss: Tensor, case: str) -> Iterator[Comparison]:
    """Yield the comparison of the norms of the loss's gradient with respect to the named layers' weights."""
    names = golden.entry.get(f"{case}_gradnorm_names")
    if names is None:
        raise GoldenError(f"{case}: no {case}_gradnorm_names in the manifest")
    weights: list[Any] = [networks.layer(name).weight for name in names]
    norms = [gradient.double().norm().item() for gradient in torch.autograd.grad(loss, weights)]
    yield golden.compare(f"{case}_gradnorms", np.array(norms), case)


CHECKS = {"resunet": check_resunet}
