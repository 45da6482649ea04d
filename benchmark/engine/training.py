"""One run as a Lightning module: a head on given features, or a head and its backbone trained together."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import lightning as L
import torch
from torch import Tensor, nn
from torch.amp.grad_scaler import GradScaler
from torch.optim import Adam

from lovt_bench.benchmark.contract.protocol import OptimisationProtocol
from lovt_bench.benchmark.contract.run_record import EpochLog
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.engine.checkpoint import State
from lovt_bench.benchmark.engine.divergence import all_finite
from lovt_bench.benchmark.engine.optimiser import build_adam, build_plateau, steps_done
from lovt_bench.benchmark.engine.outcome import epoch_log
from lovt_bench.benchmark.engine.stopping import BestEpoch
from lovt_bench.benchmark.engine.validation_loss import LossMean
from lovt_bench.benchmark.engine.warm_up import step_state
from lovt_bench.tasks.objective import Objective
from lovt_bench.tasks.predictions import Predictions

_STATE_KEYS = {
    *("weights", "best_weights", "best_validation", "best", "history", "step"),
    *("adam", "plateau", "scaler", "generator", "cuda_generator"),
}
"""Keys of a training's state (`Training.state`)."""


@dataclass(frozen=True)
class _Pending:
    """A validated epoch whose metrics are still computed."""

    epoch: int
    train_loss: float
    validation_loss: float
    rate: float
    metrics: Future[dict[str, float]]
    weights: dict[str, Tensor]


class Training(L.LightningModule):
    """The training loop of one run (evaluation.md sections 2.4 and 12).

    Args:
        head: Reads feature levels by stride.
        backbone: The backbone of a fine-tuned task; None where the inputs are features already.
        objective: Loss and metrics of the task.
        spec: The task as the profile runs it.
        protocol: Optimisation entries.
        learning_rate: The task's learning rate.
        behind: Compute validation metrics on a second thread while the next epoch trains already. An epoch that
            turns out to be one too many is thrown away: results are the same.
        on_epoch: Called with the log of each epoch that counts.
        at_epoch_end: Called after each epoch that is no divergence with the number of epochs done and a function that
            returns the state then (`state`), to be asked for at once.
        head_step: Another way to call the head on given features, with the same results.
    """

    def __init__(
        self,
        head: nn.Module,
        backbone: nn.Module | None,
        objective: Objective,
        spec: TaskSpec,
        protocol: OptimisationProtocol,
        learning_rate: float,
        behind: bool = False,
        on_epoch: Callable[[EpochLog], None] = lambda log: None,
        head_step: Callable[[dict[int, Tensor]], Any] | None = None,
        at_epoch_end: Callable[[int, Callable[[], State]], None] = lambda epochs, state: None,
    ) -> None:
        super().__init__()
        self._executor = ThreadPoolExecutor(1) if behind else None
        self._on_epoch, self._head_step, self._at_epoch_end = on_epoch, head_step, at_epoch_end
        self.scaler: GradScaler | None = None
        self._first_epoch = 0
        self._resumed: State | None = None
        self._pending: _Pending | None = None
        self._over = False
        self.head, self.backbone = head, backbone
        self.objective, self.spec, self.protocol, self.task_rate = objective, spec, protocol, learning_rate
        self.best = BestEpoch(spec.patience, protocol.early_stopping_min_delta)
        self.best_state: dict[str, Tensor] = {}
        self.best_validation: dict[str, float] = {}
        self.test_metrics: dict[str, float] = {}
        self.test_predictions: Predictions | None = None
        self.history: list[EpochLog] = []
        self.diverged = False
        self._step = self._epoch_start = 0
        self._backbone_gradient = False

    def configure_optimizers(self) -> Adam:
        start = self.spec.warm_up.learning_rate if self.spec.warm_up else self.task_rate
        self._adam = build_adam(self.parameters(), start, self.protocol)
        self._plateau = build_plateau(self._adam, self.protocol)
        if self._resumed is not None:
            self._adam.load_state_dict(self._resumed["adam"])
            self._plateau.load_state_dict(self._resumed["plateau"])
        return self._adam

    def forward(self, inputs: dict[int, Tensor]) -> Any:
        """Return the head's output for images (key 1) or for features that are given."""
        if self.backbone is None:
            return (self._head_step or self.head)(inputs)
        with torch.set_grad_enabled(torch.is_grad_enabled() and self._backbone_gradient):
            features = self.backbone(inputs[1])
        return self.head({1: inputs[1], **features})

    @property
    def epoch(self) -> int:
        """Number of the epoch that is trained, from 0, whichever attempt began the run."""
        return self._first_epoch + int(self.current_epoch)

    @property
    def epochs_left(self) -> int:
        """Epochs of a run that is about to begin or to go on."""
        return 0 if self.best.stop else self.spec.max_epochs - self._first_epoch

    def state(self) -> State:
        """Return what the run needs to go on after the epochs in `history`, numbers and tensors, not copied."""
        current = self.best.best_epoch == len(self.history) - 1
        return {
            "weights": dict(self.state_dict()),
            "best_weights": None if current else self.best_state,
            "best_validation": self.best_validation,
            "best": self.best.state_dict(),
            "history": [log.model_dump() for log in self.history],
            "step": self._step,
            "adam": self._adam.state_dict(),
            "plateau": self._plateau.state_dict(),
            "scaler": self.scaler.state_dict() if self.scaler else {},
            "generator": torch.get_rng_state(),
            "cuda_generator": torch.cuda.get_rng_state(self.device) if self.device.type == "cuda" else None,
        }

    def resume(self, state: State) -> None:
        """Go on where `state` was taken; before the training begins.

        Raises:
            ValueError: It is the state of another module; nothing was changed.
        """
        if missing := _STATE_KEYS - state.keys():
            raise ValueError(f"{', '.join(sorted(missing))} is missing in it")
        own, weights, step = self.state_dict(), state["weights"], int(state["step"])
        if _shapes(weights) != _shapes(own) or not _shapes(state["best_weights"] or own) == _shapes(own):
            raise ValueError("its weights are not those of this head and backbone")
        history = [EpochLog.model_validate(log) for log in state["history"]]
        self.best.load_state_dict(state["best"])
        self.load_state_dict(weights)
        self.best_state = state["best_weights"] or weights
        self.best_validation, self.history = dict(state["best_validation"]), history
        self._first_epoch, self._step, self._resumed = len(history), step, state

    def on_train_start(self) -> None:
        state, self._resumed = self._resumed, None
        if state is None:
            return
        if self.scaler is not None:
            self.scaler.load_state_dict(state["scaler"])
        torch.set_rng_state(state["generator"])
        if state["cuda_generator"] is not None:
            torch.cuda.set_rng_state(state["cuda_generator"], self.device)

    def on_train_epoch_start(self) -> None:
        self._epoch_start = self._step
        self._train_loss = LossMean("batches")

    @property
    def steps(self) -> int:
        """Optimiser steps that were begun."""
        return self._step

    @property
    def skipped_steps(self) -> int | None:
        """Those that the gradient scaler left out; None without one."""
        if self.scaler is None:
            return None
        # A run that goes on at its very end builds no optimiser any more.
        states = self._resumed["adam"]["state"] if self._resumed else self._adam.state
        return self._step - steps_done(states)

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        self.head.train()
        if self.backbone is None or self.spec.warm_up is None:
            return
        state = step_state(self._step, self._epoch_start, self.spec.warm_up, self.task_rate, self.protocol)
        self._backbone_gradient = state.backbone_gradient
        self.backbone.train(state.backbone_train_mode)
        if state.learning_rate is not None:
            for group in self._adam.param_groups:
                group["lr"] = state.learning_rate

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        inputs, targets, images = batch
        loss = self.objective.loss(self(inputs), targets)
        self._train_loss.update(loss, images)
        return loss

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        self._step += 1
        if self._pending is not None and self._pending.metrics.done():
            self._settle()

    def on_validation_epoch_start(self) -> None:
        self._settle()
        self._metrics = self.objective.new_metrics()
        self._updates: list[Future[Any]] = []
        self._validation_loss = LossMean(self.protocol.validation_loss_mean)

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        if self._over:
            return
        inputs, targets, images = batch
        output = self(inputs)
        self._validation_loss.update(self.objective.loss(output, targets), images)
        self._updates.append(self._later(self._metrics.update, output, targets))

    def on_validation_epoch_end(self) -> None:
        """Take down the epoch. The schedule follows the loss; what follows the metric is decided in `_settle`."""
        if self._over:
            return
        updates, compute = self._updates, self._metrics.compute

        def metrics() -> dict[str, float]:
            for update in updates:
                update.result()
            return compute()

        train_loss = float(self._train_loss.compute())
        validation_loss = float(self._validation_loss.compute())
        rate = self._adam.param_groups[0]["lr"]
        self.diverged = not (math.isfinite(train_loss) and all_finite(self.state_dict().values()))
        self._pending = _Pending(
            self.epoch, train_loss, validation_loss, rate, self._later(metrics), self._weights()
        )
        if self.diverged or self._executor is None:
            self._settle()
        if not self.diverged:
            self._plateau.step(validation_loss)

    def on_train_epoch_end(self) -> None:
        if not self.diverged:
            self._at_epoch_end(self.epoch + 1, self._settled_state)

    def _settled_state(self) -> State:
        self._settle()
        return self.state()

    def on_train_end(self) -> None:
        self._settle()
        self._head_step = None
        if self._executor is not None:
            self._executor.shutdown()

    def _settle(self) -> None:
        """Decide about checkpoint and stopping from the metrics of the last validation, once."""
        pending, self._pending = self._pending, None
        if pending is None:
            return
        metrics = pending.metrics.result()
        value = metrics[self.spec.monitor]
        self.history.append(
            epoch_log(pending.epoch, pending.train_loss, pending.validation_loss, value, pending.rate)
        )
        self._on_epoch(self.history[-1])
        if self.diverged:
            self._over = self.trainer.should_stop = True
            return
        if self.best.update(pending.epoch, value):
            self.best_state = pending.weights or self._weights(always=True)
            self.best_validation = metrics
        self._over = self.trainer.should_stop = self.best.stop

    def _weights(self, always: bool = False) -> dict[str, Tensor]:
        """Return a copy of the weights; without `always` only where training goes on before it is decided."""
        if self._executor is None and not always:
            return {}
        return {name: tensor.detach().clone() for name, tensor in self.state_dict().items()}

    def _later(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Call on the second thread, in order, or at once where there is none."""
        if self._executor is not None:
            return self._executor.submit(function, *arguments)
        done: Future[Any] = Future()
        done.set_result(function(*arguments))
        return done

    def on_test_epoch_start(self) -> None:
        self._metrics = self.objective.new_metrics(extended=True)

    def test_step(self, batch: Any, batch_idx: int) -> None:
        inputs, targets, _ = batch
        self._metrics.update(self(inputs), targets)

    def on_test_epoch_end(self) -> None:
        self.test_metrics = self._metrics.compute()
        self.test_predictions = self._metrics.predictions()

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Leave the batch alone: its source put it on the device."""
        return batch


def _shapes(weights: dict[str, Tensor]) -> dict[str, tuple[torch.Size, torch.dtype]]:
    return {name: (tensor.shape, tensor.dtype) for name, tensor in weights.items()}
