"""Networks with maps of several strides from a configuration: maps are those of transformers' own forward."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch

from lovt_bench.benchmark.backbone.architectures.hf import from_config
from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.registry import blueprint
from tests.benchmark.backbone.hf.tiny import STAGES, TOLERANCE, backbone_of, image_of, origin_maps, saved


@pytest.fixture(scope="module", params=STAGES)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A folder and the network that its library reads from it."""
    folder = tmp_path_factory.mktemp("hf")
    return folder, saved(STAGES[request.param], folder)


def test_maps_are_what_the_librarys_stages_leave(case: tuple[Path, Any]) -> None:
    folder, origin = case
    backbone = backbone_of(folder)
    sides = (224,) if backbone.fixed_side else (224, 256)
    for side in sides:
        with torch.inference_mode():
            found = backbone(image_of(side))
            # A copy: Swin of the library shrinks its windows for good when it sees a small image.
            wanted = origin_maps(copy.deepcopy(origin), image_of(side))
        for stride, theirs in zip((4, 8, 16, 32), wanted, strict=True):
            assert found[stride].shape == theirs.shape == (2, theirs.shape[1], side // stride, side // stride)
            assert (found[stride] - theirs).abs().max() <= TOLERANCE * theirs.abs().max()


def test_a_small_image_leaves_the_network_as_it_was(case: tuple[Path, Any]) -> None:
    """Windows that were made smaller for a small image would stay so."""
    folder, _ = case
    backbone = backbone_of(folder)
    if backbone.fixed_side:
        with pytest.raises(BackboneError, match="224 pixels only"):
            backbone(image_of(64))
        return
    with torch.inference_mode():
        before = backbone(image_of(224))
        assert [tuple(each.shape[2:]) for each in backbone(image_of(64)).values()] == [
            (64 // stride, 64 // stride) for stride in (2, 4, 8, 16, 32)
        ]
        after = backbone(image_of(224))
    assert all(torch.equal(before[stride], after[stride]) for stride in before)


def test_training_is_without_noise_and_reaches_every_weight(case: tuple[Path, Any]) -> None:
    folder, _ = case
    backbone = backbone_of(folder)
    maps = backbone.train()(image_of(224))
    sum(each.square().mean() for stride, each in maps.items() if stride > 2).backward()
    assert [name for name, each in backbone.named_parameters() if each.grad is None] == []
    again = backbone(image_of(224))
    assert all(torch.equal(maps[stride], again[stride]) for stride in maps)


def test_a_resnet_of_torchvision_goes_by_torchvisions_name() -> None:
    """So that it belongs to the paper class; another stride makes another network."""
    assert from_config({"model_type": "resnet"}) == ("resnet50", None)
    assert from_config({"model_type": "resnet", "layer_type": "basic", "hidden_sizes": [64, 128, 256, 512]})[
        0
    ] == ("resnet34")
    assert from_config({"model_type": "resnet", "downsample_in_bottleneck": True})[0] == "hf.resnet"


def test_strides_are_looked_at_not_believed() -> None:
    with pytest.raises(BackboneError, match="strides 4, 8, 16 and 32"):
        blueprint("hf.convnext", {"config": {"patch_size": 8}})
    with pytest.raises(BackboneError, match="no option levels"):
        blueprint("hf.convnext", {"levels": "last"})
