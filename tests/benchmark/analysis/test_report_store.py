"""Features of reports are computed once, and again where their file was damaged."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from lovt_bench.benchmark.analysis import report_store
from lovt_bench.benchmark.analysis.report_store import ReportStore
from lovt_bench.submissions.common.image_text.features import ReportFeatures

CPU = torch.device("cpu")
REPORTS = [("No pneumothorax.", "The lungs are clear."), ("No pneumothorax.",)]
MASK = torch.tensor([[True, True], [True, False]])


def features(weights: bool = True) -> ReportFeatures:
    torch.manual_seed(0)
    return ReportFeatures(torch.rand(2, 2, 3), torch.rand(2, 3), torch.rand(2, 2) if weights else None, MASK)


def never() -> ReportFeatures:
    pytest.fail("features that are stored were computed again")


def equal(found: ReportFeatures, expected: ReportFeatures) -> bool:
    pairs = zip(found, expected, strict=True)
    return all(a is b if a is None or b is None else torch.equal(a, b) for a, b in pairs)


def store(root: Any, method: str = "1") -> ReportStore:
    return ReportStore(root, "tiny", method * 64, "2" * 64, CPU)


@pytest.mark.parametrize("weights", [True, False])
def test_what_is_stored_is_not_computed_again(tmp_path, weights):
    expected = features(weights)
    assert equal(store(tmp_path).batch(0, REPORTS, lambda: expected), expected)
    assert equal(store(tmp_path).batch(0, REPORTS, never), expected)
    assert store(tmp_path).folder != store(tmp_path, "3").folder
    # Another batch, or as many reports of it as there are, has another file: a report may depend on its batch.
    assert equal(store(tmp_path).batch(0, REPORTS[:1], features), features())


def test_what_older_code_made_of_reports_is_not_used(tmp_path, monkeypatch):
    store(tmp_path).batch(0, REPORTS, features)
    monkeypatch.setattr(report_store, "VERSION", report_store.VERSION + 1)
    assert equal(store(tmp_path).batch(0, REPORTS, lambda: features(False)), features(False))


DAMAGE: dict[str, dict[str, torch.Tensor]] = {
    "one missing": {"sentences": torch.rand(2, 2, 3), "mask": MASK},
    "other reports": {
        "sentences": torch.rand(3, 2, 3),
        "pooled": torch.rand(3, 3),
        "mask": torch.ones(3, 2).bool(),
    },
    "no number": {"sentences": torch.full((2, 2, 3), torch.nan), "pooled": torch.rand(2, 3), "mask": MASK},
    "no sentence": {
        "sentences": torch.rand(2, 2, 3),
        "pooled": torch.rand(2, 3),
        "mask": torch.zeros(2, 2).bool(),
    },
    "another type": {"sentences": torch.rand(2, 2, 3).double(), "pooled": torch.rand(2, 3), "mask": MASK},
}


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE)
def test_what_is_damaged_is_made_again(tmp_path, caplog, content):
    there = store(tmp_path)
    there.folder.mkdir()
    save_file(content, there.folder / "0-2.safetensors")
    assert equal(there.batch(0, REPORTS, features), features())
    assert "made again" in caplog.text
    assert equal(there.batch(0, REPORTS, never), features())


def test_a_file_that_was_cut_is_made_again(tmp_path):
    there = store(tmp_path)
    there.batch(0, REPORTS, features)
    path = there.folder / "0-2.safetensors"
    path.write_bytes(path.read_bytes()[:-5])
    assert equal(there.batch(0, REPORTS, features), features())
    assert equal(there.batch(0, REPORTS, never), features())
