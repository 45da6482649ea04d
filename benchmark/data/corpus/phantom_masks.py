"""A corpus that the phantom draws with its own masks and boxes: what the ceiling learns from, and no method may.

Its patients are those of no phantom dataset, whatever the seed. A drawing that was cut off begins anew.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from lovt_bench.benchmark.contract.base import digest_of
from lovt_bench.benchmark.contract.corpus import MASKED_CORPUS, MASKS, CorpusManifest, CorpusSplit
from lovt_bench.benchmark.contract.dataset import SplitName
from lovt_bench.benchmark.data.corpus import format as fmt
from lovt_bench.benchmark.data.corpus.prepare import PreparedCorpus, Progress, already
from lovt_bench.benchmark.data.corpus.tables import TableWriter
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.npy import npy_header
from lovt_bench.benchmark.data.phantom.canvas import Array, Canvas
from lovt_bench.benchmark.data.phantom.findings import Request, finding_kinds
from lovt_bench.benchmark.data.phantom.generate import GENERATOR
from lovt_bench.benchmark.data.phantom.objects import ForeignObject
from lovt_bench.benchmark.data.phantom.randomness import stream
from lovt_bench.benchmark.data.phantom.requests import several
from lovt_bench.benchmark.data.phantom.scene import Picture, Scene, draw_picture
from lovt_bench.benchmark.data.pool import map_chunks, workers_for
from lovt_bench.benchmark.data.statistics import split_statistics
from lovt_bench.benchmark.data.work import held
from lovt_bench.benchmark.disk.digest import DigestedFile
from lovt_bench.benchmark.disk.leftovers import sweep
from lovt_bench.benchmark.disk.temporary import new_folder

NAME = MASKED_CORPUS
VERSION = 1
"""Raise with any change of what is written."""

FEWEST, VALIDATION = 16, 8
"""Fewest images; one of so many is for validation."""
STEP = 32
"""Sides are multiples of it: masks are stored at a quarter of the side, eight columns a byte."""
CELL = 4
"""Pixels of an image on a side of one pixel of its masks."""

OBJECT = "foreign-object"
LUNG_KINDS = ("pneumonia", "consolidation", "infiltrate", "nodule", "mass")
FURTHER = (
    ("pneumothorax", 0.25), ("atelectasis", 0.15), ("effusion", 0.2), ("cardiomegaly", 0.15), ("edema", 0.12),
    ("device", 0.1),
)  # fmt: skip
"""Findings beside those of the lung, and how often each is drawn."""


@dataclass(frozen=True)
class Drawing:
    """What the corpus depends on, beside the library versions.

    Raises:
        DataError: Too few images, or a side whose masks fill no whole bytes.
    """

    images: int = 1600
    side: int = 256
    seed: int = 0

    def __post_init__(self) -> None:
        if self.images < FEWEST:
            raise DataError(f"at least {FEWEST} images are needed, got {self.images}")
        if self.side < 128 or self.side % STEP:
            raise DataError(f"a side of at least 128 pixels divisible by {STEP} is needed, got {self.side}")

    @property
    def counts(self) -> dict[SplitName, int]:
        """Number of images of each split."""
        held_out = self.images // VALIDATION
        return {"train": self.images - held_out, "validation": held_out, "test": 0}


def class_names() -> tuple[str, ...]:
    """Return what is outlined: findings by name, then foreign objects."""
    return (*sorted(finding_kinds()), OBJECT)


def draw(drawing: Drawing, index: int) -> tuple[Array, Array]:
    """Return one image (side, side) uint8 and its planes (2, C, side / 4, side / 4) bool: masks, then filled boxes."""
    rng = stream(drawing.seed, NAME, index, "plan")
    key = (NAME, index)
    scene = Scene(drawing.seed, key, key, key, _requests(rng), _objects(rng))
    picture = draw_picture(Canvas(drawing.side, drawing.side), scene)
    return picture.pixels, _planes(picture, drawing.side)


def draw_corpus(
    corpora: Path,
    drawing: Drawing,
    *,
    workers: int | None = None,
    force: bool = False,
    on_progress: Progress = lambda done, total: None,
) -> PreparedCorpus:
    """Make the corpus `corpora / NAME`.

    Args:
        workers: Processes; None for one per core. No effect on the content.
        force: Make it again even if nothing changed.

    Raises:
        DataError: The disk is full, or another process is at it.
    """
    target = corpora / NAME
    sources = digest_of([VERSION, GENERATOR, drawing.images, drawing.side, drawing.seed])
    sweep(corpora)
    if not force and (known := already(target, sources)) is not None:
        return PreparedCorpus(target, known, found=True)
    corpora.mkdir(parents=True, exist_ok=True)
    with held(target), new_folder(target) as folder:
        manifest = _write(folder, drawing, sources, workers, on_progress)
    return PreparedCorpus(target, manifest, found=False)


def _requests(rng: np.random.Generator) -> tuple[Request, ...]:
    chosen = list(several(LUNG_KINDS, int(rng.integers(1, 4)), rng)) if rng.random() < 0.5 else []
    return tuple(chosen + [Request(kind) for kind, chance in FURTHER if rng.random() < chance])


def _objects(rng: np.random.Generator) -> int:
    return int(rng.integers(1, 5)) if rng.random() < 0.4 else 0


def _planes(picture: Picture, side: int) -> Array:
    names = class_names()
    planes = np.zeros((2, len(names), side, side), bool)
    outlined = [(finding.place.kind, finding.mask) for finding in picture.drawn]
    outlined += [(OBJECT, _object_mask(item, side)) for item in picture.objects]
    for kind, mask in outlined:
        planes[0, names.index(kind)] |= mask
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if len(rows):
            planes[1, names.index(kind), rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    cells = planes.reshape(2, len(names), side // CELL, CELL, side // CELL, CELL)
    return np.asarray(cells.mean((3, 5)) >= 0.5)


def _object_mask(item: ForeignObject, side: int) -> Array:
    """Return where an object is (side, side) bool; an ellipse fills its rectangle, as in Object CXR's masks."""
    image = Image.new("1", (side, side))
    corners = [(float(x), float(y)) for x, y in item.points]
    if item.shape == "polygon":
        ImageDraw.Draw(image).polygon(corners, fill=1)
    else:
        ImageDraw.Draw(image).rectangle(corners, fill=1)
    return np.array(image)


def _chunk(drawing: Drawing, indices: Sequence[int]) -> list[tuple[Array, Array]]:
    """Draw some images, masks packed. Runs in a worker."""
    drawn = [draw(drawing, index) for index in indices]
    return [(pixels, np.packbits(planes, axis=-1)) for pixels, planes in drawn]


def _drawn(drawing: Drawing, workers: int | None) -> Generator[tuple[Array, Array], None, None]:
    run: Callable[[Sequence[int]], list[tuple[Array, Array]]] = partial(_chunk, drawing)
    with (
        workers_for(drawing.images, workers, keep_memory=True) as pool,
        closing(map_chunks(run, range(drawing.images), pool)) as parts,
    ):
        for part in parts:
            yield from part


def _write(
    folder: Path, drawing: Drawing, sources: str, workers: int | None, on_progress: Progress
) -> CorpusManifest:
    names, side, counts = class_names(), drawing.side, drawing.counts
    split_of = [split for split, count in counts.items() for _ in range(count)]
    positives = {split: np.zeros(len(names), int) for split in counts}
    moments: list[tuple[float, float]] = []
    shape = (drawing.images, 2, len(names), side // CELL, side // CELL // 8)
    images = TableWriter(folder / fmt.IMAGES, fmt.IMAGE_SCHEMA)
    studies = TableWriter(folder / fmt.STUDIES, fmt.STUDY_SCHEMA)
    with (
        DigestedFile(folder / fmt.PIXELS) as pixel_file,
        DigestedFile(folder / MASKS) as mask_file,
        closing(_drawn(drawing, workers)) as drawn,
    ):
        pixel_file.write(npy_header([drawing.images * side * side]))
        mask_file.write(npy_header(shape))
        for index, ((pixels, packed), split) in enumerate(zip(drawn, split_of, strict=True)):
            pixel_file.write(pixels.tobytes())
            mask_file.write(packed.tobytes())
            labels = packed[0].any((1, 2))
            positives[split] += labels
            values = pixels / 255.0
            moment = (float(values.mean()), float(values.var()))
            moments += [moment] if split == "train" else []
            images.add(_image_row(index, split, side, moment))
            studies.add(_study_row(index, split, labels, moment))
            on_progress(index + 1, drawing.images)
    manifest = CorpusManifest(
        name=NAME,
        display_name=NAME,
        track="phantom",
        side=side,
        label_names=list(names),
        has_reports=False,
        splits={
            split: CorpusSplit(studies=count, images=count, positives=positives[split].tolist())
            for split, count in counts.items()
        },
        pixel_statistics=split_statistics(*(np.array(part) for part in zip(*moments, strict=True))),
        notes=[
            f"Drawn with masks and boxes, seed {drawing.seed}: for the ceiling, no method may learn from it."
        ],
        files={
            fmt.IMAGES: images.close(),
            fmt.STUDIES: studies.close(),
            fmt.PIXELS: pixel_file.sha256,
            MASKS: mask_file.sha256,
        },
        sources_sha256=sources,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={name: importlib.metadata.version(name) for name in ("numpy", "pillow", "pyarrow")},
    )
    with DigestedFile(folder / fmt.MANIFEST) as file:
        file.write(manifest.to_json().encode())
    return manifest


def _image_row(index: int, split: SplitName, side: int, moment: tuple[float, float]) -> dict[str, object]:
    return {
        "id": f"{NAME}-{index}", "study": index, "split": split, "offset": index * side * side, "height": side,
        "width": side, "source": f"{NAME}/{index}", "source_height": side, "source_width": side, "view": "",
        "pixel_mean": moment[0], "pixel_variance": moment[1],
    }  # fmt: skip


def _study_row(index: int, split: SplitName, labels: Array, moment: tuple[float, float]) -> dict[str, object]:
    return {
        "id": str(index), "patient": str(index), "split": split, "date": None, "first_image": index, "image_count": 1,
        "sentences": [], "findings_sentences": 0, "impression_sentences": 0, "findings_tokens": 0,
        "impression_tokens": 0, "labels": labels.astype(float).tolist(), "raw_labels": [],
        "pixel_mean": moment[0], "pixel_variance": moment[1],
    }  # fmt: skip
