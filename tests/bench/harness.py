"""One task by the harness, beside `peer.py`: `python -m tests.bench.harness TASK PROFILE DATA [--one-draw]`.

PROFILE is JSON, DATA the folder of the task's store. Prints the test score of each run. The backbone is drawn for each
run; with `--one-draw` all runs share one draw, and so its features, as those of a trained backbone.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import torch

from lovt_bench.benchmark.backbone.sources import RandomSource
from lovt_bench.benchmark.contract.profile import Profile
from lovt_bench.benchmark.data.open_store import open_store
from lovt_bench.benchmark.engine.evaluate import evaluate
from lovt_bench.benchmark.engine.plan.evaluation import Evaluation
from lovt_bench.benchmark.malloc import keep_freed_memory, leave_out_imports
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.bench.world import fixed_draw


def main() -> None:
    task, profile, data, *more = sys.argv[1:]
    keep_freed_memory()
    leave_out_imports()
    spec = load_task(task)
    with tempfile.TemporaryDirectory() as workspace:
        (result,) = evaluate(
            Evaluation(
                source=fixed_draw("resnet18") if more else RandomSource("resnet18"),
                specs=[spec],
                stores={spec.dataset: open_store(Path(data))},
                protocol=load_protocol(),
                profile=Profile.model_validate_json(profile),
                workspace=Path(workspace),
                device=torch.device("cpu"),
                masks=False,
            )
        )
    if result.status != "done":
        sys.exit(result.reason)
    finals = [record for record in result.records if record.run.phase == "final"]
    sys.stdout.write(json.dumps([record.test[spec.metric] for record in finals]) + "\n")


if __name__ == "__main__":
    main()
