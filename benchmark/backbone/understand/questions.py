"""What a file cannot tell and was taken, said in sentences; asked where two known models have the same tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.signatures import is_plain_transformer
from lovt_bench.benchmark.backbone.understand.candidates import Candidate, is_plain
from lovt_bench.benchmark.backbone.understand.dialects import DETECTRON2
from lovt_bench.benchmark.backbone.understand.outline import Outline
from lovt_bench.benchmark.backbone.understand.report import show

BOTTLENECK = "layer1.0.conv3.weight"
"""A tensor that each ResNet of bottlenecks has, and no other."""

MOCO_V3 = ("base_encoder", "momentum_encoder")
"""Parts of names that MoCo v3 writes."""
MOCO_WIDTH, MOCO_HEADS = 384, 12
"""Its ViT-S, which has as many heads as no other ViT-S."""
HEADS = "num_heads"


def check_heads(tensors: Mapping[str, Tensor], chosen: Candidate, outline: Outline) -> None:
    """Raise BackboneError where a ViT-S may be MoCo v3's and nobody says how many heads it has."""
    if HEADS in (outline.options or {}) or not _is_small(outline):
        return
    parts = {part for name in chosen.taken[:1] for part in name.split(".")}
    if parts.intersection(MOCO_V3):
        why = f"the names at {show(chosen.label)} are those of MoCo v3"
    elif _is_fixed(tensors, chosen):
        why = "the position table is the fixed one of sines and cosines, as MoCo v3 has it"
    else:
        return
    raise BackboneError(
        f"{why}, whose ViT-S has {MOCO_HEADS} heads; {outline.architecture} has {MOCO_WIDTH // 64}, and all shapes are "
        f"the same: say how many it was trained with, by --option {HEADS}={MOCO_HEADS} or "
        f"--option {HEADS}={MOCO_WIDTH // 64}"
    )


def _is_small(outline: Outline) -> bool:
    patch = outline.shapes.get("patch_embed.proj.weight")
    return is_plain_transformer(outline.shapes) and patch == (MOCO_WIDTH, 3, 16, 16)


def check_strides(chosen: Candidate, outline: Outline) -> None:
    """Raise BackboneError where a network that nobody named may have its strides where torchvision's has none."""
    if chosen.layout.name == DETECTRON2 and BOTTLENECK in outline.shapes:
        raise BackboneError(
            f"{show(chosen.label)} has the names of Detectron2's ResNet, which has its strides in the first 1 x 1 "
            "convolution of a block unless MODEL.RESNETS.STRIDE_IN_1X1 is False; tensors do not say which. If it was "
            f"False, pass --arch {outline.architecture}; if not, no --arch takes it: export it as an ONNX graph"
        )


def _is_fixed(tensors: Mapping[str, Tensor], chosen: Candidate) -> bool:
    """Return whether a table was computed and not learned: its first patch has sines and cosines of 0."""
    names = chosen.found["pos_embed"].names if "pos_embed" in chosen.found else ()
    if len(names) != 1 or not is_plain(tensors[names[0]]):
        return False
    table = tensors[names[0]].reshape(-1, MOCO_WIDTH).float()
    if len(table) < 2:
        return False
    return bool(((table[1] == 0) | (table[1] == 1)).all()) and not bool(torch.any(table[0]))


def taken_for_granted(chosen: Candidate, outline: Outline) -> Iterator[str]:
    """Yield what a plain transformer's tensors do not say, and where it was taken from."""
    if is_plain_transformer(outline.shapes):
        yield (
            f"tensors do not say how many heads there are, nor epsilon and activation: those of {outline.architecture} "
            "were taken; if yours differ, see --option"
        )
