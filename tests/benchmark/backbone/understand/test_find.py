"""The architecture of a file is found by names and shapes; several are listed, none names the nearest."""

from __future__ import annotations

import re

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
