"""A checkpoint from elsewhere on its way to a backbone folder: understood, looked at, declared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from benchmark.backbone.findings import Finding
from benchmark.backbone.model import Backbone, BackboneError
from benchmark.backbone.names import is_kept
from benchmark.backbone.sanity import check_sanity, find_twins
from benchmark.backbone.sources import backbone_folder
from benchmark.backbone.understand.report import Report
from benchmark.backbone.understand.trunk import understand_file
from benchmark.contract.backbone import Provenance
from benchmark.contract.base import wrong_fields
from benchmark.disk.digest import file_sha256


@dataclass(frozen=True)
class Declared:
    """What a submitter says of the weights; nothing of it can be seen in them."""

    paper: str | None = None
    pretraining_data: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prepared:
    """A backbone, and all that there is to say about it before it is written."""

    backbone: Backbone
    report: Report
    findings: list[Finding]
    provenance: Provenance


def prepare(
    name: str,
    weights: Path,
    *,
    architecture: str,
    encoder: str | None,
    workspace: Path,
    declared: Declared,
) -> Prepared:
    """Return the backbone that a checkpoint holds; nothing is written.

    Args:
        name: what the backbone will be called.
        weights: the checkpoint.
        architecture: name in the registry.
        encoder: picks one where several fit.
        workspace: the workspace root, whose backbones it is compared with.
        declared: what the submitter says.

    Raises:
        BackboneError: a name that is taken for something else, a file that is refused, a declaration that does
            not fit.
    """
    check_name(name, workspace)
    understood = understand_file(weights, architecture, encoder)
    provenance = declared_provenance(name, weights, declared, understood.report.notes())
    backbone = understood.backbone()
    findings = check_sanity(backbone, twins=find_twins(backbone, workspace, name))
    return Prepared(backbone, understood.report, findings, provenance)


def check_name(name: str, workspace: Path) -> None:
    """Raise BackboneError where a name is none, or means something else."""
    backbone_folder(workspace, name)
    if is_kept(name):
        raise BackboneError(
            f"the name {name} is kept for the backbones that are always there; choose another name"
        )


def declared_provenance(name: str, weights: Path, declared: Declared, notes: list[str]) -> Provenance:
    """Return where weights came from, as declared and as understood.

    Raises:
        BackboneError: a declaration that does not fit.
    """
    try:
        return Provenance.model_validate(
            {
                "method": name,
                "source_sha256": file_sha256(weights),
                "paper": declared.paper,
                "pretraining_data": list(declared.pretraining_data),
                "notes": notes,
            }
        )
    except ValidationError as error:
        raise BackboneError(f"the declaration does not fit: {wrong_fields(error, Provenance)}") from error
