"""Final runs with predictions of a known quality, beside a tiny store: `plant(...)` writes one."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lovt_bench.benchmark.contract.prediction_file import PredictionFile, PredictionHeader, prediction_file
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.data.format import unpack_masks
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.engine.inputs.targets import packed_masks
from lovt_bench.benchmark.engine.record.prediction_format import to_bytes
from lovt_bench.tasks.boxes import FRAME
from lovt_bench.tasks.detection import Detections
from lovt_bench.tasks.predictions import MaskPredictions, Predictions
from lovt_bench.tasks.profile import apply_profile, load_profile
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.leaderboard.records import record, write


def plant(
    root: Path,
    store: ImageStore,
    name: str,
    task: str,
    shares: np.ndarray,
    seed: int,
    *,
    masks: bool = True,
    predicted: bool = True,
    **changes: Any,
) -> RunRecord:
    """Write the record of a run with its predictions below `root/results`.

    Args:
        root: The workspace.
        store: What it was tested on.
        name: The row.
        task: Its task, of masks or of boxes.
        shares: (N,) how much of each image's lesion is found; a box is found from one half on.
        seed: Of the run.
        masks: Keep masks, not counts alone.
        predicted: Write predictions at all.
        changes: Fields of the record.
    """
    profile, protocol = load_profile("quick"), load_protocol()
    spec = apply_profile(load_task(task), profile)
    rows = store.rows("test")[: len(shares)]
    found: Predictions
    if spec.target == "masks":
        side = profile.image_side
        truth = packed_masks(store, rows, side)
        kept = (
            np.random.default_rng(seed).random((*truth.shape[:2], side, side)) < shares[:, None, None, None]
        )
        drawn = np.packbits((unpack_masks(truth, side) & kept).reshape(*truth.shape[:2], -1), axis=-1)
        parts = [drawn & truth, drawn & ~truth, ~drawn & truth]
        counts = np.stack([np.bitwise_count(part).sum(-1, dtype=np.int64) for part in parts], axis=-1)
        found, value = MaskPredictions(torch.from_numpy(counts), torch.from_numpy(drawn), side), shares.mean()
    else:
        side = int(FRAME)
        boxes = np.concatenate([store.boxes(int(row))[:1] for row in rows])
        boxes = boxes + np.where(shares < 0.5, 60, 0)[:, None] * np.array([1, 0, 0, 0])
        count = torch.ones(len(rows), dtype=torch.int64)
        found = Detections(
            torch.from_numpy(boxes.astype(np.float32)),
            torch.full((len(rows),), 0.9),
            count * 0,
            count.float(),
            count,
        )
        value = (shares >= 0.5).mean()
    made = record(
        name,
        task,
        float(value) * (1 - 1e-4 * (seed % 100)),
        dataset_sha256=store.manifest.identity(),
        task_sha256=spec.digest(),
        protocol_sha256=protocol.digest(),
        profile=profile.name,
        profile_sha256=profile.digest(),
        seed=seed,
        test_images=len(rows),
        metric=spec.metric,
        **changes,
    )
    if predicted:
        header = PredictionHeader(key=made.key, target=spec.target, classes=list(spec.classes), side=side)
        content = to_bytes(header, rows, found, masks)
        file = prediction_file(task, made.key)
        path = root / "results" / made.track / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        kept_masks = masks if spec.target == "masks" else None
        digest = hashlib.sha256(content).hexdigest()
        said = PredictionFile(file=file, sha256=digest, bytes=len(content), masks=kept_masks)
        made = made.model_copy(update={"predictions": said})
    write(root / "results", [made])
    return made
