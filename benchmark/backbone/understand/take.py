"""The chosen tensors become the architecture's state dict; whatever changes on the way is said in a sentence."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.understand.candidates import Candidate, is_plain
from lovt_bench.benchmark.backbone.understand.layouts import OPTIONAL
from lovt_bench.benchmark.backbone.understand.outline import Outline
from lovt_bench.benchmark.backbone.understand.report import show, some

FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
"""What weights may be stored as."""


def take(
    tensors: Mapping[str, Tensor], chosen: Candidate, outline: Outline
) -> tuple[dict[str, Tensor], list[str]]:
    """Return the trunk in float32 under the architecture's names, and sentences on what was converted.

    Raises:
        BackboneError: A tensor without plain values, of another dtype, NaN, infinite or beyond float32.
    """
    state: dict[str, Tensor] = {}
    sentences: list[str] = []
    converted: dict[torch.dtype, int] = {}
    bad: list[str] = []
    made: dict[str, int] = {}
    for our in outline.shapes:
        source = chosen.found.get(our)
        if our.endswith(OPTIONAL):
            state[our] = _count(None if source is None else tensors[source.names[0]])
            continue
        assert source is not None, our
        for full in source.names:
            dtype = _check(full, tensors[full])
            if dtype != torch.float32:
                converted[dtype] = converted.get(dtype, 0) + 1
        whole = [tensors[full].detach().to(outline.dtype(our)) for full in source.names]
        # Contiguous and apart from the file's storage: a stride or a shared storage is no part of a backbone.
        plain = (whole[0] if source.make is None else source.make(whole)).clone(
            memory_format=torch.contiguous_format
        )
        if not bool(plain.isfinite().all()):
            bad += source.names
        state[our] = three_channels(plain) if our == chosen.one_channel else plain
        if source.said:
            made[source.said] = made.get(source.said, 0) + 1
    if bad:
        raise BackboneError(
            f"the weights hold NaN, infinity or values beyond float32 in {len(bad)} tensors: {some(bad)}. "
            "Take a checkpoint from before the training diverged"
        )
    for dtype, count in converted.items():
        lost = ", rounded" if dtype == torch.float64 else ", without loss"
        sentences.append(
            f"{count} tensors converted from {str(dtype).removeprefix('torch.')} to float32{lost}"
        )
    sentences += [said if count == 1 else f"{said} ({count} times)" for said, count in made.items()]
    if chosen.one_channel:
        sentences.append(
            f"{chosen.one_channel} took one channel: each of three channels got a third of it, so that a grey image "
            "repeated to three channels gives the response of before"
        )
    return state, sentences


def _check(full: str, tensor: Tensor) -> torch.dtype:
    """Return the type of a tensor's values; raise BackboneError where they are no weights."""
    if not is_plain(tensor):
        raise BackboneError(
            f"{show(full)} is {_kind(tensor)}; save plain weights: dense, on the CPU, not quantised"
        )
    if tensor.dtype not in FLOATS:
        raise BackboneError(
            f"{show(full)} holds {tensor.dtype}, expected weights as float32, float16, bfloat16 or float64"
        )
    return tensor.dtype


def three_channels(weight: Tensor) -> Tensor:
    """Return the (out, 3, h, w) weight that answers a repeated grey image as (out, 1, h, w) answers the grey one."""
    return (weight / 3).repeat(1, 3, 1, 1)


def _count(tensor: Tensor | None) -> Tensor:
    """Return `num_batches_tracked` as int64; 0 where there is none, or none that is a number of batches."""
    if tensor is None or not is_plain(tensor):
        return torch.zeros((), dtype=torch.int64)
    if tensor.dtype.is_complex or not bool(tensor.isfinite().all()):
        return torch.zeros((), dtype=torch.int64)
    return tensor.detach().reshape(()).to(torch.int64).clone()


def _kind(tensor: Tensor) -> str:
    if tensor.is_quantized:
        return "quantised"
    if tensor.layout != torch.strided:
        return f"a tensor of layout {str(tensor.layout).removeprefix('torch.')}"
    return f"on the device {tensor.device.type}"
