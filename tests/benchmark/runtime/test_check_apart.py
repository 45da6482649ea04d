"""The check runs apart: what breaks it is a finding, and does not break the harness."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.backbone.findings import failed
from benchmark.runtime.check_apart import check_apart


def test_a_folder_without_a_manifest_is_a_finding(tmp_path: Path):
    findings = check_apart(tmp_path)
    assert failed(findings)
    assert "holds no backbone.json" in findings[0].message


@pytest.mark.parametrize(
    ("memory", "seconds", "message"), [(1 << 20, 60, "broke off"), (6 << 30, 0.05, "did not end within")]
)
def test_what_takes_too_much_is_a_finding(tmp_path: Path, memory: int, seconds: float, message: str):
    findings = check_apart(tmp_path, memory=memory, seconds=seconds)
    assert failed(findings)
    assert message in findings[0].message
