"""Convolutional networks under names of before, or of other frameworks, give the same tensors."""

from __future__ import annotations

import re

import pytest
import torch
import torchvision

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.understand.trunk import understand
from tests.benchmark.backbone.understand import wild


def test_densenet_of_2018() -> None:
    whole = torchvision.models.densenet121(num_classes=14).state_dict()
    dotted = {
        re.sub(r"(denselayer\d+)\.(norm|conv)([12])\.", r"\1.\2.\3.", name): tensor
        for name, tensor in whole.items()
    }
    assert dotted.keys() != whole.keys()
    found = understand({"state_dict": wild.below("module.densenet121.", dotted)}, None)
    assert found.report.architecture == "timm.densenet121"
    assert all(torch.equal(tensor, whole[name]) for name, tensor in found.state.items())


def detectron2(state: wild.State) -> wild.State:
    def renamed(name: str) -> str:
        name = re.sub(r"^conv1\.", "stem.conv1.", re.sub(r"^bn1\.", "stem.conv1.norm.", name))
        name = re.sub(r"^layer(\d)\.", lambda found: f"res{int(found[1]) + 1}.", name)
        name = re.sub(r"\.bn(\d)\.", r".conv\1.norm.", name)
        return name.replace("downsample.0.", "shortcut.").replace("downsample.1.", "shortcut.norm.")

    return {
        f"backbone.bottom_up.{renamed(name)}": tensor
        for name, tensor in state.items()
        if "num_batches" not in name
    }


def test_detectron2() -> None:
    found = understand({"model": detectron2(wild.trunk())}, None)
    assert found.report.architecture == "resnet18"
    assert found.report.layout == "Detectron2's ResNet"
    own = wild.trunk()
    assert all(torch.equal(found.state[name], own[name]) for name in own if "num_batches" not in name)


def test_detectron2s_bottlenecks_are_a_question() -> None:
    """Those of MSRA have their strides in the first convolution of a block, where torchvision's have none."""
    own = wild.trunk("resnet50")
    theirs = {"model": detectron2(own)}
    with pytest.raises(
        BackboneError, match=r"unless MODEL\.RESNETS\.STRIDE_IN_1X1 is False.*--arch resnet50; if not"
    ):
        understand(theirs, None)
    found = understand(theirs, "resnet50")
    assert all(torch.equal(found.state[name], own[name]) for name in own if "num_batches" not in name)
