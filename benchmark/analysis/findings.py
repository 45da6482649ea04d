"""What is to be seen on the images of a split, as figures colour it: a class of each image, a share of each region."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from lovt_bench.benchmark.analysis.corpus_store import CorpusStudies
from lovt_bench.benchmark.data.box_masks import box_mask
from lovt_bench.benchmark.data.store import ImageStore

NOTHING = "no finding"

NO_CLASSES = "the images have neither masks, boxes nor labels that points could be told apart by"
"""Why there is no figure by class."""

_CHUNK = 256
"""Masks that are unpacked together."""


@dataclass(frozen=True)
class Findings:
    """Of n images in order."""

    classes: list[str]
    """Of each image the last of its classes in the order of the dataset, as in analysis.md section 4; `NOTHING` where
    it has none."""
    foreground: np.ndarray | None
    """(k, S, S) bool: whether a pixel of the first k images belongs to a class. None where only labels are known."""


def findings_of_dataset(store: ImageStore, rows: np.ndarray, most: int) -> Findings | None:
    """Return what masks, or else boxes, say of rows of a store; None where it has neither.

    Args:
        store: The images.
        rows: (n,) of it.
        most: Of how many of them the foreground is returned.
    """
    manifest = store.manifest
    names = [NOTHING, *manifest.classes]
    foreground = np.zeros((min(most, len(rows)), manifest.image_side, manifest.image_side), dtype=bool)
    last = np.zeros(len(rows), dtype=np.int64)
    if manifest.has_masks:
        for start in range(0, len(rows), _CHUNK):
            part = store.masks(rows[start : start + _CHUNK]).astype(bool)
            kept = foreground[start : start + _CHUNK]
            kept[:] = part[: len(kept)].any(1)
            last[start : start + _CHUNK] = _last(part.reshape(*part.shape[:2], -1).max(2))
    elif manifest.has_boxes:
        for place, row in enumerate(rows.tolist()):
            boxes = store.boxes(row)
            if place < most:
                foreground[place] = box_mask(boxes, manifest.image_side, manifest.image_side)
            last[place] = 1 + store.box_classes(row).max() if len(boxes) else 0
    else:
        return None
    return Findings([names[index] for index in last], foreground)


def findings_of_corpus(studies: CorpusStudies, images: int) -> Findings | None:
    """Return what labels say of the first studies of a corpus's split; None where it has no labels."""
    if not studies.label_names:
        return None
    names = [NOTHING, *studies.label_names]
    return Findings([names[index] for index in _last(np.equal(studies.labels[:images], 1))], None)


def region_shares(foreground: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Return the share of foreground in each region of images, float64 (n, h, w).

    The reference scales the mask bilinearly, which looks at four pixels of a region of 32 x 32; here all count.

    Args:
        foreground: (n, S, S) bool.
        grid: h and w.
    """
    return F.interpolate(torch.from_numpy(foreground)[:, None].double(), grid, mode="area")[:, 0].numpy()


def _last(there: np.ndarray) -> np.ndarray:
    """Return 1 + the index of the last True in each row of (n, C); 0 where there is none."""
    places = np.arange(1, there.shape[1] + 1)
    found: np.ndarray = (there * places).max(1, initial=0)
    return found
