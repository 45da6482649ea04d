"""One set of boxes of several readers: what enough of them marked (docs/decisions/032-three-readers-one-box.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lovt_bench.benchmark.data.samples import Box

OVERLAP = 0.4
"""Least IoU of boxes of one finding: the first threshold at which the published mAP counts a hit."""
READERS = 2
"""Readers who must have marked a finding."""


@dataclass(frozen=True)
class ReadBox:
    """A box of one reader.

    Attributes:
        reader: Who drew it.
        row: Where it is listed.
        box: x, y, w, h.
    """

    reader: str
    row: int
    box: Box


@dataclass(frozen=True)
class AgreedBox:
    """A box that readers agree on: the mean of theirs; `rows` are where these are listed."""

    rows: tuple[int, ...]
    box: Box


def agreed_boxes(read: Sequence[ReadBox]) -> list[AgreedBox]:
    """Return the findings of one class on one image that at least `READERS` readers marked.

    Groups begin as single boxes. The two groups whose mean boxes overlap most are joined, as long as their IoU is at
    least `OVERLAP`; never two boxes of one reader. Of equal overlaps the one that is listed first counts.
    """
    groups = [[one] for one in read]
    while pair := _nearest(groups):
        first, second = pair
        groups[first] += groups.pop(second)
    return [
        AgreedBox(tuple(one.row for one in group), _mean(group)) for group in groups if len(group) >= READERS
    ]


def _nearest(groups: Sequence[Sequence[ReadBox]]) -> tuple[int, int] | None:
    """Return the places of the two groups to join, the smaller first."""
    if len(groups) < READERS:
        return None
    overlaps = np.triu(_ious(np.array([_mean(group) for group in groups])), 1)
    readers = [{one.reader for one in group} for group in groups]
    for place in np.argsort(-overlaps, axis=None, kind="stable").tolist():
        first, second = divmod(place, len(groups))
        if overlaps[first, second] < OVERLAP:
            return None
        if readers[first].isdisjoint(readers[second]):
            return first, second
    return None


def _mean(group: Sequence[ReadBox]) -> Box:
    x, y, w, h = np.mean([one.box for one in group], axis=0).tolist()
    return x, y, w, h


def _ious(boxes: np.ndarray) -> np.ndarray:
    """Return the IoU of each two of boxes (n, 4) x, y, w, h: float64 (n, n)."""
    start, end = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    sides = np.minimum(end[:, None], end[None]) - np.maximum(start[:, None], start[None])
    shared = np.clip(sides, 0, None).prod(axis=2)
    areas = boxes[:, 2:].prod(axis=1)
    return np.asarray(shared / (areas[:, None] + areas[None] - shared))
