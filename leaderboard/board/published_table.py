"""A published table: the paper's rows in the paper's order, its counts recomputed."""

from __future__ import annotations

from collections.abc import Sequence

from lovt_bench.benchmark.contract.backbone import architecture_class, network_of
from lovt_bench.benchmark.contract.leaderboard import Cell, Claim, Row, Source, Summary, Table
from lovt_bench.benchmark.contract.pretraining_data import vocabulary
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.leaderboard.board.columns import column_of
from lovt_bench.leaderboard.board.lineage import Relation, overlaps
from lovt_bench.leaderboard.board.published import ClaimQuestion, PublishedCell, PublishedTable
from lovt_bench.leaderboard.board.standing import best_without, count_methods, stand
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.text import slug


def published_table(
    published: PublishedTable, tasks: Sequence[TaskSpec], lineage: Sequence[Relation] | None = None
) -> Table:
    """Return the table.

    Args:
        published: Its numbers and what is said of them.
        tasks: The known tasks.
        lineage: Lines on shared images; those of this repository unless given.

    Raises:
        LeaderboardError: A value of an unknown task.
    """
    info = published.info
    known = {spec.id for spec in tasks}
    for cell in published.cells:
        if cell.task not in known:
            raise LeaderboardError(f"published/{info.name}.csv: task {cell.task!r} is not in tasks/specs")
    present = [spec for spec in tasks if any(cell.task == spec.id for cell in published.cells)]
    ids = [spec.id for spec in present]
    by_row: dict[tuple[str, float | None], dict[str, PublishedCell]] = {}
    for cell in published.cells:
        by_row.setdefault((cell.method, cell.fraction), {})[cell.task] = cell
    drafts = [
        _row(method, fraction, cells, present, published, lineage)
        for (method, fraction), cells in by_row.items()
    ]
    rows = stand(drafts, ids)
    return Table(
        id=slug(f"published-{info.name}"),
        kind="published",
        title=info.title,
        statement=info.statement,
        protocol=info.protocol,
        profile=info.profile,
        track="public",
        splits="official",
        interval="normal",
        expected_runs=info.runs,
        columns=[column_of(spec) for spec in present],
        rows=rows,
        methods=count_methods(rows, ids),
        claims=[_claim(question, rows, ids) for question in info.claims],
        source=Source(citation=info.citation, url=info.url),
    )


def _row(
    method: str,
    fraction: float | None,
    cells: dict[str, PublishedCell],
    tasks: Sequence[TaskSpec],
    published: PublishedTable,
    lineage: Sequence[Relation] | None,
) -> Row:
    words = vocabulary()
    declared = words.read(published.info.pretraining_data.get(method, []))
    architecture = published.info.architecture
    percent = "" if fraction is None else f"{100 * fraction:g}"
    return Row(
        id=slug(f"{method}-{percent}"),
        display_name=f"{method} {percent} %" if percent else method,
        method=method,
        fraction=fraction,
        supervision=published.info.supervision[method],
        pretraining_data=[words.title(name) for name in declared],
        architecture=architecture,
        architecture_class=architecture_class(architecture) if architecture else None,
        network=network_of(architecture) if architecture else None,
        overlaps=overlaps(declared, [spec.dataset for spec in tasks], table=lineage),
        cells=[
            Cell(
                task=task,
                status="complete",
                summary=Summary(
                    runs=published.info.runs, mean=cells[task].mean, interval95_normal=cells[task].interval95
                ),
            )
            for task in (spec.id for spec in tasks)
            if task in cells
        ],
        complete=False,
        mean_rank=None,
        best_on=0,
    )


def _claim(question: ClaimQuestion, rows: Sequence[Row], tasks: Sequence[str]) -> Claim:
    count = best_without(rows, tasks, question.method, question.without)
    left_out = f" with the {' and '.join(question.without)} rows left out" if question.without else ""
    return Claim(
        method=question.method,
        without=question.without,
        best_on=count,
        tasks=len(tasks),
        text=f"{question.method} best on {count} of {len(tasks)} tasks{left_out}",
    )
