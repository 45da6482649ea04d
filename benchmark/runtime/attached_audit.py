"""Audit reports (`audit.json`) beside a backbone or a declaration when others take their place.

A report speaks of what weights have seen. It stays where weights and declared data stay the same; else it is laid
aside, never thrown away, and never left beside weights that it does not speak of.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from benchmark.backbone.folder import read_manifest
from benchmark.backbone.model import BackboneError
from benchmark.contract.audit import AUDIT_FILE
from benchmark.contract.backbone import BackboneManifest
from benchmark.contract.plain_file import is_plain
from benchmark.disk.temporary import write_bytes
from benchmark.submission.read import SubmissionError, read_folder


@dataclass(frozen=True)
class AttachedAudit:
    """A report and what it was attached to."""

    path: Path
    content: bytes
    backbone_sha256: str | None
    """Of the weights that it speaks of; None where they are not known."""
    pretraining_data: frozenset[str]
    """As declared of these weights; empty: undeclared."""

    def difference(self, sha256: str, pretraining_data: list[str]) -> str | None:
        """Return in words why the report does not speak of weights with that identity, None where it does."""
        if self.backbone_sha256 != sha256:
            return "it speaks of other weights"
        # Who declares later what was left out says nothing else than before.
        if self.pretraining_data and self.pretraining_data != set(pretraining_data):
            return "other pre-training data were declared when it was attached"
        return None


def attached_audits(backbone: Path, declaration: Path | None = None) -> list[AttachedAudit]:
    """Return the reports that lie beside a backbone and beside a declaration of weights.

    Args:
        backbone: its folder, there or not.
        declaration: folder of its `submission.yaml`, there or not.
    """
    found = []
    if is_plain(backbone / AUDIT_FILE):
        try:
            manifest = read_manifest(backbone)
            known: tuple[str | None, list[str]] = (manifest.sha256, manifest.provenance.pretraining_data)
        except BackboneError:
            known = (None, [])
        found.append(_read(backbone / AUDIT_FILE, *known))
    if declaration is not None and is_plain(declaration / AUDIT_FILE):
        try:
            declared = read_folder(declaration)
        except SubmissionError:
            return found
        # A declaration that no backbone was made of yet does not say which weights its report speaks of.
        if declared.weights and declared.weights.backbone_sha256:
            data = declared.pretraining_data
            found.append(_read(declaration / AUDIT_FILE, declared.weights.backbone_sha256, data))
    return found


def settle_audit(
    report: AttachedAudit, made: BackboneManifest, workspace: Path, folder: Path | None = None
) -> str:
    """Put a report back beside the backbone that was made, or lay it aside; return a sentence that says which.

    Args:
        report: of the backbone that is replaced.
        made: the one that takes its place.
        workspace: keeps reports that were laid aside.
        folder: of the new backbone, where it does not lie at its place yet.
    """
    difference = report.difference(made.sha256, made.provenance.pretraining_data)
    if difference is None:
        write_bytes(report.path if folder is None else folder / AUDIT_FILE, report.content)
        return f"{report.path}: kept, it speaks of these weights"
    aside = workspace / "audits" / f"{made.name}.{hashlib.sha256(report.content).hexdigest()[:8]}.json"
    write_bytes(aside, report.content)
    if folder is None:
        report.path.unlink(missing_ok=True)
    return (
        f"{report.path}: no longer attached, {difference}; it lies in {aside}. If it is of the images that these "
        f"weights have seen: lovt-bench audit --report {aside} --attach {made.name}"
    )


def _read(path: Path, sha256: str | None, pretraining_data: list[str]) -> AttachedAudit:
    return AttachedAudit(path, path.read_bytes(), sha256, frozenset(pretraining_data))
