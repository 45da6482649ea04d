"""One ResNet-50 as the libraries of the field write it: all files give the same backbone."""

from __future__ import annotations

import copy
from functools import cache

import pytest
import torch
from torch import Tensor, nn

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.sanity import probe_images
from lovt_bench.benchmark.backbone.understand.trunk import understand
from tests.benchmark.backbone.understand import wild

ARCHITECTURE = "resnet50"


def features(network: nn.Module, images: Tensor) -> list[Tensor]:
    """Return what torchvision's own forward computes after the stem and each stage, in float64."""
    network = copy.deepcopy(network).double().eval()
    stem, found = nn.Sequential(*list(network.children())[:3]), []
    with torch.inference_mode():
        found.append(stem(images.double()))
        hidden = network.get_submodule("maxpool")(found[0])
        for stage in ("layer1", "layer2", "layer3", "layer4"):
            hidden = network.get_submodule(stage)(hidden)
            found.append(hidden)
    return found


def furthest(content: object, expected: list[Tensor]) -> float:
    """Return the largest difference of a level, relative to its largest value, in float64 arithmetic."""
    backbone = understand(content, ARCHITECTURE).backbone().double()
    with torch.inference_mode():
        maps = backbone(grey().double())
    pairs = zip((maps[level.stride] for level in backbone.levels), expected, strict=True)
    return max(float((ours - theirs).abs().max() / theirs.abs().max()) for ours, theirs in pairs)


@cache
def original() -> list[Tensor]:
    return features(wild.network(ARCHITECTURE), grey())


def grey() -> Tensor:
    """Return a grey image repeated to three channels."""
    return probe_images()[:1, :1, :64, :64].repeat(1, 3, 1, 1)


@pytest.mark.parametrize("layout", wild.LOSSLESS)
def test_the_trunk_is_the_same_to_the_bit(layout: str) -> None:
    found = understand(wild.LOSSLESS[layout](ARCHITECTURE), ARCHITECTURE)
    expected = wild.trunk(ARCHITECTURE)
    assert found.state.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found.state[name].dtype == tensor.dtype
        assert torch.equal(found.state[name], tensor), name
    assert len(found.report.matched) == 318


def test_one_channel_gives_the_features_of_before() -> None:
    network = copy.deepcopy(wild.network(ARCHITECTURE))
    network.conv1 = nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)
    content = wild.one_channel(ARCHITECTURE)
    network.load_state_dict(content)
    assert furthest(content, features(network, grey()[:, :1])) < 1e-6


@pytest.mark.parametrize(
    ("dtype", "lost"), [(torch.float16, 2e-3), (torch.bfloat16, 2e-2), (torch.float64, 0)]
)
def test_other_precisions_give_the_features_of_their_own_weights(dtype: torch.dtype, lost: float) -> None:
    """Nothing is lost on the way; `lost` is what the file itself lost against the network it was made from."""
    content = wild.in_half(ARCHITECTURE, dtype)
    rounded = copy.deepcopy(wild.network(ARCHITECTURE)).to(dtype).float()
    assert furthest({"state_dict": wild.below("module.", content)}, features(rounded, grey())) < 1e-6
    against_the_original = furthest(content, original())
    assert against_the_original <= lost + 1e-12
    assert (against_the_original > 1e-6) == (dtype != torch.float64)


def test_an_average_that_moved_is_picked_by_name() -> None:
    content = {"model": wild.trunk(ARCHITECTURE), "model_ema": {"module": wild.trunk(ARCHITECTURE, seed=1)}}
    with pytest.raises(
        BackboneError, match=r"2 encoders fit resnet50 and differ.*--encoder model_ema\.module"
    ):
        understand(content, ARCHITECTURE)
    found = understand(content, ARCHITECTURE, "model_ema")
    assert torch.equal(found.state["conv1.weight"], wild.trunk(ARCHITECTURE, seed=1)["conv1.weight"])
