"""A small folder in the format of the golden vectors, other sizes and names, from slow copies of the text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from lovt_bench.tasks.protocol import load_protocol
from tests.tasks.losses.test_dice import plain_dice
from tests.tasks.metrics.test_froc import plain_froc


def write_small_set(folder: Path) -> Path:
    """Write `metric_froc.npz`, `dice_loss.npz` and their manifest; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    froc, dice = _froc(), _dice()
    manifest = {"metric_froc.npz": _save(folder / "metric_froc.npz", froc)}
    manifest["dice_loss.npz"] = _save(folder / "dice_loss.npz", dice)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "README.md").write_text("Not a file of vectors.")
    return folder


def edit_arrays(path: Path, **changes: Any) -> None:
    """Replace arrays of a file, or take them out where the value is None."""
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    arrays |= {name: value for name, value in changes.items() if value is not None}
    for name in [name for name, value in changes.items() if value is None]:
        arrays.pop(name)
    np.savez(path, **arrays)


def edit_manifest(folder: Path, name: str, change: Any) -> None:
    """Apply a function to one entry of the manifest in place."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest[name])
    path.write_text(json.dumps(manifest))


Arrays = dict[str, tuple[np.ndarray, str, dict[str, Any]]]


def _save(path: Path, arrays: Arrays) -> dict[str, Any]:
    np.savez(path, **{name: value for name, (value, _, _) in arrays.items()})  # type: ignore[arg-type]
    entries = {
        name: {"shape": list(value.shape), "dtype": str(value.dtype), "meaning": meaning, **more}
        for name, (value, meaning, more) in arrays.items()
    }
    return {"title": path.stem, "how": "slow copies of the protocol's text", "arrays": entries}


def _output(atol: float) -> dict[str, Any]:
    return {"kind": "output", "rtol": 0, "atol": atol}


def _froc() -> Arrays:
    rng = np.random.default_rng(5)
    given = {"kind": "input"}
    arrays: Arrays = {}
    for case, images in (("first", 3), ("with_underscore", 11)):
        boxes = [rng.integers(1, 100, (rng.integers(1, 4), 4)) / 2 for _ in range(images)]
        predictions = [rng.integers(1, 100, (rng.integers(0, 9), 5)) / 2 for _ in range(images)]
        value = plain_froc([list(map(tuple, p)) for p in predictions], boxes, load_protocol().metrics)
        rows = np.concatenate(predictions).astype(np.float32)
        arrays |= {
            f"{case}_pred_boxes": (rows[:, :4], "", given),
            f"{case}_pred_conf": (rows[:, 4], "", given),
            f"{case}_pred_counts": (np.array([len(p) for p in predictions]), "", given),
            f"{case}_gt_boxes": (np.concatenate(boxes).astype(np.float32), "", given),
            f"{case}_gt_counts": (np.array([len(b) for b in boxes]), "", given),
            f"{case}/froc": (np.array(value), "fROC", _output(1e-6)),
        }
    return arrays


def _dice() -> Arrays:
    rng = np.random.default_rng(6)
    arrays: Arrays = {}
    for case, shape in (("tiny", (1, 2, 3, 5)), ("wide", (3, 1, 8, 4))):
        logits = rng.normal(0, 1, shape).astype(np.float32)
        mask = rng.random(shape) < 0.4
        p = 1 / (1 + np.exp(-logits.astype(np.float64)))
        overlap, total = (p * mask).sum(), p.sum() + mask.sum()
        dice, entropy = plain_dice(logits, mask), -np.log(np.where(mask, p, 1 - p)).mean()
        gradient = p * (1 - p) * (-2 * mask / total + 2 * overlap / total**2)
        arrays |= {
            f"{case}_logits": (logits, "(B,C,H,W)", {"kind": "input"}),
            f"{case}_mask": (np.packbits(mask), f"packbits of shape {list(shape)}", {"kind": "input"}),
            f"{case}_dice": (np.array(dice, np.float32), "", _output(1e-5)),
            f"{case}_dice_grad": (gradient.astype(np.float32), "", _output(1e-6)),
            f"{case}_bce": (np.array(entropy, np.float32), "", _output(1e-5)),
            f"{case}_bcedice": (np.array(entropy + dice, np.float32), "", _output(1e-5)),
        }
    return arrays
