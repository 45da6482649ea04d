"""A harness process for tests: `python -m tests.benchmark.executor.driver WORKSPACE EXECUTOR JOBS [ADDRESS]`.

JOBS is `toy` (jobs of milliseconds that leave run records, no torch), `real` (an evaluation of two tiny tasks) or
`long` (of fine-tunings of several epochs, each with a checkpoint). Exits with 0 where everything is done, with 75 where
SIGTERM ended it.
"""

from __future__ import annotations

import json
import logging
import random
import sys
import time
from pathlib import Path
from typing import Any

from lovt_bench.benchmark.contract.run_record import RunKey, RunRecord
from lovt_bench.benchmark.engine.plan.recorded import results_path
from lovt_bench.benchmark.engine.record.records import append_record
from lovt_bench.benchmark.executor.choose import choose_executor
from lovt_bench.benchmark.executor.job import Emit, Executor, Job, Work
from lovt_bench.benchmark.log import logger
from lovt_bench.benchmark.runtime.interruption import interruptible
from tests.benchmark.contract.made import made_with
from tests.benchmark.executor.log import Log

TOY_JOBS = 30


def main(workspace: Path, name: Any, jobs: str, address: str | None = None) -> int:
    """Do all jobs; return 0 where each is done."""
    executor = choose_executor(name, workers=2 if name == "local" else None, address=address)
    if jobs == "toy":
        return _toys(workspace, executor)
    try:
        with interruptible():
            return _real(workspace, executor) if jobs == "real" else _long(workspace, executor)
    except KeyboardInterrupt:
        return 75


def toy_work() -> Any:
    """Return the work function of a process."""
    return record_toy


def record_toy(payload: str, emit: Emit) -> None:
    """Leave the record of a run whose numbers follow from its seed, some of them after those that it waits for."""
    job = json.loads(payload)
    rng = random.Random(job["seed"])
    time.sleep(rng.uniform(0.02, 0.2))
    key = RunKey(
        task="covid_linear",
        **{
            f"{name}_sha256": digit * 64
            for name, digit in zip(("backbone", "dataset", "task"), "abc", strict=True)
        },
        protocol="lovt-2022",
        protocol_sha256="d" * 64,
        profile="demo",
        profile_sha256="e" * 64,
        engine="fast",
        phase="final",
        learning_rate=0.01,
        seed=job["seed"],
    )
    record = RunRecord(
        key=key.key(),
        run=key,
        submission="toy",
        track="phantom",
        splits="seeded",
        device="cpu",
        precision="float32",
        made_with=made_with(),
        status="ok",
        monitor="opacity_dice",
        metric="opacity_dice",
        validation={"opacity_dice": rng.random()},
        test={"opacity_dice": rng.random()},
        best_epoch=0,
        epochs=1,
        train_images=1,
        validation_images=1,
        test_images=1,
        seconds=time.perf_counter(),
        finished="2026-01-01T00:00:00+00:00",
        notes=["x" * 20_000],  # long enough to be cut in the middle
    )
    if append_record(results_path(Path(job["root"]), "phantom", "toy", "covid_linear"), record):
        emit({"run": record.key})


def _toys(workspace: Path, executor: Executor) -> int:
    path = results_path(workspace, "phantom", "toy", "covid_linear")
    there = (
        {json.loads(line)["run"]["seed"] for line in path.read_text().splitlines()[:-1]}
        if path.exists()
        else set()
    )
    jobs = [
        Job(
            f"toy-{seed}",
            f"toy {seed}",
            json.dumps({"root": str(workspace), "seed": seed}),
            after=frozenset({f"toy-{seed - 10}"} if seed >= 10 else ()),
        )
        for seed in range(TOY_JOBS)
        if seed not in there
    ]
    log = Log()
    executor.run(
        jobs, Work(record_toy, "tests.benchmark.executor.driver:toy_work"), workspace / "claims", log
    )
    return sum(end.status != "done" for end in log.ends.values())


def _real(workspace: Path, executor: Executor) -> int:
    from lovt_bench.benchmark.engine.evaluate import evaluate
    from tests.benchmark.executor.worlds import tiny_evaluation

    results = evaluate(tiny_evaluation(workspace), executor=executor)
    return sum(result.status != "done" for result in results)


def _long(workspace: Path, executor: Executor) -> int:
    from lovt_bench.benchmark.engine import evaluate as room
    from tests.benchmark.executor import worlds

    worlds.eager_worker()
    room.ENTRY = "tests.benchmark.executor.worlds:eager_worker"
    heard = worlds.Activities()
    results = room.evaluate(worlds.long_evaluation(workspace), heard, executor)
    return sum(result.status != "done" for result in results)


if __name__ == "__main__":
    logging.basicConfig(format="%(message)s", level=logging.ERROR)
    logger.setLevel(logging.INFO if sys.argv[3] == "long" else logging.NOTSET)
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
