"""ResNets differ from torchvision's in nothing but the missing classifier."""

from __future__ import annotations

import pytest
import torch
from torchvision.models import get_model
from torchvision.models.feature_extraction import create_feature_extractor

from lovt_bench.benchmark.backbone.registry import architectures, blueprint, build
from lovt_bench.benchmark.backbone.sources import random_draw

RESNETS = [name for name in architectures() if name.startswith(("res", "wide"))]


def test_resnet50_has_the_parameters_and_levels_of_the_protocol() -> None:
    """evaluation.md section 6."""
    plan = blueprint("resnet50")
    assert plan.parameter_count == 23_508_032
    assert [(level.name, level.channels, level.stride) for level in plan.levels] == [
        ("c1", 64, 2),
        ("c2", 256, 4),
        ("c3", 512, 8),
        ("c4", 1024, 16),
        ("c5", 2048, 32),
    ]


@pytest.mark.parametrize("name", RESNETS)
def test_state_dict_is_torchvisions_without_the_classifier(name: str) -> None:
    with torch.device("meta"):
        theirs = get_model(name, weights=None).state_dict()
    ours = blueprint(name).state_dict()
    assert list(ours) == [key for key in theirs if not key.startswith("fc.")]
    assert all(ours[key].shape == theirs[key].shape for key in ours)


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
@pytest.mark.parametrize("side", [64, 96])
def test_levels_equal_torchvisions_intermediate_outputs(name: str, side: int) -> None:
    theirs = get_model(name, weights=None).eval()
    ours = build(name).eval()
    ours.load_state_dict({k: v for k, v in theirs.state_dict().items() if not k.startswith("fc.")})
    nodes = {"relu": "2", "layer1": "4", "layer2": "8", "layer3": "16", "layer4": "32"}
    image = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = create_feature_extractor(theirs, nodes)(image)
        found = ours(image)
    assert list(found) == [2, 4, 8, 16, 32]
    for level in ours.levels:
        assert found[level.stride].shape == (2, level.channels, side // level.stride, side // level.stride)
        torch.testing.assert_close(found[level.stride], expected[str(level.stride)], rtol=0, atol=0)


def test_random_draw_is_torchvisions_default_initialisation() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(7)
        theirs = get_model("resnet18", weights=None).state_dict()
    ours = random_draw("resnet18", 7).state_dict()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)


@pytest.mark.parametrize("shape", [(1, 3, 100, 96), (1, 1, 64, 64), (3, 64, 64)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"\(N, 3, S, S\) with S divisible by 32"):
        random_draw("resnet18", 0)(torch.zeros(shape))
