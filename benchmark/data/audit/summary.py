"""What an audit found, as counts and digests: per dataset, per split and per task."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from lovt_bench.benchmark.contract.audit import (
    AuditedCorpus,
    AuditReport,
    DatasetOverlap,
    SplitOverlap,
    TaskOverlap,
)
from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, SplitName
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.data.audit.copies import Overlaps
from lovt_bench.benchmark.data.audit.corpus import Hashed
from lovt_bench.benchmark.data.audit.hashes import ALGORITHM, FULL, LOW
from lovt_bench.benchmark.data.audit.reference import Reference
from lovt_bench.benchmark.data.subsets import subset_rows

LIBRARIES = ("imagehash", "numpy", "scipy", "pillow", "pydicom")
"""What a hash depends on; another version may flip bits that lie on the edge."""


def report(
    hashed: Hashed,
    digest: str,
    references: Sequence[Reference],
    overlaps: dict[str, Overlaps],
    tasks: Sequence[TaskSpec],
) -> AuditReport:
    """Return counts and digests of an audit.

    Args:
        digest: Digest of the sorted hashes of the corpus.
        tasks: Tasks to count; those on other datasets are left out.
    """
    flags = {one.name: _by_split(one, overlaps[one.name].matched) for one in references}
    return AuditReport(
        algorithm=ALGORITHM,
        hashes=[LOW, FULL],
        corpus=AuditedCorpus(
            images=hashed.images,
            unreadable=hashed.unreadable,
            flat=hashed.flat,
            archives=hashed.passed.archives,
            hashes_sha256=digest,
        ),
        datasets=[
            DatasetOverlap(
                dataset=one.name,
                track=one.index.track,
                dataset_sha256=one.index.dataset_sha256,
                hashes_sha256=one.digest(),
                splits={split: _count(found) for split, found in flags[one.name].items()},
                corpus_matched=overlaps[one.name].corpus,
            )
            for one in references
        ],
        tasks=[
            TaskOverlap(
                task=task.id,
                dataset=task.dataset,
                splits={
                    split: _count(found[: subset_rows(len(found), _share(task, split))])
                    for split, found in flags[task.dataset].items()
                },
            )
            for task in tasks
            if task.dataset in flags
        ],
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=library_versions(),
    )


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that a hash depends on."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def _by_split(reference: Reference, matched: np.ndarray) -> dict[SplitName, np.ndarray]:
    counts = [reference.index.splits.get(split, 0) for split in SPLIT_NAMES]
    parts = np.split(matched, np.cumsum(counts)[:-1])
    return dict(zip(SPLIT_NAMES, parts, strict=True))


def _share(task: TaskSpec, split: SplitName) -> float:
    return {"train": task.train_fraction, "validation": task.validation_fraction, "test": 1.0}[split]


def _count(found: np.ndarray) -> SplitOverlap:
    return SplitOverlap(images=len(found), matched=int(found.sum()))
