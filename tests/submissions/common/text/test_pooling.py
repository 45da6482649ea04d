"""Sentence pooling where golden vectors do not reach: gradients and sentences of one token."""

from __future__ import annotations

import torch

from lovt_bench.submissions.common.text.pooling import report_maximum, sentence_features

OWNER = torch.tensor([[-1, 0, 0, 1, -1], [-1, 0, -1, -1, -1]])


def test_features_are_the_maximum_of_each_sentence_and_zero_beyond():
    torch.manual_seed(0)
    tokens = torch.randn(2, 5, 3) - 5  # all negative: a zero would win a maximum that takes padding in
    features, mask = sentence_features(tokens, OWNER, 2)
    assert mask.tolist() == [[True, True], [True, False]]
    torch.testing.assert_close(features[0, 0], tokens[0, 1:3].amax(0))
    torch.testing.assert_close(features[0, 1], tokens[0, 3])
    torch.testing.assert_close(features[1, 0], tokens[1, 1])
    assert not features[1, 1].any()
    torch.testing.assert_close(report_maximum(tokens, OWNER)[0], tokens[0, 1:4].amax(0))


def test_special_tokens_get_no_gradient():
    torch.manual_seed(0)
    tokens = torch.randn(2, 5, 3, requires_grad=True)
    features, _ = sentence_features(tokens, OWNER, 2)
    (features.sum() + report_maximum(tokens, OWNER).sum()).backward()
    assert tokens.grad is not None
    assert not tokens.grad[OWNER < 0].any()
    assert tokens.grad[OWNER >= 0].any()
