"""Checkpoints of timm's networks: found by prefix, heads dropped, other depths and sizes refused."""

from __future__ import annotations

from typing import Any

import pytest
import timm
import torch
from torch import Tensor

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.understand.trunk import understand


def state(name: str, **options: Any) -> dict[str, Tensor]:
    return timm.create_model(name, num_classes=14, **options).state_dict()


@pytest.mark.parametrize(
    ("name", "heads"),
    [("convnext_atto", {"head"}), ("efficientnet_b0", {"conv_head", "bn2", "classifier"})],
)
def test_the_trunk_is_found_at_any_prefix_and_its_head_dropped(name: str, heads: set[str]) -> None:
    whole = state(name)
    found = understand(
        {"state_dict": {f"module.encoder_q.{key}": whole[key] for key in whole}}, f"timm.{name}"
    )
    assert found.report.encoder == "state_dict.module.encoder_q"
    assert {group.name.split(".")[3] for group in found.report.dropped} == heads
    assert all(torch.equal(tensor, whole[key]) for key, tensor in found.state.items())
    assert whole.keys() - found.state.keys() == {key for key in whole if key.split(".")[0] in heads}
    found.backbone()


def test_classifier_parts_within_a_trunks_module_are_dropped() -> None:
    """rexnet keeps its last convolution, which only the classifier reads, as features.16."""
    found = understand(state("rexnet_100"), "timm.rexnet_100")
    assert not any(key.startswith("features.16.") for key in found.state)


def test_a_first_layer_of_one_channel_becomes_one_of_three() -> None:
    grey = state("convnext_atto", in_chans=1)
    found = understand(grey, "timm.convnext_atto")
    assert torch.equal(found.state["stem.0.weight"], (grey["stem.0.weight"] / 3).repeat(1, 3, 1, 1))
    assert "stem.0.weight took one channel" in found.report.conversions[0]


@pytest.mark.parametrize(
    ("given", "asked", "message"),
    [
        (
            "regnetx_004",
            "timm.regnetx_002",
            r"have another shape: s1.b1.conv1.conv.weight expected \[24, 32, 1, 1\]",
        ),
        (
            "convnext_atto",
            "timm.convnext_femto",
            "the best match for timm.convnext_femto .*another shape.*The file fits timm.convnext_atto",
        ),
        ("densenet121", "resnet50", "The file fits timm.densenet121: pass --arch timm.densenet121"),
    ],
)
def test_another_depth_or_network_is_refused_with_the_right_name(
    given: str, asked: str, message: str
) -> None:
    with pytest.raises(BackboneError, match=message):
        understand(state(given), asked)
