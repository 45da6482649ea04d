"""Numbers that submitters state: beside measured ones where both are of the same data, else in a table of their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import get_args

from lovt_bench.benchmark.contract.leaderboard import Cell, ClaimedValue, Row, Summary, Table
from lovt_bench.benchmark.contract.submission import ClaimedNumber, ClaimedTrack
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.leaderboard.board.columns import column_of
from lovt_bench.leaderboard.board.descriptions import Description
from lovt_bench.leaderboard.board.evidence import evidence_of
from lovt_bench.leaderboard.board.selection import GroupKey
from lovt_bench.leaderboard.board.standing import count_methods

COMPARABLE = ("public", "official", "lovt-2022", "paper")
"""Track, splits, protocol and profile whose numbers may be read beside the published ones."""

_STATEMENTS: Mapping[ClaimedTrack, str] = {
    "public": "Numbers that submitters state, not measured here: no rank is given to them.",
    "phantom": "Numbers that submitters state of synthetic images, not measured here: no rank is given to them.",
}


def comparable(key: GroupKey) -> bool:
    """Return whether numbers of a group may be read beside the published ones."""
    return (key.track, key.splits, key.protocol, key.profile) == COMPARABLE


def claims_of(description: Description, key: GroupKey) -> Mapping[str, ClaimedNumber]:
    """Return the claims that stand beside the numbers of a group: on public data only under the published protocol."""
    fits = key.track == description.claimed_track and (key.track == "phantom" or comparable(key))
    return description.claimed if fits else {}


def claimed_value(claim: ClaimedNumber | None, cell: Cell) -> ClaimedValue | None:
    """Return a claim beside what was measured; a cell that does not count yet gives no difference."""
    if claim is None:
        return None
    measured = cell.summary.mean if cell.summary and cell.status == "complete" else None
    difference = None if measured is None else round(measured - claim.value, 12)
    return ClaimedValue(value=claim.value, interval95=claim.interval95, difference=difference)


def claimed_tables(
    descriptions: Mapping[str, Description], tasks: Sequence[TaskSpec], shown: Collection[str]
) -> list[Table]:
    """Return a table of the claims of each track.

    Args:
        descriptions: Descriptions of submissions by name.
        tasks: Known tasks by number.
        shown: Submissions whose claims stand beside measured numbers.
    """
    waiting = {
        name: item for name, item in sorted(descriptions.items()) if item.claimed and name not in shown
    }
    tracks: tuple[ClaimedTrack, ...] = get_args(ClaimedTrack)
    return [
        _table(track, {name: item for name, item in waiting.items() if item.claimed_track == track}, tasks)
        for track in tracks
        if any(item.claimed_track == track for item in waiting.values())
    ]


def _table(track: ClaimedTrack, members: Mapping[str, Description], tasks: Sequence[TaskSpec]) -> Table:
    present = [spec for spec in tasks if any(spec.id in item.claimed for item in members.values())]
    ids = [spec.id for spec in present]
    rows = [_row(name, item, present) for name, item in members.items()]
    unknown = sorted({task for item in members.values() for task in item.claimed} - set(ids))
    return Table(
        id=f"claimed-{track}",
        kind="claimed",
        title=f"Claimed by submitters ({'phantom' if track == 'phantom' else 'public data'})",
        statement=_STATEMENTS[track],
        protocol="lovt-2022",
        profile="paper",
        track=track,
        splits="official" if track == "public" else "seeded",
        interval="normal",
        expected_runs=1,
        columns=[column_of(spec) for spec in present],
        rows=rows,
        methods=count_methods(rows, ids),
        notes=[f"Claims on {task[:60]!a} left out: there is no such task." for task in unknown],
    )


def _row(name: str, description: Description, tasks: Sequence[TaskSpec]) -> Row:
    facts = description.backbone
    claims = [(spec.id, description.claimed[spec.id]) for spec in tasks if spec.id in description.claimed]
    cells = [
        Cell(
            task=task,
            status="complete",
            summary=Summary(runs=1, mean=claim.value, interval95_normal=claim.interval95),
            claimed=ClaimedValue(value=claim.value, interval95=claim.interval95),
        )
        for task, claim in claims
    ]
    return description.row(
        name,
        cells,
        facts=facts,
        evidence=evidence_of(measured=False, weights_here=facts is not None, made_here=False, claimed=True),
        track=description.claimed_track,
        datasets={spec.dataset for spec in tasks},
    )
