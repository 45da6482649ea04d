"""PixPro: which places are pairs, that it learns, and how its target slows down."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lovt_bench.submissions.common.augment.cutout import Cutout
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.sampling import Sample
from lovt_bench.submissions.pixpro.pretrain import PixPro, Settings
from lovt_bench.submissions.pixpro.views import PixelViews, close_places
from tests.submissions.small_runs import fit, small
from tests.submissions.tiny_corpus import write_corpus

SIZES: dict[str, Any] = {"hidden": 16, "projection": 8, "batch_size": 3, "image_side": 64}


def slow_pairs(first: Cutout, second: Cutout, places: int, threshold: float) -> list[list[bool]]:
    def centres(crop: Cutout) -> list[tuple[float, float]]:
        height, width = (crop.bottom - crop.top) / places, (crop.right - crop.left) / places
        return [
            (
                crop.top + (i + 0.5) * height,
                crop.right - (j + 0.5) * width if crop.flipped else crop.left + (j + 0.5) * width,
            )
            for i in range(places)
            for j in range(places)
        ]

    unit = max(math.hypot(c.bottom - c.top, c.right - c.left) / places for c in (first, second))
    return [[math.dist(p, q) / unit < threshold for q in centres(second)] for p in centres(first)]


crops = st.builds(
    lambda top, height, left, width, flipped: Cutout(top, top + height, left, left + width, flipped),
    *[st.integers(0, 40), st.integers(5, 60), st.integers(0, 40), st.integers(5, 60), st.booleans()],
)


@settings(max_examples=60, deadline=None)
@given(crops, crops, st.integers(1, 5))
def test_pairs_are_closer_than_a_share_of_a_place(first: Cutout, second: Cutout, places: int):
    # 0.6931 lies on no grid: no distance is so near to it that rounding decides.
    assert close_places(first, second, places, 0.6931).tolist() == slow_pairs(first, second, places, 0.6931)


def test_the_same_crop_mirrored_pairs_each_place_with_its_mirror_place():
    got = close_places(Cutout(0, 70, 0, 70), Cutout(0, 70, 0, 70, True), 2, 0.5)
    assert got.int().argmax(1).tolist() == [1, 0, 3, 2]
    assert got.sum() == 4


def test_views_show_the_places_that_pairs_say():
    """A ramp from left to right: brightness tells where a place lies, whatever crop and flip."""
    ramp = np.tile(np.linspace(0, 200, 96).astype(np.uint8), (96, 1))
    make = PixelViews(96, 64, 2, 0.3, 0.5)
    torch.manual_seed(0)
    found = 0
    for _ in range(40):
        first, second = make._draw(), make._draw()
        image = torch.from_numpy(ramp)[None]
        one, two = (
            torch.nn.functional.adaptive_avg_pool2d(make._crop(image, crop), 2).flatten() * 255
            for crop in (first, second)
        )
        for i, j in close_places(first, second, 2, 0.2).nonzero().tolist():
            # Closer than 0.2 diagonals of a place, which is at most 68 of 96 pixels long.
            assert abs(one[i] - two[j]) < 0.2 * 68 * 200 / 96 + 3
            found += 1
    assert found > 10


def test_each_image_draws_its_own_views():
    make = PixelViews(48, 32, 1, 0.08, 0.7)
    sample = Sample(np.random.default_rng(0).integers(0, 256, (60, 50), dtype=np.uint8), (), np.zeros(0))
    torch.manual_seed(1)
    first, second, pairs = make(sample)
    assert first.shape == second.shape == (1, 32, 32)
    assert pairs.shape == (1, 1)
    assert 0 <= first.min() <= first.max() <= 1
    assert not torch.equal(first, make(sample)[0])


@pytest.mark.slow
def test_it_learns_and_its_target_slows_down(tmp_path: Path):
    corpus = Corpus(write_corpus(tmp_path / "corpus", train=6, validation=0, test=0))
    model = PixPro(small(Settings, **SIZES, source_side=64, warmup_epochs=1, max_epochs=4), corpus, 0)
    before = model.backbone.state_dict()["conv1.weight"].clone()
    decays: list[float] = []
    move = model.move_targets

    def note_and_move() -> None:
        decays.append(model.decay())
        move()

    model.move_targets = note_and_move  # type: ignore[method-assign]
    fit(model, tmp_path)
    assert not torch.equal(model.backbone.state_dict()["conv1.weight"], before)
    steps = len(decays)
    assert steps == 8
    # The update of step k (from 0) of K keeps 1 - 0.01 * (1 + cos(pi k / K)) / 2.
    expected = [1 - 0.01 * (1 + math.cos(math.pi * k / steps)) / 2 for k in range(steps)]
    assert decays == pytest.approx(expected)
