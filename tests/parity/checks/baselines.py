"""Checks of baseline_simclr_byol, baseline_pixelpro and lr_schedules (pretraining.md sections 1.8 and 4 to 7)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lovt_bench.submissions.byol.objective import byol_loss
from lovt_bench.submissions.common.augment.cutout import Cutout
from lovt_bench.submissions.common.losses.nt_xent import nt_xent
from lovt_bench.submissions.common.losses.pixel_consistency import (
    pixel_consistency,
    place_coordinates,
    positive_pairs,
)
from lovt_bench.submissions.common.losses.regression import symmetric_regression_loss
from lovt_bench.submissions.common.mlp import mlp
from lovt_bench.submissions.common.moving_average import update_average
from lovt_bench.submissions.common.pixel_propagation import PixelPropagation
from lovt_bench.submissions.common.schedules import cosine_per_epoch, warmup_cosine
from tests.parity.checks.resunet import stored
from tests.parity.compare import Comparison, Failure
from tests.parity.formula import fill
from tests.parity.golden import GoldenError, GoldenFile, guarded


def cases_with(golden: GoldenFile, ending: str) -> list[str]:
    """Return what stands before `ending` in the names of the arrays that end so, in stored order."""
    return [name.removesuffix(ending) for name in golden.arrays if name.endswith(ending)]


def check_simclr_byol(golden: GoldenFile) -> Iterator[Comparison | Failure]:
    """Compare NT-Xent at every temperature, BYOL's loss alone, and a whole BYOL step with its moving average."""
    for case in cases_with(golden, "/zi"):
        names = [name.removeprefix(f"{case}/ntxent_t") for name in golden.outputs()]
        for temperature in [name for name in names if re.fullmatch(r"[\d.]+", name)]:
            yield from guarded(f"{case} t{temperature}", nt_xent_case, golden, case, temperature)
    for case in cases_with(golden, "/byol_loss"):
        yield from guarded(f"{case} byol", byol_case, golden, case)
    for case in cases_with(golden, "/ema_encoder_weight"):
        yield from guarded(f"byol {case}", module_case, golden, case)


def nt_xent_case(golden: GoldenFile, case: str, temperature: str) -> Iterator[Comparison]:
    first, second = golden.tensor(f"{case}/zi", grad=True), golden.tensor(f"{case}/zj", grad=True)
    loss = nt_xent(first, second, float(temperature))
    gradients = torch.autograd.grad(loss, (first, second))
    prefix, label = f"{case}/ntxent_t{temperature}", f"{case} t{temperature}"
    yield golden.compare(prefix, loss, label)
    yield golden.compare(f"{prefix}_grad_i", gradients[0], label)
    yield golden.compare(f"{prefix}_grad_j", gradients[1], label)


def byol_case(golden: GoldenFile, case: str) -> Iterator[Comparison]:
    predictions = [golden.tensor(f"{case}/byol_pred{view}", grad=True) for view in (1, 2)]
    targets = [golden.tensor(f"{case}/byol_target{view}", grad=True) for view in (1, 2)]
    loss = symmetric_regression_loss((predictions[0], predictions[1]), (targets[0], targets[1]))
    loss.backward()
    yield golden.compare(f"{case}/byol_loss", loss, f"{case} byol")
    for view, prediction in enumerate(predictions, 1):
        yield golden.compare(f"{case}/byol_grad_pred{view}", prediction.grad, f"{case} byol")
    if any(target.grad is not None for target in targets):
        raise GoldenError("a target got a gradient")


def module_case(golden: GoldenFile, case: str) -> Iterator[Comparison]:
    """Compare a step of encoder, projector and predictor; sizes from the listed weights."""
    listed = golden.entry["byol_module"]
    offset = int(listed["target_seed_offset"])
    parts = {name: [e for e in listed["online"] if e["name"].startswith(name)] for name in PARTS}
    encoder, projector, predictor = (PARTS[name](parts[name]) for name in PARTS)
    target = nn.Sequential(PARTS["encoder"](parts["encoder"]), PARTS["projector"](parts["projector"]))
    fill(stored(nn.Sequential(encoder, projector, predictor)), listed["online"])
    moved = [entry | {"seed": entry["seed"] + offset} for entry in parts["encoder"] + parts["projector"]]
    fill(stored(target), moved)

    images = golden.tensor(f"{case}/x")
    views = (images.flatten(1), (0.8 * images.flip(-1) + 0.1).flatten(1))
    online = nn.Sequential(encoder, projector)
    loss = byol_loss(online, predictor, target, views)
    loss.backward()
    update_average(target, online, 0.99)
    yield golden.compare(f"{case}/loss", loss, f"byol {case}")
    yield golden.compare(f"{case}/grad_encoder_weight", encoder.weight.grad, f"byol {case}")
    yield golden.compare(f"{case}/ema_encoder_weight", target[0].weight, f"byol {case}")


def linear_of(entries: list[dict[str, Any]]) -> nn.Linear:
    outputs, inputs = entries[0]["shape"]
    return nn.Linear(inputs, outputs)


def mlp_of(entries: list[dict[str, Any]]) -> nn.Module:
    hidden, inputs = entries[0]["shape"]
    return mlp(inputs, hidden, entries[-1]["shape"][0])


PARTS: dict[str, Any] = {"encoder": linear_of, "projector": mlp_of, "predictor": mlp_of}


def check_pixelpro(golden: GoldenFile) -> Iterator[Comparison | Failure]:
    """Compare PixPro's loss, its count of positive pairs and gradients, for each map and pair of cut-outs."""
    for case in cases_with(golden, "/loss"):
        yield from guarded(case, pixelpro_case, golden, case)


def pixelpro_case(golden: GoldenFile, case: str) -> Iterator[Comparison]:
    size = case.split("/")[0]
    weights = golden.entry[f"{size}/weights"]["tensors"]
    gate = [entry for entry in weights if entry["name"].startswith("propagate")]
    head = [entry for entry in weights if entry["name"].startswith("predictor")]
    propagate, predictor = PixelPropagation(gate[0]["shape"][0]), mlp_of(head)
    fill([*stored(propagate), *stored(predictor)], weights)

    def pair(name: str, grad: bool = False) -> tuple[Tensor, Tensor]:
        return (
            golden.tensor(f"{size}/{name}1", grad=grad),
            golden.tensor(f"{size}/{name}2", grad=grad),
        )

    pixels, instances = pair("pixel", grad=True), pair("instance", grad=True)
    positives = pairs_of(golden.entry[f"{case}/crops"], pixels[0].shape[-2:])
    pixel = pixel_consistency((propagate(pixels[0]), propagate(pixels[1])), pair("target_pixel"), positives)
    instance = symmetric_regression_loss(
        (predictor(instances[0]), predictor(instances[1])), pair("target_instance")
    )
    loss = pixel + instance
    loss.backward()
    yield golden.compare(f"{case}/loss", loss, case)
    yield golden.compare(f"{case}/positives", positives.sum(), case)
    for kind, values in (("pixel", pixels), ("instance", instances)):
        for view, value in enumerate(values, 1):
            if f"{case}/grad_{kind}{view}" in golden.arrays:
                yield golden.compare(f"{case}/grad_{kind}{view}", value.grad, case)


def pairs_of(crops: dict[str, Any], places: torch.Size) -> Tensor:
    """Return the positive pairs of the two listed cut-outs."""
    side = int(crops["image_size"])
    cutouts = [
        Cutout(top, bottom, left, right, bool(crops[f"flip{view}"]))
        for view in (1, 2)
        for (top, bottom), (left, right) in [crops[f"view{view}_y0y1_x0x1"]]
    ]
    first, second = (place_coordinates(item, (side, side), (places[0], places[1])) for item in cutouts)
    return positive_pairs(first, second)


def check_schedules(golden: GoldenFile) -> Iterator[Comparison | Failure]:
    """Compare learning rates per epoch (warm-up and cosine) or per step (cosine without restart)."""
    for item in golden.content:
        yield from guarded(str(item["name"]), partial(schedule_case, golden, item))


def schedule_case(golden: GoldenFile, item: dict[str, Any]) -> Iterator[Comparison]:
    if "lr_per_epoch" in item:
        name = "lr_per_epoch"
        factors = [
            warmup_cosine(epoch, item["warmup_epochs"], item["max_epochs"])
            for epoch in range(len(item[name]))
        ]
    else:
        name = "lr_per_step"
        factors = [cosine_per_epoch(step, item["steps_per_epoch"]) for step in range(len(item[name]))]
    relative, absolute = relative_and_absolute(golden)
    yield Comparison(
        case=item["name"],
        quantity=name,
        got=item["base_lr"] * np.array(factors),
        expected=np.array(item[name]),
        rtol=relative,
        atol=absolute,
    )


def relative_and_absolute(golden: GoldenFile) -> tuple[float, float]:
    """Return both tolerances of an entry that says `relative X, absolute Y`."""
    text = str(golden.entry.get("tolerance"))
    found = re.fullmatch(r"relative (\S+), absolute (\S+)", text)
    if found is None:
        raise GoldenError(f"{golden.path.name}: tolerance {text!r} is not `relative X, absolute Y`")
    return float(found[1]), float(found[2])


CHECKS = {
    "baseline_simclr_byol": check_simclr_byol,
    "baseline_pixelpro": check_pixelpro,
    "lr_schedules": check_schedules,
}
