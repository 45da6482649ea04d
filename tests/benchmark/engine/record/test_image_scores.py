"""From a real evaluation to strata: a gap that is in the images is found, and where there is none few are flagged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from torch import Tensor
from torch.nn.functional import avg_pool2d

from lovt_bench.benchmark.data.open_store import open_store
from lovt_bench.benchmark.engine.evaluate import evaluate
from lovt_bench.benchmark.engine.record.image_scores import ScoredImages, scored_images
from lovt_bench.benchmark.engine.record.properties import levels_of
from lovt_bench.benchmark.engine.record.rescore import Stores
from lovt_bench.leaderboard.board.records import read_records
from lovt_bench.leaderboard.statistics.strata import Stratum, corrected, strata
from tests.benchmark.cli.test_leaderboard_images import know_people
from tests.benchmark.data.small_store import write_store
from tests.benchmark.engine.record.test_rescore import evaluation
from tests.benchmark.engine.world import TINY, TinyBackbone, TinySource

TASK = "covid_linear"
PROFILE = TINY.model_copy(
    update={
        "image_side": 128,
        "max_train_images": 32,
        "max_test_images": None,
        "max_batch_size": 8,
        "max_epochs": 20,
        "max_runs": 5,
        "max_learning_rates": {"linear": 1},
    }
)


class Brightness(TinyBackbone):
    """Levels are the image itself, averaged: what a linear head can learn from it is where an image is bright."""

    def feature_maps(self, image: Tensor) -> tuple[Tensor, ...]:
        return tuple(
            avg_pool2d(image, level.stride).repeat(1, level.channels, 1, 1)[:, : level.channels]
            for level in self.levels
        )


class BrightnessSource(TinySource):
    def load(self, seed: int) -> Brightness:
        return Brightness().eval()


def unseen_in_men(root: Path, images: int = 160, seed: int = 0) -> None:
    """Write a store of rectangles in noise: bright in images of women, which have even rows, and nothing in men's."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 90, (images, 224, 224), dtype=np.uint8)
    masks = np.zeros((images, 1, 224, 224), dtype=np.uint8)
    for row in range(images):
        x, y, w, h = (int(v) for v in (*rng.integers(8, 120, 2), *rng.integers(40, 90, 2)))
        pixels[row, y : y + h, x : x + w] += 140 if row % 2 == 0 else 0
        masks[row, 0, y : y + h, x : x + w] = 1
    write_store(
        root / "data" / "covid-rural", name="covid-rural", images=pixels, masks=masks, classes=["opacity"]
    )
    know_people(root / "data" / "covid-rural")


@pytest.fixture(scope="module")
def cell(tmp_path_factory: pytest.TempPathFactory) -> ScoredImages:
    """Five runs of a linear head on a frozen backbone, tested on 40 images."""
    root = tmp_path_factory.mktemp("unfair")
    unseen_in_men(root)
    store = open_store(root / "data" / "covid-rural")
    evaluate(evaluation(root, {"covid-rural": store}, [TASK], profile=PROFILE, source=BrightnessSource()))
    records = [one for one in read_records(root / "results").records if one.run.phase == "final"]
    stores = Stores(root / "data", lambda name: PROFILE)
    (found,) = scored_images({TASK: records}, root / "results", stores)
    assert isinstance(found, ScoredImages), found
    return found


def by_sex(cell: ScoredImages, women: np.ndarray) -> list[Stratum]:
    levels = {"sex": {"F": women, "M": ~women}}
    return corrected(strata(TASK, cell.runs, levels, cell.people, cell.classes))


def test_runs_by_images_have_the_recorded_score(cell: ScoredImages) -> None:
    whole = np.ones((1, cell.runs[0].images))
    for run, record in zip(cell.runs, cell.records, strict=True):
        assert run.values(whole)[0] == pytest.approx(record.test[record.metric], abs=1e-6)


def test_a_gap_that_is_in_the_images_is_found(cell: ScoredImages) -> None:
    women = levels_of(cell.index)["sex"]["F"]
    first, second = by_sex(cell, women)
    assert first.score is not None
    assert second.score is not None
    assert first.gap is not None
    assert first.score.value > second.score.value + 0.1
    assert first.gap.value > 0.1
    assert first.flagged


def test_where_sex_says_nothing_few_gaps_are_flagged(cell: ScoredImages) -> None:
    generator, draws = np.random.default_rng(5), 100
    women = levels_of(cell.index)["sex"]["F"]
    flagged = [by_sex(cell, generator.permutation(women))[0].flagged for _ in range(draws)]
    # Two standard errors of 5 % over so many draws.
    assert np.mean(flagged) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / draws)
