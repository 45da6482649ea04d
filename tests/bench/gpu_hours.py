"""`python -m tests.bench.gpu_hours`: GPU-hours of a full evaluation, predicted. Nothing of it was measured on a GPU.

All 18 tasks, the profile `paper`, the published images, learning rates, epochs and five runs; no run stops early, so
the hours are an upper bound in this respect. Assumptions:

- Operations are those of convolutions and matrix products, counted on shapes (`tests.gpu.predict`): a frozen backbone
  once an image and task, a training step three forwards, a validation one.
- A card reaches a share of the half-precision peak that its maker states (`CARDS`); nobody has measured the share, so
  three are printed.
- Features are read from the card's memory, or over the bus where 80 GB do not hold them (`BUS`).
- Linear heads are bound by memory: they are counted at the rate that two CPU cores reach (docs/performance.md).

Left out: imports, Lightning's start of each run, metrics, the disk.
"""

from __future__ import annotations

from collections.abc import Iterable

import click
from tabulate import tabulate
from torch._subclasses.fake_tensor import FakeTensorMode

from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.data.official import published
from lovt_bench.benchmark.engine.inputs.sizes import split_sizes
from lovt_bench.benchmark.engine.plan.runs import final_runs, tuning_runs
from lovt_bench.tasks.head import heads
from lovt_bench.tasks.profile import apply_profile, load_profile
from lovt_bench.tasks.protocol import load_protocol
from tests.gpu.predict import CARDS, SHARE, Need, need_of
from tests.tasks.lovt_18 import LOVT_18

SHARES = (0.2, SHARE, 0.4)
LINEAR_RATE = 3050
"""Images of all runs a second of a batched linear head on two CPU cores."""


def kind_of(spec: TaskSpec) -> str:
    """Return the kind of task as tables call it."""
    return f"{heads()[spec.head].label}, {spec.backbone}"


def counted(spec: TaskSpec) -> tuple[int, int, int]:
    """Return runs, steps of the optimiser, and images that all runs see, validation included."""
    protocol, profile = load_protocol("lovt-2022"), load_profile("paper")
    spec = apply_profile(spec, profile)
    sizes = split_sizes(
        spec, profile, **{split: each.images for split, each in published()[spec.dataset].splits.items()}
    )
    runs = len(tuning_runs(spec, protocol.runs)) + len(final_runs(1.0, protocol.runs, profile))
    epochs = runs * spec.max_epochs
    return runs, epochs * (sizes.train // spec.batch_size), epochs * (sizes.train + sizes.validation)


def hours(need: Need, images: int, linear: bool, speed: float) -> float:
    """Return the hours of a task on a card of so many operations a second."""
    if linear:
        return images / LINEAR_RATE / 3600
    return need.hours(speed, need.place(80) == "resident")


def rows_of(needs: Iterable[tuple[TaskSpec, Need]], share: float) -> list[list[object]]:
    """Return what each kind of task takes, and all of them, on each card at a share of its peak."""
    kinds: dict[str, list[float]] = {}
    for spec, need in needs:
        runs, steps, images = counted(spec)
        linear = heads()[spec.head].one_layer and spec.backbone == "frozen"
        # `need` divides by a share of its own.
        times = [hours(need, images, linear, speed * share / SHARE) for speed in CARDS.values()]
        found = [1, runs, steps, images / 1e6, need.operations / 1e15, *times]
        before = kinds.get(kind_of(spec), [0.0] * len(found))
        kinds[kind_of(spec)] = [one + other for one, other in zip(before, found, strict=True)]
    total = [sum(column) for column in zip(*kinds.values(), strict=True)]
    return [
        [name, *(f"{value:,.0f}" for value in values[:5]), *(f"{value:.2f}" for value in values[5:])]
        for name, values in [*kinds.items(), ("all", total)]
    ]


@click.command()
@click.option("--architecture", default="resnet50", show_default=True)
def main(architecture: str) -> None:
    """Print a table for each share of the cards' peak."""
    with FakeTensorMode():
        needs = [(spec, need_of(spec, architecture)) for spec in LOVT_18]
    columns = [
        "kind of task",
        "tasks",
        "runs",
        "steps",
        "million images",
        "PFLOP",
        *(f"{card}, h" for card in CARDS),
    ]
    for share in SHARES:
        click.echo(f"At {share:.0%} of the stated peak\n")
        click.echo(tabulate(rows_of(needs, share), columns, "github", disable_numparse=True) + "\n")


if __name__ == "__main__":
    main()
