"""Every output of the quick golden files is compared with something of our own: altered ones all fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.parity.compare import Comparison
from tests.parity.golden import FOLDER, GoldenFile, read_manifest
from tests.parity.runner import load_checks, run_file

QUICK = (
    "baseline_pixelpro",
    "baseline_simclr_byol",
    "dice_loss",
    "metric_dice",
    "metric_froc",
    "pretrain_cross_attention",
    "pretrain_global",
    "pretrain_local",
    "pretrain_lovt_step",
    "pretrain_sentence_pooling",
    "seg_head_linear",
    "yolo_loss_1cls",
    "yolo_nms",
)


def altered(value: np.ndarray, entry: dict[str, Any]) -> np.ndarray:
    """Return an output moved by ten times its tolerance, whole numbers by one."""
    if value.dtype.kind in "biu":
        return (value + 1).astype(value.dtype)
    if "rtol_of_max" in entry:
        step: Any = entry["rtol_of_max"] * np.abs(value).max(initial=0)
    else:
        step = entry["atol"] + entry["rtol"] * np.abs(value)
    return (value + 10 * step + 1e-6).astype(value.dtype)


@pytest.mark.parametrize("stem", QUICK)
def test_each_altered_output_fails_its_own_comparison(tmp_path: Path, stem: str):
    entry = read_manifest(FOLDER)[f"{stem}.npz"]
    kinds = {name: array for name, array in entry["arrays"].items() if array["kind"] == "output"}
    with np.load(FOLDER / f"{stem}.npz") as stored:
        arrays = {
            name: altered(stored[name], kinds[name]) if name in kinds else stored[name]
            for name in stored.files
        }
    np.savez(tmp_path / f"{stem}.npz", **arrays)  # type: ignore[arg-type]
    checks, _ = load_checks()
    check = next(check for pattern, check in checks.items() if Path(stem).match(pattern))
    comparisons = list(check(GoldenFile(tmp_path / f"{stem}.npz", entry)))
    assert len(comparisons) == len(kinds)
    for item in comparisons:
        assert isinstance(item, Comparison)
        assert item.ratio() > 1, item.quantity
    assert not any(result.passed for result in run_file(tmp_path / f"{stem}.npz", entry, checks))
