"""The replication gate: do Random and ImageNet reach their published values under the protocol of this repository?

Two one-sided tests a cell (D. J. Schuirmann, J. Pharmacokinet. Biopharm. 15 (1987) 657), by interval inclusion. The
published mean is taken as it stands; its own interval is a part of the margin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

from scipy.special import stdtrit

from lovt_bench.benchmark.contract.leaderboard import Cell, Leaderboard, Table
from lovt_bench.benchmark.contract.replication import ReplicatedCell, Replication, Verdict
from lovt_bench.leaderboard.board.published import ReplicationRule

ALPHA = 0.05
"""Of each of the two tests."""

NOT_YET = "not yet replicated on real data"


def replicate(measured: Table | None, published: Table, rule: ReplicationRule) -> Replication:
    """Return the verdicts on all cells that were measured in full, or diverged: that is not to replicate.

    Args:
        measured: Table of runs under the published protocol; None where there is none.
        published: Table of published values.
        rule: Which rows, and the slack.
    """
    cells, unfinished = [], 0
    for name in rule.rows:
        rows = [
            next((row for row in table.rows if row.id == name), None)
            for table in (measured, published)
            if table
        ]
        if len(rows) < 2 or rows[0] is None or rows[1] is None:
            continue
        for column in published.columns:
            mine, theirs = (row.cell(column.task) for row in rows if row)
            if mine and theirs and mine.status == "partial":
                unfinished += 1
            elif mine and theirs:
                cells.append(_cell(name, mine, theirs, rule.slack))
    return Replication(
        protocol=published.protocol,
        published=published.id,
        table=measured.id if measured else published.id,
        slack=rule.slack,
        rows=list(rule.rows),
        tasks=[column.task for column in published.columns],
        cells=cells,
        unfinished=unfinished,
    )


def _cell(row: str, mine: Cell, theirs: Cell, slack: float) -> ReplicatedCell:
    found, said = mine.summary, theirs.summary
    assert said is not None, "a published cell has a mean"
    margin = (said.interval95_normal or 0.0) + slack
    half = None
    if found and found.std is not None:
        half = float(stdtrit(found.runs - 1, 1 - ALPHA)) * found.std / math.sqrt(found.runs)
    return ReplicatedCell(
        row=row,
        task=mine.task,
        published=said.mean,
        margin=margin,
        runs=found.runs if found else 0,
        mean=found.mean if found else None,
        diverged=sum(run.value is None for run in mine.runs),
        half_width=half,
        verdict="different"
        if found is None or mine.status == "diverged"
        else verdict(abs(found.mean - said.mean), half, margin),
    )


def verdict(distance: float, half_width: float | None, margin: float) -> Verdict:
    """Return what an interval around a mean that lies so far from the published one says."""
    if half_width is None:
        return "open"
    if distance + half_width < margin:
        return "equivalent"
    return "different" if distance - half_width > margin else "open"


def sentences(board: Leaderboard) -> list[str]:
    """Return one sentence for each protocol of a board, that for the top of every rendering."""
    known = {item.protocol: item for item in board.replications}
    protocols = dict.fromkeys([*known, *(table.protocol for table in board.tables if table.kind == "runs")])
    return [sentence(name, known.get(name)) for name in protocols]


def sentence(protocol: str, found: Replication | None) -> str:
    """Return whether a protocol was replicated, and on what."""
    start = f"Protocol {protocol}"
    if found is None:
        return f"{start} {NOT_YET}: no published values to compare with."
    if not found.cells and not found.unfinished:
        return f"{start} {NOT_YET}: no run of {_listed(found.rows)} on a public dataset."
    whole, measured = len(found.rows) * len(found.tasks), len(found.cells)
    rest = [f"{found.unfinished} not finished"] if found.unfinished else []
    if not found.replicated:
        wrong = [*_wrong(found), *rest]
        return (
            f"{start} {NOT_YET}: {measured} of {whole} cells measured, {', '.join(wrong)} (replication.md)."
        )
    if measured + found.unfinished < whole:
        rest.append("the others were not measured")
    part = "all cells" if measured == whole else f"{measured} of {whole} cells, {', '.join(rest)}"
    return f"{start} was replicated on real data: published values reached in {part} (replication.md)."


def _wrong(found: Replication) -> list[str]:
    """Return why a protocol is not replicated, but for cells that are not finished."""
    missing = [row for row in found.rows if not found.of_row(row)]
    blind = [row for row in found.rows if row not in missing and not any(c.tells for c in found.of_row(row))]
    counts = {word: sum(cell.verdict == word for cell in found.cells) for word in ("different", "open")}
    wrong = [f"{count} {word}" for word, count in counts.items() if count]
    wrong += [f"{_listed(missing)} not measured in full"] if missing else []
    wrong += ["no task with all rows"] if not missing and not found.shared else []
    return wrong + ([f"{_listed(blind)} measured only where 0 would pass"] if blind else [])


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)


def report(replications: Sequence[Replication]) -> str:
    """Return `replication.md`."""
    parts = ["# Replication", METHOD]
    for found in replications:
        parts.append(f"## {found.protocol}, against `{found.published}`")
        parts.append(sentence(found.protocol, found))
        parts.append(f"Slack: {100 * found.slack:g} points. Runs: table `{found.table}`.")
        for row, cells in groupby(found.cells, key=lambda cell: cell.row):
            lines = ["| task | published | margin | here, 90 % | runs | |", "|---|---:|---:|---:|---:|---|"]
            parts.append("\n".join([*lines, *map(_line, cells)]))
            parts.insert(-1, f"### {row}")
    return "\n\n".join(parts) + "\n"


METHOD = (
    "Percent. A cell is equivalent if the 90 % interval of its mean over runs lies within the margin around the "
    "published mean, which is two one-sided tests at 5 %; different if it lies outside; else open. The margin is the "
    "published half-width and the slack, fixed in `leaderboard/published/` before anything was measured. It speaks of "
    "other training seeds on these test images. A cell with a run that diverged is different; its mean is that of the "
    "runs that are left. Where the margin reaches down to 0, runs of 0 would be equivalent, so that the cell tells "
    "little: it says `0 would pass`, and each row needs a cell that does not."
)


def _line(cell: ReplicatedCell) -> str:
    half = "—" if cell.half_width is None else f"{100 * cell.half_width:.1f}"
    here = "—" if cell.mean is None else f"{100 * cell.mean:.1f} ± {half}"
    said: list[str] = [cell.verdict]
    said += [f"{cell.diverged} diverged"] if cell.diverged else []
    said += [] if cell.tells else ["0 would pass"]
    return (
        f"| `{cell.task}` | {100 * cell.published:.1f} | {100 * cell.margin:.1f} | {here} | {cell.runs} "
        f"| {', '.join(said)} |"
    )
