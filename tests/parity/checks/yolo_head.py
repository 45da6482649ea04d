"""Check of yolo_head_*: the three-scale head with formula-defined weights (evaluation.md section 7.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest

import torch
from torch import Tensor, nn

from lovt_bench.tasks.heads.yolov3 import YoloV3Head
from tests.parity.compare import Comparison, Failure
from tests.parity.formula import fill, formula_input, formula_values
from tests.parity.golden import GoldenError, GoldenFile, guarded

ANCHORS = 3
SEED = re.compile(r"seed (\d+)\*(\d+)\+(\d+)\+i scaled ([\d.]+)")


def check_head(golden: GoldenFile) -> Iterator[Comparison | Failure]:
    """Compare outputs and gradient norms with batch norm in eval and in train mode."""
    for case in dict.fromkeys(name.split("_")[0] for name in golden.outputs()):
        yield from guarded(case, head_case, golden, case)


def head_case(golden: GoldenFile, case: str) -> Iterator[Comparison]:
    inputs = {
        int(name.removeprefix("C")): formula_input(entry) for name, entry in golden.entry["inputs"].items()
    }
    features = {2**level: tensor for level, tensor in inputs.items()}
    channels = {stride: tensor.shape[1] for stride, tensor in features.items()}
    first = golden.arrays[f"{case}_out0"]["shape"][1]
    head = YoloV3Head(channels, first // ANCHORS - 5, ANCHORS).train(case == "train")
    fill(forward_order(head), golden.entry["weights"]["tensors"])
    with torch.no_grad():
        outputs = head(features)
    for scale, output in enumerate(outputs):
        yield golden.compare(f"{case}_out{scale}", output, case)
    if f"{case}_running_mean_first" in golden.arrays:
        norm = next(module for module in head.modules() if isinstance(module, nn.BatchNorm2d))
        yield golden.compare(f"{case}_running_mean_first", norm.running_mean, case)
    norms = gradient_norms(golden, head, features, f"{case}_gradnorm_C{next(iter(inputs))}")
    for level in inputs:
        yield golden.compare(f"{case}_gradnorm_C{level}", norms[2**level], case)


def gradient_norms(
    golden: GoldenFile, head: YoloV3Head, features: Mapping[int, Tensor], described: str
) -> dict[int, float]:
    """Return the norm of dL/dfeature by stride, L as the meaning of the array `described` states.

    In float64: at the kink of a leaky ReLU the last bit of a float32 sum decides the slope.
    """
    meaning = golden.arrays[described]["meaning"]
    found = SEED.search(meaning)
    if found is None:
        raise GoldenError(f"no `seed A*B+C+i scaled D` in {meaning!r}")
    base, factor, offset, scale = int(found[1]), int(found[2]), int(found[3]), float(found[4])
    leaves = {stride: tensor.double().requires_grad_() for stride, tensor in features.items()}
    outputs = head.double()(leaves)
    terms = [
        (
            output * torch.from_numpy(scale * formula_values(output.shape, base * factor + offset + index))
        ).sum()
        for index, output in enumerate(outputs)
    ]
    gradients = torch.autograd.grad(torch.stack(terms).sum(), list(leaves.values()))
    return {stride: gradient.norm().item() for stride, gradient in zip(leaves, gradients, strict=True)}


def forward_order(head: YoloV3Head) -> list[Tensor]:
    """Return parameters and statistics as data meets them: scale 0, lateral 1, scale 1 and so on."""
    modules: list[nn.Module] = []
    for embedding, lateral in zip_longest(head.embeddings, head.laterals):
        modules += [embedding] if lateral is None else [embedding, lateral]
    return [
        tensor
        for module in modules
        for name, tensor in module.state_dict(keep_vars=True).items()
        if not name.endswith("num_batches_tracked")
    ]


CHECKS = {"yolo_head_*": check_head}
