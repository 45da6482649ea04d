"""The vocabulary of a small text model is a function of the sentences."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lovt_bench.submissions.common.errors import PretrainingError
from lovt_bench.submissions.common.text.tokeniser import ReportTokeniser
from lovt_bench.submissions.common.text.vocabulary import corpus_vocabulary

SENTENCES = ["No effusion, no edema.", "No pneumothorax.", "Edema."]


def test_characters_first_then_words_by_frequency():
    vocabulary = corpus_vocabulary(SENTENCES, 1000)
    assert vocabulary[:4] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    assert vocabulary[-4:] == ["no", "edema", "effusion", "pneumothorax"]
    assert len(set(vocabulary)) == len(vocabulary)


def test_a_small_size_keeps_all_characters_so_that_every_word_can_be_spelt():
    vocabulary = corpus_vocabulary(SENTENCES, 5)
    tokeniser = ReportTokeniser(vocabulary)
    assert tokeniser.unknown not in tokeniser.encode(SENTENCES)[0]


def test_case():
    assert "Edema" in corpus_vocabulary(SENTENCES, 1000, lower_case=False)


@pytest.mark.slow
def test_other_processes_get_the_same_one():
    program = (
        "from lovt_bench.submissions.common.text.vocabulary import corpus_vocabulary;"
        f"print(corpus_vocabulary({SENTENCES!r}, 1000))"
    )
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert run.stdout.strip() == str(corpus_vocabulary(SENTENCES, 1000))


def test_no_words_is_an_error():
    with pytest.raises(PretrainingError, match="have no words"):
        corpus_vocabulary([" ", ""], 100)
