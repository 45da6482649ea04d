"""What GLoRIA and MGCA share: regions, words, and a step that reaches what learns."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from lovt_bench.submissions.common import module as common_module
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.errors import SettingsError
from lovt_bench.submissions.common.image_text.region_words import RegionWordModule
from lovt_bench.submissions.common.initial_weights import initial_backbone
from lovt_bench.submissions.common.text.tokeniser import ReportTokens
from lovt_bench.submissions.gloria.pretrain import GLoRIA
from lovt_bench.submissions.gloria.pretrain import Settings as GLoRIASettings
from lovt_bench.submissions.mgca.pretrain import MGCA
from lovt_bench.submissions.mgca.pretrain import Settings as MGCASettings
from tests.submissions.common.image_text.conftest import TINY_GLORIA, TINY_MGCA
from tests.submissions.common.image_text.test_module import first_batch

METHODS: dict[str, tuple[type[RegionWordModule], type[Any], dict[str, Any]]] = {
    "gloria": (GLoRIA, GLoRIASettings, TINY_GLORIA),
    "mgca": (MGCA, MGCASettings, TINY_MGCA),
}
WEIGHTS = {
    "gloria": {"local_a2b_loss": 2.0, "local_b2a_loss": 2.0},
    "mgca": {"word_loss": 2.0, "region_loss": 2.0},
}


def build(name: str, corpus: Corpus, **changes: Any) -> RegionWordModule:
    method, kind, sizes = METHODS[name]
    torch.manual_seed(0)
    return method(kind.model_validate({**sizes, **changes}), corpus, 0)


@pytest.mark.parametrize("name", METHODS)
def test_a_step_reaches_exactly_the_parameters_that_learn(name: str, corpus: Corpus):
    """DDP waits for every parameter that learns; one without gradient would stop it."""
    module = build(name, corpus, frozen_layers=1).train()
    module.batch_losses(first_batch(module)).total.backward()
    for part, parameter in module.named_parameters():
        assert (parameter.grad is not None) is parameter.requires_grad, part


@pytest.mark.parametrize("name", METHODS)
def test_logged_losses_make_up_the_total(name: str, corpus: Corpus):
    module = build(name, corpus, local_weight=2).eval()
    with torch.no_grad():
        total, parts = module.batch_losses(first_batch(module, training=False))
    losses = {part: value for part, value in parts.items() if part.endswith("_loss")}
    assert len(losses) == (4 if name == "gloria" else 5)
    torch.testing.assert_close(
        total, torch.stack([WEIGHTS[name].get(part, 1.0) * value for part, value in losses.items()]).sum()
    )


@pytest.mark.parametrize("name", METHODS)
def test_losses_under_mixed_precision_are_single_and_close(name: str, corpus: Corpus):
    module = build(name, corpus).eval()
    batch = first_batch(module, training=False)
    with torch.no_grad():
        single = module.batch_losses(batch).total
        with torch.autocast("cpu", dtype=torch.bfloat16):
            mixed, parts = module.batch_losses(batch)
    assert {value.dtype for value in (mixed, *parts.values())} == {torch.float32}
    torch.testing.assert_close(mixed, single, rtol=0.1, atol=0.1)


@pytest.mark.parametrize("name", METHODS)
def test_a_report_is_read_alike_whatever_reports_stand_beside_it(name: str, corpus: Corpus):
    module = build(name, corpus).eval()
    sentences = [["No pneumothorax."], ["The lungs are clear.", "The heart is mildly enlarged."]]
    with torch.no_grad():
        alone = module.encode_reports(module.tokeniser(sentences[:1]))
        beside = module.encode_reports(module.tokeniser(sentences))
    torch.testing.assert_close(beside.words[0, beside.mask[0]], alone.words[0])
    torch.testing.assert_close(beside.pooled[0], alone.pooled[0])


def test_regions_are_the_map_before_the_last_and_views_are_enlarged(corpus: Corpus):
    module = build("gloria", corpus, network_side=96).eval()
    batch = first_batch(module, training=False)
    with torch.no_grad():
        image = module.encode_images(batch.images)
        pixels = (batch.images.float() / 255 - 0.5) / 0.5
        enlarged = torch.nn.functional.interpolate(
            pixels.expand(-1, 3, -1, -1), size=(96, 96), mode="bilinear", align_corners=True
        )
        *_, before, deepest = module.backbone.feature_maps(enlarged)
    assert image.regions.shape == (4, 36, 256)
    torch.testing.assert_close(image.regions, before.flatten(2).mT, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(image.pooled, deepest.mean((2, 3)), rtol=1e-4, atol=1e-5)


def test_a_network_of_one_side_gets_that_side(corpus: Corpus, monkeypatch: pytest.MonkeyPatch):
    start = initial_backbone("random", "resnet18", 0)
    start.backbone.fixed_side = 224
    monkeypatch.setattr(common_module, "initial_backbone", lambda *_: start)
    with pytest.raises(SettingsError, match="takes images of 224 pixels only; --set network_side=224"):
        build("gloria", corpus, network_side=299)


def test_long_reports_lose_their_last_sentences(corpus: Corpus):
    module = build("mgca", corpus, max_tokens=12)
    reports: ReportTokens = module.tokeniser([["The heart is mildly enlarged.", "The lungs are clear."]])
    assert reports.ids.shape[1] <= 12
    assert reports.sentence_count == 1


@pytest.mark.parametrize("name", METHODS)
def test_pieces_follow_the_checkpoints_vocabulary(name: str, corpus: Corpus):
    module, other = build(name, corpus), build(name, corpus)
    checkpoint: dict[str, Any] = {}
    module.on_save_checkpoint(checkpoint)
    other.continues = torch.zeros_like(other.continues)
    other.on_load_checkpoint(checkpoint)
    assert torch.equal(other.continues, module.continues)
    assert other.continues.any()
