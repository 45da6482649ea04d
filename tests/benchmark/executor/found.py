"""What the records of a workspace say. No torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.engine.plan.recorded import load_records


def results(root: Path) -> dict[str, dict[str, Any]]:
    """Return what all records of a workspace say, by key, without what differs between two equal runs."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((root / "results").rglob("*.jsonl")):
        text = path.read_text(encoding="utf-8")
        records = load_records(path)
        assert len(records) == text.count("\n"), f"{path.name} holds a run twice"
        found |= {key: comparable(record) for key, record in records.items()}
    return found


def comparable(record: RunRecord) -> dict[str, Any]:
    """Return the record without times and costs."""
    costs = dict.fromkeys(("seconds", "finished", "peak_memory_bytes", "energy_joules"), True)
    measured = {"peak_host_bytes", "peak_device_bytes", "forward_images_per_second"}
    return record.model_dump(exclude={**costs, "made_with": measured})


def lines(root: Path) -> set[str]:
    """Return all whole lines of records, byte for byte."""
    found: set[str] = set()
    for path in (root / "results").rglob("*.jsonl"):
        text = path.read_text(encoding="utf-8")
        found.update(text[: text.rfind("\n") + 1].splitlines())
    return found
