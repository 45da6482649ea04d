"""Who writes which field of a manifest: facts are compared, labels and costs replaced, the rest is clean text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import HttpUrl

from lovt_bench.benchmark.contract.backbone import BackboneManifest, FeatureLevel, Provenance
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.runtime.stamp import UNDECLARED, Known, stamp
from lovt_bench.benchmark.runtime.take_over import RejectedError

KNOWN = Known(
    name="mine", display_name="Mine", method="mine", variant="30", profile="demo", fraction=0.3, seed=3,
    corpus_sha256="a" * 64, inputs_sha256="b" * 64, pretraining_data=("ImageNet-1k",), image_digest="sha256:c",
    seconds=12.34, peak_memory_bytes=5, made_by="board", begun_with=("f" * 64,), corpus="NIH",
    hyperparameters={"noise": 0.6, "levels": [1, 2], "side": 64}, settings={"noise": "0.6"}, method_sha256="m",
    declared={"supervision": "self", "paper": HttpUrl("https://example.org/paper")},
)  # fmt: skip
TEXT = st.text(max_size=50)
VALUE = st.recursive(
    st.none() | st.integers() | TEXT, lambda inner: st.dictionaries(TEXT, inner, max_size=3), max_leaves=5
)


def manifest(**provenance: object) -> BackboneManifest:
    return BackboneManifest(
        name="lovt",
        display_name="<b>LoVT</b>",
        architecture="resnet18",
        levels=[FeatureLevel(name="c5", channels=4, stride=32)],
        parameters=7,
        weights_sha256="d" * 64,
        provenance=Provenance.model_validate({"method": "", "seconds": 1e9, **provenance}),
        created="never",
    )


@pytest.mark.parametrize("image", [None, "sha256:c"])
def test_a_method_that_says_nothing_gets_every_fact_from_the_harness(image: str | None):
    """A process has no image; nothing else differs."""
    found = stamp(manifest(epochs=4, commit="x", source_sha256="e" * 64), replace(KNOWN, image_digest=image))
    assert (found.name, found.display_name, found.architecture) == ("mine", "Mine", "resnet18")
    assert found.created != "never"
    assert found.provenance == Provenance(
        method="mine",
        supervision="self",
        variant="30",
        profile="demo",
        fraction=0.3,
        seed=3,
        settings={"noise": "0.6"},
        method_sha256="m",
        corpus_sha256="a" * 64,
        inputs_sha256="b" * 64,
        begun_with=["f" * 64],
        image_digest=image,
        made_by="board",
        pretraining_data=["ImageNet-1k", "NIH"],
        hyperparameters={"noise": 0.6, "levels": [1, 2], "side": 64},
        seconds=12.3,
        epochs=4,
        peak_memory_bytes=5,
        paper=HttpUrl("https://example.org/paper"),
    )


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"method": "lovt"}, "says method lovt, the run had mine: state that, or leave the field out"),
        ({"variant": "100"}, "says variant 100, the run had 30"),
        ({"profile": "paper"}, "says profile paper, the run had demo"),
        ({"fraction": 1.0}, "says fraction 1.0, the run had 0.3"),
        ({"seed": 0}, "says seed 0, the run had 3"),
        ({"corpus_sha256": "9" * 64}, f"says corpus_sha256 {'9' * 64}, the run had {'a' * 64}"),
        ({"hyperparameters": {"noise": 0.5}}, "says hyperparameters.noise 0.5, the run had 0.6"),
        ({"hyperparameters": {"levels": [1]}}, "says hyperparameters.levels [1], the run had [1, 2]"),
        ({"hyperparameters": {"side": None}}, "says hyperparameters.side null, the run had 64"),
        ({"pretraining_data": ["MIMIC-CXR"]}, "have seen MIMIC-CXR, which is not declared: name it in"),
        ({"method": "\x1b[2J" * 9 + "x" * 999}, "says method " + "x" * 79 + "…, the run had mine"),
    ],
)
def test_another_fact_than_the_harness_knows_is_refused_with_both(said: dict[str, Any], sentence: str):
    with pytest.raises(RejectedError) as caught:
        stamp(manifest(**said), KNOWN)
    (reason,) = caught.value.reasons
    assert sentence in reason


def test_each_wrong_fact_is_named():
    with pytest.raises(RejectedError) as caught:
        stamp(manifest(seed=9, variant="x", hyperparameters={"noise": 1}), KNOWN)
    assert len(caught.value.reasons) == 3


@pytest.mark.parametrize(
    "said",
    [
        {"method": "mine", "variant": "30", "profile": "demo", "seed": 3, "corpus_sha256": "a" * 64},
        {"fraction": 0.30000001192092896},  # 0.3 as a 32-bit float
        {"hyperparameters": {"noise": "0.6", "side": 64.0, "levels": [1.0, 2], "depth": 3}},
        {"pretraining_data": ["imagenet-1k", "ChestX-ray14"]},
        {"pretraining_data": ["ChestX-ray14"]},
        {"pretraining_data": ["none"]},
    ],
)
def test_what_is_equal_but_for_its_spelling_is_no_other_fact(said: dict[str, Any]):
    assert stamp(manifest(**said), KNOWN).provenance.seed == 3


def test_without_a_corpus_there_is_no_share_of_one():
    known = replace(KNOWN, corpus=None, fraction=None, corpus_sha256=None, variant=None)
    assert stamp(manifest(fraction=1.0), known).provenance.fraction is None
    with pytest.raises(RejectedError, match=r"says corpus_sha256 a+, the run had none"):
        stamp(manifest(corpus_sha256="a" * 64), known)


@pytest.mark.parametrize(
    ("declared", "corpus", "seen"),
    [
        (("none",), "NIH", ["NIH"]),
        (("none",), None, ["none"]),
        (("MIMIC-CXR", "nih-chestxray14"), "NIH", ["MIMIC-CXR", "nih-chestxray14"]),
        ((), None, []),
        ((), "NIH", ["NIH", UNDECLARED]),
        (("none",), "none", ["other: none"]),
    ],
)
def test_declared_data_and_the_corpus_are_named_once(
    declared: tuple[str, ...], corpus: str | None, seen: list[str]
):
    """What is not declared beside a corpus stays unknown, and a corpus called `none` is one."""
    known = replace(KNOWN, pretraining_data=declared, corpus=corpus)
    assert stamp(manifest(), known).provenance.pretraining_data == seen


def test_declared_data_that_a_method_leaves_out_stay_and_are_noted():
    """Nobody gains by leaving something out; who reads the record sees that the two differ."""
    found = stamp(manifest(pretraining_data=["NIH"], notes=["mine"]), KNOWN).provenance
    assert found.pretraining_data == ["ImageNet-1k", "NIH"]
    assert found.notes == [
        "mine", "declared, but not named by this run among the data that it read: ImageNet-1k",
    ]  # fmt: skip
    assert stamp(manifest(pretraining_data=[]), KNOWN).provenance.notes == []


@given(
    st.dictionaries(TEXT, VALUE, max_size=4), st.lists(TEXT, max_size=30), st.none() | TEXT,
    st.dictionaries(TEXT, TEXT, max_size=3),
)  # fmt: skip
def test_any_text_becomes_a_valid_clean_manifest(
    hyperparameters: dict[str, object], notes: list[str], device: str | None, versions: dict[str, str]
):
    said = manifest(hyperparameters=hyperparameters, notes=notes, device=device)
    known = replace(KNOWN, hyperparameters={})
    found = stamp(said.model_copy(update={"versions": versions}), known)
    assert BackboneManifest.model_validate_json(found.to_json()) == found
    assert all(note == clean_text(note) for note in found.provenance.notes)
    assert len(found.provenance.notes) <= 20


def test_a_megabyte_of_hyperparameters_is_left_out_but_for_those_that_were_given():
    found = stamp(manifest(hyperparameters={"x": "y" * 100_000}), KNOWN)
    assert found.provenance.hyperparameters == {
        "left out": "more than 65536 bytes",
        **KNOWN.hyperparameters,
    }


def test_a_number_that_json_does_not_have_stays_to_be_seen():
    said = manifest(hyperparameters={"loss": float("nan"), "deep": [{"best": float("inf")}]})
    found = stamp(said, replace(KNOWN, hyperparameters={})).provenance.hyperparameters
    assert found == {"loss": "nan", "deep": [{"best": "inf"}]}


def test_a_manifest_of_an_earlier_release_can_be_read():
    old = manifest().model_dump(mode="json")
    for field in ("supervision", "settings", "method_sha256", "begun_with"):
        del old["provenance"][field]
    assert BackboneManifest.model_validate(old) == manifest()
