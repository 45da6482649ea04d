"""CLIP is LoVT's ablation g_single_sent_att: not only by its settings, but step by step."""

from __future__ import annotations

import pytest
import torch

from lovt_bench.submissions.clip.pretrain import CLIP
from lovt_bench.submissions.clip.pretrain import Settings as ClipSettings
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.lovt.pretrain import LoVT, Settings
from tests.submissions.common.image_text.conftest import TINY
from tests.submissions.common.image_text.test_module import build, first_batch, total
from tests.submissions.lovt.test_variants import settings_of
from tests.submissions.tiny_corpus import write_corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(write_corpus(tmp_path_factory.mktemp("pairs") / "tiny"))


def test_a_step_is_that_of_the_ablation(corpus: Corpus):
    own = build(CLIP, ClipSettings, corpus).train()
    values = settings_of("lovt", Settings, "g_single_sent_att")
    ablation = build(
        LoVT, Settings, corpus, **{name: values[name] for name in values if name not in TINY}
    ).train()
    losses = []
    for module in (own, ablation):
        torch.manual_seed(1)
        losses.append(total(module, first_batch(module))[0])
        losses[-1].backward()
    assert torch.equal(*losses)
    for mine, theirs in zip(own.parameters(), ablation.parameters(), strict=True):
        if mine.grad is None or theirs.grad is None:
            assert mine.grad is theirs.grad
        else:
            assert torch.equal(mine.grad, theirs.grad)


def test_it_sees_one_sentence_in_training_and_all_in_validation(corpus: Corpus):
    module = build(CLIP, ClipSettings, corpus)
    assert first_batch(module).reports.sentence_count == 1
    assert first_batch(module, training=False).reports.sentence_count > 1
