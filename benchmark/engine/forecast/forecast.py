"""The forecast for an evaluation on this machine: calibrated rates, tasks that cannot begin, the others' costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace

from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.data.pool import WorkerPool, interrupts_held
from lovt_bench.benchmark.engine.device.full_gpu import full_gpu_said
from lovt_bench.benchmark.engine.forecast.calibrate import calibrate
from lovt_bench.benchmark.engine.forecast.tasks import TaskForecast, forecast_tasks
from lovt_bench.benchmark.engine.plan.cost import Rates
from lovt_bench.benchmark.engine.plan.eligible import check_eligible
from lovt_bench.benchmark.engine.plan.evaluation import Evaluation
from lovt_bench.benchmark.engine.plan.job_spec import EvaluationReference, open_evaluation, refer_to
from lovt_bench.benchmark.engine.plan.jobs import plan_jobs
from lovt_bench.benchmark.engine.plan.task_plan import plan_tasks
from lovt_bench.benchmark.executor.job import JobError


@dataclass(frozen=True)
class Forecast:
    """What is left to do, before anything is done."""

    rates: Rates
    tasks: Sequence[TaskForecast]
    impossible: Mapping[str, str]
    """Why a task cannot begin, by id."""

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of each task with one worker, by id."""
        return {task.spec.id: task.seconds for task in self.tasks}


def forecast(evaluation: Evaluation, rates: Rates | None = None, share: bool = True) -> Forecast:
    """Return what the evaluation is going to take.

    Args:
        evaluation: What is to be done.
        rates: Rates of this machine; by default measured in a few seconds, on CUDA in a process of its own: this one
            keeps no context on a GPU that workers need.
        share: See `plan_jobs`.

    Raises:
        ValueError: The backbone cannot take part in one of the tasks (`eligible.py`).
    """
    check_eligible(evaluation.specs, evaluation.source, evaluation.side_of)
    plans, impossible = plan_tasks(evaluation)
    listed = list(plans.values())
    if rates is None:
        rates = _measured_apart(evaluation) if evaluation.device.type == "cuda" else calibrate(listed)
    return Forecast(rates, forecast_tasks(listed, plan_jobs(listed, rates, share)), impossible)


def _measured_apart(evaluation: Evaluation) -> Rates:
    pool = WorkerPool(1)
    try:
        with interrupts_held():
            measured = pool.submit(_measure, refer_to(evaluation), list(evaluation.specs))
        return measured.result()
    except JobError as error:
        raise ValueError(str(error)) from error
    except BrokenProcessPool as error:
        raise ValueError("the process that measures this GPU's speed ended; look at `nvidia-smi`") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _measure(reference: EvaluationReference, specs: Sequence[TaskSpec]) -> Rates:
    evaluation = replace(open_evaluation(reference), specs=specs)
    with full_gpu_said(evaluation.device, "the forecast"):
        return calibrate(list(plan_tasks(evaluation)[0].values()))
