"""Checkpoints of one run: what they are called, whose they are, and how they are read without unpickling code."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint

from lovt_bench.submissions.common.errors import PretrainingError
from lovt_bench.submissions.common.module import Monitor, PretrainingModule

LAST, BEST = "last.ckpt", "best.ckpt"
KEY = "lovt_bench"


class RunIdentity(Callback):
    """Writes into each checkpoint which run it belongs to."""

    def __init__(self, method: str, digest: str) -> None:
        self.method = method
        self.digest = digest

    def on_save_checkpoint(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        checkpoint[KEY] = {"method": self.method, "digest": self.digest}


def checkpoint_callbacks(folder: Path, monitor: Monitor | None) -> list[Callback]:
    """Return callbacks that keep the state after each epoch as `last.ckpt` and the best epoch as `best.ckpt`.

    Without a monitor the last epoch is the best. The first of equal values is kept.
    """
    last = ModelCheckpoint(
        folder,
        filename=Path(LAST).stem,
        save_top_k=1,
        every_n_epochs=1,
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )
    if monitor is None:
        return [last]
    best = ModelCheckpoint(
        folder,
        filename=Path(BEST).stem,
        monitor=monitor.name,
        mode=monitor.mode,
        save_top_k=1,
        save_on_train_epoch_end=True,
        enable_version_counter=False,
        save_weights_only=True,
    )
    # The best epoch is written first: a run that is cut off between the two files repeats the epoch.
    return [best, last]


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return the content of a checkpoint.

    Raises:
        PretrainingError: It is missing, damaged, or holds more than plain data and tensors.
    """
    if not path.is_file():
        raise PretrainingError(f"no checkpoint at {path}; start the run anew without --resume")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, OSError) as error:
        raise PretrainingError(
            f"{path.name} cannot be read as a checkpoint ({type(error).__name__}); start the run anew with --force"
        ) from error
    if not isinstance(content, dict) or "state_dict" not in content:
        raise PretrainingError(
            f"{path.name} is no checkpoint of a pre-training; start the run anew with --force"
        )
    return content


def check_identity(
    path: Path, checkpoint: dict[str, Any], method: str, digest: str, *, accept_changes: bool = False
) -> bool:
    """Return whether a checkpoint is of this corpus, seed and settings.

    Raises:
        PretrainingError: It is of another method, or it is not and changes are not accepted.
    """
    found = checkpoint.get(KEY)
    if not isinstance(found, dict) or found.get("method") != method:
        owner = found.get("method") if isinstance(found, dict) else "something else"
        raise PretrainingError(
            f"{path.name} is a checkpoint of {owner}, not of {method}; choose another --name or start anew with --force"
        )
    same = bool(found.get("digest") == digest)
    if not (same or accept_changes):
        raise PretrainingError(
            f"{path.name} was made with other settings, another corpus or another seed; resume with the same ones, go "
            "on all the same with --resume --accept-changes, choose another --name, or start anew with --force"
        )
    return same


def check_fits(path: Path, checkpoint: dict[str, Any], module: PretrainingModule) -> None:
    """Raise PretrainingError where a model is not the one that a checkpoint is of."""
    try:
        module.load_state_dict(checkpoint["state_dict"])
    except RuntimeError as error:
        raise PretrainingError(
            f"{path.name} is of a model with other parameters than this one ({' '.join(str(error).split())[:300]}); "
            "resume with the settings and code of before, or start anew with --force"
        ) from error


def stopped_early(checkpoint: dict[str, Any]) -> bool:
    """Return whether early stopping had ended the run when the checkpoint was written."""
    for name, state in checkpoint.get("callbacks", {}).items():
        if str(name).startswith("EarlyStopping") and state["wait_count"] >= state["patience"]:
            return True
    return False


def best_value(checkpoint: dict[str, Any]) -> float | None:
    """Return the best monitored value so far; None where the method has no monitor."""
    for name, state in checkpoint.get("callbacks", {}).items():
        if (
            str(name).startswith("ModelCheckpoint")
            and state.get("monitor")
            and state["best_model_score"] is not None
        ):
            return float(state["best_model_score"])
    return None
