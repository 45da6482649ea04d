"""The demonstration learns, is reproducible, and leaves BN statistics that hold from 96 to 224 pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from benchmark.backbone.sources import random_draw
from benchmark.backbone.weights import weights_digest
from submissions.phantom_supervised.corpus import JPG, read_split
from submissions.phantom_supervised.pretrain import Classifier, calibrate, evaluate, network_input, train
from submissions.phantom_supervised.settings import Settings, parse_settings
from tests.submissions.phantom_supervised.tiny_corpus import write_tiny_corpus


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_corpus(tmp_path_factory.mktemp("mimic"))


def test_frontal_images_and_u_positive_labels(root: Path) -> None:
    """Protocol: datasets.md, MIMIC-CXR, Labels. Uncertain counts as positive, blank as negative."""
    corpus = read_split(root, "train", 100)
    table = pd.read_csv(root / JPG / "mimic-cxr-2.0.0-chexpert.csv.gz").head(12)
    expected = table.iloc[:, 2:].isin([1.0, -1.0]).to_numpy()
    assert (table.iloc[:, 2:] == -1).to_numpy().any()
    assert corpus.images.shape == (12, 224, 224)
    assert corpus.images.dtype == torch.uint8
    np.testing.assert_array_equal(corpus.labels.numpy(), expected)
    assert len(read_split(root, "validate", 100).images) == 4
    assert len(read_split(root, "test", 100).images) == 0


def test_input_is_normalised_and_grey(root: Path) -> None:
    corpus = read_split(root, "train", 100)
    image = network_input(corpus.images, 224, corpus.pixel_statistics())
    assert image.shape == (12, 3, 224, 224)
    assert abs(float(image.mean())) < 1e-4
    assert abs(float(image.std()) - 1) < 1e-3
    assert torch.equal(image[:, 0], image[:, 2])


def test_a_missing_image_and_a_hostile_name_are_errors(tmp_path: Path) -> None:
    root = write_tiny_corpus(tmp_path, images=2, validation=0)
    picture = next((root / JPG).rglob("*-pa.jpg"))
    picture.unlink()
    with pytest.raises(ValueError, match="cannot read image") as error:
        read_split(root, "train", 10)
    assert str(picture) in str(error.value)
    for kind in ("split", "metadata"):
        path = root / JPG / f"mimic-cxr-2.0.0-{kind}.csv.gz"
        pd.read_csv(path).replace({"dicom_id": {picture.stem: "../../secret"}}).to_csv(path, index=False)
    with pytest.raises(ValueError, match=r"'\.\./\.\./secret' is no name of an image"):
        read_split(root, "train", 10)


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("steps", "expected key=value"),
        ("stepz=1", "stepz: Extra inputs are not permitted. Settings: architecture"),
        ("side=100", "side: Input should be a multiple of 32"),
        ("steps=many", "steps: Input should be a valid integer"),
    ],
)
def test_wrong_settings_are_named(assignment: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_settings([assignment])


@pytest.mark.slow
def test_training_learns_and_repeats_itself(root: Path) -> None:
    """Twelve images are learnt by heart in thirty steps of ResNet-18."""
    corpus = read_split(root, "train", 100)
    settings = Settings(architecture="resnet18", steps=30, batch=6)
    start = Classifier(random_draw("resnet18", 1), settings, corpus.pixel_statistics())
    torch.manual_seed(0)
    model = train(corpus, settings, seed=1)
    calibrate(model.backbone, corpus)
    loss, accuracy = evaluate(model, corpus, 96)
    assert loss < 0.5 * evaluate(start, corpus, 96)[0]
    assert accuracy > 0.9
    short = Settings(architecture="resnet18", side=64, steps=2, batch=6)
    digests = {weights_digest(train(corpus, short, seed).backbone) for seed in (1, 1, 2)}
    assert len(digests) == 2


@pytest.mark.parametrize("side", [96, 160, 224])
def test_calibrated_statistics_hold_at_every_side(root: Path, side: int) -> None:
    """In eval mode each BN layer's output is near unit variance, as with statistics of that side."""
    corpus = read_split(root, "train", 100)
    backbone = random_draw("resnet18", 1)
    calibrate(backbone, corpus, batch=4)
    spreads: list[float] = []
    for module in backbone.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            assert module.momentum == 0.1
            module.register_forward_hook(lambda _, __, out: spreads.append(float(out.std())))
    with torch.inference_mode():
        backbone.feature_maps(network_input(corpus.images, side, corpus.pixel_statistics()))
    assert len(spreads) == 20
    assert all(0.5 < spread < 2 for spread in spreads), spreads
