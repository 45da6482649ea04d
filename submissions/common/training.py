"""One training run on Lightning: data, callbacks, logs, and going on where a run was cut off."""

from __future__ import annotations

import logging
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import click
import lightning.pytorch as lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger
from lightning.pytorch.strategies import DDPStrategy
from lightning.pytorch.utilities.exceptions import SIGTERMException
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from rich.console import Console
from torch.utils.data import DataLoader

from lovt_bench.benchmark.contract.dataset import SplitName
from lovt_bench.benchmark.contract.made_with import PretrainedWith
from lovt_bench.benchmark.contract.run_contract import OUTPUT_CHECKPOINTS
from lovt_bench.benchmark.cores import usable_cores
from lovt_bench.submissions.common import checkpoints as ckpt
from lovt_bench.submissions.common import events, loaders, rehearsal
from lovt_bench.submissions.common.cost import Cost, device_name, made_with, peak_memory
from lovt_bench.submissions.common.errors import PretrainingError, SettingsError
from lovt_bench.submissions.common.learning_rate import LearningRate
from lovt_bench.submissions.common.module import PretrainingModule
from lovt_bench.submissions.common.online_evaluation import OnlineEvaluation
from lovt_bench.submissions.common.progress import progress_of
from lovt_bench.submissions.common.sampling import CorpusDataset, Transform, make_loader
from lovt_bench.submissions.common.seeding import STEP, derived_seed
from lovt_bench.submissions.common.settings import TrainingSettings


@dataclass(frozen=True)
class RunOptions:
    """How a run is carried out; nothing here but `rehearsal` and `accept_changes` decides the weights of a
    one-device run.

    Attributes:
        folder: `checkpoints/` and `logs/` are made there.
        device: `auto` takes CUDA where there is one.
        devices, nodes: None: what `torchrun` or Slurm started, else one.
        workers: Loader processes of each rank; None: by cores, ranks and shared memory, none for small corpora.
        accept_changes: Whether to go on from a checkpoint of other settings, corpus or seed.
        time_limit: Seconds after which training ends, at the end of an epoch.
        wandb: Project of Weights & Biases to log to as well.
        online_evaluation: Whether linear probes watch the features.
        rehearsal: Whether a few steps are enough, and no probes.
        rehearsal_epochs: Epochs of a rehearsal in all; None: until it is stopped, and one more.
    """

    folder: Path
    resume: bool = False
    accept_changes: bool = False
    device: Literal["auto", "cpu", "cuda"] = "auto"
    devices: int | None = None
    nodes: int | None = None
    workers: int | None = None
    time_limit: float | None = None
    wandb: str | None = None
    online_evaluation: bool = True
    rehearsal: bool = False
    rehearsal_epochs: int | None = None


@dataclass(frozen=True)
class TrainingResult:
    """What a finished run knows of itself."""

    epochs: int
    best_epoch: int | None
    monitored: float | None
    samples: int
    seconds: float
    device: str
    made_with: PretrainedWith
    peak_memory: int
    limit_reached: bool
    is_global_zero: bool


class StepSeed(Callback):
    """Seeds torch before each batch, so that dropout is a function of (seed, rank, epoch, batch)."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        torch.manual_seed(
            derived_seed(self.seed, STEP, trainer.global_rank, trainer.current_epoch, batch_idx)
        )


def train(
    module: PretrainingModule, *, method: str, digest: str, seed: int, options: RunOptions, console: Console
) -> TrainingResult:
    """Train, and leave the exported epoch's weights in `module`.

    Args:
        module: Fresh from its constructor.
        method: Name of the submission.
        digest: Identity of the run; a checkpoint of another one is refused.
        seed: Seed of order, augmentation and dropout.
        options: How.
        console: Where progress goes.

    Raises:
        PretrainingError: Too few samples, a checkpoint of another run, a loss that is not finite.
        lightning.pytorch.utilities.exceptions.SIGTERMException, KeyboardInterrupt: cut off.
    """
    settings, monitor = module.settings, module.monitor
    folder = options.folder / OUTPUT_CHECKPOINTS
    last = folder / ckpt.LAST
    earlier = ckpt.read_checkpoint(last) if options.resume else None
    if earlier is not None and not ckpt.check_identity(
        last, earlier, method, digest, accept_changes=options.accept_changes
    ):
        ckpt.check_fits(last, earlier, module)
    if options.rehearsal:
        samples = len(_dataset(module, "train", module.training_transform(), seed))
        ranks = _devices(options) * _nodes(options)
        settings = rehearsal.shortened(settings, samples, ranks, earlier, options.rehearsal_epochs)
    cost = Cost(settings.batch_size, options.time_limit)
    saving = ckpt.checkpoint_callbacks(folder, monitor)
    callbacks: list[Callback] = [
        StepSeed(seed),
        LearningRate(settings, monitor),
        OnlineEvaluation(
            probes=options.online_evaluation and not options.rehearsal,
            double_bn_update=settings.double_bn_update,
        ),
        progress_of(console, settings.batch_size, monitor),
        cost,
        ckpt.RunIdentity(method, digest),
        *saving,
    ]
    if settings.patience is not None:
        if monitor is None:
            raise SettingsError("patience needs a method with validation; leave it out")
        callbacks.append(
            EarlyStopping(
                monitor.name,
                mode=monitor.mode,
                patience=settings.patience,
                min_delta=settings.min_delta,
                check_on_train_epoch_end=True,
            )
        )
    _quiet()
    trainer = lightning.Trainer(
        max_epochs=settings.max_epochs,
        accelerator={"auto": "auto", "cpu": "cpu", "cuda": "gpu"}[options.device],
        devices=_devices(options),
        strategy=_strategy(options),
        num_nodes=_nodes(options),
        precision=_precision(settings.precision, options.device),
        accumulate_grad_batches=settings.accumulate,
        sync_batchnorm=settings.sync_batchnorm,
        callbacks=callbacks,
        logger=_loggers(options),
        log_every_n_steps=10,
        limit_train_batches=rehearsal.STEPS if options.rehearsal else None,
        limit_val_batches=rehearsal.STEPS if options.rehearsal else None,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )
    loaders = _loaders(module, settings, seed, options, trainer)
    if earlier is None or not (_finished(earlier, settings.max_epochs) or ckpt.stopped_early(earlier)):
        # Backbones and language models come in eval mode, and Lightning keeps modes as they are.
        module.train()
        # Lightning reads the file itself; it holds plain data and tensors only, as the reading above has shown.
        trainer.fit(module, *loaders, ckpt_path=last if earlier is not None else None, weights_only=True)
        if trainer.received_sigterm:  # behind the last batch, after which Lightning looks no more
            raise SIGTERMException
    else:
        cost.load_state_dict(earlier["callbacks"]["Cost"])
    module.check_finite()
    state = ckpt.read_checkpoint(last)
    final = state if monitor is None else ckpt.read_checkpoint(folder / ckpt.BEST)
    module.load_state_dict(final["state_dict"])
    return TrainingResult(
        epochs=int(state["epoch"]) + 1,
        best_epoch=None if monitor is None else int(final["epoch"]),
        monitored=ckpt.best_value(state),
        samples=cost.samples,
        seconds=cost.seconds,
        device=device_name(trainer),
        made_with=made_with(trainer),
        peak_memory=peak_memory(trainer),
        limit_reached=cost.limit_reached,
        is_global_zero=trainer.is_global_zero,
    )


def _loaders(
    module: PretrainingModule,
    settings: TrainingSettings,
    seed: int,
    options: RunOptions,
    trainer: lightning.Trainer,
) -> tuple[DataLoader[Any], DataLoader[Any] | None]:
    training = _dataset(module, "train", module.training_transform(), seed)
    need = settings.batch_size * trainer.world_size
    if len(training) < need:
        raise PretrainingError(
            f"{len(training)} training samples do not fill one batch of {need}; lower batch_size or take more data"
        )
    workers = _workers(module, settings, training, options)

    def loader(dataset: CorpusDataset, split: SplitName) -> DataLoader[Any]:
        return make_loader(
            dataset,
            settings.batch_size,
            module.collate(),
            seed=seed,
            training=split == "train",
            workers=workers,
            rank=trainer.global_rank,
            world_size=trainer.world_size,
        )

    if module.monitor is None:
        return loader(training, "train"), None
    held_out = _dataset(module, "validation", module.validation_transform(), seed)
    if not len(held_out):
        raise PretrainingError(
            "the corpus has no validation split, and the method chooses its epoch by one; prepare the corpus with one"
        )
    return loader(training, "train"), loader(held_out, "validation")


def _dataset(module: PretrainingModule, split: SplitName, transform: Transform, seed: int) -> CorpusDataset:
    return CorpusDataset(module.corpus, split, module.unit, transform, seed)


def _workers(
    module: PretrainingModule, settings: TrainingSettings, training: CorpusDataset, options: RunOptions
) -> int:
    """Return the loader processes of this rank; says where shared memory allows fewer than cores do."""
    ranks = _devices(options)
    on_gpu = torch.cuda.is_available() and options.device != "cpu"
    workers = loaders.wanted(options.workers, len(training), ranks, usable_cores(), on_gpu=on_gpu)
    if options.rehearsal:
        workers = min(workers, rehearsal.WORKERS)
    if not workers:
        return 0
    # Two samples tell the size of a batch: reports differ in length, images do not.
    two = module.collate()([training[0, 0], training[0, min(1, len(training) - 1)]])
    size = loaders.batch_bytes(two) * settings.batch_size // 2
    kinds = 1 if module.monitor is None else 2
    asked = options.workers is not None and not options.rehearsal
    fits = loaders.fitting(workers, size, kinds, ranks, loaders.free_shared_memory(), asked=asked)
    if fits < workers:
        say = rank_zero_only(events.message if events.wanted() else click.echo)
        say(f"{fits} loader processes instead of {workers}: {loaders.SHARED} has room for no more (--shm)")
    return fits


def _precision(asked: str, device: str) -> Any:
    if asked != "auto":
        return asked
    return "16-mixed" if torch.cuda.is_available() and device != "cpu" else "32-true"


def _loggers(options: RunOptions) -> list[Logger]:
    folder = options.folder / "logs"
    attempt = sum(1 for _ in folder.glob("csv/*")) + 1
    loggers: list[Logger] = [
        CSVLogger(folder, name="csv", version=str(attempt), flush_logs_every_n_steps=50),
        TensorBoardLogger(folder, name="tensorboard", version=str(attempt)),
    ]
    if options.wandb is not None:
        try:
            from lightning.pytorch.loggers import WandbLogger

            loggers.append(WandbLogger(project=options.wandb, save_dir=folder))
        except ModuleNotFoundError as error:
            raise SettingsError(
                "--wandb needs the package wandb: pip install wandb, then `wandb login`"
            ) from error
    return loggers


def _devices(options: RunOptions) -> int:
    return options.devices or int(os.environ.get("LOCAL_WORLD_SIZE", _slurm("SLURM_NTASKS_PER_NODE")))


def _nodes(options: RunOptions) -> int:
    return options.nodes or int(os.environ.get("GROUP_WORLD_SIZE", _slurm("SLURM_NNODES")))


def _strategy(options: RunOptions) -> Any:
    # Ablations leave some heads without gradient; DDP has to look for them.
    return "auto" if _devices(options) * _nodes(options) == 1 else DDPStrategy(find_unused_parameters=True)


def _slurm(name: str) -> str:
    """Return a count that Slurm gives to the processes it starts; 1 elsewhere and in interactive shells."""
    started = "SLURM_NTASKS" in os.environ and os.environ.get("SLURM_JOB_NAME") not in ("bash", "interactive")
    value = os.environ.get(name, "1") if started else "1"
    return value if value.isdigit() else "1"


def _finished(checkpoint: dict[str, Any], max_epochs: int) -> bool:
    return int(checkpoint["epoch"]) + 1 >= max_epochs


def _quiet() -> None:
    for name in ("lightning.pytorch", "lightning.fabric", "lightning.pytorch.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    warnings.filterwarnings("ignore", message=".*isinstance.treespec.*")
