"""A rule, no stopwatch, says which library computes features; onnxruntime only where its features are equal."""

from __future__ import annotations

import pytest
import torch

from lovt_bench.benchmark.backbone.registry import build
from lovt_bench.benchmark.backbone.tokens.stored import as_stored
from lovt_bench.benchmark.engine.inputs.feature_backend import (
    TOLERANCE,
    TorchFeatures,
    choose_backend,
    library_for,
    relative_difference,
)
from tests.benchmark.engine.world import SMALL_VIT, TinyBackbone

STRIDES = [4, 32]
MANY = 10**6
CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)


def images(batch: int) -> torch.Tensor:
    return torch.randn(batch, 3, 64, 64, generator=torch.Generator().manual_seed(batch))


def learned() -> TinyBackbone:
    """A backbone whose batch norms do something."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        backbone = TinyBackbone().train()
        backbone(torch.randn(8, 3, 64, 64))
    return backbone.eval()


@pytest.mark.slow
def test_onnxruntime_gives_the_features_of_pytorch_for_any_batch():
    backbone = learned()
    other = choose_backend(backbone, images(2), "onnxruntime")
    assert other.name == "onnxruntime"
    plain = TorchFeatures(backbone, CPU)
    for batch in (1, 5):
        found, expected = other(images(batch), STRIDES), plain(images(batch), STRIDES)
        assert [level.shape for level in found.values()] == [level.shape for level in expected.values()]
        assert relative_difference(found, expected) < TOLERANCE["cpu"]


@pytest.mark.parametrize(
    ("device", "count", "side", "kind", "library"),
    [
        (CUDA, MANY, 224, {}, "torch"),
        (CUDA, MANY, 224, {"graph": True}, "onnxruntime"),
        (CPU, 1000, 224, {}, "onnxruntime"),
        (CPU, 999, 224, {}, "torch"),
        (CPU, 1000, 64, {}, "torch"),
        (CPU, 1, 64, {"graph": True}, "onnxruntime"),
        (CPU, MANY, 224, {"tokens": True}, "torch"),
    ],
)
def test_device_size_and_kind_of_backbone_decide(device, count, side, kind, library):
    assert library_for(device, count, side, **kind) == library


def test_without_an_export_pytorch_computes():
    assert choose_backend(learned(), images(2), "torch").name == "torch"


class Forked(TinyBackbone):
    """Gives other features when it is exported."""

    def feature_maps(self, image):
        maps = super().feature_maps(image)
        return tuple(2 * each for each in maps) if torch.compiler.is_exporting() else maps


class Closed(TinyBackbone):
    """Cannot be exported: what it does depends on values."""

    def feature_maps(self, image):
        return super().feature_maps(image if float(image.sum()) > 1e9 else -image)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Forked, Closed])
def test_a_graph_that_differs_or_does_not_exist_is_not_used(kind):
    backbone = kind().eval()
    chosen = choose_backend(backbone, images(2), "onnxruntime")
    assert chosen.name == "torch"
    expected = backbone(images(3))
    torch.testing.assert_close(chosen(images(3), [32])[32], expected[32], rtol=1e-4, atol=1e-5)


def test_a_difference_that_is_not_a_number_is_no_equality():
    wrong = {32: torch.full((1, 2, 2, 2), float("nan"))}
    assert not relative_difference(wrong, {32: torch.ones(1, 2, 2, 2)}) <= TOLERANCE["cpu"]


@pytest.mark.slow
def test_onnxruntime_gives_the_tokens_of_a_vision_transformer_on_their_own_grid():
    options = {**SMALL_VIT, "depth": 1}
    stored = as_stored(build("timm.vit_tiny_patch16_224", options).eval())
    backend = choose_backend(stored, images(2), "onnxruntime")
    assert backend.name == "onnxruntime"
    found, expected = backend(images(2), [32]), TorchFeatures(stored, CPU)(images(2), [32])
    assert found[32].shape == (2, 24, 5, 5)
    torch.testing.assert_close(found[32], expected[32], rtol=1e-4, atol=1e-4)
