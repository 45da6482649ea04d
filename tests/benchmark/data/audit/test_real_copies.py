"""Rates on real X-rays: copies are found, other patients are not. docs/audit.md shows these numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lovt_bench.benchmark.data.audit.files import Passed, pictures
from lovt_bench.benchmark.data.audit.hashes import FULL, frame_hashes, image_hash
from lovt_bench.benchmark.data.audit.match import Match, Matcher
from lovt_bench.benchmark.data.audit.read import grey_pixels
from tests.benchmark.data.audit import copies

STRONG = ("JPEG of quality 30", "inverted", "cropped by 3 % on all sides", "cropped by 2 %, equalised, JPEG")


@pytest.mark.slow
def test_real_copies_are_found_and_other_patients_are_not(shared: Path) -> None:
    root = shared / "realdata" / "rsna"
    if not root.is_dir():
        pytest.skip("no real X-rays: realdata/rsna not found (set LOVT_BENCH_SHARED)")
    images = []
    for picture in pictures(root, Passed()):
        pixels = grey_pixels(picture)
        images.append(copies.resized(pixels, pixels.shape[0] // 4, pixels.shape[1] // 4))
    assert len(images) > 100
    matcher = Matcher(np.stack([frame_hashes(copies.as_store(image)) for image in images]))
    found: dict[str, list[Match]] = {}
    for way in STRONG:
        found[way] = matcher([image_hash(copies.WAYS[way](image)) for image in images])
        own = [match for match in found[way] if match.query == match.image]
        assert len(own) >= 0.98 * len(images), way
        assert len(own) == len(found[way]), (way, "another patient matches")


def test_the_same_x_ray_in_two_public_datasets_is_found(shared: Path) -> None:
    """RSNA's images come from NIH's by another encoder: the table of the challenge says which is which."""
    root = shared / "realdata"
    table = root / "rsna" / "rsna_to_nih.csv"
    if not table.is_file():
        pytest.skip("no real X-rays: realdata/rsna not found (set LOVT_BENCH_SHARED)")
    nih = {Path(one.name).name: one for one in pictures(root / "nih-cxr", Passed())}
    rsna = {Path(one.name).stem: one for one in pictures(root / "rsna", Passed())}
    pairs = []
    for line in table.read_text().splitlines()[1:]:
        cells = [cell.strip('"') for cell in line.split(",")]
        pairs += [(a, b) for a in cells if a in rsna for b in cells if b in nih]
    assert len(pairs) >= 5
    queries = list(nih)
    matcher = Matcher(np.stack([frame_hashes(copies.as_store(grey_pixels(rsna[a]))) for a, _ in pairs]))
    found = matcher([image_hash(grey_pixels(nih[name])) for name in queries])
    assert {(pairs[match.image][0], queries[match.query]) for match in found} == set(pairs)
    assert max(match.distance for match in found) < FULL.threshold / 2
