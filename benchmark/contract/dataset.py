"""`dataset.json`: what an image store holds and where it came from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from lovt_bench.benchmark.contract.base import Model, Name, Sha256, digest_of, is_missing

Track = Literal["public", "phantom", "own"]
"""`public`: images of a public dataset. `phantom`: synthetic images. `own`: images that only their owner has. No two of
them share a table."""

Splits = Literal["official", "seeded", "given"]
"""`official`: IDs and order equal the published split files. `seeded`: drawn by the protocol's rule. `given`: split
files that are not the published ones, or published ones with images left out."""

SplitLevel = Literal["patient", "image"]
"""`patient`: no patient is in two splits. `image`: some are, or patients cannot be told apart."""

MasksFrom = Literal["annotations", "boxes"]
"""`annotations`: somebody drew the masks. `boxes`: they are filled boxes."""

SplitName = Literal["train", "validation", "test"]
SPLIT_NAMES: tuple[SplitName, ...] = ("train", "validation", "test")

IMAGE_SIDE = 224
"""Side of a stored image in pixels (evaluation.md section 5); boxes are in this frame."""


class PixelStatistics(Model):
    """Scalar mean and standard deviation of pixels in [0, 1] over the whole training split (datasets.md section 1)."""

    mean: float
    std: float = Field(gt=0)


class SplitSummary(Model):
    """Counts of one split."""

    images: NonNegativeInt
    images_with_boxes: NonNegativeInt | None = None
    """None where the dataset has no boxes."""
    boxes: NonNegativeInt | None = None
    ids_sha256: Sha256
    """SHA-256 of the IDs in file order joined by one line feed (split-digests.json, `sha256_ids_file_order`)."""


class LeftOut(Model):
    """One image that `--skip-bad` left out."""

    id: str
    split: SplitName
    reason: str


class LeftOutImages(Model):
    """Images that one reason leaves out."""

    reason: str
    images: PositiveInt
    examples: list[str] = []
    """The first ones: paths within the raw folder, or IDs."""


class ImageCounts(Model):
    """What became of the images that lie in a raw folder or that its tables list: found = used + left out."""

    found: NonNegativeInt
    used: NonNegativeInt
    left_out: list[LeftOutImages] = []
    remarks: list[str] = []
    """What else was found, in sentences: empty rows of a table, masks without an image."""

    @model_validator(mode="after")
    def _adds_up(self) -> ImageCounts:
        left_out = sum(one.images for one in self.left_out)
        if self.found != self.used + left_out:
            raise ValueError(f"{self.found} images found, but {self.used} used and {left_out} left out")
        return self


class DatasetManifest(Model):
    """`dataset.json`. Statistics are over the original-size images as processed in memory (datasets.md section 1)."""

    schema_version: Literal[1] = 1
    name: Name
    track: Track
    splits: Splits
    split_seed: int | None = None
    """Seed of the split when `splits` is `seeded`."""
    split_level: SplitLevel | None = None
    """At which level the splits separate. None in stores made before it was known, and in those made from arrays. Not
    part of `identity`."""
    classes: list[str]
    """Segmentation classes in channel order (for detection datasets also the detection classes)."""
    has_masks: bool
    has_boxes: bool
    pixel_statistics: PixelStatistics
    split_summaries: dict[SplitName, SplitSummary]
    files: dict[str, Sha256]
    """SHA-256 of every other file of the store (`images.npy`, `masks.npy`, `boxes.npz`, `index.parquet`)."""
    protocol: str
    """Name of the protocol whose data entries governed the preparation."""
    data_protocol_sha256: Sha256
    """Digest of those entries."""
    notes: list[str] = []
    """Deviations worth a reader's eye, in sentences (for example: no `test_list.txt`)."""
    left_out: list[LeftOut] = []
    image_counts: ImageCounts | None = None
    """What the raw folder held when the store was made; None for stores made from arrays. Not part of `identity`."""
    masks_from: MasksFrom | None = Field(default=None, exclude_if=is_missing)
    """Of own data; None for public datasets, and then in no digest."""
    image_side: PositiveInt = IMAGE_SIDE
    sources_sha256: Sha256 | None = None
    """Digest of what the store was made from: label files, names, sizes and times of the images, split files, protocol
    entries. Preparing again from equal sources does nothing. Not part of `identity`."""
    created: str
    """ISO 8601, UTC. Not part of `identity`."""
    versions: dict[str, str] = {}
    content_sha256: Sha256 | None = None
    """Digest of all other fields: an edit shows. None in stores made before there was one. Not part of `identity`."""

    def sealed(self) -> DatasetManifest:
        """Return the manifest with its `content_sha256`."""
        return self.model_copy(update={"content_sha256": self._content_sha256()})

    def is_intact(self) -> bool:
        """Say whether the fields are those that were sealed."""
        return self.content_sha256 in (None, self._content_sha256())

    def _content_sha256(self) -> str:
        # Fields that came later and are not given were not there when older stores were sealed.
        later = {"split_level"} if self.split_level is None else set()
        return digest_of(self.model_dump(mode="json", exclude={"content_sha256", *later}))

    def identity(self) -> str:
        """Return the digest that results refer to: content only, no time and no library versions."""
        outside = {"created", "versions", "sources_sha256", "image_counts", "content_sha256", "split_level"}
        content = self.model_dump(mode="json", exclude=outside)
        # The bytes of a Parquet file change with the library that writes it; IDs and splits are in the
        # summaries.
        content["files"].pop("index.parquet", None)
        return digest_of(content)
