"""What every method is: a LightningModule with a backbone, settings, and a way to see samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal

import lightning.pytorch as lightning
import torch
from torch import Tensor
from torch.utils.data import default_collate

from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.errors import NonFiniteLossError
from lovt_bench.submissions.common.initial_weights import initial_backbone
from lovt_bench.submissions.common.sampling import Transform, Unit
from lovt_bench.submissions.common.settings import TrainingSettings

Need = Literal["reports", "labels", "masks"]
"""What a corpus must hold beside images."""

FINITE_CHECK_STEPS = 50
"""On CUDA the loss is looked at every so many batches: each look waits for the device."""


@dataclass(frozen=True)
class Monitor:
    """The logged value that chooses the exported epoch, stops early and drives the plateau schedule."""

    name: str
    mode: Literal["min", "max"]


class PretrainingModule(lightning.LightningModule):
    """Base of all methods.

    A method sets the class attributes, builds its other parts in `__init__`, and writes `training_transform`,
    `training_step` and, where it has a monitor, `validation_transform` and `validation_step`.
    """

    unit: ClassVar[Unit]
    needs: ClassVar[tuple[Need, ...]] = ()
    monitor: ClassVar[Monitor | None] = None
    """None: no validation, the last epoch is exported."""

    def __init__(self, settings: TrainingSettings, corpus: Corpus, seed: int = 0) -> None:
        super().__init__()
        self.settings = settings
        self.corpus = corpus
        start = initial_backbone(
            settings.initial_weights, settings.architecture, seed, settings.architecture_options
        )
        self.backbone = start.backbone
        """What is exported."""
        self.initial_data = start.pretraining_data
        """Data sets that the initial weights have seen."""
        self.notes = list(start.notes)
        """Sentences for the backbone's provenance."""
        self._finite: Tensor | None = None

    def training_transform(self) -> Transform:
        """Return a picklable function of a `Sample`; it draws from torch's global CPU generator only."""
        raise NotImplementedError

    def validation_transform(self) -> Transform:
        """Return the like for validation."""
        raise NotImplementedError

    def collate(self) -> Callable[[list[Any]], Any]:
        """Return a picklable function that makes a batch of transformed samples."""
        return default_collate

    def online_features(self, batch: Any) -> dict[str, tuple[Tensor, Tensor]]:
        """Return features (N, d) and labels (N, L) by name, for monitoring only; {} where there is nothing.

        Called without gradient, once per batch; encodes the batch anew.
        """
        return {}

    def analysis(self, method: str, backbone_sha256: str) -> bytes | None:
        """Return the content of `analysis.safetensors`; None where a backbone is all that there is.

        Args:
            method: Name of the submission.
            backbone_sha256: Identity of the exported backbone.

        Raises:
            BackboneError, PretrainingError, ValidationError: It cannot be written; the backbone is exported without.
        """
        return None

    def log(self, name: str, value: Any, *args: Any, **kwargs: Any) -> None:
        """Log a value; one of validation is the mean over all ranks, because each rank decides by it."""
        if name.startswith("val/"):
            kwargs["sync_dist"] = True
        super().log(name, value, *args, **kwargs)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the optimiser over the parameters that have gradients; `LearningRate` sets the rate."""
        kinds: dict[str, Callable[..., torch.optim.Optimizer]] = {
            "adam": torch.optim.Adam,
            "adamw": torch.optim.AdamW,
            "sgd": partial(torch.optim.SGD, momentum=0.9),
        }
        trained = [parameter for parameter in self.parameters() if parameter.requires_grad]
        return kinds[self.settings.optimiser](
            trained, lr=self.settings.learning_rate, weight_decay=self.settings.weight_decay
        )

    def on_before_backward(self, loss: Tensor) -> None:
        finite = torch.isfinite(loss.detach())
        self._finite = finite if self._finite is None else self._finite & finite
        if loss.device.type == "cpu" or self.trainer.global_step % FINITE_CHECK_STEPS == 0:
            self.check_finite()

    def on_validation_start(self) -> None:
        self.check_finite()

    def on_train_epoch_end(self) -> None:
        self.check_finite()

    def check_finite(self) -> None:
        """Raise NonFiniteLossError if a loss since the last check was NaN or infinite."""
        finite, self._finite = self._finite, None
        if finite is not None and not bool(finite):
            raise NonFiniteLossError(
                f"the loss is not finite in epoch {self.current_epoch}, step {self.trainer.global_step}; no backbone "
                "is written. Lower the learning rate (--set learning_rate=…), or use --set precision=32-true or "
                "bf16-mixed where 16-bit mixed precision overflows"
            )
