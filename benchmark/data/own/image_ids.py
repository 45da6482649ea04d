"""IDs of own images: from the paths of their files, readable where they can be, and never two alike."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection
from pathlib import PurePosixPath

from lovt_bench.benchmark.data.tables import safe_id
from lovt_bench.benchmark.data.walk import PICTURES

LONGEST_ID = 120


def image_ids(sources: Collection[str]) -> dict[str, str]:
    """Return the ID of each image by its path: the name of its file without the ending.

    Where several images have this name, their folders are part of it, joined by `__`. What cannot be in an ID becomes
    `_`, and eight digits of the path's digest keep such IDs apart.
    """
    stems = Counter(_stem(source) for source in sources)
    return {source: _id(source, alone=stems[_stem(source)] == 1) for source in sources}


def _stem(source: str) -> str:
    path = PurePosixPath(source)
    # A UID without an ending has dots, too.
    return path.stem if path.suffix.lower() in PICTURES else path.name


def _id(source: str, *, alone: bool) -> str:
    stem = _stem(source)
    name = stem if alone else "__".join((*PurePosixPath(source).parts[:-1], stem))
    if safe_id(name) and len(name) <= LONGEST_ID:
        return name
    digits = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)[:LONGEST_ID].lstrip("._-")
    return f"{plain or 'image'}-{digits}"
