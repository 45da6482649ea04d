"""Plain vision transformers from a configuration: the tokens are those of transformers' own forward."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lovt_bench.benchmark.backbone.architectures.hf import from_config
from lovt_bench.benchmark.backbone.model import Backbone
from lovt_bench.benchmark.backbone.registry import blueprint, build
from lovt_bench.benchmark.backbone.tokens.model import TokenBackbone
from lovt_bench.benchmark.backbone.tokens.stored import stored_tokens
from tests.benchmark.backbone.hf.tiny import (
    DINOV2,
    PLAIN,
    TOLERANCE,
    Case,
    backbone_of,
    config_of,
    image_of,
    origin_tokens,
    saved,
)


@pytest.fixture(scope="module", params=PLAIN)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A folder and the network that its library reads from it."""
    folder = tmp_path_factory.mktemp("hf")
    return folder, saved(PLAIN[request.param], folder)


def patch_tokens(backbone: Backbone, image: Tensor) -> Tensor:
    assert isinstance(backbone, TokenBackbone)
    (found,) = backbone.token_maps(backbone.fitted(image))
    return found.flatten(2).transpose(1, 2)


def assert_same(found: Tensor, origin: Tensor) -> None:
    """Compare patch tokens with all tokens of the origin, of which the last are the patches."""
    wanted = origin[:, -found.shape[1] :]
    assert found.shape == wanted.shape
    assert (found - wanted).abs().max() <= TOLERANCE * wanted.abs().max()


def test_tokens_at_224_are_the_librarys(case: tuple[Path, Any]) -> None:
    folder, origin = case
    backbone = backbone_of(folder)
    with torch.inference_mode():
        assert_same(patch_tokens(backbone, image_of(224)), origin_tokens(origin, image_of(224)))


def test_tokens_at_other_sides_are_the_librarys(case: tuple[Path, Any]) -> None:
    """A table that is kept as it was trained gives the native tokens, and the library's at any other side."""
    folder, origin = case
    native = origin.config.image_size
    trained = native[0] if isinstance(native, list | tuple) else native
    backbone = backbone_of(folder, image_size=trained)
    with torch.inference_mode():
        for side in (trained, 8 * origin.config.patch_size):
            assert_same(patch_tokens(backbone, image_of(side)), origin_tokens(origin, image_of(side)))


def test_what_is_stored_says_through_which_norm_tokens_go(case: tuple[Path, Any]) -> None:
    folder, _ = case
    backbone = backbone_of(folder)
    tokens = stored_tokens(backbone)
    assert tokens is not None
    assert isinstance(backbone.get_submodule(tokens.norm), nn.LayerNorm)
    assert f"through {tokens.norm}" in tokens.described(224)


def test_training_is_without_noise_and_reaches_the_first_layer(case: tuple[Path, Any]) -> None:
    folder, _ = case
    backbone = backbone_of(folder)
    image = image_of(64)
    quiet = patch_tokens(backbone.eval(), image)
    loud = patch_tokens(backbone.train(), image)
    assert torch.equal(quiet, loud)
    loud.square().sum().backward()
    unreached = [name for name, each in backbone.named_parameters() if each.grad is None]
    assert not unreached
    assert all(
        bool(each.grad is not None and each.grad.abs().sum() > 0)
        for each in backbone.parameters()
        if each.ndim == 4
    )


def test_levels_have_their_strides(case: tuple[Path, Any]) -> None:
    folder, _ = case
    backbone = build(*from_config(config_of(folder))).eval()
    with torch.inference_mode():
        maps = backbone(torch.zeros(1, 3, 128, 128))
    assert {stride: tuple(each.shape[1:]) for stride, each in maps.items()} == {
        2: (3, 64, 64),
        **{stride: (32, 128 // stride, 128 // stride) for stride in (4, 8, 16, 32)},
    }


def test_quarters_are_normed_maps_after_a_quarter_of_the_blocks(tmp_path: Path) -> None:
    origin = saved(Case("dinov2", {**DINOV2, "num_hidden_layers": 4}), tmp_path)
    last = backbone_of(tmp_path)
    backbone = build(last.architecture, {**(last.options or {}), "levels": "quarters"}).eval()
    backbone.load_state_dict(last.state_dict())
    assert isinstance(backbone, TokenBackbone)
    image = image_of(224)
    with torch.inference_mode():
        hidden = origin(image, output_hidden_states=True).hidden_states
        found = backbone.token_maps(image)
        for each, tokens in zip(found, hidden[1:], strict=True):
            assert_same(each.flatten(2).transpose(1, 2), origin.layernorm(tokens))


def test_a_side_that_the_patch_does_not_divide_is_resampled_not_floored() -> None:
    backbone = build(
        "hf.dinov2", {"config": {"hidden_size": 12, "num_hidden_layers": 1, "num_attention_heads": 2}}
    )
    assert isinstance(backbone, TokenBackbone)
    assert [
        tuple(backbone.token_maps(backbone.fitted(torch.zeros(1, 3, side, side)))[0].shape[2:])
        for side in (64, 128)
    ] == [
        (5, 5),
        (9, 9),
    ]


def test_a_masked_autoencoder_shows_all_patches_in_their_order_whatever_it_drew() -> None:
    backbone = build(
        "hf.vit_mae", {"config": {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}}
    )
    with torch.inference_mode():
        assert torch.equal(patch_tokens(backbone, image_of(64)), patch_tokens(backbone, image_of(64)))


def test_distances_of_a_window_are_numbered_once_for_all_layers() -> None:
    """Those of inference mode could not be trained with."""
    sizes: Any = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    backbone = build("hf.beit", {"config": {**sizes, "use_relative_position_bias": True}})
    biases: list[Any] = [
        each for each in backbone.modules() if hasattr(each, "generate_relative_position_index")
    ]
    first, second = biases
    with torch.inference_mode():
        numbers = first.generate_relative_position_index((3, 3))
    assert second.generate_relative_position_index((3, 3)) is numbers
    assert not numbers.is_inference()


def test_a_draw_follows_from_the_generator_alone() -> None:
    """What is built to look at sizes draws nothing: the first network of a kind equals the second."""
    options: Any = {"config": {"hidden_size": 20, "num_hidden_layers": 1, "num_attention_heads": 2}}
    draws = []
    for _ in range(2):
        torch.manual_seed(5)
        draws.append(build("hf.vit", options).state_dict())
    assert all(torch.equal(draws[0][name], draws[1][name]) for name in draws[0])


def test_the_default_is_the_familys_and_says_so_whole() -> None:
    plan = blueprint("hf.dinov2")
    assert plan.parameter_count == 85_724_928
    assert plan.options is not None
    assert plan.options["config"] == {
        "hidden_size": 768,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-6,
        "image_size": 224,
        "patch_size": 14,
        "mlp_ratio": 4,
        "qkv_bias": True,
        "layerscale_value": 1.0,
        "use_swiglu_ffn": False,
        "initializer_range": 0.02,
    }
    assert plan.options["levels"] == "last"
