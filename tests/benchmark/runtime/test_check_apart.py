"""The check runs apart: what breaks it is a finding, and does not break the harness."""

from __future__ import annotations

from pathlib import Path

import pytest

from lovt_bench.benchmark.backbone.findings import failed
from lovt_bench.benchmark.backbone.graph_submit import prepare_graph, write_graph_folder
from lovt_bench.benchmark.contract.backbone import Provenance
from lovt_bench.benchmark.runtime.check_apart import check_apart
from tests.benchmark.backbone.graphs import pyramid, saved


def test_a_folder_without_a_manifest_is_a_finding(tmp_path: Path):
    findings = check_apart(tmp_path)
    assert failed(findings)
    assert "holds no backbone.json" in findings[0].message


@pytest.mark.parametrize(
    ("memory", "seconds", "message"), [(1 << 20, 60, "broke off"), (6 << 30, 0.05, "did not end within")]
)
def test_what_takes_too_much_is_a_finding(tmp_path: Path, memory: int, seconds: float, message: str):
    prepared = prepare_graph(saved(pyramid(), tmp_path / "m.onnx"), {})
    root = tmp_path / "x"
    root.mkdir()
    write_graph_folder(root, prepared, name="x", display_name="X", provenance=Provenance(method="x"))
    findings = check_apart(root, memory=memory, seconds=seconds)
    assert failed(findings)
    assert message in findings[0].message
