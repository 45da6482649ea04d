"""DenseCL: views, heads, a step, and what moves the key network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.errors import SettingsError
from lovt_bench.submissions.common.sampling import Sample
from lovt_bench.submissions.common.settings import build_settings
from lovt_bench.submissions.densecl.pretrain import DenseCL, Settings
from lovt_bench.submissions.densecl.views import DenseViews
from tests.submissions.small_runs import fit, small
from tests.submissions.tiny_corpus import write_corpus

SIZES: dict[str, Any] = {"hidden": 16, "projection": 8, "queue": 10, "batch_size": 4, "image_side": 64}


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return Corpus(write_corpus(tmp_path / "corpus", train=8, validation=0, test=0))


def test_each_image_and_view_has_its_own_draw() -> None:
    sample = Sample(np.random.default_rng(0).integers(0, 256, (60, 50), dtype=np.uint8), (), np.zeros(0))
    torch.manual_seed(1)
    make = DenseViews(48, 32, 0.2)
    views = [*make(sample), *make(sample)]
    assert all(view.shape == (1, 32, 32) and 0 <= view.min() <= view.max() <= 1 for view in views)
    assert len({tuple(view.flatten().tolist()) for view in views}) == 4


def test_views_show_at_least_the_share_that_is_asked_for() -> None:
    """A ramp from left to right: what a view shows of its width bounds its area."""
    ramp = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (64, 1))
    torch.manual_seed(0)
    make = DenseViews(64, 32, 0.9)
    shown = [
        float(view.max() - view.min()) for _ in range(20) for view in make(Sample(ramp, (), np.zeros(0)))
    ]
    # The narrowest crop of 90 % has aspect 3/4: sqrt(0.9 * 3 / 4) of the width; jitter scales contrast by 0.6 twice.
    assert min(shown) > 0.8 * 0.36 * 0.82


def test_dense_head_is_a_head_of_convolutions(corpus: Corpus) -> None:
    model = DenseCL(small(Settings, **SIZES), corpus, 0).eval()
    images = torch.randn(2, 3, 64, 64)
    got = model.query(images)
    maps = model.backbone.feature_maps(images)[-1]
    first, second = (m for m in model.dense_projector.modules() if isinstance(m, torch.nn.Linear))
    inner = torch.nn.functional.conv2d(maps, first.weight[:, :, None, None], first.bias).relu()
    outer = torch.nn.functional.conv2d(inner, second.weight[:, :, None, None], second.bias)
    torch.testing.assert_close(got.places.mT.reshape(outer.shape), outer, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(got.features.mean(1), maps.mean((2, 3)))
    assert got.whole.shape == (2, 8)


@pytest.mark.slow
def test_it_learns_fills_its_queues_and_moves_its_keys(corpus: Corpus, tmp_path: Path) -> None:
    model = DenseCL(small(Settings, **SIZES, max_epochs=2), corpus, 0)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    fit(model, tmp_path)
    after = model.state_dict()
    for name in ("backbone.conv1.weight", "target_backbone.conv1.weight", "dense_queue.keys"):
        assert not torch.equal(after[name], before[name]), name
    moved = after["target_backbone.conv1.weight"] - before["target_backbone.conv1.weight"]
    far = after["backbone.conv1.weight"] - before["backbone.conv1.weight"]
    assert moved.norm() < 0.02 * far.norm(), "slowly"
    # 10 images of 8 studies make 2 batches of 4 an epoch: 16 keys went into 10 rows.
    assert int(after["whole_queue.place"]) == int(after["dense_queue.place"]) == 6


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"queue": 0}, "queue=0: Input should be greater than 0"),
        ({"dense_weight": 1.5}, "dense_weight=1.5: Input should be less than or equal to 1"),
        ({"temperature": 0}, "temperature=0: Input should be greater than 0"),
        ({"learning_rate": -1}, "learning_rate=-1: Input should be greater than 0"),
        ({"optimiser": "lars"}, "optimiser='lars': Input should be 'adam', 'adamw' or 'sgd'"),
    ],
)
def test_settings_out_of_range_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        build_settings(Settings, [("--set", given)])
    assert said in str(refused.value)


def test_defaults_are_the_numbers_of_the_authors_configuration() -> None:
    found = Settings().model_dump()
    assert found | {
        "initial_weights": "random", "batch_size": 256, "optimiser": "sgd", "learning_rate": 0.03,
        "weight_decay": 1e-4, "schedule": "cosine", "max_epochs": 200, "ema_decay": 0.999,
        "ema_update": "after_step", "hidden": 2048, "projection": 128, "temperature": 0.2, "queue": 65536,
        "dense_weight": 0.5, "least_area": 0.2,
    } == found  # fmt: skip
