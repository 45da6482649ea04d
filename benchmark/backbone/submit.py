"""A checkpoint from elsewhere on its way to a backbone folder: understood, looked at, declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lovt_bench.benchmark.backbone import registry
from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.backbone.model import Backbone, BackboneError
from lovt_bench.benchmark.backbone.names import is_kept
from lovt_bench.benchmark.backbone.place import backbone_folder
from lovt_bench.benchmark.backbone.sanity import check_sanity, find_twins
from lovt_bench.benchmark.backbone.understand.folders import WeightFiles
from lovt_bench.benchmark.backbone.understand.report import WeightsReport, some
from lovt_bench.benchmark.backbone.understand.trunk import understand_file
from lovt_bench.benchmark.contract.backbone import Provenance
from lovt_bench.benchmark.contract.untrusted import clean_text


@dataclass(frozen=True)
class PreparedBackbone:
    """A backbone, and all that there is to say about it before it is written."""

    backbone: Backbone
    report: WeightsReport
    findings: list[Finding]
    provenance: Provenance


def prepare(
    name: str,
    weights: WeightFiles,
    *,
    architecture: str | None,
    options: registry.Options | None,
    encoder: str | None,
    workspace: Path,
    declared: Mapping[str, Any],
) -> PreparedBackbone:
    """Return the backbone that a checkpoint holds; nothing is written.

    Args:
        name: What the backbone will be called.
        weights: The checkpoint: a file, or the files of a folder.
        architecture: Name in the registry; None: the one that the configuration, or names and shapes, say.
        options: What completes the architecture's name.
        encoder: Picks one where several fit.
        workspace: The workspace root, whose backbones it is compared with.
        declared: What the submitter says (`benchmark.contract.backbone.repeated`).

    Raises:
        BackboneError: A name that is taken for something else, or a file that is refused.
    """
    check_name(name, workspace)
    understood = understand_file(weights, architecture, encoder, options)
    provenance = declared_provenance(name, weights, declared, understood.report.notes())
    backbone = understood.backbone()
    findings = check_sanity(backbone, twins=find_twins(backbone, workspace, name))
    return PreparedBackbone(backbone, understood.report, findings, provenance)


def check_name(name: str, workspace: Path) -> None:
    """Raise BackboneError where a name is none, or means something else."""
    backbone_folder(workspace, name)
    if is_kept(name):
        raise BackboneError(
            f"the name {name} is kept for the backbones that are always there and for canaries; choose another name"
        )


def declared_provenance(
    name: str, weights: WeightFiles, declared: Mapping[str, Any], notes: list[str]
) -> Provenance:
    """Return where weights came from, as declared and as understood; the digest is taken now."""
    if weights.kind != "file":
        files = some(path.name for path in (*weights.files, *weights.extras))
        notes = [f"read from {clean_text(weights.name, 200)}: {files}", *notes]
    return Provenance(**declared, method=name, source_sha256=weights.sha256(), notes=notes)
