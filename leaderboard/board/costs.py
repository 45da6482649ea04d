"""What the runs behind a cell took, tuning included; and how their validation metric went, thinned out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from statistics import median
from typing import NamedTuple

from lovt_bench.benchmark.contract.leaderboard import Cost, Curve
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.leaderboard.board.selection import GroupKey, RunSet, group_key
from lovt_bench.leaderboard.text import clean

POINTS = 24
"""Points of a curve at most."""
DEVICES = 8
"""Devices of a cell whose forward speed is shown: records from elsewhere may name any number."""


class CostKey(NamedTuple):
    """What the runs of a cell share, whatever their phase, learning rate and seed."""

    group: GroupKey
    submission: str
    task: str
    edition: tuple[str, str]
    backbone: str
    normalisation: str | None


def costs(cells: Mapping[CostKey, Sequence[RunRecord]]) -> dict[CostKey, Cost]:
    """Return the cost of each cell of `by_cell`: all runs of the fast engine, diverged ones too."""
    return {key: _cost(runs) for key, runs in cells.items()}


def by_cell(records: Iterable[RunRecord]) -> dict[CostKey, list[RunRecord]]:
    """Return the runs of the fast engine by cell, tuning included."""
    members: dict[object, list[RunRecord]] = defaultdict(list)
    for record in records:
        if record.run.engine == "fast":
            members[record.track, record.splits, record.submission, _cell_of(record.run)].append(record)
    return {_key(runs[0]): runs for runs in members.values()}


_cell_of = attrgetter(
    *("protocol", "protocol_sha256", "profile", "profile_sha256"),
    *("task", "dataset_sha256", "task_sha256", "backbone_sha256", "normalisation_sha256"),
)
"""What of a run's key is in `CostKey`: to make one for each run takes longer."""


def _key(record: RunRecord) -> CostKey:
    run = record.run
    edition = (run.dataset_sha256, run.task_sha256)
    weights = (run.backbone_sha256, run.normalisation_sha256)
    return CostKey(group_key(record), record.submission, run.task, edition, *weights)


def cell_key(group: GroupKey, item: RunSet) -> CostKey:
    """Return the key of the cell that a set of final runs makes."""
    return CostKey(group, item.submission, item.task, item.edition, item.backbone, item.normalisation)


def _cost(runs: Sequence[RunRecord]) -> Cost:
    peaks = [run.peak_memory_bytes for run in runs if run.peak_memory_bytes is not None]
    energies = [run.energy_joules for run in runs if run.energy_joules is not None]
    return Cost(
        runs=len(runs),
        seconds=round(sum(sorted(run.seconds for run in runs)), 3),
        devices=sorted({clean(device) for device in {run.device for run in runs}}),
        peak_memory_bytes=max(peaks, default=None),
        # A sum over some of the runs would look like the sum over all.
        energy_joules=round(sum(sorted(energies)), 3) if len(energies) == len(runs) else None,
        forward=_forward(runs),
    )


def _forward(runs: Sequence[RunRecord]) -> dict[str, float]:
    """Return the median speed of the bare forward on the devices of most runs, on a CPU with their threads."""
    measured: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        made = run.made_with
        if made and made.forward_images_per_second:
            threads = f", threads: {made.threads}" if made.device_kind == "cpu" else ""
            measured[clean(made.device_name) + threads].append(made.forward_images_per_second)
    most = sorted(measured, key=lambda device: (-len(measured[device]), device))[:DEVICES]
    return {device: median(measured[device]) for device in sorted(most)}


def curve(runs: Sequence[RunRecord], points: int = POINTS) -> Curve | None:
    """Return the mean of the monitored metric by epoch over the runs that still trained, None without a history.

    Args:
        runs: Final runs that ended well.
        points: Epochs to keep at most; the first and the last of them stay.
    """
    by_epoch: dict[int, list[float]] = defaultdict(list)
    for run in runs:
        for log in run.history:
            if log.monitor is not None:
                by_epoch[log.epoch].append(log.monitor)
    epochs = _thinned(sorted(by_epoch), points)
    if not epochs:
        return None
    means = [sum(sorted(by_epoch[epoch])) / len(by_epoch[epoch]) for epoch in epochs]
    return Curve(epochs=epochs, values=[round(value, 6) for value in means])


def _thinned(epochs: Sequence[int], points: int) -> list[int]:
    if len(epochs) <= points:
        return list(epochs)
    step = (len(epochs) - 1) / (points - 1)
    return [epochs[round(index * step)] for index in range(points)]
