"""A graph from elsewhere becomes a backbone folder: checked, cut to its levels, given the names of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from onnx import ModelProto
from pydantic import TypeAdapter, ValidationError

from lovt_bench.benchmark.backbone.apart import told
from lovt_bench.benchmark.backbone.export import INPUT
from lovt_bench.benchmark.backbone.folder import GRAPH, MANIFEST, read_manifest, write_files
from lovt_bench.benchmark.backbone.graph_cut import cut_out
from lovt_bench.benchmark.backbone.graph_levels import graph_levels
from lovt_bench.benchmark.backbone.graph_rules import (
    check_size,
    dimensions,
    parameter_count,
    read_graph,
    rule_problems,
)
from lovt_bench.benchmark.backbone.model import BackboneError, with_image
from lovt_bench.benchmark.contract.apart import Limits, run_apart
from lovt_bench.benchmark.contract.apart_inside import Answer, Work
from lovt_bench.benchmark.contract.backbone import ONNX_ONLY, BackboneManifest, FeatureLevel, Provenance
from lovt_bench.benchmark.contract.run_contract import GIB, MIB
from lovt_bench.benchmark.contract.untrusted import clean_text

SECONDS, CLOCK_SECONDS = 60.0, 300.0
"""Seconds of computing, and on the clock, to read a graph: a gigabyte takes ten."""
MEMORY, SLACK = 2 * GIB, MIB
"""Bytes of data, besides eight times the file (parsed, probed, cut); how much longer new names may make the file."""


@dataclass(frozen=True)
class PreparedGraph:
    """A graph under the names of the contract, and what there is to say about it before it is written."""

    content: bytes
    """Content of its file."""
    levels: tuple[FeatureLevel, ...]
    side: int
    parameters: int
    lines: tuple[str, ...]
    """For the submitter to read and for the manifest to keep."""


_PREPARED = TypeAdapter(PreparedGraph)


def prepare_graph_apart(path: Path, declared: Mapping[str, int]) -> PreparedGraph:
    """Return what `prepare_graph` returns, from a process apart: to parse a graph and infer its shapes may take long.

    Raises:
        BackboneError: As `prepare_graph` raises it, or the process took more than the limits.
    """
    size = check_size(path)
    limits = Limits(seconds=SECONDS, clock=CLOCK_SECONDS, memory=MEMORY + 8 * size, answer=size + SLACK)
    arguments = {"path": str(path.absolute()), "declared": dict(declared)}
    work = f"{__name__}:{prepare_work.__name__}"
    with told(
        f"{clean_text(path.name, 80)} is refused: reading it",
        "; export the network anew, with plain operators",
    ):
        said, content = run_apart(work, arguments, limits)
    try:
        return _PREPARED.validate_python({**said, "content": bytes(content)})
    except (ValidationError, TypeError) as error:
        raise BackboneError(f"{clean_text(path.name, 80)}: reading it gave no levels") from error


def prepare_work(path: str, declared: dict[str, int]) -> Work:
    """Yield a prepared graph."""
    prepared = prepare_graph(Path(path), declared)
    said = {
        "levels": [level.model_dump() for level in prepared.levels],
        "side": prepared.side,
        "parameters": prepared.parameters,
        "lines": prepared.lines,
    }
    yield Answer(said, prepared.content)


def prepare_graph(path: Path, declared: Mapping[str, int]) -> PreparedGraph:
    """Return what an ONNX file gives; nothing is written and nothing is run.

    Args:
        path: The file.
        declared: Stride by output; empty: deduced from shapes.

    Raises:
        BackboneError: Against the rules, or no levels; with what to do.
    """
    model = read_graph(path)
    if problems := list(rule_problems(model, path.stat().st_size)):
        raise BackboneError(f"{clean_text(path.name, 80)} is refused: {'; '.join(problems)}")
    read = graph_levels(model, declared)
    names = {read.input: INPUT, **{output: level.name for output, level in read.levels.items()}}
    own = list(read.levels.values())
    levels = with_image(own)
    cut = cut_out(model, read.input, names)
    lines = [
        f"input {clean_text(read.input, 80)}: {_side(model, read.input, read.side)}",
        *(
            f"{level.name}: output {clean_text(output, 80)}, stride {level.stride}, {level.channels} channels"
            for output, level in read.levels.items()
        ),
    ]
    if len(levels) > len(own):
        lines.append("c1: no output has stride 2, the image stands in for it")
    if read.ignored:
        lines.append(f"left out: {', '.join(clean_text(name, 80) for name in read.ignored[:8])}")
    return PreparedGraph(
        cut.SerializeToString(deterministic=True),
        tuple(levels),
        read.side,
        max(1, parameter_count(cut)),
        tuple(lines),
    )


def write_graph_folder(
    folder: Path, prepared: PreparedGraph, *, name: str, display_name: str, provenance: Provenance
) -> BackboneManifest:
    """Write graph and manifest into an empty folder, for example of `writing_backbone`.

    Raises:
        BackboneError: A field is not what the contract says.
    """
    return write_files(
        folder,
        {GRAPH: prepared.content},
        name=name,
        display_name=display_name,
        architecture=ONNX_ONLY,
        levels=prepared.levels,
        side=prepared.side,
        parameters=prepared.parameters,
        provenance=provenance,
        libraries=("onnx",),
    )


def mark_trainable(folder: Path) -> BackboneManifest:
    """Write into the manifest of a new folder that its graph was found to be trainable."""
    made = read_manifest(folder).model_copy(update={"trainable": True})
    (folder / MANIFEST).write_text(made.to_json())
    return made


def _side(model: ModelProto, image: str, side: int) -> str:
    value = next(value for value in model.graph.input if value.name == image)
    return (
        f"images of {side} pixels only"
        if dimensions(value)[2] is not None
        else "images of any side divisible by 32"
    )
