"""MGCA: its configuration, embeddings, weights of words, and prototypes that rest in the first epoch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.mgca.pretrain import MGCA, Embedding, Settings
from tests.submissions.common.image_text.conftest import TINY_MGCA
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
    "sentences": "all",
    "max_tokens": 112,
    "embedding_hidden": 2048,
    "embedding_dim": 128,
    "global_temperature": 0.07,
    "global_image_weight": 1,
    "global_report_weight": 1,
    "local_temperature": 0.1,
    "local_weight": 1,
    "prototype_weight": 1,
    "prototypes": 500,
    "prototype_temperature": 0.2,
    "frozen_prototype_epochs": 1,
    "sinkhorn_epsilon": 0.05,
    "sinkhorn_iterations": 3,
    "batch_size": 72,
    "accumulate": 2,
    "optimiser": "adamw",
    "learning_rate": 2e-5,
    "weight_decay": 0.05,
    "schedule": "warmup_cosine",
    "warmup_epochs": 20,
    "rate_every": "step",
    "final_rate": 1e-8,
    "max_epochs": 50,
    "patience": 5,
    "min_delta": 0,
    "precision": "32-true",
    "double_bn_update": False,
}
"""mgca_module.py with its command line's defaults, encoder.py and pretrain_dataset.py of the origin."""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(write_corpus(tmp_path_factory.mktemp("pairs") / "tiny"))


def test_defaults_are_the_origins():
    values = Settings().model_dump()
    assert {name: values[name] for name in ORIGIN} == ORIGIN


def test_embeddings_are_of_valid_positions_alone():
    torch.manual_seed(0)
    settings = Settings.model_validate(TINY_MGCA)
    embedding = Embedding(3, settings)
    features = torch.randn(2, 4, 3)
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]]).bool()
    found = embedding(features, mask)
    assert not found[~mask].any()
    torch.testing.assert_close(found[mask], embedding(features[mask]))
    torch.testing.assert_close(found[mask].mean(0), torch.zeros(8), atol=1e-5, rtol=0)
    torch.testing.assert_close(found[mask].var(0, correction=0), torch.ones(8), atol=1e-2, rtol=0)


def test_a_word_counts_as_much_as_its_pieces_are_looked_at(corpus: Corpus):
    torch.manual_seed(0)
    module = MGCA(Settings.model_validate(TINY_MGCA), corpus, 0).eval()
    reports = module.tokeniser([["No pneumothorax."], ["No pneumothorax.", "The lungs are clear."]])
    with torch.no_grad():
        found = module.encode_reports(reports)
        module.text.bert.set_attn_implementation("eager")
        whole = module.text.bert(reports.ids, attention_mask=reports.attention_mask, output_attentions=True)
    looks = whole.attentions[-1][:, :, 0].mean(1)
    assert found.attention is not None
    # [CLS] is no word, [SEP] is one.
    torch.testing.assert_close(found.attention.sum(1), 1 - looks[:, 0])
    last = found.mask.sum(1) - 1
    ends = reports.attention_mask.sum(1) - 1
    for row in range(2):
        torch.testing.assert_close(found.attention[row, last[row]], looks[row, ends[row]])
        torch.testing.assert_close(found.words[row, last[row]], whole.last_hidden_state[row, ends[row]])
    torch.testing.assert_close(found.pooled, whole.last_hidden_state[:, 0])


def test_prototypes_rest_in_the_first_epoch_and_learn_in_the_second(corpus: Corpus, tmp_path: Path):
    class Watched(MGCA):
        seen: list[torch.Tensor]

        def on_train_epoch_start(self) -> None:
            self.seen.append(self.prototypes.vectors.weight.detach().clone())

    torch.manual_seed(0)
    changes: dict[str, Any] = {"max_epochs": 3, "schedule": "constant", "learning_rate": 1e-2}
    module = Watched(Settings.model_validate({**TINY_MGCA, **changes}), corpus, 0)
    module.seen = []
    fit(module, tmp_path)
    start, second, third = (torch.nn.functional.normalize(vectors, dim=1) for vectors in module.seen)
    torch.testing.assert_close(second, start)
    assert not torch.allclose(third, second, atol=1e-4)
