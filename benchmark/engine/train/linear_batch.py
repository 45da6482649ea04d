"""All runs of a linear head trained together as one batched head.

Each run keeps its own seed, order, learning rate, schedule and early stop; a run that has stopped leaves the batch.
Lightning is not used here: its loop has one order, one schedule and one stop for all that is trained.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from lovt_bench.benchmark.contract.dataset import SplitName
from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.benchmark.contract.run_record import EpochLog
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.engine.inputs.splits import LinearSplit
from lovt_bench.benchmark.engine.plan.runs import RunConfig
from lovt_bench.benchmark.engine.train.divergence import all_finite
from lovt_bench.benchmark.engine.train.kernels.choice import step_on
from lovt_bench.benchmark.engine.train.kernels.step_graph import StepGraph
from lovt_bench.benchmark.engine.train.loss_mean import LossMean
from lovt_bench.benchmark.engine.train.optimiser import build_adam, build_plateau, steps_done
from lovt_bench.benchmark.engine.train.order import ordered_batches, seeded, train_batches
from lovt_bench.benchmark.engine.train.outcome import HowTrained, RunOutcome, epoch_log
from lovt_bench.benchmark.engine.train.pulse import Pulse, no_pulse
from lovt_bench.benchmark.engine.train.stopping import BestEpoch
from lovt_bench.tasks.heads import build_head
from lovt_bench.tasks.heads.linear import STRIDE as LINEAR_STRIDE
from lovt_bench.tasks.losses.upsampled_dice import upsampled_dice_loss
from lovt_bench.tasks.metrics.dice import SegmentationMetrics, upsampled_image_counts
from lovt_bench.tasks.predictions import Predictions


class _Run:
    """State of one run."""

    def __init__(
        self, index: int, config: RunConfig, spec: TaskSpec, protocol: Protocol, head: nn.Module
    ) -> None:
        self.index, self.config, self.head = index, config, head
        self.adam = build_adam(head.parameters(), config.learning_rate, protocol.optimisation)
        self.plateau = build_plateau(self.adam, protocol.optimisation)
        self.best = BestEpoch(spec.patience, protocol.optimisation.early_stopping_min_delta)
        self.best_state: dict[str, Tensor] = {}
        self.validation: dict[str, float] = {}
        self.history: list[EpochLog] = []
        self.diverged = False
        self.seconds = 0.0

    @property
    def active(self) -> bool:
        return not (self.best.stop or self.diverged)


def train_linear_batch(
    spec: TaskSpec,
    protocol: Protocol,
    configs: Sequence[RunConfig],
    channels: dict[int, int],
    splits: dict[str, LinearSplit],
    device: torch.device,
    on_epoch: Callable[[int], None] = lambda active: None,
    pulse: Pulse = no_pulse,
) -> Iterator[tuple[int, RunOutcome]]:
    """Train all runs; yield each one's index in `configs` and its outcome as soon as it has stopped.

    float32 throughout, on CUDA too: the head is so small that reading the features rules the time.
    `on_epoch` is called with the number of runs that trained in the epoch, `pulse` for every batch that is read.
    """
    runs = []
    for index, config in enumerate(configs):
        with seeded(config.seed):
            head = build_head(spec, channels, protocol).to(device)
        runs.append(_Run(index, config, spec, protocol, head))
    trainer = _LinearBatch(spec, protocol, splits, device, pulse)
    for epoch in range(spec.max_epochs):
        active = [run for run in runs if run.active]
        if not active:
            break
        start = time.perf_counter()
        trainer.train_epoch(active, epoch)
        trainer.validate(active, epoch)
        share = (time.perf_counter() - start) / len(active)
        for run in active:
            run.seconds += share
        on_epoch(len(active))
        yield from ((run.index, trainer.finish(run)) for run in active if not run.active)
    yield from ((run.index, trainer.finish(run)) for run in runs if run.active)


class _LinearBatch:
    def __init__(
        self,
        spec: TaskSpec,
        protocol: Protocol,
        splits: dict[str, LinearSplit],
        device: torch.device,
        pulse: Pulse,
    ) -> None:
        self.spec, self.protocol, self.splits, self.device = spec, protocol, splits, device
        self._pulse = pulse
        _, self.height, self.width = splits["train"].features[0].shape
        self._step = step_on(device, self._losses_of_features)

    def maps(self, features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Return coarse logits (K, B, C, h, w); full-size ones are never built.

        Args:
            features: (K or 1, B, c, h·w).
            weight: (K, C, c).
            bias: (K, C).
        """
        maps = weight.unsqueeze(1) @ features + bias[:, None, :, None]
        return maps.unflatten(-1, (self.height, self.width))

    def train_epoch(self, runs: list[_Run], epoch: int) -> None:
        split, optimisation = self.splits["train"], self.protocol.optimisation
        orders = [
            train_batches(
                run.config.seed, epoch, split.size, self.spec.batch_size, optimisation.drop_last_batch
            )
            for run in runs
        ]
        self.train_loss = LossMean("batches")
        for indices in zip(*orders, strict=True):
            features = self._gather(split, list(zip(runs, indices, strict=True)))
            targets = torch.stack([split.targets.batch(i) for i in indices])
            losses = self._step(features, targets, *_weights(runs))
            for run in runs:
                run.adam.zero_grad()
            losses.sum().backward()
            for run in runs:
                run.adam.step()
            self.train_loss.update(losses, self.spec.batch_size)

    @torch.no_grad()
    def validate(self, runs: list[_Run], epoch: int) -> None:
        metrics, losses = self._measure("validation", runs)
        train_losses = self.train_loss.compute().tolist()
        for run, measured, train_loss, loss in zip(runs, metrics, train_losses, losses, strict=True):
            values = measured.compute()
            rate, value = run.adam.param_groups[0]["lr"], values[self.spec.monitor]
            run.history.append(epoch_log(epoch, train_loss, loss, value, rate))
            if not (math.isfinite(train_loss) and all_finite(run.head.state_dict().values())):
                run.diverged = True
                continue
            if run.best.update(epoch, value):
                run.best_state = {name: tensor.clone() for name, tensor in run.head.state_dict().items()}
                run.validation = values
            run.plateau.step(loss)

    @torch.no_grad()
    def finish(self, run: _Run) -> RunOutcome:
        start = time.perf_counter()
        diverged = run.diverged or run.best.best_epoch is None
        test: dict[str, float] = {}
        predictions: Predictions | None = None
        if not diverged and run.config.phase == "final":
            run.head.load_state_dict(run.best_state)
            (metrics,), _ = self._measure("test", [run])
            test, predictions = metrics.compute(), metrics.predictions()
        return RunOutcome(
            diverged=diverged,
            best_epoch=None if diverged else run.best.best_epoch,
            epochs=len(run.history),
            validation={} if diverged else run.validation,
            test=test,
            history=run.history,
            seconds=run.seconds + time.perf_counter() - start,
            how=HowTrained(
                steps=steps_done(run.adam.state),
                cuda_graph=isinstance(self._step, StepGraph) and self._step.used,
            ),
            predictions=predictions,
            predict=None if diverged else partial(self.predict, run),
        )

    @torch.no_grad()
    def predict(self, run: _Run, rows: Tensor) -> Tensor:
        """Return logits (B, C, S, S) of one run for rows of the test split."""
        features = self.splits["test"].features[run.index][rows].float()
        logits: Tensor = run.head({LINEAR_STRIDE: features})
        return logits

    def _measure(self, name: SplitName, runs: list[_Run]) -> tuple[list[SegmentationMetrics], list[float]]:
        """Return metrics and mean loss of each run on a split; of a single run on test with its masks."""
        split, threshold = self.splits[name], self.protocol.metrics.mask_threshold
        metrics = [SegmentationMetrics(self.spec.classes, threshold, keep_masks=name == "test") for _ in runs]
        losses = LossMean(self.protocol.optimisation.validation_loss_mean)
        for indices in ordered_batches(split.size, self.spec.batch_size):
            shared = len({id(split.features[run.index]) for run in runs}) == 1
            features = self._gather(split, [(run, indices) for run in (runs[:1] if shared else runs)])
            targets = split.targets.batch(indices)
            maps = self.maps(features, *_weights(runs))
            losses.update(self._losses(maps, targets), len(indices))
            # All runs of a test pass would share the list: there is one.
            counts = upsampled_image_counts(maps, targets, threshold, metrics[0].masks)
            for metric, run_counts in zip(metrics, counts, strict=True):
                metric.add(run_counts, targets.shape[-1])
        return metrics, losses.compute().tolist()

    def _gather(self, split: LinearSplit, wanted: Sequence[tuple[_Run, Tensor]]) -> Tensor:
        """Return the features (K, B, c, h·w) float32 of rows of each run."""
        self._pulse()
        parts = (split.features[run.index][rows].flatten(2) for run, rows in wanted)
        first = next(parts)
        features = first.new_empty(len(wanted), *first.shape, dtype=torch.float32)
        features[0].copy_(first)
        for place, part in enumerate(parts, start=1):
            features[place].copy_(part)
        return features

    def _losses_of_features(self, features: Tensor, targets: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return self._losses(self.maps(features, weight, bias), targets)

    def _losses(self, maps: Tensor, targets: Tensor) -> Tensor:
        return upsampled_dice_loss(maps, targets, mode=self.protocol.metrics.dice_loss)


def _weights(runs: Sequence[_Run]) -> tuple[Tensor, Tensor]:
    """Return weights (K, C, c) and biases (K, C), with their way back to each head."""
    weight = torch.stack([run.head.get_parameter("conv.weight").flatten(1) for run in runs])
    return weight, torch.stack([run.head.get_parameter("conv.bias") for run in runs])
