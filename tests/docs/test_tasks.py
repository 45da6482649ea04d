"""docs/tasks.md: its table is the tasks' table, its fields are the schema's, and its example loads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.tasks.head import heads
from lovt_bench.tasks.metric import metrics
from lovt_bench.tasks.registry import read_task
from lovt_bench.tasks.suite import load_suites
from tests.conftest import REPOSITORY
from tests.tasks.additions.files import EXAMPLE
from tests.tasks.lovt_18 import LOVT_18

TEXT = (REPOSITORY / "docs" / "tasks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("spec", LOVT_18, ids=lambda spec: spec.id)
def test_the_table_has_the_task(spec):
    percent = f"{100 * spec.train_fraction:g} %"
    cells = [spec.number, f"`{spec.id}`", spec.dataset, percent, spec.published_train_images]
    cells += [spec.head, spec.backbone, spec.metric]
    assert "| " + " | ".join(map(str, cells)) + " |" in TEXT.splitlines()


def test_the_suites_stand_with_their_number_of_tasks():
    for suite in load_suites():
        assert f"| `{suite.name}` | {len(suite.tasks)} |" in TEXT


def test_every_field_and_every_metric_is_explained():
    fields = TEXT[TEXT.index("## Fields") : TEXT.index("## Add a task")]
    named = re.findall(r"`([^`]+)`", fields)
    assert set(TaskSpec.model_fields) <= set(named)
    for metric in (*metrics("boxes").values(), *metrics("masks").values()):
        assert set(metric.names) <= set(named)
    assert set(heads()) <= set(named)


def test_the_example_is_a_task(tmp_path: Path):
    path = tmp_path / "siim_linear.yaml"
    path.write_text(EXAMPLE)
    assert read_task(path).number not in {other.number for other in LOVT_18}
