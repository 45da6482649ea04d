"""Datasets whose targets are drawn objects: boxes and masks are made of them once the size of the image is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lovt_bench.benchmark.contract.dataset import SplitName
from lovt_bench.benchmark.contract.protocol import DataProtocol
from lovt_bench.benchmark.data.corpus.image import decode
from lovt_bench.benchmark.data.displayed import decode_protocol_dicom, is_dicom, is_turned
from lovt_bench.benchmark.data.errors import BadImageError
from lovt_bench.benchmark.data.own.mask_files import by_value, mask_file
from lovt_bench.benchmark.data.own.shapes import Drawing
from lovt_bench.benchmark.data.person import UNKNOWN, Person
from lovt_bench.benchmark.data.samples import RawImage, Sample
from lovt_bench.benchmark.data.splits import by_image_or_person

TRAIN, TEST = "train", "test"
"""The parts of a dataset whose makers set a test part aside (`Sample.pool`)."""


@dataclass(frozen=True)
class DrawnDataset:
    """What `Preparer` asks for but for the listing. `Sample.annotations` holds one drawing as JSON."""

    header_patients: ClassVar[bool] = False
    """Whether the `PatientID` of DICOM headers tells patients apart."""

    name: str
    classes: tuple[str, ...]
    has_boxes: bool

    def draw(
        self, samples: Sequence[Sample], protocol: DataProtocol, seed: int
    ) -> dict[SplitName, list[str]]:
        """Draw by patient where one is known; an image of an unknown patient is a patient of its own."""
        ids, people = [sample.id for sample in samples], [sample.person.patient for sample in samples]
        return by_image_or_person(ids, people, protocol.test_fraction, protocol.validation_fraction, seed)

    def read(self, sample: Sample, content: bytes, protocol: DataProtocol) -> RawImage:
        """Decode an image as a viewer displays it, and draw its masks."""
        pixels, person = self._displayed(content)
        (height, width), drawing = pixels.shape, Drawing.model_validate_json(sample.annotations[0])
        is_drawn = drawing.shapes or sample.class_masks or sample.mask
        if is_drawn and not is_dicom(content) and is_turned(content):
            raise BadImageError(
                "its EXIF has viewers turn or mirror it, and annotation tools may have done so or not; save it as it "
                "was annotated, without an orientation"
            )
        drawing.check_size(height, width)
        masks = drawing.masks(height, width, len(self.classes))
        for index, path in sample.class_masks:
            masks[index] = masks[index] | (mask_file(path, pixels.shape) != 0).astype(np.uint8)
        if sample.mask is not None:
            masks = by_value(sample.mask, mask_file(sample.mask, pixels.shape), len(self.classes))
        boxes = drawing.boxes(height, width)
        return RawImage(pixels, masks, masks_are_gifs=False, person=person, boxes=boxes)

    def stored_boxes(self, boxes: np.ndarray, protocol: DataProtocol) -> np.ndarray:
        """Return the boxes as they are: the exchanged sides of a published dataset are no rule for others."""
        return boxes

    def _displayed(self, content: bytes) -> tuple[np.ndarray, Person]:
        if is_dicom(content):
            patients = self.name if self.header_patients else None
            return decode_protocol_dicom(content, "displayed", patients=patients)
        pixels, truncated = decode(content, displayed=True)
        if truncated:
            raise BadImageError("the file ends early; fetch it again")
        return pixels, UNKNOWN


@dataclass(frozen=True)
class PartedDataset(DrawnDataset):
    """A dataset whose makers set a test part aside: validation images are drawn from the training part."""

    def draw(
        self, samples: Sequence[Sample], protocol: DataProtocol, seed: int
    ) -> dict[SplitName, list[str]]:
        """Hold a share of the training part out for validation, by patient where one is known."""
        training = [sample for sample in samples if sample.pool == TRAIN]
        ids, people = [sample.id for sample in training], [sample.person.patient for sample in training]
        drawn = by_image_or_person(ids, people, 0.0, protocol.validation_fraction, seed)
        return drawn | {"test": [sample.id for sample in samples if sample.pool == TEST]}
