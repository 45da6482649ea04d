"""One submission as text: who, which weights, what they have seen, what was claimed, what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lovt_bench.benchmark.contract.backbone import architecture_class
from lovt_bench.benchmark.contract.leaderboard import Overlap
from lovt_bench.leaderboard.show.layout import (
    cell_text,
    claimed_text,
    class_text,
    half_width,
    mean_rank_text,
    percent,
    signed_percent,
)
from lovt_bench.leaderboard.submission_view import NOTHING, Detail


def lines_of(found: Detail) -> Iterator[str]:
    """Yield a detail as text."""
    about = found.description
    facts = about.backbone
    fields = {
        "name": found.name,
        "display name": about.display_name,
        "method": about.method,
        "kind": found.kind,
        "declared in": found.where,
        "description": about.description,
        "supervision": about.supervision,
        "paper": about.paper or "",
        "evidence": found.evidence or f"{NOTHING} (no numbers, no weights here)",
        "pre-training data": ", ".join(about.pretraining_data) or "not declared",
        "architecture": f"{facts.architecture} ({architecture_class(facts.architecture)})" if facts else "",
        "parameters": f"{facts.parameters:,}" if facts and facts.parameters else "",
    }
    if found.submission and (weights := found.submission.weights):
        fields["weights"] = f"{weights.file}, {weights.bytes:,} bytes, SHA-256 {weights.sha256}"
        fields["weights from"] = str(weights.url or NOTHING)
    yield from _aligned(fields)
    yield ""
    yield "Lineage: may the pre-training data hold images of the evaluation datasets? (public data)"
    yield from _lineage(about.overlaps.get("public", []))
    if about.audit:
        yield ""
        yield "Audit of the submitter (declared, not verified)"
        yield from _aligned(about.audit, "  ")
    if facts and facts.provenance:
        yield ""
        yield "Provenance"
        yield from _aligned(facts.provenance, "  ")
    yield from _claims(found)
    for table in found.tables:
        yield ""
        yield f"{table.title} (table {table.id})"
        for row in table.rows:
            yield f"  {class_text(row)}, evidence {row.evidence}, mean rank {mean_rank_text(row)}"
            for cell in row.cells:
                text = cell_text(cell, table)
                yield f"  {cell.task:<32} {text:<16} {claimed_text(cell, table)}".rstrip()


def _lineage(marks: Sequence[Overlap]) -> Iterator[str]:
    """Yield each mark with its reasons once, and the datasets that have it."""
    groups: dict[tuple[str, ...], list[Overlap]] = {}
    for item in marks:
        groups.setdefault((item.mark, *item.reasons), []).append(item)
    for (mark, *reasons), members in groups.items():
        yield f"  {mark:<12} {', '.join(item.dataset for item in members)}"
        for reason in reasons:
            yield f"  {'':<12} {reason}"


def _claims(found: Detail) -> Iterator[str]:
    claimed = found.description.claimed
    if not claimed:
        return
    yield ""
    yield f"Claimed by the submitter ({found.description.claimed_track} data)"
    measured = {
        cell.task: (cell, table)
        for table in found.tables
        for row in table.rows
        for cell in row.cells
        if cell.claimed
    }
    for task, number in claimed.items():
        beside = "not measured here"
        if task in measured:
            cell, table = measured[task]
            beside = f"measured {cell_text(cell, table)}"
            if cell.claimed and cell.claimed.difference is not None:
                beside += f", difference {signed_percent(cell.claimed.difference)}"
        yield f"  {task:<32} {percent(number.value) + half_width(number.interval95):<14} {beside}"


def _aligned(fields: dict[str, str], indent: str = "") -> Iterator[str]:
    width = max(map(len, fields))
    for label, text in fields.items():
        if text:
            yield f"{indent}{label:<{width}}  {text}"
