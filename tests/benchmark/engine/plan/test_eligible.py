"""A backbone takes part in the tasks whose heads it can feed; in the others it does not, for a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from lovt_bench.benchmark.backbone.graph_submit import prepare_graph, write_graph_folder
from lovt_bench.benchmark.backbone.sources import RandomSource, resolve
from lovt_bench.benchmark.contract.backbone import Provenance
from lovt_bench.benchmark.engine.plan.eligible import check_eligible, eligible
from tests.benchmark.backbone.graphs import pyramid, saved
from tests.tasks.lovt_18 import LOVT_18


def test_a_graph_takes_part_in_frozen_tasks_of_its_levels_at_its_side(tmp_path: Path) -> None:
    prepared = prepare_graph(saved(pyramid(side=64), tmp_path / "m.onnx"), {"level2": 2, "level32": 32})
    root = tmp_path / "backbones" / "mine"
    root.mkdir(parents=True)
    write_graph_folder(root, prepared, name="mine", display_name="Mine", provenance=Provenance(method="mine"))
    source = resolve("mine", tmp_path)
    able, others = eligible(LOVT_18, source, lambda spec: 64)
    assert {(spec.head, spec.backbone) for spec in able} == {("linear", "frozen")}
    reasons = " ".join(others)
    assert "head yolov3 reads feature levels at strides [8, 16, 32], backbone mine has [2, 32]" in reasons
    assert "a graph that cannot be fine-tuned" in reasons
    with pytest.raises(
        ValueError, match=r"of 64 pixels only, tasks with the head linear have 224 in this.*--tasks"
    ):
        check_eligible(able, source, lambda spec: 224)


@pytest.mark.parametrize("architecture", ["resnet18", "timm.convnext_atto"])
def test_an_architecture_of_the_registry_takes_part_in_all(architecture: str) -> None:
    able, others = eligible(LOVT_18, RandomSource(architecture), lambda spec: 64)
    assert len(able) == 18
    assert not others
