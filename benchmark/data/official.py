"""Recognise the published splits by their digests. The files themselves are not in this repository."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from lovt_bench.benchmark.contract.base import Model, Sha256
from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, PixelStatistics, SplitName
from lovt_bench.benchmark.data.format import ids_sha256


class PublishedSplit(Model):
    """Counts and digests of one published split file; counts of boxes are None where it has none."""

    images: int
    images_with_boxes: int | None
    boxes: int | None
    sha256_ids: Sha256
    sha256_rows: Sha256


class PublishedDataset(Model):
    """What was published of one dataset."""

    pixel_statistics: PixelStatistics
    splits: dict[SplitName, PublishedSplit]


@cache
def published() -> dict[str, PublishedDataset]:
    """Return the published datasets by name."""
    text = files("lovt_bench.benchmark.data").joinpath("split_digests.json").read_text(encoding="utf-8")
    return {name: PublishedDataset.model_validate(one) for name, one in json.loads(text)["datasets"].items()}


def is_official(name: str, ids: Mapping[SplitName, Sequence[str]]) -> bool:
    """Say whether IDs and their order are those of the published split files of a dataset."""
    known = published().get(name)
    return known is not None and all(
        ids_sha256(ids[split]) == known.splits[split].sha256_ids for split in SPLIT_NAMES
    )
