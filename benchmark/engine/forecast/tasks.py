"""What an evaluation is going to take: runs, time and disk, by task, before anything runs. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.engine.plan.jobs import PlannedJob
from lovt_bench.benchmark.engine.plan.task_plan import TaskPlan


@dataclass(frozen=True)
class TaskForecast:
    """What is left to do for one task. Features that several tasks read count with the first of them."""

    spec: TaskSpec
    runs: int
    seconds: float
    """Seconds with one worker if no run stops early, extraction included."""
    longest: float
    """Seconds that no number of workers shortens: features, one tuning run, steps beyond the grid, one repetition."""
    feature_seconds: float
    bytes_written: int
    wider_runs: int = 0
    """Runs among these that only a grid takes whose optimum lies at an end."""
    wider_seconds: float = 0.0


def forecast_tasks(plans: Sequence[TaskPlan], jobs: Sequence[PlannedJob]) -> list[TaskForecast]:
    """Return what the jobs of each task take, in the order of the plans.

    Args:
        plans: Plans of the tasks.
        jobs: Planned with rates of this machine.
    """
    owner = {job.id: job.task_ids[0] for job in jobs}
    forecasts = []
    for plan in plans:
        own = [job for job in jobs if owner[job.id] == plan.spec.id]
        features = sum(job.cost for job in own if job.payload.kind == "features")
        wider = [job for job in own if job.payload.kind == "wider"]
        phases = [
            [job.cost for job in own if job.payload.kind == kind] for kind in ("features", "tune", "final")
        ]
        forecasts.append(
            TaskForecast(
                spec=plan.spec,
                runs=sum(job.runs for job in own),
                seconds=sum(job.cost for job in own),
                longest=sum(max(costs, default=0.0) for costs in phases) + sum(job.cost for job in wider),
                feature_seconds=features,
                bytes_written=sum(job.bytes_written for job in own),
                wider_runs=sum(job.runs for job in wider),
                wider_seconds=sum(job.cost for job in wider),
            )
        )
    return forecasts


def total_seconds(forecasts: Sequence[TaskForecast], workers: int) -> float:
    """Return the time of all tasks with so many equal workers: never less than the longest task's chain."""
    work = sum(forecast.seconds for forecast in forecasts) / max(1, workers)
    return max([work, *(forecast.longest for forecast in forecasts)])
