"""Example predictions on phantom images: one script per task, images as files named by their content."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lovt_bench.benchmark.contract.example import ExampleBox, ExampleImage, ExampleSet
from lovt_bench.benchmark.contract.leaderboard import Leaderboard
from lovt_bench.leaderboard.show.page.contours import outline, png_bytes
from lovt_bench.leaderboard.show.page.script import in_registry

SHOWN = 8
"""Submissions shown per task: the best of them, so that a page of many submissions stays small."""


def example_files(
    leaderboard: Leaderboard, examples: Mapping[str, Sequence[ExampleSet]]
) -> tuple[dict[str, bytes], list[str]]:
    """Return the files to write by relative path, and the tasks that have examples.

    Raises:
        LeaderboardError: An image or a mask is not a PNG.
    """
    by_task: dict[str, list[ExampleSet]] = defaultdict(list)
    for item in (item for items in examples.values() for item in items):
        by_task[item.task].append(item)
    files: dict[str, bytes] = {}
    tasks = sorted(task for task in by_task if task.replace("_", "").isalnum())
    for task in tasks:
        ranks = _ranks(leaderboard, task)
        chosen = sorted(by_task[task], key=lambda item: (ranks.get(item.submission, 1e9), item.submission))
        shown = [_set(item, files) for item in chosen[:SHOWN]]
        content = {"sets": shown, "left_out": len(chosen) - len(shown)}
        files[f"examples/{task}.js"] = in_registry("LOVT_BENCH_EXAMPLES", task, content)
    return files, tasks


def _ranks(leaderboard: Leaderboard, task: str) -> dict[str, float]:
    """Return each row's rank on a task in the phantom tables."""
    return {
        row.id: cell.rank
        for table in leaderboard.tables
        if table.track == "phantom" and table.kind == "runs"
        for row in table.rows
        if (cell := row.cell(task)) and cell.rank
    }


def _set(item: ExampleSet, files: dict[str, bytes]) -> dict[str, Any]:
    images = [_image(image, files) for image in item.images]
    return {"row": item.submission, "run": item.run_key[:12], "side": item.side, "images": images}


def _image(image: ExampleImage, files: dict[str, bytes]) -> dict[str, Any]:
    content = png_bytes(image.png)
    path = f"examples/{hashlib.sha256(content).hexdigest()[:16]}.png"
    files[path] = content
    fields: dict[str, Any] = {
        "truth": _boxes(image.truth_boxes),
        "found": _boxes(image.predicted_boxes),
        "truth_mask": outline(image.truth_mask) if image.truth_mask else "",
        "found_mask": outline(image.predicted_mask) if image.predicted_mask else "",
    }
    return {"id": image.id, "src": path} | {name: value for name, value in fields.items() if value}


def _boxes(boxes: Iterable[ExampleBox]) -> list[list[Any]]:
    return [
        [round(box.x1, 1), round(box.y1, 1), round(box.x2, 1), round(box.y2, 1), box.label, box.confidence]
        for box in boxes
    ]
