"""From run records and published rows to one leaderboard version: a pure function.

The same records in any order give the same version, byte for byte. No clock, no disk, no torch.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from lovt_bench.benchmark.contract.embedding_facts import EmbeddingFacts
from lovt_bench.benchmark.contract.leaderboard import InputFile, Leaderboard, OverImages, Table
from lovt_bench.benchmark.contract.notice import Notice
from lovt_bench.benchmark.contract.suite import Suite
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.leaderboard.board.claims import claimed_tables, claims_of, comparable
from lovt_bench.leaderboard.board.contradictions import Contradiction, mark_contradictions
from lovt_bench.leaderboard.board.costs import by_cell, costs
from lovt_bench.leaderboard.board.descriptions import Description
from lovt_bench.leaderboard.board.embeddings import with_embeddings
from lovt_bench.leaderboard.board.lineage import Relation
from lovt_bench.leaderboard.board.making import makings
from lovt_bench.leaderboard.board.notices import mark_disputed, withdrawn_notes
from lovt_bench.leaderboard.board.published import PublishedTable
from lovt_bench.leaderboard.board.published_table import published_table
from lovt_bench.leaderboard.board.records import RecordSet
from lovt_bench.leaderboard.board.replication import replicate
from lovt_bench.leaderboard.board.run_table import controls_of, is_control, run_table, table_id, told_apart
from lovt_bench.leaderboard.board.selection import Group, select
from lovt_bench.leaderboard.board.stale import Current, mark_stale
from lovt_bench.leaderboard.statistics.analyse import analyse


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Pause the collector of cycles: a build makes none, and each pass walks over all records."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@_collector_paused()
def build(
    records: RecordSet,
    published: Sequence[PublishedTable],
    tasks: Sequence[TaskSpec],
    descriptions: Mapping[str, Description] | None = None,
    expected_runs: Mapping[tuple[str, str], int] | None = None,
    version: str = "dev",
    current: Current | None = None,
    lineage: Sequence[Relation] | None = None,
    further_inputs: Sequence[InputFile] = (),
    contradictions: Sequence[Contradiction] = (),
    keeper: str | None = None,
    suites: Sequence[Suite] = (),
    notices: Sequence[Notice] = (),
    over_images: Mapping[str, OverImages] | None = None,
    embeddings: Mapping[str, Sequence[EmbeddingFacts]] | None = None,
) -> Leaderboard:
    """Return the leaderboard of these records.

    Args:
        records: What `read_records` found, without what was withdrawn (`withdraw`).
        published: Published tables; each becomes a table of its own.
        tasks: The known tasks.
        descriptions: Descriptions of submissions by name; a submission without one is shown by its name.
        expected_runs: By digests of protocol and profile the number of final runs that make a cell complete;
            where it is not known, the largest number found in the group.
        version: Name of the version.
        current: Digests of what is here now; rows that rest on others are marked stale.
        lineage: Lines on shared images for published rows; those of this repository unless given.
        further_inputs: Files that the other arguments were read from, to be named by their digests.
        contradictions: What in the records cannot be true, found when they were read.
        keeper: Who keeps the board: rows are reproduced only by runs that name them.
        suites: What tables of runs rank by, the board's own suite first (`select`). Without suites all tasks are one,
            as in versions from before there were suites.
        notices: What was withdrawn, to be said, or is disputed, and marked.
        over_images: Intervals over images, by `RunSet.keys_sha256` of the runs that they are of.
        embeddings: What analyses found, by name of the backbone.

    Raises:
        LeaderboardError: A published value of an unknown task.
    """
    specs = sorted(tasks, key=lambda spec: spec.number)
    groups, notes = select(
        records.records,
        {spec.id: spec.metric for spec in specs},
        expected_runs or {},
        suites,
        controls_of(known := descriptions or {}),
    )
    groups.sort(key=_order)
    apart = dict(zip(map(id, groups), told_apart(groups), strict=True))
    groups, alone = _with_methods(groups, known)
    cells = by_cell(records.records)
    taken, made = costs(cells), makings(cells)
    tables = []
    for group in groups:
        counted = suite_specs(group, specs, suites)
        table = run_table(
            group,
            counted,
            known,
            taken,
            made,
            ambiguous=apart[id(group)],
            keeper=keeper,
            over_images=over_images,
        )
        table = with_embeddings(table, embeddings or {})
        tables.append(mark_contradictions(mark_stale(table, current or Current()), group.key, contradictions))
    public = [table for table in tables if table.track == "public"]
    rest = [table for table in tables if table.track != "public"]
    beside = {
        name
        for group in groups
        for name, _ in group.sets
        if name in known and claims_of(known[name], group.key)
    }
    printed = [published_table(table, specs, lineage) for table in published]
    shown = [
        *public,
        *printed,
        *rest,
        *claimed_tables(known, specs, beside),
    ]
    return Leaderboard(
        version=version,
        updated=_updated(groups),
        tables=[
            mark_disputed(table, notices).model_copy(update={"analysis": analyse(table)}) for table in shown
        ],
        inputs=_inputs(records, published, further_inputs),
        keeper=keeper,
        notes=[
            *withdrawn_notes(notices),
            *sorted([*records.notes, *notes, *alone, *_without_row(contradictions, tables, records.notes)]),
        ],
        notices=list(notices),
        replications=[
            replicate(_of_protocol(tables, groups, table), table, source.info.replication)
            for source, table in zip(published, printed, strict=True)
        ],
    )


def _with_methods(groups: Sequence[Group], known: Mapping[str, Description]) -> tuple[list[Group], list[str]]:
    """Return the groups that have more than controls, and sentences about the others: no table is of controls alone."""
    kept = [group for group in groups if not all(is_control(known.get(name)) for name, _ in group.sets)]
    return kept, [
        note
        for group in groups
        if group not in kept
        for note in (
            f"Table {table_id(group)} would have controls alone: evaluate a method beside them.",
            *group.notes,
        )
    ]


def _of_protocol(tables: Sequence[Table], groups: Sequence[Group], published: Table) -> Table | None:
    """Return the table of runs that may be read beside a published one, None where there is none."""
    for table, group in zip(tables, groups, strict=True):
        if (
            comparable(group.key)
            and group.as_here
            and group.suite is None
            and table.protocol == published.protocol
        ):
            return table
    return None


def suite_specs(group: Group, tasks: Sequence[TaskSpec], suites: Sequence[Suite]) -> list[TaskSpec]:
    """Return the tasks that count in a group's table, in the order of its columns."""
    suite = group.suite or next(iter(suites), None)
    if suite is None:
        return list(tasks)
    place = {task: index for index, task in enumerate(suite.tasks)}
    return sorted((spec for spec in tasks if spec.id in place), key=lambda spec: place[spec.id])


def table_ids(leaderboard: Leaderboard, text: str) -> list[Table]:
    """Return the tables whose id contains the text; one whose id is the text stands for itself alone."""
    exact = [table for table in leaderboard.tables if table.id == text]
    return exact or [table for table in leaderboard.tables if text in table.id]


def _without_row(
    found: Sequence[Contradiction], tables: Sequence[Table], noted: Sequence[str]
) -> Iterator[str]:
    """Yield contradictions of submissions that no table shows; nothing that is noted already."""
    shown = {(table.track, row.id) for table in tables for row in table.rows}
    for item in found:
        if (item.track, item.submission) not in shown and item.text not in noted:
            yield f"Contradiction: {item.sentence}"


def _order(group: Group) -> tuple[bool, bool, bool, str, tuple[str, ...], str]:
    key, suite = group.key, group.suite.name if group.suite else ""
    last = (key.track == "phantom", key.splits != "official", key.profile != "paper")
    return (*last, key.profile, tuple(key), suite)


def _updated(groups: Sequence[Group]) -> str | None:
    moments: list[datetime] = [item.newest for group in groups for item in group.sets.values()]
    return max(moments).isoformat(timespec="seconds").replace("+00:00", "Z") if moments else None


def _inputs(
    records: RecordSet, published: Sequence[PublishedTable], further: Sequence[InputFile]
) -> list[InputFile]:
    measured = [
        InputFile(path=file.path, sha256=file.sha256, records=len(file.records)) for file in records.files
    ]
    transcribed = [
        InputFile(path=f"published/{table.info.name}.csv", sha256=table.sha256, records=len(table.cells))
        for table in published
    ]
    return sorted([*measured, *transcribed, *further], key=lambda file: file.path)
