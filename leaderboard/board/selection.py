"""Which runs stand in which table: records of two groups never meet, and nothing is averaged that differs.

- A *group* shares protocol, profile, track and splits, each with its digest, and a suite of tasks. One group is one
  table.
- A *set* is the final runs of a submission on a task that are equal in everything but the seed.
- A table shows each task on one *edition* (image store and task specification) and each submission with one backbone
  under one normalisation. If there are several, the one that covers most counts; among those that cover equally much,
  the newest. Controls cover nothing, unless nothing else is there.

Whatever stays out is named in a note.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple, TypeVar

from lovt_bench.benchmark.contract.base import digest_of
from lovt_bench.benchmark.contract.dataset import Splits, Track
from lovt_bench.benchmark.contract.run_record import RunKey, RunRecord
from lovt_bench.benchmark.contract.suite import Suite

FURTHER = "further-tasks"
"""Name of what stands in for a suite where tasks belong to no suite that the board ranks by."""

LONG_AGO = datetime.min.replace(tzinfo=UTC)

_all_but_the_seed = attrgetter(*(name for name in RunKey.model_fields if name != "seed"))
"""What `RunSet.identity` is a digest of: to compare it is faster than to write it out for every run."""


class GroupKey(NamedTuple):
    """What rows of one table share."""

    track: Track
    splits: Splits
    protocol: str
    protocol_sha256: str
    profile: str
    profile_sha256: str


@dataclass(frozen=True)
class RunSet:
    """Final runs that differ in their seed only."""

    submission: str
    task: str
    edition: tuple[str, str]
    """Digests of image store and task specification."""
    backbone: str
    normalisation: str | None
    """Digest of the declared normalisation of its images; None where the protocol or the backbone has none."""
    runs: tuple[RunRecord, ...]
    """By seed."""
    expected: int
    """Runs that make the set whole."""

    @property
    def whole(self) -> bool:
        return len(self.runs) >= self.expected

    @cached_property
    def identity(self) -> str:
        """Digest of everything but the seed."""
        return digest_of(self.runs[0].run.model_dump(mode="json", exclude={"seed"}))

    @property
    def keys_sha256(self) -> str:
        """Digest of the keys of the runs."""
        return digest_of(sorted(run.key for run in self.runs))

    @cached_property
    def newest(self) -> datetime:
        """When the last of the runs finished."""
        return max(run.finished_at for run in self.runs)

    @property
    def shown(self) -> str:
        """The beginning of a note that leaves the set out."""
        return f"{self.submission}, {self.task}: {len(self.runs)} run(s) of {self.newest:%Y-%m-%d} left out:"


@dataclass(frozen=True)
class Group:
    """The runs of one table."""

    key: GroupKey
    expected_runs: int
    as_here: bool
    """Protocol and profile are, digit by digit, those of this repository."""
    sets: Mapping[tuple[str, str], RunSet]
    """By (submission, task)."""
    notes: tuple[str, ...]
    suite: Suite | None = None
    """What the table ranks by; None for the suite that the board ranks by."""

    def completed(self, tasks: Sequence[str]) -> frozenset[str]:
        """Return the submissions that have all runs of each of these tasks."""
        return frozenset(
            name
            for name in {submission for submission, _ in self.sets}
            if all((item := self.sets.get((name, task))) is not None and item.whole for task in tasks)
        )


def select(
    records: Iterable[RunRecord],
    tasks: Mapping[str, str],
    expected_runs: Mapping[tuple[str, str], int],
    suites: Sequence[Suite] = (),
    apart: Collection[str] = (),
) -> tuple[list[Group], list[str]]:
    """Return one group per table, in no particular order, and notes on records that no table can show.

    Each table is selected for itself: what was run beside a suite changes nothing in its table.

    Args:
        records: All run records.
        tasks: The reported metric of each known task by its id.
        expected_runs: By digests of protocol and profile the number of final runs. Where it is not known, the
            largest number of runs found in the group.
        suites: The first is what the board ranks by; another has a table of the rows that complete it, where one of
            them is not complete otherwise, or where it has further tasks. Tasks beyond the first suite have a table
            together, but for a suite of such tasks alone that shows all their rows. Without suites all tasks are one.
        apart: Names of controls (`run_table.controls_of`), which decide nothing of methods.
    """
    notes: list[str] = []
    groups: dict[GroupKey, list[RunRecord]] = defaultdict(list)
    strange: dict[str, int] = defaultdict(int)
    reference = 0
    for record in records:
        if record.run.phase != "final":
            continue
        if record.run.engine != "fast":
            reference += 1
        elif record.run.task not in tasks:
            strange[f"task {record.run.task[:60]!a}: there is no such task"] += 1
        elif record.metric != tasks[record.run.task]:
            strange[f"{record.submission}, {record.run.task}: they report {record.metric[:60]!a}"] += 1
        else:
            groups[group_key(record)].append(record)
    if reference:
        notes.append(
            f"{reference} final run(s) of the reference engine left out: tables show the fast engine."
        )
    notes += [f"{count} final run(s) left out, {reason}." for reason, count in sorted(strange.items())]
    return [
        group for key, runs in groups.items() for group in _by_suite(key, runs, expected_runs, suites, apart)
    ], notes


def group_key(record: RunRecord) -> GroupKey:
    """Return the group that a record belongs to."""
    run = record.run
    return GroupKey(
        record.track, record.splits, run.protocol, run.protocol_sha256, run.profile, run.profile_sha256
    )


def _by_suite(
    key: GroupKey,
    records: list[RunRecord],
    expected_runs: Mapping[tuple[str, str], int],
    suites: Sequence[Suite],
    apart: Collection[str],
) -> Iterator[Group]:
    if not suites:
        yield _group(key, records, expected_runs, apart)
        return
    first = frozenset(suites[0].tasks)
    counted = [record for record in records if record.run.task in first]
    ranked: frozenset[str] = frozenset()
    if counted:
        group = _group(key, counted, expected_runs, apart)
        ranked = group.completed(sorted({task for _, task in group.sets}))
        yield group
    tried: dict[str, set[str]] = defaultdict(set)
    for record in records:
        tried[record.submission].add(record.run.task)
    elsewhere: set[str] = set()
    for suite in suites[1:]:
        within = frozenset(suite.tasks)
        may = {name for name, tasks in tried.items() if within <= tasks}
        if not may or (may <= ranked and within <= first):
            continue
        own = [record for record in records if record.run.task in within]
        group = _group(key, own, expected_runs, apart)
        whole = group.completed(suite.tasks)
        if whole - ranked or (whole and within - first):
            sets = {place: item for place, item in group.sets.items() if item.submission in whole}
            yield replace(group, suite=suite, sets=sets)
            if within.isdisjoint(first):
                elsewhere |= within - {record.run.task for record in own if record.submission not in whole}
    if further := [record for record in records if record.run.task not in first | elsewhere]:
        tasks = sorted({record.run.task for record in further})
        suite = Suite(name=FURTHER, title=f"tasks beyond {suites[0].name}", tasks=tasks)
        yield replace(_group(key, further, expected_runs, apart), suite=suite)


def _group(
    key: GroupKey,
    records: list[RunRecord],
    expected_runs: Mapping[tuple[str, str], int],
    apart: Collection[str],
) -> Group:
    by_identity: dict[tuple[object, ...], list[RunRecord]] = defaultdict(list)
    for record in records:
        by_identity[(record.submission, *_all_but_the_seed(record.run))].append(record)
    digests = (key.protocol_sha256, key.profile_sha256)
    expected = expected_runs.get(digests, max(len(runs) for runs in by_identity.values()))
    sets = [_run_set(runs, expected) for runs in by_identity.values()]
    notes: list[str] = []
    sets = _keep(sets, lambda item: item.task, lambda item: item.edition, _edition_note, notes, apart)
    sets = _keep(sets, lambda item: item.submission, _weights_of, _backbone_note, notes)
    sets = _keep(
        sets, lambda item: (item.submission, item.task), lambda item: item.identity, _rate_note, notes
    )
    return Group(
        key=key,
        expected_runs=expected,
        as_here=digests in expected_runs,
        sets={(item.submission, item.task): item for item in sets},
        notes=tuple(sorted(notes)),
    )


def _run_set(runs: list[RunRecord], expected: int) -> RunSet:
    run = runs[0].run
    return RunSet(
        submission=runs[0].submission,
        task=run.task,
        edition=(run.dataset_sha256, run.task_sha256),
        backbone=run.backbone_sha256,
        normalisation=run.normalisation_sha256,
        runs=tuple(sorted(runs, key=lambda record: record.run.seed)),
        expected=expected,
    )


_Place = TypeVar("_Place", bound=Hashable)
_Variant = TypeVar("_Variant", str, tuple[str, str])


def _keep(
    sets: list[RunSet],
    place_of: Callable[[RunSet], _Place],
    variant_of: Callable[[RunSet], _Variant],
    note: Callable[[RunSet, RunSet], str],
    notes: list[str],
    apart: Collection[str] = (),
) -> list[RunSet]:
    """Return one variant's sets per place: of most whole cells, then of most cells, then the newest.

    Sets of submissions `apart` count only where no variant has any other.

    `note` is given what is left out and one of what is kept in its place.
    """
    by_place: dict[_Place, list[RunSet]] = defaultdict(list)
    for item in sets:
        by_place[place_of(item)].append(item)

    def precedence(variants: Mapping[_Variant, list[RunSet]], variant: _Variant) -> tuple[object, ...]:
        members = [item for item in variants[variant] if item.submission not in apart]
        if all(item.submission in apart for others in variants.values() for item in others):
            members = variants[variant]
        return (
            len({(member.submission, member.task) for member in members if member.whole}),
            len({(member.submission, member.task) for member in members}),
            max((member.newest for member in members), default=LONG_AGO),
            variant,
        )

    kept: list[RunSet] = []
    for there in by_place.values():
        if len(there) == 1:
            kept += there
            continue
        variants: dict[_Variant, list[RunSet]] = defaultdict(list)
        for item in there:
            variants[variant_of(item)].append(item)
        if len(variants) == 1:
            kept += there
            continue
        chosen = max(variants, key=lambda variant: precedence(variants, variant))
        kept += variants[chosen]
        notes += [
            note(item, variants[chosen][0])
            for variant, members in variants.items()
            if variant != chosen
            for item in members
        ]
    return kept


def _weights_of(item: RunSet) -> tuple[str, str]:
    return item.backbone, item.normalisation or ""


def _edition_note(item: RunSet, kept: RunSet) -> str:
    store, task = item.edition
    return (
        f"{item.shown} they used another image store ({store[:8]}) or task specification ({task[:8]}) "
        f"than the column shows."
    )


def _backbone_note(item: RunSet, kept: RunSet) -> str:
    if item.backbone == kept.backbone:
        found = item.normalisation[:8] if item.normalisation else "that of the dataset"
        return f"{item.shown} they used another normalisation ({found}) than the row shows."
    return f"{item.shown} they used another backbone ({item.backbone[:8]}) than the row shows."


def _rate_note(item: RunSet, kept: RunSet) -> str:
    rate = item.runs[0].run.learning_rate
    return f"{item.shown} they used another learning rate ({rate:g}) than the cell shows."
