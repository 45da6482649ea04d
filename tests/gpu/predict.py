"""`python -m tests.gpu.predict`: memory and hours of the published tasks on a GPU, computed.

Shapes alone are computed with (fake tensors), so that it takes seconds anywhere. docs/gpu.md holds its tables and says
how each number comes about. On a card, real or pretended, `--measure` takes steps of three tasks and prints their
memory beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import click
import numpy as np
import torch
from tabulate import tabulate
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from lovt_bench.benchmark.backbone.registry import build
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.data.official import published
from lovt_bench.benchmark.engine.plan import final_runs, split_sizes, tuning_runs
from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.heads import build_head, head_strides
from lovt_bench.tasks.objective import build_objective
from lovt_bench.tasks.profile import apply_profile, load_profile
from lovt_bench.tasks.protocol import load_protocol
from tests.tasks.lovt_18 import LOVT_18

SIDE = 224
CARDS = {"T4, 16 GB": 65e12, "V100, 32 GB": 125e12, "A100, 80 GB": 312e12, "H100, 80 GB": 989e12}
"""Float16 operations a second with float32 sums, dense, by their maker's data sheets."""
SHARE = 0.3
"""Share of these operations that a training is taken to reach: an assumption."""
MEASURED = ("pneumothorax_unet_frozen_100", "rsna_frozen_100", "rsna_finetune_100")
BUS = 20e9
"""Bytes a second from pinned memory to a card: an assumption between PCIe 3 (12) and 4 (24)."""
SIZES = (8, 16, 24, 48, 80)
"""GiB of cards in the table of memory."""
GIB = 2**30


@dataclass(frozen=True)
class Need:
    """What one task takes at the published sizes."""

    task: str
    arrays: int
    """Bytes of all that its runs read, when resident."""
    step: int
    """Bytes of a training step: weights, gradients and moments in float32, inputs, and what backward keeps."""
    operations: float
    """Operations of all its runs, if none stops early."""
    streamed: float
    """Bytes that all its runs read in epochs, if nothing is resident."""

    def place(self, gib: float) -> str:
        """Return how the arrays are read on a card of that size."""
        free = gib * GIB - 1.25 * self.step - 0.5 * GIB  # the context of CUDA and its libraries
        if free < 0:
            return "does not fit"
        return "resident" if self.arrays <= free else f"{max(0, free) / self.arrays:.0%} resident"

    def hours(self, speed: float, resident: bool) -> float:
        """Return the hours on a card of that many operations a second."""
        bus = 0 if resident else self.streamed / BUS
        return max(self.operations / (speed * SHARE), bus) / 3600


def need_of(spec: TaskSpec, architecture: str) -> Need:
    """Return what a task takes with a backbone of an architecture."""
    protocol, profile = load_protocol("lovt-2022"), load_profile("paper")
    spec = apply_profile(spec, profile)
    counts = {split: each.images for split, each in published()[spec.dataset].splits.items()}
    sizes = split_sizes(spec, profile, counts["train"], counts["validation"], counts["test"])
    backbone = build(architecture)
    channels = {1: 3} | {level.stride: level.channels for level in backbone.levels}
    head = build_head(spec, channels, protocol)
    frozen, strides = spec.backbone == "frozen", head_strides(spec)
    images = sizes.train + sizes.validation + sizes.test
    array = SIDE**2 * (len(spec.classes) // 8 + 1 if spec.target == "masks" else 0)
    if frozen:
        array += sum(2 * channels[s] * (SIDE // s) ** 2 for s in strides if s != 1)
    if not frozen or 1 in strides:
        array += SIDE**2
    head_forward, head_kept = _work(head, {s: _images(channels[s], SIDE // s) for s in strides})
    backbone_forward, backbone_kept = _work(backbone, _images(3, SIDE))
    weights = sum(p.numel() for p in head.parameters()) + (
        0 if frozen else sum(p.numel() for p in backbone.parameters())
    )
    read = sum(4 * channels[s] * (SIDE // s) ** 2 for s in (strides if frozen else [1]))
    kept = read + head_kept + (0 if frozen else backbone_kept)
    forward = head_forward + (0 if frozen else backbone_forward)
    runs = len(tuning_runs(spec, protocol.runs)) + len(final_runs(1.0, protocol.runs, profile))
    epochs = runs * spec.max_epochs
    operations = epochs * (3 * forward * sizes.train + forward * sizes.validation)
    if frozen:
        operations += images * backbone_forward
    batched = runs if spec.head == "linear" and frozen else 1  # all runs read a batch once
    streamed = epochs / batched * (sizes.train + sizes.validation) * array
    return Need(spec.id, images * array, 16 * weights + spec.batch_size * kept, operations, streamed)


def measured_step(spec: TaskSpec, architecture: str) -> float:
    """Return the bytes of a training step of a task on a card, from steps of 2 and of 8 images."""
    protocol, device, held = load_protocol("lovt-2022"), torch.device("cuda", 0), {}
    for batch in (2, 8):
        torch.cuda.empty_cache()
        backbone = build(architecture).to(device).train()
        channels = {1: 3} | {level.stride: level.channels for level in backbone.levels}
        head = build_head(spec, channels, protocol).to(device).train()
        objective = build_objective(spec, protocol)
        if spec.target == "boxes":
            targets: object = BoxTarget.pack([np.array([[20.0, 30, 60, 80]])] * batch).to(device)
        else:
            targets = torch.zeros(batch, len(spec.classes), SIDE, SIDE, dtype=torch.uint8, device=device)
        frozen, before = spec.backbone == "frozen", torch.cuda.memory_allocated(device)
        inputs = {s: torch.rand(batch, channels[s], SIDE // s, SIDE // s, device=device) for s in channels}
        inputs = {s: each for s, each in inputs.items() if s in (head_strides(spec) if frozen else [1])}
        with torch.autocast("cuda", torch.float16):
            loss = objective.loss(head(inputs if frozen else backbone(inputs[1])), targets)
        held[batch] = torch.cuda.memory_allocated(device) - before
        trained = [head] if frozen else [head, backbone]
        weights = sum(each.numel() for module in trained for each in module.parameters())
        del loss, inputs, targets
    return 16 * weights + spec.batch_size * (held[8] - held[2]) / 6


def _work(module: nn.Module, inputs: object) -> tuple[float, int]:
    """Return, for one of two images, operations of a forward and bytes kept for its backward, in half precision."""
    kept: dict[int, int] = {}
    weights = {id(parameter) for parameter in module.parameters()}

    def keep(tensor: Tensor) -> Tensor:
        if id(tensor) not in weights:
            kept[tensor.untyped_storage()._cdata] = tensor.untyped_storage().nbytes()
        return tensor

    held: list[Tensor] = []
    with (
        FlopCounterMode(display=False) as counter,
        torch.autograd.graph.saved_tensors_hooks(keep, lambda each: each),
    ):
        held += [each for each in tree_leaves(module.train()(inputs)) if isinstance(each, Tensor)]
    return counter.get_total_flops() / 2, sum(kept.values()) // 2 // 2


def _images(channels: int, side: int) -> Tensor:
    return torch.empty(2, channels, side, side)


@click.command()
@click.option("--architecture", default="resnet50", show_default=True)
@click.option(
    "--measure", is_flag=True, help="Take steps on a card and print their memory beside the computed one."
)
def main(architecture: str, measure: bool) -> None:
    """Print the tables."""
    with FakeTensorMode():
        needs = [need_of(spec, architecture) for spec in LOVT_18]
    if measure:
        found = {spec.id: measured_step(spec, architecture) for spec in LOVT_18 if spec.id in MEASURED}
        rows = [[each.task, each.step / GIB, found[each.task] / GIB] for each in needs if each.task in found]
        click.echo(tabulate(rows, ["task", "computed, GiB", "measured, GiB"], "github", floatfmt=".1f"))
        return
    memory = [
        [each.task, f"{each.arrays / GIB:.1f}", f"{each.step / GIB:.1f}", *(each.place(gib) for gib in SIZES)]
        for each in needs
    ]
    click.echo(
        tabulate(memory, ["task", "arrays, GiB", "step, GiB", *(f"{gib} GB" for gib in SIZES)], "github")
    )
    hours = [
        [each.task, *(f"{each.hours(speed, each.place(80) == 'resident'):.2f}" for speed in CARDS.values())]
        for each in needs
    ]
    total = np.sum([[float(cell) for cell in row[1:]] for row in hours], axis=0)
    click.echo()
    click.echo(tabulate([*hours, ["all", *(f"{each:.0f}" for each in total)]], ["task", *CARDS], "github"))


if __name__ == "__main__":
    main()
