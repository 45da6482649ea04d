"""Runs one training at a time through Lightning."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import lightning as L
import torch
from lightning.pytorch.plugins.precision import MixedPrecision
from torch import Tensor, nn
from torch.amp.grad_scaler import GradScaler

from lovt_bench.benchmark.contract.profile import GRADIENT_SCALE
from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.benchmark.contract.run_record import Engine, EpochLog
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.engine.device.choice import mixed_precision
from lovt_bench.benchmark.engine.device.layout import training_format
from lovt_bench.benchmark.engine.inputs.residence import Residence
from lovt_bench.benchmark.engine.inputs.splits import SplitData
from lovt_bench.benchmark.engine.plan.runs import RunConfig
from lovt_bench.benchmark.engine.train.checkpoint import Checkpoint, State
from lovt_bench.benchmark.engine.train.kernels.choice import head_of, uses_graphs
from lovt_bench.benchmark.engine.train.kernels.fast_head import used_winograd
from lovt_bench.benchmark.engine.train.kernels.step_graph import GraphedHead
from lovt_bench.benchmark.engine.train.loaders import OrderedLoader, ShuffledLoader
from lovt_bench.benchmark.engine.train.order import seeded
from lovt_bench.benchmark.engine.train.outcome import HowTrained, RunOutcome
from lovt_bench.benchmark.engine.train.pulse import Pulse, no_pulse
from lovt_bench.benchmark.engine.train.training import Training
from lovt_bench.benchmark.log import logger
from lovt_bench.tasks.heads import build_head
from lovt_bench.tasks.objective import build_objective


def train_single(
    spec: TaskSpec,
    protocol: Protocol,
    config: RunConfig,
    backbone: nn.Module | None,
    channels: dict[int, int],
    splits: dict[str, SplitData],
    device: torch.device,
    on_epoch: Callable[[EpochLog], None] = lambda log: None,
    metrics_behind: bool | None = None,
    engine: Engine = "fast",
    checkpoint: Checkpoint | None = None,
    on_resume: Callable[[int], None] = lambda epochs: None,
    residence: Residence | None = None,
    gradient_scale: float = GRADIENT_SCALE,
    pulse: Pulse = no_pulse,
) -> RunOutcome:
    """Train one run to its best validation epoch and, in the final phase, measure it once on test.

    Args:
        spec: The task as the profile runs it.
        protocol: The protocol.
        config: Phase, learning rate and seed.
        backbone: The backbone to fine-tune (changed in place), None where `splits` give features.
        channels: Channels of each feature level by stride.
        splits: `train`, `validation` and `test`.
        device: Where to train.
        on_epoch: Called after each epoch.
        metrics_behind: Compute validation metrics while the next epoch trains; by default on CUDA, where the CPU
            has nothing else to do. Changes no result.
        engine: `reference` trains the head as it is written, `fast` the same head by faster convolutions on a CPU,
            on cached features as a CUDA graph where that is asked for.
        checkpoint: Where the run goes on, and where it keeps what it reaches. On a CPU, with the same threads, the
            outcome is that of an unbroken run to the bit, but for the time.
        on_resume: Called with the number of epochs that were done already.
        residence: Is told after each epoch, when nothing is being read.
        gradient_scale: Where the gradient scaler begins, on CUDA.
        pulse: Called for every batch that is read.
    """
    start = time.perf_counter()
    with seeded(config.seed):
        head = head_of(engine, build_head(spec, channels, protocol), device)
    graph = GraphedHead(head) if uses_graphs(device) and engine == "fast" and backbone is None else None
    earlier: State = {}

    def ways() -> dict[str, bool]:
        """Return which faster ways were taken, by this attempt or one before."""
        return {
            "winograd": bool(earlier.get("winograd")) or used_winograd(head),
            "cuda_graph": bool(earlier.get("cuda_graph")) or (graph is not None and graph.used),
        }

    def at_epoch_end(epochs: int, state: Callable[[], State]) -> None:
        if checkpoint:
            checkpoint.write_if_due(epochs, lambda: state() | ways())
        if residence:
            residence.settle(splits)

    module = Training(
        head.to(memory_format=training_format(device)),
        backbone.to(memory_format=training_format(device)) if backbone is not None else None,
        build_objective(spec, protocol),
        spec,
        protocol.optimisation,
        config.learning_rate,
        device.type == "cuda" if metrics_behind is None else metrics_behind,
        on_epoch,
        graph,
        at_epoch_end,
    )
    if checkpoint:
        earlier = _resume(module, checkpoint, on_resume)
    drop_last = protocol.optimisation.drop_last_batch
    train = ShuffledLoader(splits["train"], spec.batch_size, drop_last, config.seed, module, device, pulse)
    trainer = _trainer(module, device, gradient_scale)
    with _quiet():
        if module.epochs_left:
            trainer.fit(module, train, OrderedLoader(splits["validation"], spec.batch_size, device, pulse))
        diverged = module.diverged or module.best.best_epoch is None
        if not diverged and config.phase == "final":
            module.load_state_dict(module.best_state)
            trainer.test(module, OrderedLoader(splits["test"], spec.batch_size, device, pulse), verbose=False)
    return RunOutcome(
        diverged=diverged,
        best_epoch=None if diverged else module.best.best_epoch,
        epochs=len(module.history),
        validation={} if diverged else module.best_validation,
        test=module.test_metrics,
        history=module.history,
        seconds=checkpoint.seconds if checkpoint else time.perf_counter() - start,
        how=HowTrained(
            steps=module.steps,
            skipped_steps=module.skipped_steps,
            **ways(),
        ),
        predictions=module.test_predictions,
        predict=None if diverged else partial(_predict, module, splits["test"], device),
    )


@torch.no_grad()
def _predict(module: Training, test: SplitData, device: torch.device, rows: Tensor) -> Any:
    batch = test.inputs.batch(rows)  # outside: levels are resampled from tokens in float32
    with mixed_precision(device):
        return module.to(device).eval()(batch)


def _resume(module: Training, checkpoint: Checkpoint, on_resume: Callable[[int], None]) -> State:
    """Let a training go on where it was; return the state of then, empty where it begins."""
    state = checkpoint.read()
    if state is None:
        return {}
    try:
        module.resume(state)
    except (ValueError, KeyError, TypeError, AttributeError) as error:  # a state that somebody made up
        checkpoint.throw_away(f"holds no state of this run: {error}")
    else:
        logger.info("checkpoint %s: the training goes on at epoch %d", checkpoint.folder, len(module.history))
        on_resume(len(module.history))
        return state
    return {}


def _trainer(module: Training, device: torch.device, gradient_scale: float) -> L.Trainer:
    """Return the trainer of the epochs that are left; on CUDA it scales gradients by the module's scaler."""
    mixed = device.type == "cuda"
    module.scaler = GradScaler(device.type, init_scale=gradient_scale) if mixed else None
    with _quiet():
        return L.Trainer(
            accelerator=device.type,
            devices=[device.index or 0] if device.type == "cuda" else 1,
            precision=None if mixed else "32-true",
            plugins=MixedPrecision("16-mixed", device.type, module.scaler) if mixed else None,
            max_epochs=module.epochs_left,
            num_sanity_val_steps=0,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )


class _quiet(warnings.catch_warnings):  # noqa: N801
    """Silence Lightning's advice about loaders and hardware, which does not apply to data that is in memory."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.simplefilter("ignore")
        logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
