"""How far a run is from itself under another number of threads or instruction set: `python -m tests.bench.spread`.

Each setting is a process of its own; all runs of the settings have the same keys. Prints for every task the standard
deviation of a run over the settings (root mean square over seeds), that over seeds within one setting, and the ratio.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import fmean, pvariance, variance

SETTINGS: dict[str, dict[str, str]] = {
    "1 thread": {"OMP_NUM_THREADS": "1"},
    "2 threads": {"OMP_NUM_THREADS": "2"},
    "1 thread, no AVX2": {"OMP_NUM_THREADS": "1", "ATEN_CPU_CAPABILITY": "default"},
}
TASKS = ("covid_linear", "rsna_frozen_100", "rsna_finetune_100", "pneumothorax_unet_frozen_100")
DATASETS = ("rsna", "siim", "covid-rural")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=40, help="of each dataset")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--tasks", nargs="*", default=TASKS)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        sys.stdout.write(json.dumps(_runs(options.one, options.tasks, options.epochs)) + "\n")
        return
    with tempfile.TemporaryDirectory() as folder:
        _prepare(Path(folder), options.images)
        found = {}
        for name, variables in SETTINGS.items():
            command = [sys.executable, "-m", "tests.bench.spread", *sys.argv[1:], "--one", folder]
            done = subprocess.run(command, env=os.environ | variables, check=True, stdout=subprocess.PIPE)
            found[name] = json.loads(done.stdout.splitlines()[-1])
    for task in options.tasks:
        sys.stdout.write(_line(task, [runs[task] for runs in found.values()]) + "\n")


def _line(task: str, settings: list[list[float]]) -> str:
    repeats = [variance(runs) for runs in zip(*settings, strict=True)]
    seeds = [variance(runs) for runs in settings]
    over_settings, over_seeds = math.sqrt(fmean(repeats)), math.sqrt(fmean(seeds))
    moved = sum(pvariance(runs) > 0 for runs in zip(*settings, strict=True))
    ratio = over_settings / over_seeds if over_seeds else math.nan
    return (
        f"{task:<30} mean {fmean(map(fmean, settings)):.4f}, settings {over_settings:.4f}, seeds {over_seeds:.4f}, "
        f"ratio {ratio:.2f}, {moved} of {len(repeats)} runs moved"
    )


def _prepare(workspace: Path, images: int) -> None:
    for name in DATASETS:
        options = ["--workspace", str(workspace)]
        raw = str(workspace / "phantom" / name)
        for command in (
            ["phantom", "--dataset", name, "--images", str(images), "--side", "160"],
            ["prepare", name, "--raw", raw],
        ):
            call = [
                sys.executable,
                "-c",
                "from lovt_bench.benchmark.cli.main import main; main()",
                "data",
                *command,
                *options,
            ]
            subprocess.run(call, check=True, stdout=subprocess.DEVNULL)


def _runs(workspace: Path, tasks: list[str], epochs: int) -> dict[str, list[float]]:
    """Return the reported metric of each final run by task, as this process trains it."""
    import torch

    from lovt_bench.benchmark.backbone.sources import resolve
    from lovt_bench.benchmark.data.open_store import find_store, open_store
    from lovt_bench.benchmark.engine.evaluate import evaluate
    from lovt_bench.benchmark.engine.plan.evaluation import Evaluation
    from lovt_bench.tasks.profile import load_profile
    from lovt_bench.tasks.protocol import load_protocol
    from lovt_bench.tasks.registry import load_task

    protocol = load_protocol("lovt-2022")
    specs = [load_task(task) for task in tasks]
    stores = {}
    for spec in specs:
        folder = find_store(workspace / "data", spec.dataset, protocol.data)
        assert folder is not None
        stores[spec.dataset] = open_store(folder)
    profile = load_profile("quick").model_copy(update={"name": "spread", "max_epochs": epochs, "max_runs": 5})
    scratch = Path(tempfile.mkdtemp(dir=workspace))
    results = evaluate(
        Evaluation(
            source=resolve("random-resnet18", workspace),
            specs=specs,
            stores=stores,
            protocol=protocol,
            profile=profile,
            workspace=scratch,
            device=torch.device("cpu"),
        )
    )
    return {result.spec.id: [record.test[record.metric] for record in result.records] for result in results}


if __name__ == "__main__":
    main()
