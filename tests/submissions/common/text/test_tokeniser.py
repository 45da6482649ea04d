"""Reports to tokens: against transformers' own fast tokeniser, and the rule of what is left out."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertTokenizer

from lovt_bench.submissions.common.errors import PretrainingError
from lovt_bench.submissions.common.text.tokeniser import ReportTokeniser, read_vocabulary

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "no", "effusion", ".", "heart", "##s", "Heart"]


def test_a_report_is_one_sequence_that_remembers_its_sentences():
    tokens = ReportTokeniser(VOCABULARY)([["No effusions.", "HEART."], ["heart"]])
    assert tokens.ids.tolist() == [[2, 4, 5, 8, 6, 7, 6, 3], [2, 7, 3, 0, 0, 0, 0, 0]]
    assert tokens.attention_mask.tolist() == [[1] * 8, [1] * 3 + [0] * 5]
    assert tokens.sentence.tolist() == [[-1, 0, 0, 0, 0, 1, 1, -1], [-1, 0, -1, -1, -1, -1, -1, -1]]
    assert tokens.sentence_count == 2


def test_case_is_kept_only_if_asked():
    assert ReportTokeniser(VOCABULARY).encode(["Heart"])[0] == [2, 7, 3]
    assert ReportTokeniser(VOCABULARY, lower_case=False).encode(["Heart"])[0] == [2, 9, 3]


def test_the_first_sentence_that_does_not_fit_ends_the_report():
    tokeniser = ReportTokeniser(VOCABULARY, limit=8)  # six tokens of text
    assert tokeniser.encode(["no no no no", "no no no", "no"])[0] == [2, 4, 4, 4, 4, 3]
    assert tokeniser.encode(["no no no no", "no no", "no"])[0] == [2, *[4] * 6, 3]


def test_a_long_sentence_is_cut_and_stays():
    ids, owner = ReportTokeniser(VOCABULARY, limit=8).encode(["no " * 50, "heart"])
    assert ids == [2, *[4] * 6, 3]
    assert owner == [-1, *[0] * 6, -1]


def test_a_sentence_without_tokens_is_one_unknown():
    assert ReportTokeniser(VOCABULARY).encode(["\x00", "no"]) == ([2, 1, 4, 3], [-1, 0, 1, -1])


@pytest.fixture(scope="module")
def bert_vocabulary(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("vocabulary")
    pieces = [chr(code) for code in range(33, 127)] + list("éüß中文µ²")
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *pieces, *(f"##{piece}" for piece in pieces)]
    words = ["effusion", "pneumo", "##thorax", "left", "Left", "##ed", "un", "##remarkable"]
    (folder / "vocab.txt").write_text("\n".join([*tokens, *words]) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("lower_case", [True, False])
@settings(max_examples=60, deadline=None)
@given(text=st.text(alphabet=st.sampled_from("aLEeft unpx._,-()1éÜß中µ²\t\n\u200b[]"), max_size=40))
def test_tokens_are_those_of_transformers(bert_vocabulary: Path, lower_case: bool, text: str):
    oracle = BertTokenizer(str(bert_vocabulary / "vocab.txt"), do_lower_case=lower_case)
    own = ReportTokeniser(read_vocabulary(bert_vocabulary), lower_case=lower_case)
    expected = oracle(text, add_special_tokens=False)["input_ids"]
    assert own.encode([text])[0][1:-1] == (expected or [own.unknown])


def test_it_survives_a_worker_and_a_checkpoint():
    tokeniser = ReportTokeniser(VOCABULARY, limit=8)
    again = pickle.loads(pickle.dumps(tokeniser))
    assert again.encode(["No heart."]) == tokeniser.encode(["No heart."])
    other = ReportTokeniser([*VOCABULARY[:4], *reversed(VOCABULARY[4:])])
    other.restore(tokeniser.to_text())
    assert other.encode(["No heart." * 9]) == tokeniser.encode(["No heart." * 9])


def test_a_checkpoint_of_another_vocabulary_is_refused():
    with pytest.raises(PretrainingError, match="the checkpoint's tokeniser has 5 tokens, this run's 10"):
        ReportTokeniser(VOCABULARY).restore(ReportTokeniser(VOCABULARY[:5]).to_text())


def test_vocabularies_of_folders(tmp_path: Path):
    with pytest.raises(PretrainingError, match=r"no vocab\.txt and no tokenizer\.json"):
        read_vocabulary(tmp_path)
    packed = tmp_path / "tokenizer.json"
    packed.write_text(json.dumps({"model": {"type": "BPE", "vocab": {}}}))
    with pytest.raises(PretrainingError, match="no WordPiece tokeniser"):
        read_vocabulary(tmp_path)
    numbers = {token: number for number, token in reversed(list(enumerate(VOCABULARY)))}
    packed.write_text(json.dumps({"model": {"type": "WordPiece", "vocab": numbers}}))
    assert read_vocabulary(tmp_path) == VOCABULARY
    with pytest.raises(PretrainingError, match=r"lacks \[CLS\], \[SEP\]"):
        ReportTokeniser(VOCABULARY[:2])
