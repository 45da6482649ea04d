"""What would waste an evaluation is found before it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lovt_bench.benchmark.backbone.folder import save_backbone
from lovt_bench.benchmark.backbone.model import Backbone
from lovt_bench.benchmark.backbone.sanity import check_sanity, find_twins, values_digest
from lovt_bench.benchmark.backbone.sources import random_draw
from lovt_bench.benchmark.backbone.understand.trunk import understand
from lovt_bench.benchmark.contract.backbone import Provenance
from tests.benchmark.backbone.understand import wild


@pytest.fixture
def backbone() -> Backbone:
    return understand(wild.trunk(), "resnet18").backbone()


def levels(backbone: Backbone) -> set[tuple[str, str]]:
    return {(finding.level, finding.subject) for finding in check_sanity(backbone)}


def test_a_sound_backbone_has_no_warning(backbone: Backbone) -> None:
    assert levels(backbone) == {("ok", "sanity")}


def test_an_untrained_one_is_a_warning() -> None:
    assert levels(random_draw("resnet18", 1)) == {("warning", "BatchNorm")}


def test_what_breaks_is_found(backbone: Backbone) -> None:
    state = {name: tensor.clone() for name, tensor in backbone.state_dict().items()}

    def changed(name: str, value: float) -> set[tuple[str, str]]:
        backbone.load_state_dict(state | {name: torch.full_like(state[name], value)})
        return levels(backbone)

    assert changed("layer1.0.bn1.running_var", -1e-9) >= {("error", "BatchNorm")}
    assert changed("bn1.bias", float("nan")) == {("error", "weights")}
    assert ("error", "c1") in changed("bn1.weight", 0.0), "every channel is its bias"
    assert ("error", "c5") in changed("layer4.1.bn2.bias", -1e6), "all units dead"
    assert ("error", "c5") in changed("layer4.1.bn2.bias", 1e6), "beyond half precision"


def test_twins_are_found_by_values_whatever_the_counters_say(backbone: Backbone, workspace: Path) -> None:
    save_backbone(
        workspace / "backbones" / "first",
        backbone,
        display_name="First",
        provenance=Provenance(method="first"),
        onnx=False,
    )
    state = dict(backbone.state_dict())
    other = understand({k: v for k, v in state.items() if "num_batches" not in k}, "resnet18").backbone()
    assert values_digest(other.state_dict()) == values_digest(state)
    assert find_twins(other, workspace, "second") == ["first"]
    assert find_twins(other, workspace, "first") == []
    assert ("error", "weights") in {(f.level, f.subject) for f in check_sanity(other, twins=["first"])}
    with torch.no_grad():
        other.get_parameter("layer4.1.bn2.bias")[0] += 1e-6
    assert find_twins(other, workspace, "second") == []
