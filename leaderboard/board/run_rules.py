"""What cannot be true of the runs of one submission on one task: one short rule a function, each yields sentences.

A rule that needs the protocol says nothing where it is not known here, digit by digit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal

from lovt_bench.benchmark.contract.base import Model, Sha256
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.leaderboard.text import clean
from lovt_bench.tasks.tuning import choose_learning_rate, grid_edge, tried_grid

CLOCK_SKEW = timedelta(minutes=10)
"""By so much clocks of two machines may differ."""

_NAMED = 8
"""Values that a sentence lists; of more it says how many."""


class RunPlan(Model):
    """The runs that a protocol asks for under a profile."""

    protocol: str
    protocol_sha256: Sha256
    profile: str
    profile_sha256: Sha256
    tune_seed: int
    final_seeds: list[int]
    grid_steps: int = 0
    normalisation: Literal["dataset", "declared"] = "dataset"
    tasks: dict[str, TaskSpec]
    """By id, with the profile applied."""


@dataclass(frozen=True)
class Runs:
    """All runs of one submission on one task that a table could show in one cell, tuning included."""

    records: tuple[RunRecord, ...]
    """At least one."""
    plan: RunPlan | None
    """None where protocol or profile are not known here."""
    now: datetime

    @cached_property
    def finals(self) -> list[RunRecord]:
        return [record for record in self.records if record.run.phase == "final"]

    @cached_property
    def tunes(self) -> list[RunRecord]:
        return [record for record in self.records if record.run.phase == "tune"]

    @cached_property
    def spec(self) -> TaskSpec | None:
        """The task as the profile runs it; None where the runs followed another specification."""
        run = self.records[0].run
        spec = self.plan.tasks.get(run.task) if self.plan else None
        return spec if spec and spec.digest() == run.task_sha256 else None

    @cached_property
    def tuned(self) -> dict[float, float | None]:
        """Validation score by learning rate of the tuning runs that count."""
        return {
            run.run.learning_rate: run.validation.get(run.monitor)
            for run in self.tunes
            if self.plan and run.run.seed == self.plan.tune_seed
        }

    @property
    def grid(self) -> tuple[list[float], float | None]:
        """The learning rates of the grid and those it went on to, and the one that was to be tried next."""
        assert self.spec is not None
        return tried_grid(self.spec.learning_rates, self.tuned, self.plan.grid_steps if self.plan else 0)


def other_names(runs: Runs) -> Iterator[str]:
    """Yield names of protocol and profile that do not go with their digests."""
    if runs.plan is None:
        return
    for what, own, named in (
        ("protocol", runs.plan.protocol, {record.run.protocol for record in runs.records}),
        ("profile", runs.plan.profile, {record.run.profile for record in runs.records}),
    ):
        if strange := named - {own}:
            yield f"The {what} is called {_listed(map(clean, strange))}; its digest is that of {own}."


def other_seeds(runs: Runs) -> Iterator[str]:
    """Yield seeds that the protocol does not name."""
    if runs.plan is None:
        return
    for phase, members, asked in (
        ("final", runs.finals, runs.plan.final_seeds),
        ("tuning", runs.tunes, [runs.plan.tune_seed]),
    ):
        if strange := {record.run.seed for record in members} - set(asked):
            yield f"Seeds of {phase} runs are {_listed(strange)}; the protocol asks for {_listed(asked)}."


def too_many_runs(runs: Runs) -> Iterator[str]:
    """Yield more final runs than asked for: the best of many could have been chosen."""
    if runs.plan and len(runs.finals) > len(runs.plan.final_seeds):
        yield f"There are {len(runs.finals)} final runs; the protocol asks for {len(runs.plan.final_seeds)}."


def tuning_left_out(runs: Runs) -> Iterator[str]:
    """Yield learning rates of the grid without a tuning run, though there are final runs."""
    if runs.spec is None or runs.plan is None or not runs.finals or len(runs.spec.learning_rates) == 1:
        return
    grid, following = runs.grid
    tuned = [*grid, *([] if following is None else [following])]
    if missing := [rate for rate in tuned if rate not in runs.tuned]:
        yield f"There are final runs, but no tuning run at learning rate {_listed(missing)}."


def another_learning_rate(runs: Runs) -> Iterator[str]:
    """Yield learning rates of final runs that the tuning runs do not choose."""
    if runs.spec is None or runs.plan is None:
        return
    grid, scores = runs.grid[0], runs.tuned
    if strange := {run.run.learning_rate for run in runs.tunes} - set(grid):
        yield f"Tuning runs have the learning rates {_listed(strange)}; the grid is {_listed(grid)}."
    used = {run.run.learning_rate for run in runs.finals}
    if outside := used - set(grid):
        yield f"Final runs have the learning rate {_listed(outside)}; the grid is {_listed(grid)}."
        return
    if len(grid) == 1 or not used or any(rate not in scores for rate in grid):
        return
    try:
        chosen = choose_learning_rate([(rate, scores[rate]) for rate in grid])
    except ValueError:
        yield "There are final runs, though all tuning runs diverged."
        return
    if used != {chosen}:
        yield f"Final runs have the learning rate {_listed(used)}; the tuning runs choose {chosen:g}."


def another_edge(runs: Runs) -> Iterator[str]:
    """Yield final runs of schema 2 that say otherwise whether their learning rate is at an edge of the grid."""
    if runs.spec is None:
        return
    for run in runs.finals:
        edge = grid_edge(run.run.learning_rate, runs.grid[0])
        if run.schema_version > 1 and run.grid_edge != edge:
            said, found = (word or "neither edge" for word in (run.grid_edge, edge))
            yield f"Learning rate {run.run.learning_rate:g} is said to be {said} of its grid; it is {found}."


def tested_in_tuning(runs: Runs) -> Iterator[str]:
    """Yield tuning runs that looked at the test split."""
    if any(run.test for run in runs.tunes):
        yield "A tuning run has test metrics; tuning never looks at the test split."


def diverged_with_metrics(runs: Runs) -> Iterator[str]:
    """Yield diverged runs with numbers."""
    if any(run.status == "diverged" and (run.validation or run.test) for run in runs.records):
        yield "A diverged run has metrics."


def another_monitor(runs: Runs) -> Iterator[str]:
    """Yield a monitored metric that is not the task's."""
    if runs.spec and (strange := {run.monitor for run in runs.records} - {runs.spec.monitor}):
        yield f"Runs were stopped by {_listed(map(clean, strange))}; the task monitors {runs.spec.monitor}."


def no_images(runs: Runs) -> Iterator[str]:
    """Yield runs that ended well without images to learn from, to choose by or to be tested on."""
    for run in runs.records:
        counts = [run.train_images, run.validation_images, *([run.test_images] if run.test else [])]
        if run.status == "ok" and not all(counts):
            yield "A run that ended well has no images in one of its splits."


def too_many_epochs(runs: Runs) -> Iterator[str]:
    """Yield runs that are longer than the task allows."""
    longest = max(run.epochs for run in runs.records)
    if runs.spec and longest > runs.spec.max_epochs:
        yield f"A run has {longest} epochs; the task ends at {runs.spec.max_epochs}."


def wrong_best_epoch(runs: Runs) -> Iterator[str]:
    """Yield best epochs that no run can have, or that a run's own history denies."""
    for run in runs.records:
        if run.best_epoch is not None and run.best_epoch >= run.epochs:
            yield f"The best epoch is number {run.best_epoch + 1} of {run.epochs}."
        elif run.status == "ok" and run.best_epoch is None:
            yield "A run that ended well has no best epoch."
        elif run.history and [log.epoch for log in run.history] != list(range(run.epochs)):
            yield f"A run of {run.epochs} epochs has a history of {len(run.history)} that does not fit it."
        elif run.history and run.status == "ok" and not _is_best(run):
            yield "The history of a run has another best epoch, or another value there, than the run says."


def unlike_runs(runs: Runs) -> Iterator[str]:
    """Yield what differs between runs of one cell that only a seed or a learning rate may tell apart."""
    for what, values in (
        ("kind of device", {"CPU" if run.device_kind == "cpu" else "GPU" for run in runs.records}),
        ("precision", {run.precision for run in runs.records}),
        ("number of training images", {run.train_images for run in runs.records}),
        ("number of validation images", {run.validation_images for run in runs.records}),
        ("number of test images", {run.test_images for run in runs.records}),
        ("metric", {clean(run.metric) for run in runs.records}),
    ):
        if len(values) > 1:
            yield f"Its runs differ in their {what}: {_listed(values)}."


def in_the_future(runs: Runs) -> Iterator[str]:
    """Yield times that have not come yet."""
    newest = max(run.finished_at for run in runs.records)
    if newest > runs.now + CLOCK_SKEW:
        yield f"A run finished at {newest:%Y-%m-%d %H:%M} UTC, which is in the future."


RULES: tuple[Callable[[Runs], Iterator[str]], ...] = (
    other_names,
    other_seeds,
    too_many_runs,
    tuning_left_out,
    another_learning_rate,
    another_edge,
    tested_in_tuning,
    diverged_with_metrics,
    another_monitor,
    no_images,
    too_many_epochs,
    wrong_best_epoch,
    unlike_runs,
    in_the_future,
)


def _is_best(run: RunRecord) -> bool:
    """Return whether the best epoch is the earliest with the largest monitored value, and the run's own value."""
    values = [float("-inf") if log.monitor is None else log.monitor for log in run.history]
    return values.index(max(values)) == run.best_epoch and max(values) == run.validation.get(run.monitor)


def _listed(values: Iterable[object]) -> str:
    texts = [f"{value:g}" if isinstance(value, float) else str(value) for value in values]
    if isinstance(values, set):
        texts.sort(key=lambda text: (len(text), text))
    more = f" and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
    return ", ".join(texts[:_NAMED]) + more
