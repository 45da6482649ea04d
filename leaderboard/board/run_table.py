"""A table of our own runs: one row per backbone, Student's interval over independent seeds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from lovt_bench.benchmark.contract.base import digest_of
from lovt_bench.benchmark.contract.controls import CONTROL
from lovt_bench.benchmark.contract.dataset import Track
from lovt_bench.benchmark.contract.display_name import looks
from lovt_bench.benchmark.contract.leaderboard import (
    Cell,
    CellStatus,
    Column,
    Cost,
    OverImages,
    Row,
    RunValue,
    Summary,
    Table,
)
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.contract.submission import ClaimedNumber
from lovt_bench.benchmark.contract.suite import Suite
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.leaderboard.board.claims import claimed_value, claims_of, comparable
from lovt_bench.leaderboard.board.clean import clean_ranking, frozen_ranking
from lovt_bench.leaderboard.board.columns import column_of
from lovt_bench.leaderboard.board.costs import CostKey, cell_key, curve
from lovt_bench.leaderboard.board.descriptions import BackboneFacts, Description
from lovt_bench.leaderboard.board.evidence import evidence_of, measured_by
from lovt_bench.leaderboard.board.making import Making
from lovt_bench.leaderboard.board.selection import FURTHER, Group, RunSet
from lovt_bench.leaderboard.board.standing import count_methods, in_order, stand
from lovt_bench.leaderboard.statistics import summarise
from lovt_bench.leaderboard.text import clean, slug
from lovt_bench.tasks.metric import beside_metrics, metric_names

DATA: Mapping[Track, str] = {
    "public": "Public data",
    "phantom": "Phantom (synthetic images)",
    "own": "Own data",
}
"""How titles call the images."""


def table_id(group: Group) -> str:
    """Return the readable id of a group's table; groups that differ in digests only share it."""
    key = group.key
    shared = slug("-".join([key.track, key.splits, key.profile, key.protocol]), limit=50)
    return slug(f"{shared}-{group.suite.name}") if group.suite else shared


def told_apart(groups: Sequence[Group]) -> list[bool]:
    """Return which groups share their id with another: theirs carry a digest."""
    ids = Counter(map(table_id, groups))
    return [ids[table_id(group)] > 1 for group in groups]


def full_id(group: Group, *, ambiguous: bool) -> str:
    """Return the id of a group's table, with a digest where another has the same."""
    return f"{table_id(group)[:55]}-{_digest(group)}" if ambiguous else table_id(group)


def _digest(group: Group) -> str:
    return digest_of([*group.key, *([group.suite.name] if group.suite else [])])[:8]


def run_table(
    group: Group,
    tasks: Sequence[TaskSpec],
    descriptions: Mapping[str, Description],
    costs: Mapping[CostKey, Cost] | None = None,
    made: Mapping[CostKey, Making] | None = None,
    *,
    ambiguous: bool = False,
    keeper: str | None = None,
    over_images: Mapping[str, OverImages] | None = None,
) -> Table:
    """Return the table of one group; its columns are the tasks that any submission has runs of.

    Args:
        group: Selected runs.
        tasks: Those that count, in the order of the columns.
        descriptions: Descriptions of submissions by name.
        costs: What cells took (`leaderboard.board.costs`).
        made: What made them (`leaderboard.board.making`).
        ambiguous: Another group has the same id: this one's id and title then carry a digest.
        keeper: Who keeps the board; None: nobody is named, and nothing is reproduced.
        over_images: By `RunSet.keys_sha256`.
    """
    key = group.key
    names = sorted({submission for submission, _ in group.sets})
    apart = {name for name in names if is_control(descriptions.get(name))}
    methods = set(names) - apart or set(names)
    present = [
        spec for spec in tasks if any(task == spec.id and name in methods for name, task in group.sets)
    ]
    ids = [spec.id for spec in present]
    elsewhere = [name for name in apart if not any((name, task) in group.sets for task in ids)]
    drafts = [
        _row(
            name,
            group,
            present,
            descriptions.get(name) or _nameless(name),
            costs or {},
            made or {},
            keeper,
            over_images or {},
        )
        for name in names
        if name not in elsewhere
    ]
    drafts = _told_apart(drafts)
    rows = in_order(stand([row for row in drafts if row.id not in apart], ids))
    controls = [row for row in drafts if row.id in apart]
    by_task: dict[str, list[RunSet]] = defaultdict(list)
    for item in group.sets.values():
        by_task[item.task].append(item)
    columns = [_column(spec, by_task[spec.id]) for spec in present]
    return Table(
        id=full_id(group, ambiguous=ambiguous),
        kind="runs",
        title=_title(group) + (f" [{_digest(group)}]" if ambiguous else ""),
        statement=_statement(group),
        protocol=clean(key.protocol),
        protocol_sha256=key.protocol_sha256,
        profile=clean(key.profile),
        profile_sha256=key.profile_sha256,
        track=key.track,
        splits=key.splits,
        interval="student-t",
        expected_runs=group.expected_runs,
        columns=columns,
        rows=rows,
        methods=count_methods(rows, ids),
        clean=clean_ranking(rows, columns),
        frozen=frozen_ranking(rows, columns),
        notes=[
            *group.notes,
            *_coverage_note(present, tasks),
            *_control_note(controls),
            *_elsewhere_note(elsewhere),
        ],
        controls=controls,
        suite=group.suite.name if group.suite else None,
    )


def _title(group: Group) -> str:
    key = group.key
    data = DATA[key.track]
    suite = f": {clean(group.suite.title)}" if group.suite else ""
    return f"{data}, {key.splits} splits, profile {clean(key.profile)}, protocol {clean(key.protocol)}{suite}"


def _statement(group: Group) -> str:
    key, suite = group.key, group.suite
    if key.track == "phantom":
        what = "Phantom: synthetic images drawn by a program. The numbers say nothing about real X-rays."
    elif key.track == "own":
        what = (
            "Images that only their owner has: nobody else can repeat these numbers, and no published ones stand "
            "beside them."
        )
    elif key.splits != "official":
        what = (
            f"{key.splits.capitalize()} splits, not the official ones: not comparable with published numbers."
        )
    elif not group.as_here:
        what = "Protocol or profile differ from this repository's: not comparable with published numbers."
    elif comparable(key) and suite and suite.name == FURTHER:
        what = "Data and protocol of the published study, but tasks that it does not have."
    elif comparable(key):
        what = (
            "Data, splits and protocol of the published table, so rows may be read beside it; runs here have "
            "independent seeds, their intervals are wider and honest."
        )
    else:
        what = (
            "Official splits, but not the published protocol in full: not comparable with published numbers."
        )
    limited = (
        ""
        if key.profile == "paper"
        else f" Profile {clean(key.profile)} runs less than the protocol asks for."
    )
    return what + limited + _counted(suite)


def _counted(suite: Suite | None) -> str:
    """Return which tasks and rows count where they are not those of the board's own suite."""
    if suite is None:
        return ""
    if suite.name == FURTHER:
        return " These tasks count in no other table; ranks are over them alone."
    return (
        f" Suite {suite.name}: ranks are over its {len(suite.tasks)} tasks, among the rows that complete it."
    )


def _coverage_note(present: Sequence[TaskSpec], tasks: Sequence[TaskSpec]) -> list[str]:
    if len(present) == len(tasks):
        return []
    return [f"{len(present)} of {len(tasks)} tasks have results; mean rank and counts are over these."]


def is_control(description: Description | None) -> bool:
    """Return whether a row is an end of the scale or a canary, which has no place among methods."""
    return description is not None and description.supervision == CONTROL


def _control_note(controls: Sequence[Row]) -> list[str]:
    if not controls:
        return []
    said = []
    for row in controls:
        means = [cell.summary.mean for cell in row.cells if cell.summary is not None]
        mean = f"mean {100 * sum(means) / len(means):.1f} over {len(means)} tasks" if means else "no score"
        said.append(f"{row.display_name}, {mean}")
    return [f"Controls, not ranked since they are no methods: {'; '.join(said)}."]


def _elsewhere_note(names: Sequence[str]) -> list[str]:
    return [f"Controls left out, since no method has their tasks: {', '.join(names)}."] if names else []


def controls_of(descriptions: Mapping[str, Description]) -> frozenset[str]:
    """Return the names of controls."""
    return frozenset(name for name, description in descriptions.items() if is_control(description))


def _nameless(name: str) -> Description:
    return Description(display_name=name, method=name)


def _row(
    name: str,
    group: Group,
    tasks: Sequence[TaskSpec],
    description: Description,
    costs: Mapping[CostKey, Cost],
    made: Mapping[CostKey, Making],
    keeper: str | None,
    over_images: Mapping[str, OverImages],
) -> Row:
    sets = [(spec, item) for spec in tasks if (item := group.sets.get((name, spec.id)))]
    backbone = sets[0][1].backbone
    facts = _facts_of(backbone, description)
    evidence = evidence_of(
        measured=measured_by(keeper, (run for _, item in sets for run in item.runs)),
        weights_here=facts is not None,
        made_here=facts is not None and facts.made_by == keeper,
        claimed=True,
    )
    claims = claims_of(description, group.key)
    cells = [
        _cell(
            spec,
            item,
            claims.get(spec.id),
            costs.get(key := cell_key(group.key, item)),
            made.get(key, Making()),
            over_images.get(item.keys_sha256) if over_images else None,
        )
        for spec, item in sets
    ]
    row = description.row(
        name,
        cells,
        facts=facts,
        evidence=evidence,
        track=group.key.track,
        datasets={spec.dataset for spec in tasks},
    )
    return row.model_copy(update={"backbone_sha256": backbone})


def _facts_of(backbone: str, description: Description) -> BackboneFacts | None:
    """Return what is known of the weights that ran; a folder that holds others by now does not speak for them."""
    facts = description.backbone
    return facts if facts and facts.sha256 in (None, backbone) else None


def _told_apart(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with the submission's name after display names that a reader could take for another row's."""
    forms = {row.id: looks(row.display_name) for row in rows}
    shown = Counter(form for each in forms.values() for form in each)
    return [
        row.model_copy(update={"display_name": f"{row.display_name[: 76 - len(row.id)]} ({row.id})"})
        if row.display_name != row.id and any(shown[form] > 1 for form in forms[row.id])
        else row
        for row in rows
    ]


def _cell(
    spec: TaskSpec,
    item: RunSet,
    claim: ClaimedNumber | None,
    cost: Cost | None,
    making: Making,
    over_images: OverImages | None,
) -> Cell:
    fine = [run for run in item.runs if run.status == "ok"]
    status: CellStatus = "complete" if item.whole else "partial"
    cell = Cell(
        task=spec.id,
        status=status if len(fine) == len(item.runs) else "diverged",
        summary=summarise([run.test[run.metric] for run in fine]) if fine else None,
        learning_rate=item.runs[0].run.learning_rate,
        runs=[RunValue(seed=run.run.seed, key=run.key, value=_value(run)) for run in item.runs],
        extra=_extra(spec, fine),
        cost=cost,
        curve=curve(fine),
        grid_edge=next((run.grid_edge for run in item.runs if run.grid_edge), None),
        mixed=making.mixed,
        made_with=making.made_with,
        over_images=over_images,
    )
    return cell if claim is None else cell.model_copy(update={"claimed": claimed_value(claim, cell)})


def _value(run: RunRecord) -> float | None:
    return run.test[run.metric] if run.status == "ok" else None


def _extra(spec: TaskSpec, runs: Sequence[RunRecord]) -> dict[str, Summary]:
    return {
        name: summarise([run.test[name] for run in runs])
        for name in [*spec.extra_metrics, *_beside(spec)]
        if runs and all(name in run.test for run in runs)
    }


def _beside(spec: TaskSpec) -> list[str]:
    """Return the metrics of the task that some protocols measure beside those of every protocol."""
    always = metric_names(spec)
    return [name for name in metric_names(spec, beside_metrics()) if name not in always]


def _column(spec: TaskSpec, sets: Sequence[RunSet]) -> Column:
    store, task = sets[0].edition
    images = max(run.train_images for item in sets for run in item.runs)
    return column_of(spec, train_images=images, dataset_sha256=store, task_sha256=task)
