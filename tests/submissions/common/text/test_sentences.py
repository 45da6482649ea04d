"""Text augmentation: what is kept, how many swaps, and that a seed decides."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from lovt_bench.submissions.common.text.sentences import swapped, training_sentences

REPORT = ("a", "b", "c", "d")


def test_swaps_keep_all_sentences_and_the_original():
    torch.manual_seed(0)
    for _ in range(50):
        assert sorted(training_sentences(REPORT, "swaps")) == list(REPORT)
    assert REPORT == ("a", "b", "c", "d")


def test_share_of_untouched_reports_is_that_of_the_geometric_law():
    """Two sentences: a swap exchanges them with probability 1/2, so they stay with (1 + E[0^n]) / 2 = 0.7."""
    torch.manual_seed(0)
    kept = sum(swapped(("a", "b"), 0.6) == ["a", "b"] for _ in range(4000)) / 4000
    assert kept == pytest.approx(0.5 * (1 + 0.4), abs=0.03)


def test_one_sentence_is_drawn_uniformly():
    torch.manual_seed(0)
    counts = Counter(training_sentences(REPORT, "one")[0] for _ in range(2000))
    assert set(counts) == set(REPORT)
    assert max(counts.values()) - min(counts.values()) < 120


def test_all_sentences_in_order():
    assert training_sentences(REPORT, "all") == list(REPORT)


def test_draws_come_from_torchs_generator():
    results = []
    for _ in range(2):
        torch.manual_seed(3)
        results.append([training_sentences(REPORT, "swaps") for _ in range(5)])
    assert results[0] == results[1]
