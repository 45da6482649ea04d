"""What a preparer says about a dataset: its images as the label files list them, none of them opened yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from lovt_bench.benchmark.contract.dataset import LeftOutImages, MasksFrom, SplitName
from lovt_bench.benchmark.contract.protocol import DataProtocol
from lovt_bench.benchmark.data.inventory import Inventory
from lovt_bench.benchmark.data.person import UNKNOWN, Person
from lovt_bench.benchmark.data.tables import safe_id

Box = tuple[float, float, float, float]
"""x, y, w, h with the top-left corner, in pixels of the raw image, sides as they truly are."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One image of a dataset as its label files describe it."""

    id: str
    image: Path
    origin: str
    """Where it is listed, for messages: `stage_2_train_labels.csv row 12`."""
    patient: str
    pool: str = ""
    """Group that is split on its own (NIH: annotated or not; Object CXR: train or dev)."""
    boxes: tuple[Box, ...] = ()
    box_classes: tuple[int, ...] = ()
    annotations: tuple[str, ...] = ()
    """Raw annotation strings, for datasets whose masks come from them."""
    mask: Path | None = None
    """Mask file, for datasets that have one per image."""
    class_masks: tuple[tuple[int, Path], ...] = ()
    """Class and mask file, for datasets that have one for each class."""
    problem: str | None = None
    """Why this image cannot be used, with file and row, if that shows before it is opened."""
    person: Person = UNKNOWN
    """What tables say of the patient; what they leave open, the header of the image may say."""


@dataclass(frozen=True)
class Listing:
    """All images of a raw folder, in the order of the label files.

    Attributes:
        notes: Sentences about what decides the content of the store.
        found: Images that lie in the raw folder or that the label files list.
        left_out: Those that are not among the samples.
        remarks: Sentences about what else was found.
        patients_known: Whether equal patients have equal identifiers, so that a split can be seen to separate them.
        given: Splits that the files themselves give; None where they are drawn.
        masks_from: Of images that only their owner has, where their masks come from; None for public datasets.
    """

    samples: dict[str, Sample]
    label_files: tuple[Path, ...]
    notes: tuple[str, ...]
    found: int
    left_out: tuple[LeftOutImages, ...]
    remarks: tuple[str, ...]
    patients_known: bool
    given: Mapping[SplitName, Sequence[str]] | None = None
    masks_from: MasksFrom | None = None

    @classmethod
    def of(
        cls,
        samples: dict[str, Sample],
        inventory: Inventory,
        unlisted: str,
        label_files: Sequence[Path] = (),
        notes: Sequence[str] = (),
        remarks: Sequence[str] = (),
        patients_known: bool = False,
    ) -> Listing:
        """Return the listing of samples that were looked up in an inventory; `unlisted` is why an image is none."""
        left_out = inventory.unlisted(samples, unlisted)
        without_file = sum(name not in inventory.images for name in samples)
        found = inventory.found + without_file
        return cls(
            samples,
            tuple(label_files),
            tuple(notes),
            found,
            tuple(left_out),
            tuple(remarks),
            patients_known,
        )


@dataclass(frozen=True)
class RawImage:
    """One image read from disk: grey uint8 or float (H, W) and one uint8 0/1 mask (H, W) per class."""

    pixels: np.ndarray
    masks: Sequence[np.ndarray]
    masks_are_gifs: bool = True
    """Whether the published masks went through a GIF (datasets.md section 1)."""
    person: Person = UNKNOWN
    """What the header of the file says of the patient."""
    boxes: np.ndarray | None = None
    """True boxes, float64 (n, 4), where they follow from the size of the image; else those of the sample count."""


def dicom_sample(name: str, column: str, inventory: Inventory, origin: str) -> Sample:
    """Return the sample of a DICOM file that is named after its ID, with its problem where there is none.

    Args:
        name: ID of the image, as the column of a label file says.
        column: Name of that column, for messages.
        inventory: Inventory of the image folders.
        origin: Where it is listed.
    """
    expected = inventory.folders[0]
    if not safe_id(name):
        problem = f"{origin}: {column} {name!r} cannot be a file name"
        return Sample(name, expected / "invalid", origin, name, problem=problem)
    image, missing = inventory.find(name, expected / f"{name}.dcm", origin)
    return Sample(name, image, origin, name, problem=missing)


class Preparer(Protocol):
    """One dataset: a module in `benchmark/data/preparers/` whose `PREPARER` is one of these."""

    @property
    def name(self) -> str: ...

    @property
    def classes(self) -> tuple[str, ...]:
        """Channel order of the masks."""

    @property
    def has_boxes(self) -> bool: ...

    def scan(self, raw: Path) -> Listing:
        """List the images of a raw folder from its label files; opens no image."""

    def draw(
        self, samples: Sequence[Sample], protocol: DataProtocol, seed: int
    ) -> dict[SplitName, list[str]]:
        """Return seeded splits by the protocol's rule: IDs in order."""

    def read(self, sample: Sample, content: bytes, protocol: DataProtocol) -> RawImage:
        """Decode one image and draw its masks; raises `BadImageError` or ValueError where it cannot."""

    def stored_boxes(self, boxes: np.ndarray, protocol: DataProtocol) -> np.ndarray:
        """Return true boxes float64 (n, 4) as the protocol stores them."""


@dataclass
class Collector:
    """Gathers samples by ID; a second sample of an ID marks the first as a problem."""

    samples: dict[str, Sample] = field(default_factory=dict)

    def add(self, sample: Sample) -> None:
        first = self.samples.get(sample.id)
        if first is None:
            self.samples[sample.id] = sample
        else:
            self.flag(sample.id, f"duplicate ID, first in {first.origin}, again in {sample.origin}")

    def flag(self, name: str, problem: str) -> None:
        """Mark a sample as not usable; the first reason stays."""
        sample = self.samples[name]
        self.samples[name] = replace(sample, problem=sample.problem or problem)

    def append(self, name: str, origin: str, change: Callable[[Sample], Sample]) -> None:
        """Change a sample (frozen) or flag it when the change raises ValueError."""
        try:
            self.samples[name] = change(self.samples[name])
        except ValueError as error:
            self.flag(name, f"{origin}: {error}")
