"""`corpus.json`: what a pre-training corpus holds and where it came from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from lovt_bench.benchmark.contract.base import Model, Name, Sha256, digest_of
from lovt_bench.benchmark.contract.dataset import ImageCounts, PixelStatistics, SplitName, Track

CHEXPERT_LABELS = ("Cardiomegaly", "Edema", "Consolidation", "Atelectasis", "Pleural Effusion")
"""The five binary labels in the order of the protocol (datasets.md section 7.6)."""

CORPUS_SIDE = 512
"""Default of the shorter side of a stored image in pixels; smaller images are stored as they are."""


MASKED_CORPUS = "phantom-masks"
"""Name of the corpus that the phantom draws with its own masks and boxes."""

MASKS = "masks.npy"
"""File of a corpus whose images carry masks: (images, 2, labels, side / 4, side / 32) uint8, masks and filled boxes of
each label, eight columns a byte. Only the phantom draws one."""


class CorpusSplit(Model):
    """Counts of one split."""

    studies: NonNegativeInt
    images: NonNegativeInt
    sentences: NonNegativeInt = 0
    positives: list[NonNegativeInt] = []
    """Studies positive for each label, in the order of `label_names`."""


class CorpusManifest(Model):
    """`corpus.json`. `pixels.npy` holds all images; two tables say which is which (docs/data.md)."""

    schema_version: Literal[1] = 1
    name: Name
    display_name: str = Field(min_length=1, max_length=80)
    """What a backbone that learnt from it declares as pre-training data, for example `MIMIC-CXR`."""
    track: Track
    side: PositiveInt = CORPUS_SIDE
    """Upper limit of the shorter side of a stored image, in pixels."""
    label_names: list[str] = []
    """Empty where the corpus has no labels."""
    has_reports: bool
    sentence_splitter: str | None = None
    """Library and version that split the reports; None where there are none or they came split."""
    splits: dict[SplitName, CorpusSplit]
    pixel_statistics: PixelStatistics
    """Statistics of the training split at original size: mean of study means, root of (mean of study variances +
    variance of study means) (datasets.md section 7.5)."""
    left_out: dict[str, NonNegativeInt] = {}
    """Reason, and number of studies (or images, where the reason says so) that were skipped."""
    image_counts: ImageCounts | None = None
    """What the raw folder held when the corpus was made. Not part of `identity`."""
    notes: list[str] = []
    files: dict[str, Sha256]
    """SHA-256 of every other file of the corpus."""
    sources_sha256: Sha256
    """Digest of what it was made from; preparing again from equal sources does nothing. Not part of `identity`."""
    created: str
    """ISO 8601, UTC. Not part of `identity`."""
    versions: dict[str, str] = {}

    @property
    def has_masks(self) -> bool:
        """Whether each image carries a mask and a box of each label."""
        return MASKS in self.files

    def identity(self) -> str:
        """Return the digest that provenance refers to: content only, no time and no library versions."""
        outside = {"created", "versions", "sources_sha256", "image_counts"}
        return digest_of(self.model_dump(mode="json", exclude=outside))
