"""The ONNX graph of a backbone, looked at before it is run, and run beside PyTorch.

A graph that refers to other files or to operators outside the ONNX standard is never run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from lovt_bench.benchmark.backbone.check_levels import EXPORT_AGAIN, check_levels, example_images
from lovt_bench.benchmark.backbone.export import INPUT, OPSET
from lovt_bench.benchmark.backbone.findings import Finding, failed
from lovt_bench.benchmark.backbone.graph_model import open_session
from lovt_bench.benchmark.backbone.graph_rules import (
    FLOATS,
    dimensions,
    fixed_side,
    read_graph,
    rule_problems,
)
from lovt_bench.benchmark.backbone.model import BATCH, BackboneError, batch_sizes
from lovt_bench.benchmark.contract.backbone import BackboneManifest

OTHER_SIDE = 64
"""Image side at which a graph that leaves it open is run, too."""

BATCH_TOLERANCE = 1e-3
"""Largest difference that the company of other images may make, relative to a level's largest absolute value."""


def check_graph(
    path: Path, manifest: BackboneManifest, expected: Mapping[int, tuple[Tensor, ...]], tolerance: float
) -> Iterator[Finding]:
    """Compare `backbone.onnx` with the manifest, then with PyTorch by running it in onnxruntime.

    Args:
        path: The graph.
        manifest: What is declared.
        expected: Batch size to PyTorch's feature maps of `example_images` of that batch.
        tolerance: Largest difference of a level, relative to its largest absolute value.
    """
    model, interface = _read_checked(path, manifest)
    yield from interface
    if model is not None:
        del model  # running it takes memory enough
        yield from _compare(path, manifest, expected, tolerance)


def check_graph_alone(
    path: Path, manifest: BackboneManifest, images: Mapping[int, Tensor]
) -> Iterator[Finding]:
    """Compare a `backbone.onnx` that has no weights beside it with the manifest, by running it in onnxruntime.

    Beside levels: the maps of an image may depend on nothing but the image, not on its batch and not on chance.

    Args:
        path: The graph.
        manifest: What is declared; levels that the image stands in for are no outputs.
        images: Batch size to images of that batch; 1 is among them, and a larger one.
    """
    own = [level for level in manifest.levels if level.substitute is None]
    manifest = manifest.model_copy(update={"levels": own})
    model, interface = _read_checked(path, manifest)
    yield from interface
    if model is None:
        return
    try:
        bad = _not_finite(model)
    except (ValueError, TypeError) as error:
        yield Finding("error", path.name, f"has weights that cannot be read: {error}", EXPORT_AGAIN)
        return
    takes_any_side = fixed_side(model) is None
    del model  # running it takes memory enough
    if bad:
        message = f"NaN or infinity in {len(bad)} tensors: {', '.join(bad[:3])}"
        yield Finding("error", path.name, message, EXPORT_AGAIN)
        return
    found, findings = _run(path, images)
    yield from findings
    for batch, maps in found.items():
        yield from check_levels("ONNX", manifest, maps)
        if lost := [len(each) for each in maps if each.ndim and len(each) != batch]:
            message = f"gives maps of {lost[0]} images for {batch}"
            yield Finding("error", path.name, message, EXPORT_AGAIN)
    if failed(findings):
        return
    for batch in sorted(found):
        if batch > 1:
            yield from _depends_on_image_alone(path, images[batch], found[batch])
    if takes_any_side:
        other = manifest.model_copy(update={"input": manifest.input.model_copy(update={"side": OTHER_SIDE})})
        smaller, findings = _run(path, {BATCH: example_images(BATCH, OTHER_SIDE)})
        yield from (finding for finding in findings if finding.level != "ok")
        for maps in smaller.values():
            yield from (
                one for one in check_levels(f"ONNX at {OTHER_SIDE}", other, maps) if one.level == "error"
            )


def _depends_on_image_alone(path: Path, images: Tensor, found: tuple[Tensor, ...]) -> Iterator[Finding]:
    """Yield that images have other maps in batches of the other sizes of an evaluation, which end with one alone."""
    sizes = [*batch_sizes(len(images) - 1), 1]
    parts, findings = _run(path, dict(enumerate(images.split(sizes))))
    yield from (finding for finding in findings if finding.level != "ok")
    worst = 0.0
    for level, many in enumerate(found):
        pairs = zip((parts[part][level] for part in parts), many.split(sizes), strict=False)
        worst = max([worst, *(relative_error(few, same) for few, same in pairs)])
    if worst > BATCH_TOLERANCE:
        yield Finding(
            "error",
            path.name,
            f"the maps of an image alone, or among few, and of the same image among {len(images)} differ by "
            f"{worst:.1e} of the largest value, allowed {BATCH_TOLERANCE:.0e}",
            "export it in evaluation mode: batch normalisation by stored statistics, no dropout",
        )


def _read_checked(path: Path, manifest: BackboneManifest) -> tuple[onnx.ModelProto | None, list[Finding]]:
    """Return a graph that may be run, None for one that may not, and what was found."""
    try:
        model = read_graph(path)
    except BackboneError as error:
        return None, [Finding("error", path.name, str(error), EXPORT_AGAIN)]
    problems = [*rule_problems(model, path.stat().st_size), *_interface_problems(model, manifest)]
    if problems:
        return None, [Finding("error", path.name, problem, EXPORT_AGAIN) for problem in problems]
    sides = "one side" if fixed_side(model) else "any side"
    message = f"one file, opset {OPSET}, dynamic batch, {sides}, operators of the standard only"
    return model, [Finding("ok", path.name, message)]


def _interface_problems(model: onnx.ModelProto, manifest: BackboneManifest) -> Iterator[str]:
    side, alone = manifest.input.side, manifest.is_graph_only
    inputs = [(value.name, dimensions(value)) for value in model.graph.input]
    shapes: list[tuple[int | None, ...]] = [(None, manifest.input.channels, side, side)]
    if alone:
        shapes.append((None, manifest.input.channels, None, None))
    if inputs not in [[(INPUT, shape)] for shape in shapes]:
        either = ", or height and width dynamic, too" if alone else ""
        yield (
            f"inputs {inputs}, expected {INPUT} of (batch, {manifest.input.channels}, {side}, {side}) with the batch "
            f"dynamic{either}"
        )
    outputs = {value.name: dimensions(value) for value in model.graph.output}
    declared = {
        level.name: (None, level.channels, side // level.stride, side // level.stride)
        for level in manifest.levels
    }
    # A side that a graph alone leaves open is known when it runs; a batch that is not open is an error.
    fits = list(outputs) == list(declared) and all(
        outputs[name] == shape or (alone and _leaves_open(outputs[name], shape))
        for name, shape in declared.items()
    )
    if not fits:
        yield f"outputs {outputs}, declared {declared} (None: dynamic)"


def _leaves_open(found: tuple[int | None, ...], declared: tuple[int | None, ...]) -> bool:
    return (
        len(found) == len(declared)
        and found[0] is None
        and all(one in (None, other) for one, other in zip(found, declared, strict=True))
    )


def _compare(
    path: Path, manifest: BackboneManifest, expected: Mapping[int, tuple[Tensor, ...]], tolerance: float
) -> Iterator[Finding]:
    images = {batch: example_images(batch, manifest.input.side) for batch in expected}
    found, findings = _run(path, images)
    yield from findings
    if failed(findings):
        return
    for maps in found.values():
        yield from (one for one in check_levels("ONNX", manifest, maps) if one.level != "ok")
    for position, level in enumerate(manifest.levels):
        pairs = [(found[batch][position], expected[batch][position]) for batch in expected]
        if any(got.shape != wanted.shape for got, wanted in pairs):
            continue
        worst = max(relative_error(got, wanted) for got, wanted in pairs)
        message = f"ONNX differs by {worst:.1e} of the largest value, allowed {tolerance:.0e}"
        if worst <= tolerance:
            yield Finding("ok", level.name, message)
        else:
            yield Finding("error", level.name, message, EXPORT_AGAIN)


def _run(path: Path, images: Mapping[int, Tensor]) -> tuple[dict[int, tuple[Tensor, ...]], list[Finding]]:
    """Return the feature maps of each batch by its key, and one finding; no maps where it says that nothing runs."""
    try:
        session = open_session(path)
        found = {
            batch: tuple(
                torch.from_numpy(np.asarray(array)) for array in session.run(None, {INPUT: each.numpy()})
            )
            for batch, each in images.items()
        }
    except Exception as error:  # onnxruntime raises classes of its own that share no base but Exception
        return {}, [Finding("error", path.name, f"onnxruntime cannot run it: {error}", EXPORT_AGAIN)]
    *others, last = (str(len(each)) for each in images.values())
    batches = f"{', '.join(others)} and {last}" if others else last
    message = f"run by onnxruntime for batches {batches} ({session.get_providers()[0]})"
    return found, [Finding("ok", path.name, message)]


def _not_finite(model: onnx.ModelProto) -> list[str]:
    """Return the names of weights that hold NaN or an infinity."""
    return [
        tensor.name[:100]
        for tensor in model.graph.initializer
        if tensor.data_type in FLOATS and not np.isfinite(numpy_helper.to_array(tensor)).all()
    ]


def relative_error(found: Tensor, expected: Tensor) -> float:
    """Return max |found - expected| / max |expected|; infinite where a value is not finite, or the shapes differ."""
    if found.shape != expected.shape:
        return float("inf")
    scale = max(float(expected.abs().max()), torch.finfo(torch.float32).tiny)
    error = float((found - expected).abs().max()) / scale
    return error if np.isfinite(error) else float("inf")
