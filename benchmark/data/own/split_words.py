"""Which split the name of a file or folder means: `instances_val2017.json`, `train/`, `valid/`."""

from __future__ import annotations

import re

from lovt_bench.benchmark.contract.dataset import SplitName
from lovt_bench.benchmark.data.corpus.pairs import SPLIT_WORDS


def split_of(path: str) -> SplitName | None:
    """Return the split that a path names; None where it names none, or several.

    >>> split_of("annotations/instances_val2017.json"), split_of("images/training/7.png"), split_of("trains/7.png")
    ('validation', 'train', None)
    """
    words = {SPLIT_WORDS.get(word) for word in re.split(r"[^a-z]+", path.lower())} - {None}
    return words.pop() if len(words) == 1 else None


def folder_split(source: str) -> SplitName | None:
    """Return the split that the folders of an image name."""
    return split_of(source.rpartition("/")[0])
