"""The part of `lovt-bench submit` that takes a checkpoint of weights."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lovt_bench.benchmark.cli.backbone import show_findings
from lovt_bench.benchmark.cli.console import say

if TYPE_CHECKING:
    from lovt_bench.benchmark.backbone.understand.folders import WeightFiles
    from lovt_bench.benchmark.backbone.understand.report import WeightsReport
    from lovt_bench.benchmark.contract.backbone import BackboneManifest


@dataclass(frozen=True)
class ReadWeights:
    """A checkpoint or a graph that was read and may become a backbone."""

    write: Callable[[Path], BackboneManifest]
    """Writes the files of the backbone into an empty folder."""
    sha256: str
    """Identity of the backbone."""
    source_sha256: str | None
    """Digest of the file or the folder's files, after they were read."""


def read_weights(
    name: str,
    weights: WeightFiles,
    *,
    architecture: str | None,
    options: Mapping[str, Any] | None,
    encoder: str | None,
    workspace: Path,
    display_name: str,
    declared: Mapping[str, Any],
    onnx: bool,
    allow_findings: bool,
) -> ReadWeights:
    """Say what was understood of a checkpoint, and return what writes it.

    Raises:
        BackboneError: The checkpoint is refused.
        click.ClickException: Findings.
    """
    from lovt_bench.benchmark.backbone.folder import write_backbone
    from lovt_bench.benchmark.backbone.submit import prepare
    from lovt_bench.benchmark.backbone.weights import weights_digest
    from lovt_bench.benchmark.contract.untrusted import clean_text

    prepared = prepare(
        name,
        weights,
        architecture=architecture,
        options=options,
        encoder=encoder,
        workspace=workspace,
        declared=declared,
    )
    say(f"{clean_text(weights.name, 80)}:")
    for line in report_lines(prepared.report):
        say(f"  {line}")
    if show_findings(prepared.findings) and not allow_findings:
        raise click.ClickException(
            f"{name} is not written: look at the errors above; --allow-findings writes it all the same"
        )

    def write(folder: Path) -> BackboneManifest:
        return write_backbone(
            folder,
            prepared.backbone,
            name=name,
            display_name=display_name,
            provenance=prepared.provenance,
            onnx=onnx,
        )

    return ReadWeights(write, weights_digest(prepared.backbone), prepared.provenance.source_sha256)


def _assignments(options: Mapping[str, Any]) -> str:
    """Return options as `--option` takes them; of a configuration, how many fields it has."""
    return ", ".join(
        f"{name} of {len(value)} fields"
        if isinstance(value, dict)
        else f"{name}={json.dumps(value).strip(chr(34))}"
        for name, value in options.items()
    )


def read_options(assignments: Sequence[str]) -> dict[str, Any] | None:
    """Return what `--option KEY=VALUE` says: numbers, true, false and JSON lists by their meaning, else text.

    Raises:
        click.BadParameter: No assignment, or a key twice.
    """
    found: dict[str, Any] = {}
    for assignment in assignments:
        key, sign, value = assignment.partition("=")
        if not sign or not key:
            raise click.BadParameter(f"expected KEY=VALUE, found {assignment!r}", param_hint="--option")
        if key in found:
            raise click.BadParameter(f"{key} is given twice", param_hint="--option")
        try:
            found[key] = json.loads(value, parse_constant=str)
        except ValueError:
            found[key] = value
    return found or None


def report_lines(report: WeightsReport) -> Iterator[str]:
    """Yield what became of a checkpoint's tensors, one line per kind."""
    from lovt_bench.benchmark.backbone.understand.report import some
    from lovt_bench.benchmark.contract.untrusted import clean_text

    where = "at its root" if report.encoder == "." else f"at {some([report.encoder])}"
    yield f"encoder     {report.architecture}, found {where}"
    for sentence in report.found:
        yield f"found       {clean_text(sentence, 1000)}"
    if report.options:
        yield f"options     {clean_text(_assignments(report.options), 300)}"
    if side := (report.options or {}).get("native_side"):
        yield (
            f"trained     on images of {side} pixels, normalised as its library does; here every backbone gets images "
            "of 224 pixels, normalised by the downstream training split"
        )
    yield f"names       {report.layout}"
    yield f"matched     {len(report.matched)} tensors, all that the trunk needs"
    yield f"dropped     {some(map(str, report.dropped), 8) or 'none'}"
    missing = f"{len(report.missing)} num_batches_tracked, set to 0; nothing reads them"
    yield f"missing     {missing if report.missing else 'none'}"
    yield f"unexpected  {some(report.unexpected) or 'none'}"
    for sentence in report.conversions:
        yield f"converted   {clean_text(sentence)}"
    if not report.conversions:
        yield "converted   nothing, all values are those of the file"
    if report.ambiguity:
        yield f"ambiguous   {clean_text(report.ambiguity, 1000)}"
