"""Pre-training: samples a second of each method's loader, and each method's step against the bare model's step.

Bare is forward, loss, backward and optimiser on a batch in memory. The harness adds Lightning's loop, seeds, learning
rate, logs and checks of the loss; its batches lie in memory here, too: loaders are processes of their own beside a GPU.
"""

from __future__ import annotations

import copy
import math
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any, Literal

import torch
from lightning.fabric.utilities import move_data_to_device
from rich.console import Console
from torch.utils.data import DataLoader, Dataset

from lovt_bench.submissions.common import training
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.declaration import choose, profile_settings, read_declaration
from lovt_bench.submissions.common.module import PretrainingModule
from lovt_bench.submissions.common.sampling import CorpusDataset, make_loader
from lovt_bench.submissions.common.settings import build_settings
from lovt_bench.submissions.common.text.source import SMALL
from tests.bench.machine import Machine, flops_of
from tests.bench.parts.demo import REPOSITORY
from tests.bench.rows import Row
from tests.bench.world import Turns
from tests.submissions.tiny_corpus import write_corpus

METHODS = ("lovt", "convirt", "clip", "chexpert", "labels", "byol", "simclr", "pixelpro", "pixpro")
SIDE, STUDIES = 512, 64
"""Of the corpus: side of its images, which are noise, and studies that train."""
STEPS, BATCH, SECONDS = 6, 16, 1.0
AT_HAND = {"architecture": "resnet18", "initial_weights": "random"}
AT_HAND_TEXT = {"text_model": SMALL, "frozen_layers": 0}
"""Networks change nothing of what a loader does; the published ones have to be downloaded."""
LOADERS = "Loaders of pre-training, one core, images of 512 pixels, {}"
STEP = f"Step of pre-training, ResNet-18, 128 pixels, profile demo with batches of {BATCH} in memory"


def measure(machine: Machine, folder: Path) -> list[Row]:
    """Measure loaders in this process, of the published settings and of the profile demo, then steps."""
    corpus = Corpus(write_corpus(folder / "corpus", train=STUDIES, side=SIDE))
    loaders = [
        _loader(name, title, _module(name, profile, corpus))
        for profile, title in (
            ("paper", "published settings (224 pixels)"),
            ("demo", "profile demo (128 pixels)"),
        )
        for name in METHODS
    ]
    return loaders + [_step(machine, folder, name, corpus) for name in METHODS]


def _module(name: str, profile: str, corpus: Corpus, **changes: Any) -> PretrainingModule:
    home = import_module(f"lovt_bench.submissions.{name}.pretrain")
    (kind,) = [
        each
        for each in vars(home).values()
        if isinstance(each, type) and issubclass(each, PretrainingModule) and each.__module__ == home.__name__
    ]
    declaration = read_declaration(REPOSITORY / "submissions" / name)
    at_hand = AT_HAND | (AT_HAND_TEXT if "text_model" in home.Settings.model_fields else {})
    layers = [choose(declaration).settings, profile_settings(declaration, profile), at_hand, changes]
    module: PretrainingModule = kind(
        build_settings(home.Settings, [(name, layer) for layer in layers]), corpus, 0
    )
    return module


def _loader(name: str, title: str, module: PretrainingModule) -> Row:
    samples = CorpusDataset(module.corpus, "train", module.unit, module.training_transform(), 0)
    loader = make_loader(samples, BATCH, module.collate(), seed=0, training=True)
    torch_threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as in a loader process
    try:
        best = min(_batch_seconds(loader))
    finally:
        torch.set_num_threads(torch_threads)
    unit = "studies" if module.unit == "study" else "images"
    return Row(LOADERS.format(title), name, unit, BATCH, None, best)


def _batch_seconds(loader: DataLoader[Any]) -> Iterator[float]:
    """Yield the seconds of batches for as long as is measured; the first of all warms up."""
    begin, taken = time.perf_counter(), 0
    for epoch in count():
        loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
        last = time.perf_counter()
        for _ in loader:
            now = time.perf_counter()
            if taken:
                yield now - last
            last, taken = now, taken + 1
        if taken > 1 and time.perf_counter() - begin > SECONDS:
            return


class _Marked(Dataset[Any]):
    """The same batch again and again; each time it is asked for is the begin of a step."""

    def __init__(self, batch: Any, turns: Turns) -> None:
        self._batch, self._turns = batch, turns

    def __len__(self) -> int:
        return STEPS

    def __getitem__(self, index: int) -> Any:
        if index >= STEPS:
            raise IndexError(index)
        self._turns.mark()
        return self._batch


def _step(machine: Machine, folder: Path, name: str, corpus: Corpus) -> Row:
    module = _module(name, "demo", corpus, batch_size=BATCH, max_epochs=1)
    samples = CorpusDataset(corpus, "train", module.unit, module.training_transform(), 0)
    batch = next(iter(make_loader(samples, BATCH, module.collate(), seed=0, training=True)))
    step = _bare_step(copy.deepcopy(module), batch, machine.device)
    turns = Turns({"bare": step}, skip=1)
    loader = DataLoader(_Marked(batch, turns), batch_size=None, collate_fn=_as_it_is)
    device: Literal["cpu", "cuda"] = "cuda" if machine.device.type == "cuda" else "cpu"
    options = training.RunOptions(
        folder / name, device=device, devices=1, nodes=1, workers=0, online_evaluation=False
    )
    with _training_on(loader):
        training.train(
            module, method=name, digest="0" * 64, seed=0, options=options, console=Console(quiet=True)
        )
    shutil.rmtree(folder / name)
    unit = "studies" if module.unit == "study" else "images"
    here = turns.best["here"]
    assert math.isfinite(here)
    return Row(STEP, name, unit, BATCH, turns.best["bare"], here, flops=flops_of(step))


def _bare_step(module: PretrainingModule, batch: Any, device: torch.device) -> Callable[[], None]:
    module = module.to(device).train()
    vars(module).update(log=_nothing, log_dict=_nothing)
    optimiser, there = module.configure_optimizers(), move_data_to_device(batch, device)

    def step() -> None:
        optimiser.zero_grad()
        with torch.autocast("cuda", torch.float16, enabled=device.type == "cuda"):
            loss: Any = module.training_step(there, 0)
        loss.backward()
        optimiser.step()

    return step


def _nothing(*arguments: Any, **named: Any) -> None:
    """Log nothing."""


def _as_it_is(batch: Any) -> Any:
    return batch


@contextmanager
def _training_on(loader: DataLoader[Any]) -> Iterator[None]:
    """Let trainings read this loader; validation reads its own."""
    made = training.make_loader

    def chosen(*arguments: Any, training: bool, **named: Any) -> DataLoader[Any]:
        return loader if training else made(*arguments, training=training, **named)

    training.make_loader = chosen
    try:
        yield
    finally:
        training.make_loader = made
