"""Names of pre-training data: many spellings, one meaning, and nothing guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lovt_bench.benchmark.contract.pretraining_data import UnknownDataError, vocabulary

WORDS = vocabulary()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("NIH", "nih-chestxray14"),
        ("ChestX-ray14", "nih-chestxray14"),
        ("chest xray 14", "nih-chestxray14"),
        ("MIMIC-CXR", "mimic-cxr"),
        ("mimic_cxr dataset", "mimic-cxr"),
        ("ImageNet-1k (ILSVRC 2012)", "imagenet-1k"),
        ("IU X-Ray", "openi"),
        ("RSNA", "rsna-pneumonia"),
        ("phantom MIMIC-CXR", "phantom"),
        ("None", "none"),
        ("other:  our hospital ", "other: our hospital"),
        ("Other: NIH", "other: NIH"),
    ],
)
def test_what_people_write_is_understood(text: str, name: str) -> None:
    assert WORDS.declare(text) == name
    assert WORDS.declare(name) == name


@pytest.mark.parametrize(
    ("text", "hints"),
    [
        ("mimc-cxr", "did you mean mimic-cxr?"),
        ("chexprt", "did you mean chexpert"),
        ("rsna challenge", "did you mean rsna-pneumonia"),
        ("our hospital", "write 'other: our hospital'"),
        ("other:", "followed by what the data are"),
        ("", "not in the vocabulary"),
    ],
)
def test_a_near_miss_is_no_guess_but_a_hint(text: str, hints: str) -> None:
    with pytest.raises(UnknownDataError, match=hints):
        WORDS.declare(text)


def test_no_data_and_some_data_exclude_each_other() -> None:
    with pytest.raises(UnknownDataError, match="mimic-cxr are declared too"):
        WORDS.declare_all(["none", "MIMIC-CXR"])
    assert WORDS.declare_all(["NIH", "ChestX-ray14", "RSNA"]) == ["nih-chestxray14", "rsna-pneumonia"]


def test_earlier_free_text_is_kept_as_other() -> None:
    assert WORDS.read(["MIMIC-CXR", "scans of our clinic", "x\x1b[2Jy"]) == [
        "mimic-cxr",
        "other: scans of our clinic",
        "other: xy",
    ]
    assert WORDS.read(["none", "NIH"]) == ["nih-chestxray14"]


@given(st.text(max_size=120))
def test_whatever_is_read_is_a_declaration_and_stays_one(text: str) -> None:
    (name,) = WORDS.read([text])
    assert WORDS.read([name]) == [name]
    assert name in WORDS.datasets or name.startswith("other: ")
    assert len(name) <= 90


@pytest.mark.parametrize("name", WORDS.datasets)
def test_every_dataset_has_a_source(name: str) -> None:
    source = WORDS.datasets[name].source
    assert source.startswith(("https://", "docs/"))
