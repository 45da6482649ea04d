"""Cross-modal attention: size, masks, order of the statistics; its numbers are held by the golden vectors."""

from __future__ import annotations

import pytest
import torch

from lovt_bench.submissions.common.cross_attention import CrossAttention

MASK = torch.tensor([[True, True, False], [True, True, True]])


@pytest.fixture
def sides() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.randn(2, 4, 8), torch.randn(2, 3, 8)


def test_parameter_count_of_the_protocol():
    with torch.device("meta"):
        module = CrossAttention(512)
    assert sum(parameter.numel() for parameter in module.parameters()) == 788_992


def test_probabilities_leave_padded_sentences_out(sides):
    attended = CrossAttention(8)(*sides, MASK)
    torch.testing.assert_close(attended.region_probabilities.sum(2), torch.ones(2, 4))
    torch.testing.assert_close(attended.sentence_probabilities.sum(2), MASK.float())
    assert not attended.region_probabilities[0, :, 2].any()


def test_what_stands_at_a_padded_sentence_does_not_reach_the_regions(sides):
    regions, sentences = sides
    module = CrossAttention(8)
    first = module(regions, sentences, MASK).regions
    sentences[0, 2] += 100
    torch.testing.assert_close(module(regions, sentences, MASK).regions, first)


def test_running_statistics_are_common_and_regions_come_first(sides):
    module = CrossAttention(8)
    seen: list[torch.Size] = []
    module.norm.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0].shape))
    module(*sides, MASK)
    assert seen == [torch.Size([8, 8]), torch.Size([6, 8])]
    assert module.norm.num_batches_tracked == 2


def test_padded_sentences_can_stay_out_of_the_statistics(sides):
    module = CrossAttention(8, padded_in_norm=False)
    attended = module(*sides, MASK).sentences
    assert not attended[~MASK].any()
    torch.testing.assert_close(attended[MASK].mean(0), torch.zeros(8), atol=1e-5, rtol=0)
    published = CrossAttention(8)
    published.load_state_dict(module.state_dict())
    assert not torch.allclose(published(*sides, MASK).sentences[MASK], attended[MASK])
