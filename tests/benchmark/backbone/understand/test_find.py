"""The architecture of a file is found by names and shapes; several are listed, none names the nearest."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import timm
import torch
from torch import Tensor

from lovt_bench.benchmark.backbone import registry, signatures
from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.understand.dialects import readings
from lovt_bench.benchmark.backbone.understand.find import find
from lovt_bench.benchmark.backbone.understand.trunk import understand
from tests.benchmark.backbone.understand import wild
from tests.benchmark.backbone.understand.test_transformers_of_others import dinov3, hub


def state(name: str) -> dict[str, Tensor]:
    return timm.create_model(name, num_classes=5).state_dict()


@pytest.mark.parametrize("name", ["convnext_atto", "resnet50_gn", "densenet121"])
def test_a_network_of_timm_is_named_and_taken(name: str) -> None:
    whole = state(name)
    found = understand({"state_dict": wild.below("module.backbone.", whole)}, None)
    assert found.report.architecture == f"timm.{name}"
    assert found.report.found == (f"timm.{name} by names and shapes, as no --arch was given",)
    assert all(torch.equal(tensor, whole[key]) for key, tensor in found.state.items())


@pytest.mark.parametrize("layout", ["moco_v2", "numbered_bare", "stem_layer0"])
def test_a_resnet_is_found_in_any_layout_and_says_what_it_could_be_else(layout: str) -> None:
    found = understand(wild.LOSSLESS[layout](), None)
    assert found.report.architecture == "resnet18"
    assert "tensors alone cannot tell resnet18 from timm.resnetblur18" in found.report.ambiguity


@pytest.mark.slow
def test_networks_that_compute_something_else_with_the_same_tensors_are_listed() -> None:
    whole = state("efficientnet_b0")
    message = (
        "fit 3 networks that compute something else.*timm.efficientnet_b0, timm.tf_efficientnet_b0, timm.eff"
    )
    with pytest.raises(BackboneError, match=message) as error:
        understand(whole, None)
    assert "differ at conv_stem: Conv2d" in str(error.value)
    assert understand(whole, "timm.tf_efficientnet_b0").report.found == ()


def test_the_nearest_is_named_with_what_differs() -> None:
    whole = state("convnext_atto")
    del whole["stages.2.blocks.1.norm.bias"]
    with pytest.raises(
        BackboneError,
        match=r"nearest is timm\.convnext_atto: .*1 tensors are missing: stages\.2\.blocks\.1\.norm\.bias",
    ):
        understand(whole, None)


def of_other_sizes(**options: Any) -> dict[str, Tensor]:
    with torch.device("meta"):
        network = timm.create_model("vit_tiny_patch16_224", num_classes=0, depth=12, **options)
    return network.state_dict()


def without_the_last_stage() -> dict[str, Tensor]:
    return {name: value for name, value in wild.numbered(wild.trunk()).items() if not name.startswith("7.")}


def of_an_oblong_grid() -> dict[str, Tensor]:
    return of_other_sizes() | {"pos_embed": torch.zeros(1, 1 + 14 * 10, 192)}


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (
            without_the_last_stage,
            r"nearest is resnet18: .*25 tensors are missing: 7\.0\..*Give the file that holds all",
        ),
        (
            of_an_oblong_grid,
            r"nearest is timm\.vit_tiny_patch16_224: .*1 tensors have another shape: pos_embed expected "
            r"\[1, 197, 192\], found \[1, 141, 192\]\. A table of positions .* square grid",
        ),
        (
            lambda: of_other_sizes(embed_dim=240),
            r"nearest is timm\.vit_\w+_patch16_224: .*cls_token expected \[1, 1, \d+\], found \[1, 1, 240\].*"
            r"--arch timm\.vit_\w+ --option embed_dim=240 --option num_heads=HEADS",
        ),
    ],
    ids=["part of a network", "grid that is not square", "other width"],
)
def test_what_differs_is_followed_by_what_to_do(
    tensors: Callable[[], dict[str, Tensor]], message: str
) -> None:
    with pytest.raises(BackboneError, match=message):
        find(list(readings(tensors())), None, None)


@pytest.mark.slow
def test_a_published_size_is_known_beside_networks_that_its_names_and_shapes_fit() -> None:
    """As RayDINO: with a row for the class token taken apart, the tensors are those of two networks of timm."""
    with torch.device("meta"):
        large = timm.create_model("vit_large_patch14_dinov2", num_classes=0, patch_size=16, img_size=224)
    whole = hub(large.state_dict(), chunk=6)
    found, (sentence,) = find(list(readings(wild.below("teacher.backbone.", whole))), None, None)
    assert (found.architecture, found.options) == ("timm.vit_large_patch14_dinov2", {"patch_size": 16})
    assert "as RayDINO" in sentence
    assert "another ViT-L/16" not in sentence
    _, (sentence,) = find(list(readings(large.state_dict())), None, None)
    assert sentence.endswith("another ViT-L/16 with layer scale has these names and shapes, too")


def test_no_published_size_is_offered_for_a_table_without_the_class_tokens_row() -> None:
    with torch.device("meta"):
        network = timm.create_model("deit3_large_patch16_224", num_classes=0)
    with pytest.raises(
        BackboneError, match=r"fit 2 networks .*deit3_large_patch16_224 .*rope_ape_224; the first"
    ):
        find(list(readings(network.state_dict())), None, None)


@pytest.mark.parametrize(("size", "width"), [("tiny", 192), ("small", 384), ("base", 768)])
def test_eva_x_is_known_by_its_patch(size: str, width: int) -> None:
    with torch.device("meta"):
        network = timm.create_model(f"eva02_{size}_patch14_224", num_classes=0, patch_size=16, img_size=224)
    found, (sentence,) = find(
        list(readings({"module." + k: v for k, v in network.state_dict().items()})), None, None
    )
    assert found.shapes["cls_token"] == (1, 1, width)
    assert found.options == {"patch_size": 16, "ref_feat_shape": [14, 14]}
    assert sentence.startswith("EVA-X-")


def test_a_network_of_several_names_goes_by_that_of_its_repository() -> None:
    with torch.device("meta"):
        network = timm.create_model("vit_small_patch16_dinov3_qkvb", num_classes=0)
    whole = dinov3(network.state_dict(), torch.zeros(384, device="meta"))
    found, (sentence,) = find(list(readings(whole)), None, None)
    assert found.architecture == "timm.vit_small_patch16_dinov3_qkvb"
    assert "the same network goes by timm.vit_small_patch16_lingbot" in sentence


def test_a_file_of_no_known_network_says_what_it_holds() -> None:
    with pytest.raises(
        BackboneError, match=r"none of the known networks fits the 2 tensors.*head\.0\.weight"
    ):
        understand(wild.head("head."), None)


def test_a_message_counts_what_agrees() -> None:
    """A network of another kind shares two tensors by the ending of a name and the shape, one by the name alone."""
    alike = {"a.blocks.0.norm1.weight": torch.ones(192), "b.norm.bias": torch.ones(192)}
    content = wild.state() | alike | {"c.norm.bias": torch.ones(193)}
    with pytest.raises(
        BackboneError, match=rf"no trunk of timm\.vit_tiny_patch16_224: 2 of the {len(content)} tensors"
    ) as error:
        understand(content, "timm.vit_tiny_patch16_224")
    assert "The file fits resnet18" in str(error.value)


def test_an_option_answers_what_names_and_shapes_cannot() -> None:
    """Quick GELU and GELU have the same tensors; once it is said which, it is one network."""
    with torch.device("meta"):
        theirs = timm.create_model("vit_base_patch32_clip_quickgelu_224", num_classes=0)
    every = list(readings(theirs.state_dict()))
    found, (sentence,) = find(every, None, {"activation": "quick_gelu"})
    assert found.architecture == "timm.vit_base_patch32_clip_224"
    assert found.options == {"activation": "quick_gelu"}
    assert "the same network goes by" in sentence


@pytest.mark.parametrize("name", ["resnet18", "timm.convnext_atto", "timm.vit_tiny_patch16_224"])
def test_the_file_of_signatures_has_what_a_network_gives_today(name: str) -> None:
    plan = registry.blueprint(name)
    digest, first, *_, parts = signatures.signed(
        {key: tuple(tensor.shape) for key, tensor in plan.state_dict().items()}
    )
    (sign,) = [one for one in signatures.signatures() if any(name in names for names in one.networks)]
    assert (sign.digest, sign.first, sorted(sign.parts)) == (digest, first, parts)


def test_every_listed_architecture_has_a_signature() -> None:
    known = {name for one in signatures.signatures() for names in one.networks for name in names}
    assert set(registry.architectures()) <= known


def test_what_sides_and_training_set_is_no_behaviour() -> None:
    """`p` of dropout is the only name of one letter: a word that is unpacked by mistake has several."""
    assert {name for name in signatures._OF_SIDES if len(name) == 1} == {"p"}
    assert "num_prefix_tokens" in signatures._OF_SIDES


def test_what_no_arch_takes_is_said_of_caffe2_names() -> None:
    blobs = {"conv1_w": torch.zeros(64, 3, 7, 7), "res2_0_branch2a_w": torch.zeros(64, 64, 1, 1)}
    with pytest.raises(BackboneError, match=re.escape("Caffe2's ResNet")):
        understand({"blobs": blobs}, None)
