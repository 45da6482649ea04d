"""A submission as somebody measured it: `submitted(workspace)` writes declaration, records, counts and boxes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from lovt_bench.benchmark.contract.prediction_file import PredictionFile, PredictionHeader, prediction_file
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.engine.record.prediction_format import to_bytes
from lovt_bench.benchmark.engine.record.prediction_reading import StoredPredictions
from lovt_bench.benchmark.engine.record.rescore import Stores, scores
from lovt_bench.leaderboard.run_plans import run_plans
from lovt_bench.tasks.detection import Detections
from lovt_bench.tasks.predictions import MaskPredictions, Predictions
from lovt_bench.tasks.scores import segmentation_scores
from lovt_bench.tasks.tuning import grid_edge
from tests.leaderboard.records import digest, record, write

MASKS, BOXES = "covid_linear", "rsna_frozen_1"
IMAGES = 4
PLAN = next(plan for plan in run_plans() if (plan.protocol, plan.profile) == ("lovt-2022", "quick"))


def submitted(workspace: Path, name: str, display_name: str, store: ImageStore | None = None) -> Path:
    """Write all of it and return the folder of the declaration; a task of boxes where there is a store for it."""
    folder = workspace / "submissions" / name
    declared = {
        "name": name,
        "display_name": display_name,
        "supervision": "self",
        "paper": "https://example.org/p",
        "pretraining_data": ["mimic-cxr"],
        "weights": {
            "file": "a.pth",
            "sha256": digest("a.pth"),
            "bytes": 5,
            "url": "https://example.org/a.pth",
            "architecture": "resnet18",
            "backbone_sha256": digest(name),
        },
    }
    folder.mkdir(parents=True)
    (folder / "submission.yaml").write_text(yaml.safe_dump(declared))
    for task in (MASKS, BOXES) if store else (MASKS,):
        write(workspace / "results", runs_of(workspace, name, task, store))
    return folder


def runs_of(workspace: Path, name: str, task: str, store: ImageStore | None) -> Iterator[RunRecord]:
    """Yield all runs of a task, without a contradiction, and write what the final ones predict."""
    spec, seed = PLAN.tasks[task], int(digest(name)[:6], 16)
    said: dict[str, Any] = {
        "task_sha256": spec.digest(),
        "protocol_sha256": PLAN.protocol_sha256,
        "profile": PLAN.profile,
        "profile_sha256": PLAN.profile_sha256,
        "metric": spec.metric,
        "monitor": spec.monitor,
        "test_images": IMAGES,
        "finished": "2026-01-02T03:04:05Z",
        **({"dataset_sha256": store.manifest.identity()} if store and task == BOXES else {}),
    }
    rates = spec.learning_rates
    for rate in rates:
        value = {spec.monitor: 0.2 if rate == rates[0] else 0.1}
        tuned: dict[str, Any] = {
            "phase": "tune",
            "seed": PLAN.tune_seed,
            "learning_rate": rate,
            "validation": value,
            "test": {},
        }
        if len(rates) > 1:
            yield record(name, task, **{**said, **tuned, "seconds": 1 + seed / 1e7})
    edge = grid_edge(rates[0], rates)
    for final in PLAN.final_seeds:
        rng = np.random.default_rng(seed + final)
        made = record(name, task, **{**said, "learning_rate": rates[0], "seed": final, "grid_edge": edge})
        rows, found = _boxes(store, rng) if task == BOXES and store else _masks(rng, len(spec.classes))
        side = 224 if task == BOXES else 64
        header = PredictionHeader(key=made.key, target=spec.target, classes=list(spec.classes), side=side)
        content = to_bytes(header, rows, found)
        if isinstance(found, MaskPredictions):
            test = segmentation_scores(found.counts, spec.classes)
        else:
            test = scores(Stores(workspace / "data").run(made), StoredPredictions(header, rows, found))
        kept = PredictionFile(
            file=prediction_file(task, made.key),
            sha256=hashlib.sha256(content).hexdigest(),
            bytes=len(content),
            masks=True if isinstance(found, MaskPredictions) else None,
        )
        path = workspace / "results" / "phantom" / name / kept.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        validated = {spec.monitor: 0.2 + rng.random() / 10}
        yield made.model_copy(update={"test": test, "validation": validated, "predictions": kept})


def _masks(rng: np.random.Generator, classes: int) -> tuple[np.ndarray, Predictions]:
    counts = torch.from_numpy(rng.integers(1, 200, (IMAGES, classes, 3)))
    masks = torch.from_numpy(rng.integers(0, 255, (IMAGES, classes, 64 * 64 // 8), dtype=np.uint8))
    return np.arange(IMAGES), MaskPredictions(counts, masks, 64)


def _boxes(store: ImageStore, rng: np.random.Generator) -> tuple[np.ndarray, Predictions]:
    rows = store.rows("test")[:IMAGES]
    boxes = np.concatenate([store.boxes(int(row))[:1] for row in rows]).astype(np.float32)
    boxes[0] = (0, 0, 8, 8)  # one is missed
    ones = torch.ones(IMAGES, dtype=torch.int64)
    found = Detections(
        torch.from_numpy(boxes),
        torch.from_numpy(rng.random(IMAGES, np.float32)),
        ones * 0,
        ones.float(),
        ones,
    )
    return rows, found
