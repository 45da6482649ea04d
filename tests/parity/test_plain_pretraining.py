"""Whole runs of LoVT and BYOL against plain loops written from the text; a changed number of the text must show."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import lightning.pytorch as lightning
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils.data import DataLoader

from lovt_bench.benchmark.backbone.model import Backbone
from lovt_bench.submissions.byol.pretrain import BYOL
from lovt_bench.submissions.byol.pretrain import Settings as BYOLSettings
from lovt_bench.submissions.common import module as common_module
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.image_text.samples import PairBatch
from lovt_bench.submissions.common.initial_weights import InitialWeights
from lovt_bench.submissions.common.learning_rate import LearningRate
from lovt_bench.submissions.common.module import PretrainingModule
from lovt_bench.submissions.common.online_evaluation import OnlineEvaluation
from lovt_bench.submissions.common.text.tokeniser import ReportTokens
from lovt_bench.submissions.lovt.pretrain import LoVT
from lovt_bench.submissions.lovt.settings import Settings as LoVTSettings
from tests.parity import plain_pretraining as plain
from tests.submissions.tiny_corpus import write_corpus

TOLERANCE = 1e-10
"""Relative, of losses and of each tensor by its largest value."""
WANDERING = (
    "inner.bias",
    "out_proj.bias",
    "in_proj_bias",
    "self.key.bias",
    "cross_attention.output.bias",
    "norm.running_mean",
)
"""Batch norm or a softmax takes these biases out again. Their gradient is rounding alone, which Adam makes as large as
any other, so they wander; the mean that batch norm remembers goes with them, and no output feels it."""
WANDERING_TOLERANCE = 1e-4
SHOWS = 100
"""How many tolerances a planted error must be off at least."""
RATE, DECAY = 3e-3, 1e-2
CHANNELS, SIDE = 16, 96
ENDS = (2, 3)
"""Token numbers of [CLS] and [SEP]."""


class TinyBackbone(nn.Module):
    """Two convolutions with the stride of a ResNet: a grid of 3 x 3 regions for 96 pixels."""

    levels = (SimpleNamespace(channels=CHANNELS, stride=32),)

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 8, 8, 8, bias=False), nn.BatchNorm2d(8)
        self.conv2, self.bn2 = nn.Conv2d(8, CHANNELS, 4, 4, bias=False), nn.BatchNorm2d(CHANNELS)

    def feature_maps(self, images: Tensor) -> list[Tensor]:
        return [self.bn2(self.conv2(self.bn1(self.conv1(images)).relu())).relu()]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Corpus:
    return Corpus(write_corpus(tmp_path_factory.mktemp("corpus") / "tiny"))


@pytest.fixture(scope="module", autouse=True)
def _tiny_backbones() -> Iterator[None]:
    """Every method of this module is built on a tiny backbone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            common_module, "initial_backbone", lambda *_: InitialWeights(cast("Backbone", TinyBackbone()))
        )
        yield


def run_ours(module: PretrainingModule, batches: Sequence[Any], epochs: int) -> list[float]:
    """Train in float64 as `train` does, without its files."""
    losses: list[float] = []
    step = module.training_step

    def watched(batch: Any, batch_idx: int) -> Tensor:
        loss = cast("Tensor", step(batch, batch_idx))
        losses.append(loss.item())
        return loss

    module.training_step = watched  # type: ignore[method-assign]
    trainer = lightning.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        precision="64-true",
        accumulate_grad_batches=module.settings.accumulate,
        callbacks=[
            LearningRate(module.settings, None),
            OnlineEvaluation(probes=False, double_bn_update=module.settings.double_bn_update),
        ],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        limit_val_batches=0,
    )
    module.train()
    trainer.fit(module, DataLoader(list(batches), batch_size=None, shuffle=False))  # type: ignore[arg-type]
    return losses


def weights_of(module: nn.Module) -> tuple[plain.Weights, list[str]]:
    """Return parameters and statistics in float64 with leaves of their own, and the names of what learns."""
    learnt = [name for name, value in module.named_parameters() if value.requires_grad]
    table = {
        name: value.detach().clone().double()
        for name, value in module.state_dict().items()
        if value.is_floating_point()
    }
    for name in learnt:
        table[name].requires_grad_()
    return table, learnt


def error_of_losses(got: Sequence[float], expected: Sequence[float]) -> float:
    """Return the largest difference over its tolerance; at most 1 is equal."""
    assert len(got) == len(expected)
    return max(abs(a - b) / abs(b) for a, b in zip(got, expected, strict=True)) / TOLERANCE


def error_of_weights(got: plain.Weights, expected: plain.Weights) -> float:
    """Return the same for all tensors; the largest value of a tensor is the scale of its differences."""
    assert got.keys() == expected.keys()
    errors = []
    for name, value in expected.items():
        value = value.detach()
        difference = float((got[name].detach() - value).abs().max())
        tolerance = WANDERING_TOLERANCE if name.endswith(WANDERING) else TOLERANCE
        errors.append(difference / (tolerance * max(float(value.abs().max()), RATE)))
    return max(errors)


# LoVT: 2 epochs of 9 batches, two a step: five steps an epoch, the last of one batch.


def lovt_module(corpus: Corpus) -> LoVT:
    settings = LoVTSettings(
        architecture="resnet18", initial_weights="random", image_side=SIDE, batch_size=4, accumulate=2,
        learning_rate=RATE, weight_decay=DECAY, text_model="small", small_hidden=16, small_heads=2,
        small_layers=2, frozen_layers=1, attention_heads=2, projection_hidden=12, projection_dim=8,
        max_epochs=2, patience=None,
    )  # fmt: skip
    torch.manual_seed(4)
    module = LoVT(settings, corpus, 0)
    for part in module.text.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    return module


def draw_pairs(vocabulary: int) -> Iterator[plain.Pairs]:
    draw = torch.Generator().manual_seed(5)

    def number(low: int, high: int) -> int:
        return int(torch.randint(low, high, (), generator=draw))

    for _ in range(9):
        images = torch.rand(4, 1, SIDE, SIDE, generator=draw, dtype=torch.float64)
        counts = [number(1, 5) for _ in range(4)]
        yield plain.Pairs(
            images, [[[number(5, vocabulary) for _ in range(number(1, 5))] for _ in range(n)] for n in counts]
        )


def pair_batch(pairs: plain.Pairs) -> PairBatch:
    """Return what our step takes."""
    length = 2 + max(sum(map(len, report)) for report in pairs.reports)
    ids, mask, owner = (torch.full((len(pairs.reports), length), fill) for fill in (0, 0, -1))
    for row, report in enumerate(pairs.reports):
        tokens = [ENDS[0], *(token for sentence in report for token in sentence), ENDS[1]]
        owners = [number for number, sentence in enumerate(report) for _ in sentence]
        ids[row, : len(tokens)], mask[row, : len(tokens)] = torch.tensor(tokens), 1
        owner[row, 1 : len(owners) + 1] = torch.tensor(owners)
    reports = ReportTokens(ids, mask, owner, max(map(len, pairs.reports)))
    return PairBatch(pairs.images, reports, torch.zeros(len(pairs.reports), 0))


@pytest.fixture(scope="module")
def lovt_run(corpus: Corpus) -> tuple[list[float], plain.Weights]:
    module = lovt_module(corpus)
    batches = [pair_batch(pairs) for pairs in draw_pairs(module.tokeniser.size)]
    losses = run_ours(module, batches, epochs=2)
    return losses, weights_of(module)[0]


COSINE = plain.cosine_without_restart(RATE, 5)
LOVT_TRAINING = plain.Training(COSINE, weight_decay=DECAY, decoupled=True, accumulate=2)


def plain_lovt(
    corpus: Corpus,
    rules: plain.LoVTRules,
    training: plain.Training = LOVT_TRAINING,
    *,
    batches: int = 9,
    epochs: int = 2,
) -> tuple[list[float], plain.Weights]:
    module = lovt_module(corpus)
    weights, learnt = weights_of(module)
    bert = copy.deepcopy(module.text.bert).double().train()
    prefix = "text.bert."

    def text(table: plain.Weights, ids: Tensor, mask: Tensor) -> Tensor:
        own = {name.removeprefix(prefix): value for name, value in table.items() if name.startswith(prefix)}
        called = functional_call(bert, own, kwargs={"input_ids": ids, "attention_mask": mask})
        hidden: Tensor = called.last_hidden_state
        return hidden

    statistics = (corpus.pixel_mean, corpus.pixel_std)
    drawn = list(draw_pairs(module.tokeniser.size))[:batches]
    losses = plain.train_lovt(weights, learnt, text, drawn, epochs, training, statistics, ENDS, rules)
    return losses, weights


def test_ten_steps_of_lovt_are_those_of_the_plain_loop(corpus: Corpus, lovt_run):
    losses, weights = plain_lovt(corpus, plain.LoVTRules())
    assert len(losses) == 18
    assert error_of_losses(lovt_run[0], losses) <= 1
    assert error_of_weights(lovt_run[1], weights) <= 1


RULES = plain.LoVTRules()
LOVT_ERRORS: dict[str, tuple[plain.LoVTRules, plain.Training]] = {
    "global temperature": (replace(RULES, global_temperature=0.101), LOVT_TRAINING),
    "local temperature": (replace(RULES, local_temperature=0.303), LOVT_TRAINING),
    "directions exchanged": (replace(RULES, image_weight=0.25, report_weight=0.75), LOVT_TRAINING),
    "a missing term": (replace(RULES, local_weights=(0.375, 0.375, 0.375, 0.0)), LOVT_TRAINING),
    "no smoothing": (replace(RULES, smoothing=0.0), LOVT_TRAINING),
    "threshold": (replace(RULES, threshold=0.4), LOVT_TRAINING),
    "query over valid sentences": (replace(RULES, query_over_padded=False), LOVT_TRAINING),
    "uniform weights": (replace(RULES, attention_weights=False), LOVT_TRAINING),
    "heads": (replace(RULES, heads=1), LOVT_TRAINING),
    "coupled decay": (RULES, replace(LOVT_TRAINING, decoupled=False)),
    "decay": (RULES, replace(LOVT_TRAINING, weight_decay=1.01 * DECAY)),
    "accumulation": (RULES, replace(LOVT_TRAINING, accumulate=1)),
}
LATE_LOVT_ERRORS = {
    "one forward pass": (replace(RULES, forward_passes=1), LOVT_TRAINING),
    "cosine with restart": (RULES, replace(LOVT_TRAINING, rate=lambda step, _: COSINE(step % 5, 0))),
}


@pytest.mark.parametrize("error", LOVT_ERRORS)
def test_another_number_in_the_plain_loop_of_lovt_shows_in_the_third_loss(
    corpus: Corpus, lovt_run, error: str
):
    losses, _ = plain_lovt(corpus, *LOVT_ERRORS[error], batches=3, epochs=1)
    assert error_of_losses(lovt_run[0][:3], losses) > SHOWS


@pytest.mark.parametrize("error", LATE_LOVT_ERRORS)
def test_another_number_in_the_plain_loop_of_lovt_shows_in_the_end(corpus: Corpus, lovt_run, error: str):
    _, weights = plain_lovt(corpus, *LATE_LOVT_ERRORS[error])
    assert error_of_weights(lovt_run[1], weights) > SHOWS


# BYOL: 5 epochs of two batches, the first epoch at learning rate 0.


def byol_module(corpus: Corpus) -> BYOL:
    settings = BYOLSettings(
        architecture="resnet18", initial_weights="random", image_side=64, batch_size=6, hidden=12,
        projection=8, learning_rate=RATE, weight_decay=DECAY, max_epochs=5,
    )  # fmt: skip
    torch.manual_seed(6)
    module = BYOL(settings, corpus, 0)
    with torch.no_grad():
        for target in (module.target_backbone, module.target_projector):
            for parameter in target.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
    return module


def draw_views() -> list[tuple[Tensor, Tensor]]:
    draw = torch.Generator().manual_seed(7)
    views = [torch.rand(6, 1, 64, 64, generator=draw, dtype=torch.float64) for _ in range(4)]
    return [(views[0], views[1]), (views[2], views[3])]


@pytest.fixture(scope="module")
def byol_run(corpus: Corpus) -> tuple[list[float], plain.Weights]:
    module = byol_module(corpus)
    losses = run_ours(module, draw_views(), epochs=5)
    return losses, weights_of(module)[0]


BYOL_TRAINING = plain.Training(
    plain.one_epoch_at_zero_then_cosine(RATE, 5), weight_decay=DECAY, decoupled=False
)


def plain_byol(
    corpus: Corpus, rules: plain.BYOLRules, training: plain.Training = BYOL_TRAINING
) -> tuple[list[float], plain.Weights]:
    weights, learnt = weights_of(byol_module(corpus))
    losses = plain.train_byol(weights, learnt, draw_views(), 5, training, rules)
    return losses, weights


def test_ten_steps_of_byol_are_those_of_the_plain_loop(corpus: Corpus, byol_run):
    losses, weights = plain_byol(corpus, plain.BYOLRules())
    assert len(losses) == 10
    assert error_of_losses(byol_run[0], losses) <= 1
    assert error_of_weights(byol_run[1], weights) <= 1


@pytest.mark.parametrize(
    ("rules", "training"),
    [
        (plain.BYOLRules(decay=0.99 * 0.99), BYOL_TRAINING),
        (plain.BYOLRules(symmetric=False), BYOL_TRAINING),
        (plain.BYOLRules(average_before_step=False), BYOL_TRAINING),
        (plain.BYOLRules(target_statistics_follow=True), BYOL_TRAINING),
        (plain.BYOLRules(), replace(BYOL_TRAINING, decoupled=True)),
        (plain.BYOLRules(), replace(BYOL_TRAINING, rate=lambda step, epoch: RATE)),
    ],
    ids=["momentum", "one direction", "average after the step", "statistics", "decoupled decay", "rate"],
)
def test_another_number_in_the_plain_loop_of_byol_shows(corpus: Corpus, byol_run, rules, training):
    _, weights = plain_byol(corpus, rules, training)
    assert error_of_weights(byol_run[1], weights) > SHOWS


def test_the_plain_loop_imports_nothing_of_ours():
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(Path(plain.__file__).read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert imported == {"__future__", "math", "collections", "dataclasses", "torch"}
