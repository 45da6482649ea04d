"""Encoders and steps that LoVT, ConVIRT and CLIP share."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch

from lovt_bench.submissions.clip.pretrain import CLIP
from lovt_bench.submissions.clip.pretrain import Settings as ClipSettings
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.errors import PretrainingError, SettingsError
from lovt_bench.submissions.common.image_text.module import ImageTextModule
from lovt_bench.submissions.common.image_text.samples import PairBatch
from lovt_bench.submissions.common.image_text.two_encoders import TwoEncoderModule
from lovt_bench.submissions.common.sampling import CorpusDataset, make_loader
from lovt_bench.submissions.common.text.vocabulary import corpus_vocabulary
from lovt_bench.submissions.convirt.pretrain import ConVIRT
from lovt_bench.submissions.convirt.pretrain import Settings as ConVIRTSettings
from lovt_bench.submissions.lovt.pretrain import LoVT
from lovt_bench.submissions.lovt.settings import Settings
from tests.submissions.common.image_text.conftest import TINY

METHODS: list[tuple[type[ImageTextModule], type[Any]]] = [
    (LoVT, Settings),
    (CLIP, ClipSettings),
    (ConVIRT, ConVIRTSettings),
]


def build(method: type[ImageTextModule], kind: type[Any], corpus: Corpus, **changes: Any) -> ImageTextModule:
    torch.manual_seed(0)
    return method(kind.model_validate({**TINY, **changes}), corpus, 0)


def first_batch(module: TwoEncoderModule, *, training: bool = True) -> PairBatch:
    transform = module.training_transform() if training else module.validation_transform()
    split: Any = "train" if training else "validation"
    dataset = CorpusDataset(module.corpus, split, module.unit, transform, 0)
    batch: PairBatch = next(iter(make_loader(dataset, 4, module.collate(), seed=0, training=training)))
    return batch


def total(module: ImageTextModule, batch: PairBatch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    return module.losses(module.encode_images(batch.images), module.encode_reports(batch.reports))


@pytest.mark.parametrize(("method", "kind"), METHODS)
def test_a_step_reaches_exactly_the_parameters_that_learn(method, kind, corpus):
    """DDP waits for every parameter that learns; one without gradient would stop it."""
    module = build(method, kind, corpus).train()
    loss, _ = total(module, first_batch(module))
    loss.backward()
    for name, parameter in module.named_parameters():
        assert (parameter.grad is not None) is parameter.requires_grad, name
    assert not module.text.bert.embeddings.word_embeddings.weight.requires_grad


@pytest.mark.parametrize(("method", "kind"), METHODS)
def test_logged_losses_make_up_the_total(method, kind, corpus):
    module = build(method, kind, corpus).eval()
    loss, parts = total(module, first_batch(module, training=False))
    weights = {"global_a2b_loss": 0.75, "global_b2a_loss": 0.25}
    expected = sum(
        weights.get(name, 0.375) * value for name, value in parts.items() if name.endswith("_loss")
    )
    torch.testing.assert_close(loss, expected)
    assert len([name for name in parts if name.startswith("local")]) == (4 if method is LoVT else 0)


def test_average_pooling_and_maximum_of_convirt(corpus):
    module = build(ConVIRT, ConVIRTSettings, corpus).eval()
    batch = first_batch(module, training=False)
    with torch.no_grad():
        image, report = module.encode_images(batch.images), module.encode_reports(batch.reports)
    torch.testing.assert_close(image.pooled, image.regions.mean(1))
    padded = report.sentences.masked_fill(~report.mask[..., None], -torch.inf)
    torch.testing.assert_close(report.pooled, padded.amax(1))
    assert not any(isinstance(part, torch.nn.BatchNorm1d) for part in module.modules())


def test_regions_are_rows_of_the_deepest_map(corpus):
    module = build(CLIP, ClipSettings, corpus).eval()
    images = torch.zeros(1, 1, 64, 64, dtype=torch.uint8)
    images[:, :, :, 40:] = 255
    with torch.no_grad():
        regions = module.encode_images(images).regions.unflatten(1, (2, 2))
    assert not torch.allclose(regions[0, :, 0], regions[0, :, 1], atol=1e-3)
    assert regions.shape == (1, 2, 2, 512)


def test_features_for_monitoring_are_those_before_projection(corpus):
    module = build(LoVT, Settings, corpus).eval()
    batch = first_batch(module, training=False)
    with torch.no_grad():
        found = module.online_features(batch)
    assert {name: features.shape for name, (features, _) in found.items()} == {
        "image": (4, 512),
        "report": (4, 16),
    }


def test_the_second_pass_updates_the_image_encoders_statistics_only(corpus):
    module = build(LoVT, Settings, corpus).train()
    batch = first_batch(module)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    with torch.no_grad():
        module.online_features(batch)
    changed = {name for name, value in module.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert all(name.startswith("backbone.") for name in changed)


def test_the_tokeniser_travels_with_the_checkpoint(corpus):
    module = build(LoVT, Settings, corpus)
    checkpoint: dict[str, Any] = {}
    module.on_save_checkpoint(checkpoint)
    other = build(LoVT, Settings, corpus)
    collate = other.collate()
    expected = copy.deepcopy(other.tokeniser)
    other.tokeniser.limit = 3
    other.on_load_checkpoint(checkpoint)
    assert collate.tokeniser.encode(["No pneumothorax."]) == expected.encode(["No pneumothorax."])
    assert collate.tokeniser.limit == expected.limit


def test_too_many_frozen_layers_are_named(corpus):
    with pytest.raises(PretrainingError, match="frozen_layers=6, but the text model has 2 layers"):
        build(LoVT, Settings, corpus, frozen_layers=6)


def test_heads_that_do_not_fit_are_named(corpus):
    with pytest.raises(
        SettingsError, match="attention_heads=3 does not divide the 512 channels of the image"
    ):
        build(LoVT, Settings, corpus, attention_heads=3)


@pytest.mark.parametrize(("method", "kind"), METHODS)
def test_losses_under_mixed_precision_are_single_and_close(method, kind, corpus):
    module = build(method, kind, corpus).eval()
    batch = first_batch(module, training=False)
    with torch.no_grad():
        single, _ = total(module, batch)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            mixed, parts = total(module, batch)
    assert {value.dtype for value in (mixed, *parts.values())} == {torch.float32}
    torch.testing.assert_close(mixed, single, rtol=0.1, atol=0.1)


def test_padding_out_of_norm_leaves_a_report_alone(corpus):
    """With both quirks off, a sample's losses depend on the batch by its negatives and statistics only."""
    module = build(LoVT, Settings, corpus, padded_in_norm=False, pooling_query="valid").train()
    loss, _ = total(module, first_batch(module))
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in module.parameters() if p.requires_grad)


def test_a_folder_of_a_text_model_is_declared_by_its_name(corpus, tmp_path):
    torch.manual_seed(0)
    bert = build(LoVT, Settings, corpus).text.bert
    folder = tmp_path / "my-bert"
    bert.save_pretrained(folder)
    tokens = corpus_vocabulary(corpus.training_sentences(), 4096)
    (folder / "vocab.txt").write_text("\n".join(tokens))
    module = build(LoVT, Settings, corpus, text_model=str(folder))
    assert "text model started from my-bert" in module.notes
    assert torch.equal(
        module.text.bert.embeddings.word_embeddings.weight, bert.embeddings.word_embeddings.weight
    )


def test_two_builds_with_one_seed_are_equal(corpus):
    first, second = (build(LoVT, Settings, corpus).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
