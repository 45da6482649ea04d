"""ConVIRT: plain heads, mean regions, coupled weight decay; a step is that of LoVT's ablation convirt_lr."""

from __future__ import annotations

import pytest
import torch

from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.convirt.pretrain import ConVIRT
from lovt_bench.submissions.convirt.pretrain import Settings as ConVIRTSettings
from lovt_bench.submissions.lovt.pretrain import LoVT, Settings
from tests.submissions.common.image_text.conftest import TINY
from tests.submissions.common.image_text.test_module import build, first_batch, total
from tests.submissions.lovt.test_variants import settings_of
from tests.submissions.tiny_corpus import write_corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(write_corpus(tmp_path_factory.mktemp("pairs") / "tiny"))


def test_the_ablation_differs_in_the_optimiser_only(corpus: Corpus):
    own = build(ConVIRT, ConVIRTSettings, corpus).train()
    values = settings_of("lovt", Settings, "convirt_lr")
    other = build(
        LoVT, Settings, corpus, **{name: values[name] for name in values if name not in TINY}
    ).train()
    losses = []
    for module in (own, other):
        torch.manual_seed(1)
        losses.append(total(module, first_batch(module))[0])
    assert torch.equal(*losses)
    assert type(own.configure_optimizers()) is torch.optim.Adam
    assert type(other.configure_optimizers()) is torch.optim.AdamW


def test_the_loss_is_the_weighted_cross_entropy_of_similarities(corpus: Corpus):
    module = build(ConVIRT, ConVIRTSettings, corpus).eval()
    assert isinstance(module, ConVIRT)
    batch = first_batch(module, training=False)
    with torch.no_grad():
        loss, _ = total(module, batch)
        a = module.image_head(module.encode_images(batch.images).pooled).double()
        b = module.report_head(module.encode_reports(batch.reports).pooled).double()
    similarity = torch.exp(torch.cosine_similarity(a[:, None], b[None], dim=2) / 0.1)
    own = similarity.diag()
    expected = -0.75 * (own / similarity.sum(1)).log().mean() - 0.25 * (own / similarity.sum(0)).log().mean()
    torch.testing.assert_close(loss.double(), expected, rtol=1e-5, atol=1e-6)
