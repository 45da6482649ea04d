"""Run records that contradict themselves, each other, or the protocol that they name: pure, without disk and clock.

It finds what cannot be true of records that `lovt-bench evaluate` wrote. What it finds is said beside the row and
refused by `submission check`; what nothing of this kind can find is in docs/leaderboard.md.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import permutations
from typing import NamedTuple

from lovt_bench.benchmark.contract.base import Model, Name, digest_of
from lovt_bench.benchmark.contract.dataset import Track
from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.leaderboard.board.records import RecordSet
from lovt_bench.leaderboard.board.run_rules import RULES, RunPlan, Runs
from lovt_bench.leaderboard.board.selection import GroupKey, group_key

_SHARED = 3
"""Different results of a task that two submissions do not share by chance."""


class Origin(NamedTuple):
    """What is here of the weights behind a submission's records."""

    known: bool
    """There is a backbone or a declaration of that name, or the backbone is one that is always there."""
    declared: str | None = None
    """Digest of the backbone that the declaration names."""
    here: str | None = None
    """Digest of the backbone in the workspace."""
    normalisations: frozenset[str | None] | None = None
    """Digests of the normalisations that they name, None for none; None where nothing says it."""


class Contradiction(Model):
    """One thing that cannot be true of a submission's records."""

    track: Track
    submission: Name
    task: str = ""
    """Empty where it is about all of them."""
    group: GroupKey | None = None
    """The table; None if it is about all tables of the track."""
    text: str
    """A sentence."""

    @property
    def about_task(self) -> str:
        """The sentence with the task before it."""
        return f"{self.task}: {self.text}" if self.task else self.text

    @property
    def sentence(self) -> str:
        """The sentence with submission and task before it."""
        return f"{self.submission}, {self.about_task}" if self.task else f"{self.submission}: {self.text}"


def contradictions(
    records: RecordSet,
    plans: Sequence[RunPlan],
    origins: Mapping[str, Origin],
    now: datetime,
) -> list[Contradiction]:
    """Return what contradicts itself, sorted, each once; lines that are no records among it.

    Args:
        records: All that are here: equal records under two names are found among them.
        plans: Plans of the protocols and profiles that are known.
        origins: By submission; nothing is said of the weights of one that is not in it.
        now: With its zone.
    """
    every = records.records
    known = {(plan.protocol_sha256, plan.profile_sha256): plan for plan in plans}
    found = [
        *_bad_lines(records),
        *(item for runs in _by_cell(every, known, now) for item in _of_cell(runs)),
        *_same_weights(every),
        *_same_numbers(every),
        *_same_values(every),
        *_weights_of_nobody(every, origins),
        *_normalisation_of_nobody(every, known, origins),
    ]
    return sorted({item.to_json(): item for item in found}.values(), key=_order)


def mark_contradictions(table: Table, group: GroupKey, found: Sequence[Contradiction]) -> Table:
    """Return the table of a group with `Row.contradictions` filled in and noted."""
    here = [item for item in found if item.track == group.track and item.group in (None, group)]
    rows = [
        row.model_copy(
            update={"contradictions": [item.about_task for item in here if item.submission == row.id]}
        )
        for row in table.rows
    ]
    names = {row.id for row in rows}
    notes = [f"Contradiction: {item.sentence}" for item in here if item.submission in names]
    return table.model_copy(update={"rows": rows, "notes": [*table.notes, *notes]})


def _order(item: Contradiction) -> tuple[str, ...]:
    return (item.track, item.submission, item.task, item.text, *map(str, item.group or ()))


def _bad_lines(records: RecordSet) -> Iterator[Contradiction]:
    for file in records.files:
        track, name, _ = file.path.split("/")
        for text in file.bad:
            yield Contradiction.model_validate({"track": track, "submission": name, "text": text})


def _by_cell(
    records: Iterable[RunRecord], plans: Mapping[tuple[str, str], RunPlan], now: datetime
) -> Iterator[Runs]:
    cells: dict[tuple[object, ...], list[RunRecord]] = defaultdict(list)
    for record in records:
        run = record.run
        edition = (run.dataset_sha256, run.task_sha256)
        weights = (run.backbone_sha256, run.normalisation_sha256)
        cells[(group_key(record), record.submission, run.task, edition, weights, run.engine)].append(record)
    for members in cells.values():
        run = members[0].run
        yield Runs(tuple(members), plans.get((run.protocol_sha256, run.profile_sha256)), now)


def _of_cell(runs: Runs) -> Iterator[Contradiction]:
    first = runs.records[0]
    for rule in RULES:
        for text in rule(runs):
            yield Contradiction(
                track=first.track,
                submission=first.submission,
                task=first.run.task,
                group=group_key(first),
                text=text,
            )


def _same_weights(records: Iterable[RunRecord]) -> Iterator[Contradiction]:
    """Yield submissions whose runs used the same weights."""
    owners: dict[tuple[Track, str], set[str]] = defaultdict(set)
    for record in records:
        owners[(record.track, record.run.backbone_sha256)].add(record.submission)
    for (track, backbone), names in owners.items():
        for name in names:
            if others := sorted(names - {name}):
                text = f"Its weights ({backbone[:8]}) are those of {', '.join(others)}."
                yield Contradiction(track=track, submission=name, text=text)


def _same_numbers(records: Iterable[RunRecord]) -> Iterator[Contradiction]:
    """Yield submissions whose runs took the same course though their weights differ, which no two trainings do."""
    owners: dict[tuple[str, str], dict[tuple[Track, str], str]] = defaultdict(dict)
    for record in records:
        for trace in _traces(record):
            owners[(record.run.task, trace)][(record.track, record.submission)] = record.run.backbone_sha256
    for (task, _), weights in owners.items():
        for (track, name), own in weights.items():
            others = {other for (_, other), digest in weights.items() if digest != own} - {name}
            yield from _those_of(track, name, task, others)


def _same_values(records: Iterable[RunRecord]) -> Iterator[Contradiction]:
    """Yield submissions that share several results of a task though their weights differ; one may be chance."""
    owners: dict[tuple[Track, str, str], dict[str, str]] = defaultdict(dict)
    for record in records:
        if record.status == "ok" and not _all_or_nothing(record):
            values = digest_of(record.model_dump(mode="json", include={"validation", "test"}))
            owners[(record.track, record.run.task, values)][record.submission] = record.run.backbone_sha256
    shared = Counter(
        (track, task, name, other)
        for (track, task, _), weights in owners.items()
        for name, other in permutations(weights, 2)
        if weights[name] != weights[other]
    )
    found: dict[tuple[Track, str, str], set[str]] = defaultdict(set)
    for (track, task, name, other), count in shared.items():
        if count >= _SHARED:
            found[(track, task, name)].add(other)
    for (track, task, name), others in found.items():
        yield from _those_of(track, name, task, others)


def _all_or_nothing(record: RunRecord) -> bool:
    """Return whether a run marked nothing, or every pixel: the results of such runs are equal by chance."""
    measured = [*record.validation.items(), *record.test.items()]
    recalls = [value for name, value in measured if name.endswith("_recall")]
    return all(value in (0.0, 1.0) for value in recalls or [value for _, value in measured])


def _those_of(track: Track, name: str, task: str, others: Collection[str]) -> Iterator[Contradiction]:
    if others:
        text = f"Runs are, number by number, those of {', '.join(sorted(others))}."
        yield Contradiction(track=track, submission=name, task=task, text=text)


def _traces(record: RunRecord) -> Iterator[str]:
    """Yield digests of what two trainings of different weights never share: losses by epoch; values, time and clock."""
    measured = record.model_dump(
        mode="json", include={"validation", "test", "best_epoch", "epochs", "history"}
    )
    if any(log.train_loss for log in record.history):
        yield digest_of({"course": measured})
    if record.status == "ok":
        config = [record.run.phase, record.run.learning_rate, record.run.seed]
        yield digest_of({"config": config, "seconds": record.seconds, "at": record.finished, **measured})


def _weights_of_nobody(
    records: Iterable[RunRecord], origins: Mapping[str, Origin]
) -> Iterator[Contradiction]:
    """Yield runs of weights that are neither here nor declared."""
    for track, name, ran in {(item.track, item.submission, item.run.backbone_sha256) for item in records}:
        origin = origins.get(name)
        if origin is None:
            continue
        if not origin.known:
            text = f"There is no backbone and no declaration of the weights {ran[:8]} that ran."
            yield Contradiction(track=track, submission=name, text=text)
        elif origin.declared and ran not in (origin.declared, origin.here):
            text = f"Its runs used the weights {ran[:8]}; it declares {origin.declared[:8]}."
            yield Contradiction(track=track, submission=name, text=text)


def _normalisation_of_nobody(
    records: Iterable[RunRecord], plans: Mapping[tuple[str, str], RunPlan], origins: Mapping[str, Origin]
) -> Iterator[Contradiction]:
    """Yield runs whose images were normalised otherwise than protocol, declaration and backbone say."""
    for record in records:
        run, origin = record.run, origins.get(record.submission)
        plan, used = plans.get((run.protocol_sha256, run.profile_sha256)), run.normalisation_sha256
        if plan is None:
            continue
        if plan.normalisation == "dataset":
            named: frozenset[str | None] = frozenset({None})
        elif origin is None or origin.normalisations is None:
            continue
        else:
            named = origin.normalisations
        if used not in named:
            said = " or ".join(sorted(_normalisation(one) for one in named))
            text = f"Images of its runs were normalised by {_normalisation(used)}; it should be {said}."
            yield Contradiction(
                track=record.track,
                submission=record.submission,
                task=run.task,
                group=group_key(record),
                text=text,
            )


def _normalisation(digest: str | None) -> str:
    return "the statistics of the dataset" if digest is None else f"the declared numbers {digest[:8]}"
