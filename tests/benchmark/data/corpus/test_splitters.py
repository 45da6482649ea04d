"""Sentence splitting: what radiology reports need of it."""

from __future__ import annotations

import importlib.util

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lovt_bench.benchmark.data.corpus.splitters import splitter
from lovt_bench.benchmark.data.errors import DataError


def split(text: str) -> list[str]:
    return list(splitter("spacy").split(text).texts)


@pytest.mark.parametrize(
    "sentences",
    [
        ["1. Opacity, 2.5 x 3.1 cm, is new since ___.", "2. No effusion.", "3. Dr. ___ was paged at 4:15 p.m."],
        ["Comparison is made with prior study, ___.", "Cardiac size is top normal.", "The lungs are clear."],
        ["1) Tiny pneumothorax (<1 cm).", "2) Chest tube in place.", "3) Emphysema, decr. from ___."],
        ["Increased markings bilaterally; ?early edema.", "S/P CABG."],
        ["Diffuse opacities, c/w ARDS vs. edema, i.e. nonspecific."],
        ["Approx. 300 mL drained.", "The R. hemidiaphragm is elevated."],
        ["Is there an effusion?", "No.", "No evidence of acute disease..."],
        ["No pneumonia!", "Discussed with ___, M.D. by ___, M.D. on the telephone."],
    ],
    ids=lambda sentences: sentences[0][:20],
)  # fmt: skip
def test_sentences_of_reports(sentences: list[str]) -> None:
    assert split(" ".join(sentences)) == sentences
    assert split("\n " + "  \n ".join(sentences) + "\n") == sentences


def test_a_hidden_name_is_one_token() -> None:
    assert splitter("spacy").split(" ___ ").tokens == 1
    assert splitter("spacy").split("No change since ___.").tokens == 5
    assert splitter("spacy").split("Normal.").tokens == 2


@given(st.text(max_size=60))
def test_nothing_is_lost_but_white_space(text: str) -> None:
    found = splitter("spacy").split(text)
    assert "".join("".join(found.texts).split()) == "".join(text.split())
    assert all(one.strip() == one != "" for one in found.texts)
    assert (found.tokens == 0) == (not text.strip())


def test_unknown_splitters_list_the_known_ones() -> None:
    with pytest.raises(DataError, match="no sentence splitter 'punkt'; there are: spacy, stanza"):
        splitter("punkt")


@pytest.mark.skipif(importlib.util.find_spec("stanza") is not None, reason="Stanza is installed")
def test_missing_stanza_says_what_to_install() -> None:
    with pytest.raises(DataError, match="pip install stanza"):
        splitter("stanza")
