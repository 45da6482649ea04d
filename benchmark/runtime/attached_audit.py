"""What happens to an audit report (`audit.json`) when a new backbone or declaration replaces the one beside it.

A report says what certain weights have seen. If the weights and the declared data stay the same, the report stays.
Otherwise it moves to `audits/` in the workspace: it is never deleted, and never left beside weights that it is not
about.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from lovt_bench.benchmark.backbone.names import BackboneError
from lovt_bench.benchmark.backbone.place import read_manifest
from lovt_bench.benchmark.contract.audit import AUDIT_FILE
from lovt_bench.benchmark.contract.backbone import BackboneManifest
from lovt_bench.benchmark.contract.plain_file import is_plain
from lovt_bench.benchmark.disk.temporary import write_bytes
from lovt_bench.benchmark.submission.read import SubmissionError, read_folder


@dataclass(frozen=True)
class AttachedAudit:
    """A report, with the weights and data that it was attached to."""

    path: Path
    content: bytes
    backbone_sha256: str | None
    """The weights that the audit is about; None if they are not known."""
    pretraining_data: frozenset[str]
    """What was declared that these weights have seen; empty if nothing was."""

    def difference(self, sha256: str, pretraining_data: list[str]) -> str | None:
        """Return in words why the report is not about weights with this identity; None if it is."""
        if self.backbone_sha256 != sha256:
            return "it is about other weights"
        # A declaration that is made later does not contradict one that was missing.
        if self.pretraining_data and self.pretraining_data != set(pretraining_data):
            return "other pre-training data were declared when it was attached"
        return None


def attached_audits(backbone: Path, declaration: Path | None = None) -> list[AttachedAudit]:
    """Return the reports that lie beside a backbone and beside a declaration of weights.

    Args:
        backbone: Folder of the backbone; it need not exist.
        declaration: Folder of the `submission.yaml`; it need not exist.
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
        # Until a backbone is made from it, a declaration does not say which weights its report is about.
        if declared.weights and declared.weights.backbone_sha256:
            data = declared.pretraining_data
            found.append(_read(declaration / AUDIT_FILE, declared.weights.backbone_sha256, data))
    return found


def settle_audit(
    report: AttachedAudit, made: BackboneManifest, workspace: Path, folder: Path | None = None
) -> str:
    """Put a report beside the new backbone, or move it aside; return a sentence that says which.

    Args:
        report: Report of the backbone that is replaced.
        made: Manifest of the backbone that takes its place.
        workspace: Workspace; its `audits/` holds reports that were moved aside.
        folder: Folder of the new backbone, if it is not in its final place yet.
    """
    difference = report.difference(made.sha256, made.provenance.pretraining_data)
    if difference is None:
        write_bytes(report.path if folder is None else folder / AUDIT_FILE, report.content)
        return f"{report.path}: kept, it is about these weights"
    aside = workspace / "audits" / f"{made.name}.{hashlib.sha256(report.content).hexdigest()[:8]}.json"
    write_bytes(aside, report.content)
    if folder is None:
        report.path.unlink(missing_ok=True)
    return (
        f"{report.path}: no longer attached, {difference}; it is now {aside}. If it is about the images that these "
        f"weights have seen: lovt-bench audit --report {aside} --attach {made.name}"
    )


def _read(path: Path, sha256: str | None, pretraining_data: list[str]) -> AttachedAudit:
    return AttachedAudit(path, path.read_bytes(), sha256, frozenset(pretraining_data))
