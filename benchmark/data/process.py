"""One image from raw file to stored row. Runs in worker processes, reads raw files, writes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lovt_bench.benchmark.contract.protocol import DataProtocol
from lovt_bench.benchmark.data.box_masks import as_gif_reads, covered_share
from lovt_bench.benchmark.data.equalise import PreparedImage, equalise, keep, through_jpeg
from lovt_bench.benchmark.data.errors import BadImageError
from lovt_bench.benchmark.data.format import pack_masks
from lovt_bench.benchmark.data.images import read_bytes
from lovt_bench.benchmark.data.person import UNKNOWN, Person
from lovt_bench.benchmark.data.remarks import collected
from lovt_bench.benchmark.data.samples import Preparer, Sample
from lovt_bench.benchmark.data.transforms import Frame, fit_boxes, fit_image, fit_mask


@dataclass(frozen=True)
class Row:
    """One image as it is stored.

    Attributes:
        pixels: uint8 (S, S).
        masks: Packed masks, uint8 (C, packed_size(S)).
        boxes: float32 (n, 4) x, y, w, h in stored pixels, as the protocol stores them.
        mean: Mean of the float image in [0, 1] at its raw size, after equalisation.
        variance: Population variance, likewise.
        person: Whom the image shows.
        lesion_areas: For each class, the share of the raw image that its mask covers.
    """

    pixels: np.ndarray
    masks: np.ndarray
    boxes: np.ndarray
    box_classes: np.ndarray
    mean: float
    variance: float
    height: int
    width: int
    source_sha256: str
    person: Person = UNKNOWN
    lesion_areas: tuple[float, ...] = ()
    remarks: tuple[str, ...] = ()
    """What the decoders remarked on the file."""


def process(sample: Sample, preparer: Preparer, protocol: DataProtocol) -> Row:
    """Return the stored row of a sample.

    Raises:
        BadImageError: Names the file, where it is listed and what is wrong.
    """
    if sample.problem is not None:
        raise BadImageError(sample.problem)
    try:
        content = read_bytes(sample.image)
        with collected() as remarks:
            raw = preparer.read(sample, content, protocol)
        height, width = raw.pixels.shape
        known = sample.boxes if raw.boxes is None else raw.boxes
        boxes = np.array(known, dtype=np.float64).reshape(-1, 4)
        _check_inside(boxes, height, width)
        prepared = _grey_values(raw.pixels, preparer.name, protocol)
    except (BadImageError, ValueError) as error:
        raise BadImageError(f"{sample.image} ({sample.origin}): {error}") from error
    frame = Frame.padded(height, width, protocol.image_side, protocol.odd_padding)
    masks = list(raw.masks)
    if raw.masks_are_gifs:
        masks = [as_gif_reads(mask, protocol.full_mask_reads_as) for mask in masks]
    return Row(
        pixels=fit_image(prepared.image, frame),
        masks=pack_masks(np.stack([fit_mask(mask, frame) for mask in masks])),
        boxes=fit_boxes(preparer.stored_boxes(boxes, protocol), frame),
        box_classes=np.array(sample.box_classes, dtype=np.int64),
        mean=prepared.mean,
        variance=prepared.variance,
        height=height,
        width=width,
        source_sha256=hashlib.sha256(content).hexdigest(),
        person=sample.person.or_else(raw.person),
        lesion_areas=tuple(map(covered_share, raw.masks)),
        remarks=tuple(remarks),
    )


def process_chunk(
    preparer: Preparer, protocol: DataProtocol, chunk: Sequence[tuple[int, Sample]]
) -> list[tuple[int, Row | str]]:
    """Process the (place, sample) pairs of one dataset; an image that cannot be used gives its problem."""
    rows: list[tuple[int, Row | str]] = []
    for place, sample in chunk:
        try:
            rows.append((place, process(sample, preparer, protocol)))
        except BadImageError as error:
            rows.append((place, str(error)))
    return rows


def _grey_values(pixels: np.ndarray, name: str, protocol: DataProtocol) -> PreparedImage:
    if name in protocol.equalised:
        prepared = equalise(pixels, bins=protocol.equalisation_bins, rounding=protocol.eight_bit_rounding)
    else:
        grey = pixels if pixels.dtype == np.uint8 else (pixels * 255).astype(np.uint8)
        prepared = keep(grey)
    if name not in protocol.jpeg_quality:
        return prepared
    encoded = through_jpeg(prepared.image, protocol.jpeg_quality[name])
    return replace(prepared, image=encoded)


def _check_inside(boxes: np.ndarray, height: int, width: int) -> None:
    """Refuse a box that shares no area with its image; partly outside is normal."""
    for x, y, w, h in boxes.tolist():
        if x >= width or y >= height or x + w <= 0 or y + h <= 0:
            box = f"x {x:g}, y {y:g}, width {w:g}, height {h:g}"
            raise BadImageError(f"box {box} lies wholly outside the image of {width} x {height} pixels")
