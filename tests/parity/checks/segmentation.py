"""Checks of dice_loss and seg_head_linear (evaluation.md sections 8 and 10)."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F

from lovt_bench.tasks.heads.linear import linear_logits
from lovt_bench.tasks.losses.dice import dice_loss
from tests.parity.compare import Comparison, Failure
from tests.parity.golden import GoldenFile, guarded


def prefixes(golden: GoldenFile, ending: str) -> list[str]:
    """Return the case names: what stands before `ending` in the names of the inputs."""
    inputs = [name for name, entry in golden.arrays.items() if entry["kind"] == "input"]
    return [name.removesuffix(ending) for name in inputs if name.endswith(ending)]


def check_dice_loss(golden: GoldenFile) -> Iterator[Comparison | Failure]:
    """Compare the soft Dice loss and its gradient.

    The entropy variants are no part of the 18 tasks; they tell whether logits and masks are read as meant.
    """
    for case in prefixes(golden, "_logits"):
        yield from guarded(case, dice_loss_case, golden, case)


def dice_loss_case(golden: GoldenFile, case: str) -> Iterator[Comparison]:
    logits = golden.tensor(f"{case}_logits", grad=True)
    mask = torch.from_numpy(golden.mask(f"{case}_mask"))
    loss = dice_loss(logits, mask)
    (gradient,) = torch.autograd.grad(loss, logits)
    entropy = F.binary_cross_entropy_with_logits(logits, mask.float())
    yield golden.compare(f"{case}_dice", loss, case, "dice")
    yield golden.compare(f"{case}_dice_grad", gradient, case, "dice_grad")
    yield golden.compare(f"{case}_bce", entropy, case, "bce")
    yield golden.compare(f"{case}_bcedice", entropy + loss, case, "bcedice")


def check_linear(golden: GoldenFile) -> Iterator[Comparison | Failure]:
    """Compare probabilities, loss and gradients of the linear head."""
    for case in prefixes(golden, "_features"):
        yield from guarded(case, linear_case, golden, case)


def linear_case(golden: GoldenFile, case: str) -> Iterator[Comparison]:
    features, weight, bias = (
        golden.tensor(f"{case}_{name}", grad=True) for name in ("features", "weight", "bias")
    )
    mask = torch.from_numpy(golden.mask(f"{case}_mask"))
    logits = linear_logits(features, weight, bias, size=(mask.shape[-2], mask.shape[-1]))
    loss = dice_loss(logits, mask)
    gradients = torch.autograd.grad(loss, (features, weight, bias))
    yield golden.compare(f"{case}_probs", torch.sigmoid(logits), case, "probs")
    yield golden.compare(f"{case}_loss", loss, case, "loss")
    for name, gradient in zip(("features", "weight", "bias"), gradients, strict=True):
        yield golden.compare(f"{case}_grad_{name}", gradient, case, f"grad_{name}")


CHECKS = {"dice_loss": check_dice_loss, "seg_head_linear": check_linear}
