"""Everything a backbone folder declares is compared with what its files do.

`check_backbone` reads and runs, and returns findings; it raises for no content of the folder.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import torch
import torchvision  # noqa: F401  # by the server: each check is a fork of it, and would import it anew
from torch import Tensor

from lovt_bench.benchmark.backbone.analysis_file import open_analysis
from lovt_bench.benchmark.backbone.check_graph import check_graph, check_graph_alone
from lovt_bench.benchmark.backbone.check_levels import EXPORT_AGAIN, check_levels, example_images
from lovt_bench.benchmark.backbone.findings import Finding, Level, failed
from lovt_bench.benchmark.backbone.folder import GRAPH, MANIFEST, WEIGHTS, load_backbone, read_manifest
from lovt_bench.benchmark.backbone.graph_model import open_graph
from lovt_bench.benchmark.backbone.graph_module.proof import prove
from lovt_bench.benchmark.backbone.model import BATCH, Backbone, BackboneError
from lovt_bench.benchmark.backbone.network import network_facts
from lovt_bench.benchmark.backbone.sanity import check_sanity
from lovt_bench.benchmark.backbone.tokens.stored import stored_tokens
from lovt_bench.benchmark.contract.analysis_file import ANALYSIS_FILE
from lovt_bench.benchmark.contract.apart_inside import Answer, Work
from lovt_bench.benchmark.contract.audit import AUDIT_FILE
from lovt_bench.benchmark.contract.backbone import BackboneManifest
from lovt_bench.benchmark.contract.network import NetworkFacts
from lovt_bench.benchmark.contract.plain_file import is_plain
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.disk.digest import file_sha256

BATCHES = (1, 3)
"""Batch sizes that are tried: the smallest, and one that no graph is traced at."""

BATCHES_ALONE = (*BATCHES, BATCH)
"""For a graph alone, that of an evaluation too."""

TOLERANCE = 1e-4
"""Largest |ONNX - PyTorch| of a feature level over its largest absolute value. Measured on a CPU: 2.4e-6."""

_COUNTS_ALIKE = 0.01
"""Share by which multiply-adds may differ: other versions of libraries compute a network by other operators."""


def check_work(folder: str, name: str | None) -> Work:
    """Yield the findings of `check_backbone`, then of a graph alone those of `check_sanity` and of `check_training`."""
    yield _said(check_backbone(Path(folder), name=name))
    yield _said(check_sanity(open_graph(Path(folder))))
    yield _said([check_training(Path(folder), "warning")])


def _said(findings: list[Finding]) -> Answer:
    return Answer(
        [{key: clean_text(value) for key, value in asdict(finding).items()} for finding in findings]
    )


def check_backbone(root: Path, *, name: str | None = None, tolerance: float = TOLERANCE) -> list[Finding]:
    """Return what is right and wrong about a backbone folder.

    Looked at: the three files, the manifest, digests, names, shapes, dtypes and values of all tensors;
    channels, strides and values of all feature levels for batches of 1 and 3; the same of the ONNX graph, run
    by onnxruntime, and its agreement with PyTorch. A graph alone gets all of this but PyTorch's part, for a batch
    of an evaluation, too.

    Args:
        root: The folder.
        name: The backbone's; None for the folder's.
        tolerance: Largest difference of a feature level, relative to its largest absolute value.
    """
    try:
        manifest = read_manifest(root)
    except BackboneError as error:
        return [Finding("error", MANIFEST, str(error), EXPORT_AGAIN)]
    findings = list(_check_folder(root, manifest, name or root.resolve().name))
    if manifest.is_graph_only:
        findings.extend(_check_graph_alone(root, manifest))
        if manifest.trainable and not failed(findings):
            findings.append(check_training(root, "error"))
        return _once(findings)
    try:
        backbone = load_backbone(root)
    except BackboneError as error:
        return [*findings, Finding("error", WEIGHTS, str(error), EXPORT_AGAIN)]
    findings.append(
        Finding("ok", WEIGHTS, f"{manifest.architecture}, {manifest.parameters:,} parameters, all finite")
    )
    findings.extend(_check_network(manifest))
    if tokens := stored_tokens(backbone):
        findings.append(Finding("ok", "tokens", tokens.described(manifest.input.side)))
    expected = {batch: _run(backbone, example_images(batch, manifest.input.side)) for batch in BATCHES}
    for maps in expected.values():
        findings.extend(check_levels("PyTorch", manifest, maps))
    findings.extend(
        _check_graph_file(root, manifest, lambda: check_graph(root / GRAPH, manifest, expected, tolerance))
    )
    return _once(findings)


def _run(backbone: Backbone, images: Tensor) -> tuple[Tensor, ...]:
    with torch.inference_mode():
        return backbone.feature_maps(images)


def _check_folder(root: Path, manifest: BackboneManifest, name: str) -> Iterator[Finding]:
    if manifest.name != name:
        message = f"names the backbone {manifest.name!r}, its folder is {name!r}"
        yield Finding("error", MANIFEST, message, "rename the folder: results are filed under this name")
    else:
        yield Finding("ok", MANIFEST, f"{manifest.display_name}: {manifest.provenance.method}")
    if not manifest.provenance.method:
        yield Finding(
            "warning",
            MANIFEST,
            "provenance.method is empty",
            "pretrain fills it in; by hand, name the method",
        )
    known = {MANIFEST, WEIGHTS, GRAPH, AUDIT_FILE, ANALYSIS_FILE}
    if others := sorted({path.name for path in root.iterdir()} - known):
        yield Finding("warning", ", ".join(others[:5]), "not part of the contract, never read", "remove it")
    yield from _check_analysis(root, manifest)


def _check_analysis(root: Path, manifest: BackboneManifest) -> Iterator[Finding]:
    """Yield whether the method's own file, where there is one, is what it says and of this backbone."""
    try:
        if (file := open_analysis(root, manifest)) is not None:
            count = sum(tensor.numel() for tensor in file.state().values())
            text = file.header.text
            whole = "" if text.is_whole else ", a part of which lies in its own folder"
            yield Finding("ok", ANALYSIS_FILE, f"{count:,} values; text model {text.name}{whole}")
    except BackboneError as error:
        yield Finding("error", ANALYSIS_FILE, str(error), f"remove {ANALYSIS_FILE}")


def _check_network(manifest: BackboneManifest) -> Iterator[Finding]:
    """Yield what a manifest says of its network and is not so: tables show it beside those of others."""
    if manifest.network is None:
        return
    expected = network_facts(manifest.architecture, manifest.options)
    found = manifest.network.gmac or 0.0
    alike = math.isclose(found, expected.gmac or 0.0, rel_tol=_COUNTS_ALIKE)
    rest = {"gmac": None}
    if not alike or manifest.network.model_copy(update=rest) != expected.model_copy(update=rest):
        message = f"declares the network {_said_of(manifest.network)}, {manifest.architecture} is {_said_of(expected)}"
        yield Finding("error", MANIFEST, message, EXPORT_AGAIN)


def _said_of(network: NetworkFacts) -> str:
    return ", ".join(f"{name} {value}" for name, value in network.model_dump(exclude_none=True).items())


def _check_graph_alone(root: Path, manifest: BackboneManifest) -> Iterator[Finding]:
    if (root / WEIGHTS).exists():
        message = f"lies there, {MANIFEST} declares a graph alone"
        yield Finding("error", WEIGHTS, message, "remove it, or declare its architecture and digest")
    images = {batch: example_images(batch, manifest.input.side) for batch in BATCHES_ALONE}
    yield from _check_graph_file(root, manifest, lambda: check_graph_alone(root / GRAPH, manifest, images))


def check_training(root: Path, otherwise: Level) -> Finding:
    """Return whether a graph alone can be fine-tuned, and why not.

    Args:
        root: The folder; `check_backbone` found no error in it.
        otherwise: Level of the finding where it cannot.
    """
    try:
        return Finding("ok", GRAPH, prove(root))
    except BackboneError as error:
        advice = f"{MANIFEST} says trainable: leave it out" if otherwise == "error" else ""
        return Finding(otherwise, GRAPH, str(error), advice)


def _check_graph_file(
    root: Path, manifest: BackboneManifest, check: Callable[[], Iterator[Finding]]
) -> Iterator[Finding]:
    there = is_plain(root / GRAPH)
    if manifest.onnx_sha256 is None and not there:
        advice = "tasks run without it; writing the backbone again without --no-onnx writes it"
        yield Finding("warning", GRAPH, "there is none, and the manifest declares none", advice)
    elif not there:
        yield Finding("error", GRAPH, f"is missing, {MANIFEST} declares one", EXPORT_AGAIN)
    elif (found := file_sha256(root / GRAPH)) != manifest.onnx_sha256:
        message = f"has the SHA-256 {found}, {MANIFEST} says {manifest.onnx_sha256}"
        yield Finding("error", GRAPH, message, EXPORT_AGAIN)
    else:
        yield from check()


def _once(findings: list[Finding]) -> list[Finding]:
    """Return findings without repetitions (levels are looked at once per batch size)."""
    return list(dict.fromkeys(findings))
