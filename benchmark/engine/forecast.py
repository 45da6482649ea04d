"""The prediction for an evaluation on this machine: calibrated rates, tasks that cannot begin, the others' costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmark.engine.calibrate import calibrate
from benchmark.engine.cost import Rates
from benchmark.engine.eligible import check_eligible
from benchmark.engine.evaluate import plan_tasks
from benchmark.engine.evaluation import Evaluation
from benchmark.engine.jobs import plan_jobs
from benchmark.engine.predict import TaskPrediction, predict


@dataclass(frozen=True)
class Forecast:
    """What is left to do, before anything is done."""

    rates: Rates
    tasks: Sequence[TaskPrediction]
    impossible: Mapping[str, str]
    """Why a task cannot begin, by id."""

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of each task with one worker, by id."""
        return {task.spec.id: task.seconds for task in self.tasks}


def forecast(evaluation: Evaluation, rates: Rates | None = None, share: bool = True) -> Forecast:
    """Return what the evaluation is going to take.

    Args:
        evaluation: what is to be done.
        rates: of this machine; measured in a few seconds where not given.
        share: see `plan_jobs`.

    Raises:
        ValueError: the backbone cannot take part in one of the tasks (`eligible.py`).
    """
    check_eligible(evaluation.specs, evaluation.source, evaluation.profile.image_side)
    plans, impossible = plan_tasks(evaluation)
    listed = list(plans.values())
    rates = rates or calibrate(listed)
    return Forecast(rates, predict(listed, plan_jobs(listed, rates, share)), impossible)
