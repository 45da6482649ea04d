"""`audit.json`: how many evaluation images lie, as near copies, in a pre-training corpus. Counts and digests only.

Nothing in it names or shows an image: it may leave the machine that holds the corpus.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from lovt_bench.benchmark.contract.base import Model, Name, Sha256
from lovt_bench.benchmark.contract.dataset import SplitName, Track
from lovt_bench.benchmark.contract.model_file import ModelFileError, read_model
from lovt_bench.benchmark.contract.untrusted import clean_text

AUDIT_FILE = "audit.json"
"""Lies beside the backbone that it speaks of: `backbones/<name>/audit.json`."""


class AuditHash(Model):
    """One perceptual hash, and how near two images must be in it."""

    name: str = Field(pattern=r"^[a-z0-9_]{1,32}$")
    """Function of the library, for example `phash`."""
    bits: PositiveInt
    threshold: NonNegativeInt
    """Greatest Hamming distance of a match."""


class SplitOverlap(Model):
    """Images of one split, and those of them that have a near copy in the corpus."""

    images: NonNegativeInt
    matched: NonNegativeInt

    @model_validator(mode="after")
    def _matched_are_images(self) -> SplitOverlap:
        if self.matched > self.images:
            raise ValueError(f"{self.matched} matched of {self.images} images")
        return self


class DatasetOverlap(Model):
    """One evaluation dataset against the corpus."""

    dataset: Name
    track: Track
    dataset_sha256: Sha256
    """Identity of the prepared store, as run records name it."""
    hashes_sha256: Sha256
    """Digest of the sorted hashes of its images."""
    splits: dict[SplitName, SplitOverlap]
    corpus_matched: NonNegativeInt
    """Corpus images that are near copies of at least one image of it."""


class TaskOverlap(Model):
    """One task: the images that its share of each split holds."""

    task: str = Field(pattern=r"^[a-z0-9_]{1,64}$")
    dataset: Name
    splits: dict[SplitName, SplitOverlap]


class AuditedCorpus(Model):
    """What was looked at on the submitter's side."""

    images: NonNegativeInt
    """Images that were hashed."""
    unreadable: NonNegativeInt
    """Image files that could not be decoded; an overlap among them is not seen."""
    flat: NonNegativeInt = 0
    """Images without structure (one grey), which resemble nothing."""
    archives: NonNegativeInt = 0
    """Archives that lay there and were not looked into."""
    hashes_sha256: Sha256
    """Digest of the sorted hashes; equal corpora give equal ones in any order of files."""


class AuditReport(Model):
    """`audit.json`. Made by the submitter from images that only the submitter has: declared, not verified."""

    schema_version: Literal[1] = 1
    algorithm: PositiveInt
    """Version of the way from a file to its hashes; reports of different ones do not compare."""
    hashes: list[AuditHash] = Field(min_length=1)
    """An image is a near copy where all of them say so."""
    corpus: AuditedCorpus
    datasets: list[DatasetOverlap] = Field(min_length=1)
    tasks: list[TaskOverlap] = []
    created: str = Field(max_length=40)
    """ISO 8601, UTC."""
    versions: dict[str, str] = {}


class ReferenceDataset(Model):
    """The images of one prepared store, as a hash file lists them: train first, each split in stored order."""

    dataset: Name
    track: Track
    dataset_sha256: Sha256
    splits: dict[SplitName, NonNegativeInt]


class ReferenceIndex(Model):
    """What a hash file of evaluation images holds: one tensor of hashes for each dataset, and this."""

    schema_version: Literal[1] = 1
    algorithm: PositiveInt
    datasets: list[ReferenceDataset] = Field(min_length=1)
    versions: dict[str, str] = {}


def read_audit(path: Path) -> AuditReport:
    """Read a report of an audit.

    Raises:
        ValueError: It is none; the message is one line and says what to do.
    """
    name = clean_text(path.name, 80)
    again = "make one with: lovt-bench audit --corpus DIR"
    try:
        return read_model(path, AuditReport, shown="it", follow=True)
    except OSError as error:
        raise ValueError(f"no audit report {name}: {error.strerror}; {again}") from error
    except ModelFileError as error:
        raise ValueError(f"{name} is no audit report: {error}; {again}") from error
