"""A backbone on disk: `backbone.safetensors`, `backbone.onnx`, `backbone.json` in a folder of its name.

A folder appears whole or not at all. Nothing is believed that can be checked: the manifest is validated,
digests are compared, every tensor is compared with the architecture before one is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import torch
from pydantic import JsonValue

from lovt_bench.benchmark.backbone import registry
from lovt_bench.benchmark.backbone.export import export_onnx
from lovt_bench.benchmark.backbone.model import Backbone, BackboneError
from lovt_bench.benchmark.backbone.names import MANIFEST
from lovt_bench.benchmark.backbone.network import network_facts
from lovt_bench.benchmark.backbone.place import GRAPH, WEIGHTS, read_manifest
from lovt_bench.benchmark.backbone.weights import (
    listing,
    not_finite,
    read_options,
    read_weights,
    serialise,
    specs_of,
)
from lovt_bench.benchmark.contract.backbone import BackboneManifest, FeatureLevel, InputSpec, Provenance
from lovt_bench.benchmark.contract.model_file import ModelFileError, checked
from lovt_bench.benchmark.contract.network import NetworkFacts
from lovt_bench.benchmark.contract.plain_file import is_plain
from lovt_bench.benchmark.disk.digest import file_sha256
from lovt_bench.benchmark.disk.temporary import new_folder


def check_architecture(manifest: BackboneManifest) -> None:
    """Raise BackboneError where levels or parameter count are not those of the architecture."""
    plan = registry.blueprint(manifest.architecture, manifest.options)
    if list(plan.levels) != manifest.levels:
        raise BackboneError(
            f"{MANIFEST} declares the levels {_levels_text(manifest.levels)}, "
            f"{manifest.architecture} has {_levels_text(plan.levels)}"
        )
    if plan.parameter_count != manifest.parameters:
        raise BackboneError(
            f"{MANIFEST} declares {manifest.parameters:,} parameters, "
            f"{manifest.architecture} has {plan.parameter_count:,}"
        )


def load_backbone(root: Path) -> Backbone:
    """Return the backbone of a folder, in eval mode on the CPU; torch's generators are left as they are.

    Raises:
        BackboneError: A file is missing or does not agree with the manifest or the architecture.
    """
    manifest = read_manifest(root)
    if manifest.is_graph_only:
        raise BackboneError(
            f"{root.name} is a graph alone ({GRAPH}): it has no weights that could be loaded or trained"
        )
    check_architecture(manifest)
    path = root / WEIGHTS
    if not is_plain(path):
        raise BackboneError(f"{root} holds no {WEIGHTS}; weights are read from safetensors only")
    found = file_sha256(path)
    if found != manifest.weights_sha256:
        raise BackboneError(
            f"{path} has the SHA-256 {found}, {MANIFEST} says {manifest.weights_sha256}: "
            "the weights were changed after export; export the backbone again"
        )
    if (stated := read_options(path)) != manifest.options:
        raise BackboneError(
            f"{path} was written with the options {_options_text(stated)}, {MANIFEST} says "
            f"{_options_text(manifest.options)}: the manifest was changed after export; export the backbone again"
        )
    plan = registry.blueprint(manifest.architecture, manifest.options)
    state = read_weights(path, specs_of(plan.state_dict()))
    with torch.random.fork_rng(devices=[]):
        backbone = registry.build(manifest.architecture, manifest.options)
    backbone.load_state_dict(state)
    return backbone.eval()


def save_backbone(
    root: Path,
    backbone: Backbone,
    *,
    display_name: str,
    provenance: Provenance,
    onnx: bool = True,
    side: int = 224,
    name: str | None = None,
) -> BackboneManifest:
    """Write a backbone folder at `root`, in place of what is there; `write_backbone` says the rest."""
    _refuse_not_finite(name or root.name, backbone)
    with new_folder(root) as new:
        return write_backbone(
            new,
            backbone,
            name=name or root.name,
            display_name=display_name,
            provenance=provenance,
            onnx=onnx,
            side=side,
        )


def write_backbone(
    folder: Path,
    backbone: Backbone,
    *,
    name: str,
    display_name: str,
    provenance: Provenance,
    onnx: bool = True,
    side: int = 224,
) -> BackboneManifest:
    """Write the files of a backbone into an empty folder, for example of `writing_backbone`.

    Args:
        folder: Where to write.
        backbone: On any device, in any mode.
        name: The backbone's name, under which the folder will lie.
        display_name: What tables show.
        provenance: Where the weights came from.
        onnx: Whether to write `backbone.onnx` too (seconds).
        side: Image side in pixels at which the graph is traced.

    Raises:
        BackboneError: Weights are not finite, or a field is not what the contract says.
    """
    _refuse_not_finite(name, backbone)
    contents = {WEIGHTS: serialise(backbone)}
    if onnx:
        contents[GRAPH] = export_onnx(backbone, side)
    return write_files(
        folder,
        contents,
        name=name,
        display_name=display_name,
        architecture=backbone.architecture,
        options=backbone.options,
        levels=backbone.levels,
        side=side,
        parameters=backbone.parameter_count,
        network=network_facts(backbone.architecture, backbone.options),
        provenance=provenance,
        libraries=("torch", "torchvision", "timm"),
    )


def write_files(
    folder: Path,
    contents: Mapping[str, bytes],
    *,
    name: str,
    display_name: str,
    architecture: str,
    levels: Sequence[FeatureLevel],
    side: int,
    parameters: int,
    provenance: Provenance,
    libraries: Sequence[str],
    options: Mapping[str, JsonValue] | None = None,
    network: NetworkFacts | None = None,
) -> BackboneManifest:
    """Write weights, graph or both into an empty folder, and the manifest with their digests.

    The digests are of what is meant to be written: a file that the disk cut short or changed does not agree with them.

    Args:
        folder: Where to write.
        contents: Content of `backbone.safetensors` and `backbone.onnx`, those that there are, by file name.
        libraries: Packages whose versions are recorded.
        options: What completes the architecture's name.
        network: What it is and costs; None for a graph alone.

    Raises:
        BackboneError: A field is not what the contract says; nothing is written.
    """
    digests = {file: hashlib.sha256(content).hexdigest() for file, content in contents.items()}
    fields = {
        "name": name,
        "display_name": display_name,
        "architecture": architecture,
        "options": options,
        "levels": list(levels),
        "input": InputSpec(side=side),
        "parameters": parameters,
        "network": network,
        "weights_sha256": digests.get(WEIGHTS),
        "onnx_sha256": digests.get(GRAPH),
        "provenance": provenance,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {package: version(package) for package in libraries},
    }
    try:
        manifest = checked(BackboneManifest, fields, f"{name} cannot be written as a backbone:")
    except ModelFileError as error:
        raise BackboneError(str(error)) from error
    for file, content in {**contents, MANIFEST: manifest.to_json().encode()}.items():
        (folder / file).write_bytes(content)
    return manifest


def _refuse_not_finite(name: str, backbone: Backbone) -> None:
    if bad := not_finite(backbone.state_dict()):
        raise BackboneError(f"{name} is not written: NaN or infinity in {len(bad)} tensors: {listing(bad)}")


def _options_text(options: Mapping[str, JsonValue] | None) -> str:
    return "none" if options is None else json.dumps(options, sort_keys=True)


def _levels_text(levels: Iterable[FeatureLevel]) -> str:
    return ", ".join(f"{level.name} ({level.channels} channels, stride {level.stride})" for level in levels)
