"""What holds for all methods without text: published tables, going on after a stop, 16-bit precision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from lovt_bench.submissions.byol import pretrain as byol
from lovt_bench.submissions.chexpert import pretrain as chexpert
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.declaration import choose, profile_settings, read_declaration
from lovt_bench.submissions.common.module import PretrainingModule
from lovt_bench.submissions.common.settings import TrainingSettings, build_settings
from lovt_bench.submissions.densecl import pretrain as densecl
from lovt_bench.submissions.dino import pretrain as dino
from lovt_bench.submissions.labels import pretrain as labels
from lovt_bench.submissions.mae import pretrain as mae
from lovt_bench.submissions.phantom_masks import pretrain as phantom_masks
from lovt_bench.submissions.pixelpro import pretrain as pixelpro
from lovt_bench.submissions.pixpro import pretrain as pixpro
from lovt_bench.submissions.simclr import pretrain as simclr
from tests.submissions.small_runs import small, trained
from tests.submissions.tiny_corpus import write_corpus

METHODS: dict[str, tuple[type[PretrainingModule], type[TrainingSettings], dict[str, Any]]] = {
    "byol": (byol.BYOL, byol.Settings, {"hidden": 16, "projection": 8}),
    "simclr": (simclr.SimCLR, simclr.Settings, {}),
    "pixelpro": (pixelpro.PixelPro, pixelpro.Settings, {"hidden": 16, "projection": 8, "warmup_epochs": 1}),
    "pixpro": (pixpro.PixPro, pixpro.Settings, {"hidden": 16, "projection": 8, "warmup_epochs": 1}),
    "densecl": (densecl.DenseCL, densecl.Settings, {"hidden": 16, "projection": 8, "queue": 8}),
    "chexpert": (chexpert.CheXpert, chexpert.Settings, {"plateau_patience": 0}),
    "labels": (labels.Labels, labels.Settings, {"plateau_patience": 0}),
    "mae": (mae.MAE, mae.Settings, {"decoder_width": 16, "decoder_depth": 1, "decoder_heads": 2}),
    "dino": (
        dino.DINO,
        dino.Settings,
        {
            "outputs": 16,
            "hidden": 16,
            "bottleneck": 8,
            "local_crops": 2,
            "local_side": 32,
            "frozen_epochs": 1,
        },
    ),
    "phantom_masks": (phantom_masks.PhantomMasks, phantom_masks.Settings, {}),
}

TABLE = {
    "byol_100": (1.0, 64, 1e-4, 1e-4, 1),
    "byol_30": (0.3, 64, 3e-5, 1e-4, 1),
    "simclr_100": (1.0, 128, 3e-4, 1e-4, 1),
    "simclr_30": (0.3, 128, 3e-4, 1e-4, 1),
    "pixelpro_100": (1.0, 64, 1e-3, 1e-5, 0),
    "pixelpro_30": (0.3, 64, 1e-3, 1e-5, 0),
    "chexpert_100": (1.0, 64, 3e-4, 1e-6, 0),
    "chexpert_30": (0.3, 64, 1e-4, 1e-6, 0),
}
"""Fraction, batch, learning rate, weight decay, warm-up (pretraining.md sections 3 and 4)."""


def declaration(name: str) -> Any:
    return read_declaration(Path(byol.__file__).parents[1] / name)


def test_variants_are_the_published_configurations():
    found = {}
    for name, (_, kind, _) in METHODS.items():
        submission = declaration(name)
        assert submission.name == name
        assert submission.module == f"submissions.{name}.pretrain"
        for variant, entry in submission.variants.items():
            settings = build_settings(kind, [(variant, choose(submission, variant).settings)])
            if entry.published is not None:
                found[entry.published] = (
                    entry.fraction,
                    settings.batch_size,
                    settings.learning_rate,
                    settings.weight_decay,
                    settings.warmup_epochs,
                )
    assert found == TABLE


@pytest.mark.parametrize("name", METHODS)
def test_demo_needs_no_network(name: str):
    settings = build_settings(METHODS[name][1], [("demo", profile_settings(declaration(name), "demo"))])
    assert settings.initial_weights == "random"
    assert settings.image_side < 224


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return Corpus(write_corpus(tmp_path / "corpus", train=6, validation=4, test=0, masks=True))


def run(name: str, corpus: Corpus, folder: Path, resume: bool = False, **changes: Any) -> PretrainingModule:
    """Train for three epochs; with a `time_limit` the run ends after the first."""
    kind, settings, sizes = METHODS[name]
    limit = changes.pop("time_limit", None)
    values = small(settings, **{**sizes, "batch_size": 3, "max_epochs": 3, **changes})
    return trained(kind, values, corpus, folder, resume=resume, time_limit=limit)


@pytest.mark.slow
@pytest.mark.parametrize("name", METHODS)
def test_a_run_that_goes_on_ends_at_the_same_weights(name: str, corpus: Corpus, tmp_path: Path):
    unbroken = run(name, corpus, tmp_path / "unbroken").state_dict()
    run(name, corpus, tmp_path / "broken", time_limit=1e-9)
    continued = run(name, corpus, tmp_path / "broken", resume=True).state_dict()
    assert unbroken.keys() == continued.keys()
    for key, value in unbroken.items():
        assert torch.equal(value, continued[key]), key


@pytest.mark.slow
@pytest.mark.parametrize("name", METHODS)
def test_16_bit_precision_trains(name: str, corpus: Corpus, tmp_path: Path):
    model = run(name, corpus, tmp_path / "run", precision="bf16-mixed", max_epochs=1, schedule="constant")
    assert all(bool(value.isfinite().all()) for value in model.state_dict().values())
