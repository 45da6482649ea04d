"""The commands that make a row again, from what the table knows of it. Only validated names enter them."""

from __future__ import annotations

from benchmark.contract.leaderboard import Row, Table
from leaderboard.text import is_name


def commands(row: Row, table: Table) -> list[str]:
    """Return shell commands, none for numbers that were not measured here."""
    if table.kind != "runs":
        return []
    profile = f" --profile {table.profile}" if is_name(table.profile) else ""
    made = _pretraining(row) if row.evidence == "retrained" else []
    if row.evidence in ("validated", "reproduced"):
        made = [f"lovt-bench submit {row.id} --weights WEIGHTS"]
    return [*made, f"lovt-bench evaluate {row.id}{profile}", "lovt-bench leaderboard build"]


def _pretraining(row: Row) -> list[str]:
    method = row.provenance.get("method", row.method).lower()
    if not is_name(method):
        return []
    fraction = f" --fraction {row.fraction:g}" if row.fraction not in (None, 1.0) else ""
    return [f"lovt-bench pretrain {method}{fraction}"]
