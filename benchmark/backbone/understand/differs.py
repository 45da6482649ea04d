"""What keeps a trunk of a file from being an architecture's, and what to do about it where that is known."""

from __future__ import annotations

from collections.abc import Iterable

from lovt_bench.benchmark.backbone.understand.candidates import Candidate
from lovt_bench.benchmark.backbone.understand.report import show, some
from lovt_bench.benchmark.backbone.understand.tables import TABLES

STATISTICS = (".running_mean", ".running_var")
"""Ends the names of what batch normalisation measured in training."""


CAFFE2 = "res2_0_branch2a_w"
"""A name that every ResNet of Caffe2 has."""


def known_by_name(names: Iterable[str]) -> str:
    """Return in a sentence which network a file holds that no --arch takes; empty where none is recognised."""
    if any(name == CAFFE2 or name.endswith("." + CAFFE2) for name in names):
        return (
            "These are the names of Caffe2's ResNet, which has its strides in the first 1 x 1 convolution of a block "
            "and batch norms without statistics: another network than torchvision's, which no --arch takes. Export it "
            "as an ONNX graph, which is ranked on the frozen tasks"
        )
    return ""


def problems(one: Candidate, architecture: str) -> str:
    """Return why a candidate does not fit, naming keys."""
    parts = []
    if one.missing:
        parts.append(f"{len(one.missing)} tensors are missing: {some(one.missing)}")
    if one.misshaped:
        shapes = "; ".join(
            f"{show(name)} expected {list(wanted)}, found {_shape(found)}"
            for name, wanted, found in one.misshaped[:3]
        )
        more = f" and {len(one.misshaped) - 3} more" if len(one.misshaped) > 3 else ""
        parts.append(f"{len(one.misshaped)} tensors have another shape: {shapes}{more}")
    if one.unexpected:
        parts.append(f"{len(one.unexpected)} tensors within the trunk are unexpected: {some(one.unexpected)}")
    return (
        f"the best match for {architecture} lies at {show(one.label)} ({show(one.layout.name)}), but "
        + "; ".join(parts)
        + _advice(one)
    )


def _advice(one: Candidate) -> str:
    """Return what to do about a candidate that does not fit, where what is wrong is a known mistake."""
    if one.missing and not one.misshaped and all(name.endswith(STATISTICS) for name in one.missing):
        return (
            ". The statistics of batch normalisation are buffers, not parameters: save model.state_dict(), "
            "not named_parameters()"
        )
    if one.missing and not (one.misshaped or one.unexpected):
        return ". Was a part of the network saved, or the file cut off? Give the file that holds all of the encoder"
    if one.misshaped and all(
        name.endswith(TABLES) and wanted[-1:] == found[-1:] for name, wanted, found in one.misshaped
    ):
        return ". A table of positions can be resampled where its rows are those of a square grid of patches"
    swapped = [
        len(wanted) == 4 and wanted != found and sorted(wanted) == sorted(found)
        for _, wanted, found in one.misshaped
    ]
    if swapped and all(swapped):
        return (
            ". The axes of the convolutions lie in another order, as in TensorFlow and JAX: save them as "
            "(out, in, height, width), for example weight.transpose(3, 2, 0, 1)"
        )
    return ""


def _shape(shape: tuple[int, ...]) -> str:
    return str(list(shape)) if len(shape) <= 6 else f"{len(shape)} dimensions"
