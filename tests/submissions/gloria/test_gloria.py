"""GLoRIA: its configuration, what a text is made of, the total loss, and how it is optimised."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.errors import SettingsError
from lovt_bench.submissions.gloria.pretrain import GLoRIA, Settings
from tests.submissions.common.image_text.conftest import TINY_GLORIA
from tests.submissions.common.image_text.test_module import first_batch
from tests.submissions.gloria.test_local_contrast import plain_matching, softmax
from tests.submissions.small_runs import fit
from tests.submissions.tiny_corpus import write_corpus

ORIGIN = {
    "architecture": "resnet50",
    "initial_weights": "imagenet",
    "image_side": 224,
    "views": "padded_crop",
    "network_side": 299,
    "normalisation": "half",
    "text_model": "emilyalsentzer/Bio_ClinicalBERT",
    "frozen_layers": 0,
    "freeze_embeddings": False,
    "text_layers": 4,
    "sentences": "one",
    "max_tokens": 97,
    "attention_sharpness": 4,
    "word_sharpness": 5,
    "pair_sharpness": 10,
    "global_temperature": 0.1,
    "global_image_weight": 1,
    "global_report_weight": 1,
    "local_weight": 1,
    "batch_size": 48,
    "accumulate": 1,
    "optimiser": "adam",
    "adam_beta1": 0.5,
    "learning_rate": 5e-5,
    "weight_decay": 1e-6,
    "gradient_clip": 0.25,
    "schedule": "plateau",
    "plateau_factor": 0.5,
    "plateau_patience": 5,
    "max_epochs": 50,
    "patience": 10,
    "min_delta": 0,
    "double_bn_update": False,
}
"""configs/chexpert_pretrain_config.yaml with the ResNet-50, builder.py and vision_model.py of the origin."""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(write_corpus(tmp_path_factory.mktemp("pairs") / "tiny"))


def build(corpus: Corpus, **changes: Any) -> GLoRIA:
    torch.manual_seed(0)
    return GLoRIA(Settings.model_validate({**TINY_GLORIA, **changes}), corpus, 0)


def test_defaults_are_the_origins():
    values = Settings().model_dump()
    assert {name: values[name] for name in ORIGIN} == ORIGIN


def test_the_total_is_both_contrasts_in_both_directions(corpus: Corpus):
    module = build(corpus).eval()
    batch = first_batch(module, training=False)
    with torch.no_grad():
        loss = module.batch_losses(batch).total
        image, report = module.encode_images(batch.images), module.encode_reports(batch.reports)
        regions = module.region_head(image.regions).double().numpy()
        wholes = module.image_head(image.pooled).double().numpy()
    words = [own[mask].double().numpy() for own, mask in zip(report.words, report.mask, strict=True)]
    texts = report.pooled.double().numpy()
    table = {
        "local": np.array([[plain_matching(v, w) for w in words] for v in regions]),
        "global": np.array([[v @ t / np.linalg.norm(v) / np.linalg.norm(t) for t in texts] for v in wholes]),
    }
    expected = sum(
        -np.log(np.diag(softmax(10 * scores, axis=1))).mean()
        for one in table.values()
        for scores in (one, one.T)
    )
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_a_text_is_made_of_its_last_layers_words_and_the_first_token(corpus: Corpus):
    module = build(corpus).eval()
    reports = module.tokeniser([["No pneumothorax.", "Clear"]])
    with torch.no_grad():
        found = module.encode_reports(reports)
        states = module.text.bert(
            reports.ids, attention_mask=reports.attention_mask, output_hidden_states=True
        ).hidden_states
    tokens = (states[-1] + states[-2])[0]
    names = [module.tokeniser.vocabulary()[number] for number in reports.ids[0].tolist()]
    words: list[torch.Tensor] = []
    for name, features in zip(names[:-1], tokens, strict=False):
        if name.startswith("##"):
            words[-1] = words[-1] + features
        else:
            words.append(features)
    torch.testing.assert_close(found.words[0], torch.stack(words))
    torch.testing.assert_close(found.pooled[0], tokens.mean(0))


def test_adam_has_the_origins_first_beta_and_gradients_are_clipped(corpus: Corpus, tmp_path: Path):
    seen: list[float] = []

    class Watched(GLoRIA):
        def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
            assert optimizer.param_groups[0]["betas"] == (0.5, 0.999)

        def configure_gradient_clipping(self, *arguments: Any, **keywords: Any) -> None:
            super().configure_gradient_clipping(*arguments, **keywords)
            norms = [p.grad.norm() for p in self.parameters() if p.grad is not None]
            seen.append(torch.stack(norms).norm().item())

    torch.manual_seed(0)
    fit(Watched(Settings.model_validate({**TINY_GLORIA, "max_epochs": 1}), corpus, 0), tmp_path)
    assert seen == pytest.approx([0.25, 0.25], rel=1e-3)


def test_too_many_layers_are_named(corpus: Corpus):
    with pytest.raises(SettingsError, match="text_layers=4, but the text model has 2 layers"):
        build(corpus, text_layers=4)
