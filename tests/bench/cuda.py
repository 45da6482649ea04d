"""Everything that only a GPU can tell, in one call: `python -m tests.bench.cuda`. Says so and ends where there is none.

`--try` takes each step once, with one image: whether it runs at all, on a pretended card, too.

1. The parts of the report on the GPU.
2. Feature libraries: PyTorch under autocast against onnxruntime's CUDA provider; speed, and whether they are equal.
3. A training step of each head: one after the other, two at once on two streams or in two processes, as a CUDA graph.
4. A step of nine linear heads at once, and the same as a CUDA graph.
5. The batched linear head: features resident on the device against features streamed from the host.
6. Peak memory of each.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import click
import numpy as np
import torch
from torch import Tensor, nn

from lovt_bench.benchmark.engine.feature_backend import (
    TOLERANCE,
    OnnxFeatures,
    TorchFeatures,
    relative_difference,
)
from lovt_bench.benchmark.engine.memory import training_format
from lovt_bench.benchmark.engine.rows import RowTensor
from lovt_bench.benchmark.engine.step_graph import GraphedHead, capture_on_cuda
from lovt_bench.benchmark.log import logger
from lovt_bench.tasks.heads import build_head, head_strides
from lovt_bench.tasks.losses.upsampled_dice import upsampled_dice_loss
from lovt_bench.tasks.objective import build_objective
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.bench.machine import look_at_machine
from tests.bench.measure import paired, seconds_of, wait
from tests.bench.parts.catalogue import LONG, PARTS
from tests.bench.report import measure, text
from tests.bench.world import CHANNELS, SIDE, fixed_draw, random_features

PROTOCOL = load_protocol("lovt-2022")


@dataclass(frozen=True)
class Size:
    """How much is done."""

    batch: int = 64
    rounds: int = 10
    images: int = 1024
    steps: int = 20


TRY = Size(batch=1, rounds=0, images=4, steps=1)


@dataclass(frozen=True)
class Trial:
    """One way to do some work."""

    work: str
    way: str
    milliseconds: float
    peak_bytes: int
    note: str = ""


def measured(
    work: str, ways: Mapping[str, Callable[[], object]], rounds: int, notes: dict[str, str] | None = None
) -> list[Trial]:
    """Time the ways in turns, then each one's peak memory."""
    best = paired(ways, rounds=rounds) if rounds else {}
    trials = []
    for way, function in ways.items():
        torch.cuda.reset_peak_memory_stats()
        function()
        torch.cuda.synchronize()
        peak = torch.cuda.max_memory_allocated()
        trials.append(Trial(work, way, best.get(way, 0.0) * 1000, peak, (notes or {}).get(way, "")))
    return trials


def feature_libraries(device: torch.device, size: Size) -> list[Trial]:
    """Return forward passes of ResNet-50 by library, with their difference."""
    backbone, strides = fixed_draw().load(0).eval(), [2, 4, 8, 16, 32]
    image = torch.randn(size.batch, 3, SIDE, SIDE, device=device)
    plain = TorchFeatures(backbone, device)
    other = OnnxFeatures(backbone, SIDE, device)
    difference = relative_difference(other(image, strides), plain(image, strides))
    equal = "equal" if difference <= TOLERANCE["cuda"] else "not equal"
    layout = image.contiguous(memory_format=torch.channels_last)
    return measured(
        f"ResNet-50 forward, batch {size.batch}",
        {"PyTorch, autocast": lambda: plain(layout, strides), "onnxruntime": lambda: other(image, strides)},
        size.rounds,
        {"onnxruntime": f"{equal}, differs by {difference:.1e}"},
    )


def head_trainings(device: torch.device, size: Size) -> Iterator[Trial]:
    """Yield two training steps of each head, done in several ways."""
    for task in ("rsna_frozen_100", "pneumothorax_unet_frozen_100"):
        steps = [_step(task, device, size.batch) for _ in range(2)]
        streams = [torch.cuda.Stream(device) for _ in steps]
        ways = {
            "in turn": partial(_in_turn, steps),
            "two streams": partial(_at_once, steps, streams),
            "CUDA graphs, in turn": partial(
                _in_turn, [_step(task, device, size.batch, graph=True) for _ in range(2)]
            ),
        }
        work = f"two steps of {task}, batch {size.batch}"
        yield from measured(work, ways, size.rounds)
        yield Trial(work, "two processes", 1000 * _in_processes(task, device, size), 0, "memory not measured")


def linear_heads(device: torch.device, size: Size, runs: int = 9) -> Iterator[Trial]:
    """Yield forward and backward of a batched linear head, as the engine trains it."""
    cells, classes = (SIDE // 32) ** 2, 1
    features = torch.randn(runs, size.batch, CHANNELS[32], cells, device=device)
    targets = torch.randint(0, 2, (runs, size.batch, classes, SIDE, SIDE), dtype=torch.uint8, device=device)
    weight = torch.randn(runs, classes, CHANNELS[32], device=device, requires_grad=True)
    bias = torch.zeros(runs, classes, device=device, requires_grad=True)

    def losses(features: Tensor, targets: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        maps = weight.unsqueeze(1) @ features + bias[:, None, :, None]
        return upsampled_dice_loss(maps.unflatten(-1, (SIDE // 32, SIDE // 32)), targets)

    def step(call: Callable[..., Tensor]) -> None:
        call(features, targets, weight, bias).sum().backward()

    work = f"a step of {runs} linear heads"
    yield from measured(work, {"as it is": partial(step, losses)}, size.rounds)
    sample = (features.clone(), targets.clone(), weight.detach().clone().requires_grad_(), bias)
    graphed = capture_on_cuda(losses, sample)
    yield from measured(work, {"CUDA graph": partial(step, graphed)}, size.rounds)


def _in_turn(steps: list[Callable[[], None]]) -> None:
    for step in steps:
        step()


def _at_once(steps: list[Callable[[], None]], streams: list[torch.cuda.Stream]) -> None:
    for step, stream in zip(steps, streams, strict=True):
        with torch.cuda.stream(stream):
            step()


def _in_processes(task: str, device: torch.device, size: Size, processes: int = 2) -> float:
    """Return the seconds of a step in each of several processes at once."""
    context = torch.multiprocessing.get_context("spawn")
    begin, seconds = context.Barrier(processes), context.SimpleQueue()
    workers = [
        context.Process(target=_steps_in_process, args=(task, device, size, begin, seconds))
        for _ in range(processes)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        if worker.exitcode:
            raise RuntimeError(f"a process of {task} ended with code {worker.exitcode}")
    return max(seconds.get() for _ in workers) / size.steps


def _steps_in_process(task: str, device: torch.device, size: Size, begin: Any, seconds: Any) -> None:
    step = _step(task, device, size.batch)
    for _ in range(3 if size.rounds else 0):
        step()
    wait(device)
    begin.wait(timeout=300)
    seconds.put(seconds_of(lambda: [step() for _ in range(size.steps)]))


def _step(task: str, device: torch.device, batch: int, graph: bool = False) -> Callable[[], None]:
    """Return forward, loss and backward of a head; with `graph` its forward and backward replay a CUDA graph."""
    spec = load_task(task)
    head: nn.Module = (
        build_head(spec, CHANNELS, PROTOCOL).to(device).to(memory_format=training_format(device))
    )
    inputs = random_features(head_strides(spec), batch, device)
    target = _target(spec.target, device, batch)
    objective = build_objective(spec, PROTOCOL)
    call = GraphedHead(head, patience=0) if graph else head

    def step() -> None:
        head.zero_grad()
        with torch.autocast("cuda", torch.float16, enabled=device.type == "cuda"):
            loss = objective.loss(call(inputs), target)
        loss.backward()

    return step


def _target(kind: str, device: torch.device, batch: int) -> object:
    if kind == "masks":
        return torch.randint(0, 2, (batch, 1, SIDE, SIDE), dtype=torch.uint8, device=device)
    from lovt_bench.tasks.boxes import BoxTarget

    return BoxTarget.pack([np.array([[20.0, 30, 60, 80]])] * batch).to(device)


def feature_reading(device: torch.device, size: Size) -> list[Trial]:
    """Return batches of stride-8 features: from device memory, and from pinned host memory."""
    array = (
        np.random.default_rng(0)
        .normal(size=(size.images, CHANNELS[8], SIDE // 8, SIDE // 8))
        .astype(np.float16)
    )
    order = torch.randperm(len(array)).split(size.batch)
    resident, streamed = RowTensor(array, device), RowTensor(array, device)
    resident.make_resident()
    ways = {
        "resident": lambda: [resident[rows] for rows in order],
        "streamed": lambda: [streamed[rows] for rows in order],
    }
    return measured(f"{len(array)} images of stride-8 features", ways, size.rounds)


def table(trials: list[Trial]) -> str:
    """Return the trials as a Markdown table."""
    lines = ["| work | way | ms | peak memory | |", "|---|---|---:|---:|---|"]
    lines += [
        f"| {one.work} | {one.way} | {one.milliseconds:.2f} | {one.peak_bytes / 2**20:.0f} MiB | {one.note} |"
        for one in trials
    ]
    return "\n".join(lines)


@click.command()
@click.option(
    "--try", "trying", is_flag=True, help="Take each step once, with one image, to see whether it runs."
)
def main(trying: bool) -> None:
    """Measure a GPU. Exit code 1 says that a part failed; the others are printed all the same."""
    if not torch.cuda.is_available():
        click.echo("no CUDA device: nothing to measure here (make bench measures the CPU)")
        return
    # Whether a graph is used is decided on the way: without these lines a trial could be another.
    logging.basicConfig(stream=sys.stderr, format="%(message)s")
    logger.setLevel(logging.DEBUG)
    device, size = torch.device("cuda", 0), TRY if trying else Size()
    trials: list[Trial] = []
    failed = []
    for part in (feature_libraries, head_trainings, linear_heads, feature_reading):
        try:
            trials.extend(part(device, size))
        except Exception as error:  # one part that fails must not cost the others: the machine is lent
            failed.append(f"{part.__name__} failed: {error!r}")
        torch.cuda.empty_cache()
    click.echo(table(trials))
    machine = None if trying else look_at_machine(device)
    for name in PARTS:
        if machine is None or name in (*LONG, "preparation", "start-up"):
            continue
        try:
            (rows,) = measure([name], machine)
            click.echo(text(rows, machine))
        except Exception as error:  # as above
            failed.append(f"{name} failed: {error!r}")
    for line in failed:
        click.echo(line, err=True)
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
