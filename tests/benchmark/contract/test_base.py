"""A name, wherever it is asked for, is one folder below where it is put."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lovt_bench.benchmark.contract.base import is_built_in, is_name


@pytest.mark.parametrize(
    "text",
    ["a", "7", "lovt", "lovt-no_l", "v1.2", "x" * 64, "random-resnet18.a1_in1k", "con-vit", "json", "log.v2"],
)
def test_names(text: str) -> None:
    assert is_name(text)


@pytest.mark.parametrize(
    "text", ["..", ".", "a/b", "a\\b", "", "A", "a\n", "-a", "a-", ".a", "a\0", "x" * 65, "ａ", "а", "\ud800"]
)
def test_paths_and_other_letters_are_none(text: str) -> None:
    assert not is_name(text)


@pytest.mark.parametrize("ending", [".verdict", ".json", ".jsonl", ".lock", ".log", ".tmp", ".verdict.json"])
def test_no_name_is_the_file_that_the_harness_keeps_about_another(ending: str) -> None:
    """What is known of `toy` lies in `toy.json`, `toy.verdict.json`, … beside what is known of other names."""
    assert not is_name(f"toy{ending}")


@pytest.mark.parametrize("device", ["con", "nul", "aux", "prn", "com1", "lpt9", "con.v2"])
def test_no_name_is_a_device_of_another_system(device: str) -> None:
    assert not is_name(device)


@pytest.mark.parametrize("name", ["random", "random-resnet18", "imagenet"])
def test_names_of_what_is_always_there(name: str) -> None:
    assert is_built_in(name)
    assert not is_built_in(f"my-{name}")
    assert not is_built_in("randomised")


@given(st.one_of(st.from_regex(r"[a-z0-9._/\\-]{1,70}"), st.text()))
def test_a_name_leads_to_a_visible_folder_just_below(text: str) -> None:
    if is_name(text):
        root = Path("/root")
        assert (root / text).resolve().parent == root
        assert not text.startswith(".")
