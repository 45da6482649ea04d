"""Run records in a line: `record("random", "covid_linear", 0.3)`; a test overrides what it is about."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lovt_bench.benchmark.contract.run_record import RunKey, RunRecord
from lovt_bench.leaderboard.board.records import RecordFile, RecordSet
from tests.benchmark.contract.made import made_with
from tests.tasks.lovt_18 import LOVT_18

TASKS = {spec.id: spec for spec in LOVT_18}


def digest(text: str) -> str:
    """Return a stand-in for the digest of something called `text`."""
    return hashlib.sha256(text.encode()).hexdigest()


def record(
    submission: str = "random", task: str = "covid_linear", value: float | None = 0.3, **changes: Any
) -> RunRecord:
    """Return a valid final run, diverged if the value is None. Other arguments replace fields of it."""
    spec = TASKS.get(task, TASKS["covid_linear"])
    key: dict[str, Any] = {
        "task": task,
        "backbone_sha256": digest(submission),
        "dataset_sha256": digest(spec.dataset),
        "task_sha256": digest(task),
        "protocol": "lovt-2022",
        "protocol_sha256": digest("lovt-2022"),
        "profile": "demo",
        "profile_sha256": digest("demo"),
        "engine": "fast",
        "phase": "final",
        "learning_rate": 0.01,
        "seed": 12345,
        "normalisation_sha256": None,
    }
    fields: dict[str, Any] = {
        "submission": submission,
        "track": "phantom",
        "splits": "seeded",
        "device": "cpu",
        "precision": "float32",
        "status": "diverged" if value is None else "ok",
        "monitor": spec.monitor,
        "metric": spec.metric,
        "validation": {} if value is None else {spec.monitor: value},
        "test": {} if value is None else {spec.metric: value},
        "best_epoch": 0,
        "epochs": 1,
        "train_images": 32,
        "validation_images": 12,
        "test_images": 24,
        "seconds": 1.0,
        "finished": "2026-01-02T03:04:05Z",
    }
    for name, change in changes.items():
        (key if name in key else fields)[name] = change
    if fields.get("schema_version") != 1:
        fields.setdefault("made_with", made_with(fields["device"]))
    run = RunKey(**key)
    return RunRecord(key=run.key(), run=run, **fields)


def runs(submission: str, task: str, values: Sequence[float | None], **changes: Any) -> list[RunRecord]:
    """Return one final run per value, seeds 12345 and on."""
    return [
        record(submission, task, value, seed=12345 + index, **changes) for index, value in enumerate(values)
    ]


def record_set(records: Iterable[RunRecord]) -> RecordSet:
    """Return records as if read from disk."""
    by_path: dict[str, list[RunRecord]] = {}
    for item in records:
        by_path.setdefault(f"{item.track}/{item.submission}/{item.run.task}.jsonl", []).append(item)
    return RecordSet(
        tuple(RecordFile(path, digest(path), tuple(members)) for path, members in sorted(by_path.items()))
    )


def write(results: Path, records: Iterable[RunRecord]) -> Path:
    """Write records where they belong and return the results folder."""
    for item in records:
        path = results / item.track / item.submission / f"{item.run.task}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as stream:
            stream.write(item.to_json(indent=None))
    return results
