"""The names that a task file may ask for are the names that its evaluation gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.declared import InvalidDeclarationError
from lovt_bench.tasks.metric import metric_names, metrics
from lovt_bench.tasks.objective import build_objective
from lovt_bench.tasks.protocol import load_protocol
from tests.tasks.lovt_18 import LOVT_18

SPECS = LOVT_18


@pytest.mark.parametrize("task", [1, 15, 10, 18])
def test_an_extended_pass_gives_every_name(task: int):
    spec = SPECS[task - 1]
    metrics = build_objective(spec, load_protocol()).new_metrics(extended=True)
    if spec.target == "boxes":
        maps = [torch.zeros(1, 18, grid, grid) for grid in (1, 2, 4)]
        metrics.update(maps, BoxTarget.pack([np.array([(60, 80, 60, 80)])]))
    else:
        masks = torch.ones(1, len(spec.classes), 4, 4, dtype=torch.uint8)
        metrics.update(torch.zeros(masks.shape), masks)
    assert sorted(metrics.compute()) == sorted(metric_names(spec))


def test_a_metric_of_boxes_is_told_no_class(tmp_path: Path):
    (tmp_path / "mine.py").write_text('METRIC = Metric(names=("<class>_AP",), target="boxes")\n')
    with pytest.raises(InvalidDeclarationError, match="<class>_AP is of single classes"):
        metrics("boxes", tmp_path)


@pytest.mark.parametrize("field", ['reads="masks"', 'datasets=("rsna",)'])
def test_a_metric_of_boxes_has_nothing_that_only_masks_have(tmp_path: Path, field: str):
    (tmp_path / "mine.py").write_text(
        f'METRIC = Metric(names=("x",), target="boxes", beside=True, {field})\n'
    )
    with pytest.raises(InvalidDeclarationError, match="reads masks and datasets are for metrics of masks"):
        metrics("boxes", tmp_path)


def test_two_files_of_one_metric_are_refused(tmp_path: Path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text('METRIC = Metric(names=("mine",), target="boxes")\n')
    with pytest.raises(InvalidDeclarationError, match=r"two\.py: the metric mine is that of one\.py, too"):
        metrics("boxes", tmp_path)
    assert metrics("masks", tmp_path) == {}
