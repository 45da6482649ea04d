"""A submitter's overlap audit: what pages show of it, and what it does to the marks.

It is declared, not verified: near copies that it reports count against a dataset, their absence proves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from lovt_bench.benchmark.contract.audit import AuditReport, DatasetOverlap
from lovt_bench.benchmark.contract.dataset import Track
from lovt_bench.benchmark.contract.leaderboard import Overlap, OverlapMark
from lovt_bench.leaderboard.text import clean

OVERLAPPING_SHARE = 0.01
"""Share of a dataset's images with a near copy from which on it is overlapping; below, chance copies are possible."""


def audit_texts(report: AuditReport) -> dict[str, str]:
    """Return label to text in the order to show."""
    corpus = report.corpus
    texts = {
        "Corpus": f"{corpus.images:,} images, {corpus.unreadable:,} unreadable, digest {corpus.hashes_sha256[:16]}",
        "Hashes": ", ".join(f"{one.name} within {one.threshold} of {one.bits} bits" for one in report.hashes),
    }
    for one in report.datasets:
        label = f"{one.dataset} (phantom)" if one.track == "phantom" else one.dataset
        splits = ", ".join(f"{split} {found.matched}/{found.images}" for split, found in one.splits.items())
        texts[label] = f"near copies: {splits}"
    return {label: clean(text, limit=200) for label, text in {**texts, "Made": report.created}.items()}


def with_audit(marks: Sequence[Overlap], report: AuditReport | None, track: Track) -> list[Overlap]:
    """Return the marks, worsened where the audit found near copies.

    On the phantom they stay as they are: its images share one drawn chest, so strangers among them look alike.
    """
    if track == "phantom":
        return list(marks)
    found = {one.dataset: one for one in report.datasets if one.track == track} if report else {}
    return [_worsened(mark, found.get(mark.dataset)) for mark in marks]


def _worsened(mark: Overlap, found: DatasetOverlap | None) -> Overlap:
    matched = sum(split.matched for split in found.splits.values()) if found else 0
    if found is None or not matched or mark.mark == "overlapping":
        return mark
    images = sum(split.images for split in found.splits.values())
    new: OverlapMark = "overlapping" if matched > OVERLAPPING_SHARE * images else "unknown"
    reason = (
        f"The submitter's audit found near copies of {matched} of {images} images in the pre-training data."
    )
    return Overlap(dataset=mark.dataset, mark=new, reasons=[reason])
