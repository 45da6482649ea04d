"""Linear probes that watch the features while they are learnt; they decide nothing.

Linear classifiers on detached features, each with its own Adam (pretraining.md section 1.9). The extra forward pass
runs in eval mode, so that nothing of the method changes; with the setting `double_bn_update` it runs in train mode and
updates BN's running statistics once more, in float32 under mixed precision too, as the published runs did: their
Lightning called what follows a batch outside autocast.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import lightning.pytorch as lightning
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn
from torch.nn import functional
from torchmetrics.functional.classification import binary_auroc

from lovt_bench.submissions.common.module import PretrainingModule

LEARNING_RATE = 1e-4
DROPOUT = 0.2


class OnlineEvaluation(Callback):
    """Trains and logs one probe per name that `online_features` gives."""

    def __init__(self, *, probes: bool, double_bn_update: bool) -> None:
        self.probes = probes
        self.double_bn_update = double_bn_update
        self._heads: dict[str, nn.Sequential] = {}
        self._optimisers: dict[str, torch.optim.Adam] = {}
        self._restored: dict[str, Any] = {}
        self._seen: dict[str, list[tuple[Tensor, Tensor]]] = {}

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        assert isinstance(pl_module, PretrainingModule)
        if not self.probes and not self.double_bn_update:
            return
        for name, (features, labels) in self._encode(
            trainer, pl_module, batch, self.double_bn_update
        ).items():
            if self.probes and labels.shape[1]:
                self._step(name, features, labels)

    def on_validation_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        assert isinstance(pl_module, PretrainingModule)
        if not self.probes or not self._heads:
            return
        for name, (features, labels) in self._encode(trainer, pl_module, batch, False).items():
            if name in self._heads:
                with torch.no_grad():
                    logits = self._heads[name].eval()(features)
                self._seen.setdefault(name, []).append((logits, labels))

    def on_validation_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        for name, seen in self._seen.items():
            logits, labels = (
                self._everywhere(pl_module, torch.cat(parts)) for parts in zip(*seen, strict=True)
            )
            loss = functional.binary_cross_entropy_with_logits(logits, labels)
            accuracy = ((logits >= 0) == (labels > 0.5)).float().mean()
            pl_module.log(f"online/{name}_loss", loss)
            pl_module.log(f"online/{name}_accuracy", accuracy)
            if rated := [
                binary_auroc(logits[:, label], labels[:, label].long())
                for label in range(labels.shape[1])
                if labels[:, label].amin() != labels[:, label].amax()
            ]:
                pl_module.log(f"online/{name}_auroc", torch.stack(rated).mean())
        self._seen.clear()

    def state_dict(self) -> dict[str, Any]:
        return {
            name: {"head": head.state_dict(), "optimiser": self._optimisers[name].state_dict()}
            for name, head in self._heads.items()
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._restored = state_dict

    @staticmethod
    def _everywhere(module: lightning.LightningModule, rows: Tensor) -> Tensor:
        """Return the rows of all ranks, so that all of them log the same."""
        if module.trainer.world_size == 1:
            return rows
        gathered = module.all_gather(rows)
        assert isinstance(gathered, Tensor)
        return gathered.flatten(0, 1)

    def _encode(
        self, trainer: lightning.Trainer, module: PretrainingModule, batch: Any, training: bool
    ) -> dict[str, tuple[Tensor, Tensor]]:
        before = {part: part.training for part in module.modules()}
        module.train(training)
        try:
            with torch.no_grad(), nullcontext() if training else trainer.precision_plugin.forward_context():
                found = module.online_features(batch)
        finally:
            for part, mode in before.items():
                part.training = mode
        return {name: (features.detach().float(), labels) for name, (features, labels) in found.items()}

    def _step(self, name: str, features: Tensor, labels: Tensor) -> None:
        if name not in self._heads:
            head = nn.Sequential(nn.Dropout(DROPOUT), nn.Linear(features.shape[1], labels.shape[1]))
            self._heads[name] = head.to(features.device)
            self._optimisers[name] = torch.optim.Adam(head.parameters(), lr=LEARNING_RATE)
            if name in self._restored:
                head.load_state_dict(self._restored[name]["head"])
                self._optimisers[name].load_state_dict(self._restored[name]["optimiser"])
        with torch.enable_grad():
            loss = functional.binary_cross_entropy_with_logits(self._heads[name].train()(features), labels)
            self._optimisers[name].zero_grad()
            loss.backward()
            self._optimisers[name].step()
