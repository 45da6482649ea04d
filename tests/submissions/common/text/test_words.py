"""Words of word pieces, against loops over the pieces' names."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from lovt_bench.submissions.common.text.tokeniser import ReportTokeniser, ReportTokens
from lovt_bench.submissions.common.text.words import continuing_pieces, word_numbers, word_sums

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "no", "pneumo", "##thorax", "##es", "clear", "."]
REPORTS = [["no pneumothoraxes.", "clear"], ["clear"], ["strange clear.", "no"]]
INSIDE = [["no", "pneumothoraxes", ".", "clear"], ["clear"], ["[UNK]", "clear", ".", "no"]]
WORDS = {
    "first": [["[CLS]", *words] for words in INSIDE],
    "last": [[*words, "[SEP]"] for words in INSIDE],
}


@pytest.fixture
def reports() -> ReportTokens:
    return ReportTokeniser(VOCABULARY)(REPORTS)


def spelt(reports: ReportTokens, numbers: Tensor) -> list[list[str]]:
    """Return the words that numbers make of pieces."""
    found = []
    for ids, row in zip(reports.ids.tolist(), numbers.tolist(), strict=True):
        words = [""] * (max(row) + 1)
        for piece, number in zip(ids, row, strict=True):
            if number >= 0:
                words[number] += VOCABULARY[piece].removeprefix("##")
        found.append(words)
    return found


@pytest.mark.parametrize("keep", ["first", "last"])
def test_pieces_are_numbered_by_their_words(reports: ReportTokens, keep: Any):
    numbers = word_numbers(reports, continuing_pieces(VOCABULARY), keep)
    assert spelt(reports, numbers) == WORDS[keep]
    assert (numbers[reports.attention_mask == 0] == -1).all()


def test_a_word_is_the_sum_of_its_pieces_and_padding_is_zero(reports: ReportTokens):
    torch.manual_seed(0)
    tokens = torch.randn(*reports.ids.shape, 4, dtype=torch.float64, requires_grad=True)
    numbers = word_numbers(reports, continuing_pieces(VOCABULARY), "last")
    sums, mask = word_sums(tokens, numbers)
    assert mask.sum(1).tolist() == [len(words) for words in WORDS["last"]]
    assert not sums[~mask].any()
    for row in range(len(REPORTS)):
        for word in range(int(mask[row].sum())):
            own = [place for place, number in enumerate(numbers[row].tolist()) if number == word]
            torch.testing.assert_close(sums[row, word], torch.stack([tokens[row, at] for at in own]).sum(0))
    (gradient,) = torch.autograd.grad(sums.sum(), tokens)
    assert not gradient[numbers < 0].any()
