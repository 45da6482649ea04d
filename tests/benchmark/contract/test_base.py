"""A name, wherever it is asked for, is one folder below where it is put."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.contract.base import is_name


@pytest.mark.parametrize("text", ["a", "7", "lovt", "lovt-no_l", "v1.2", "x" * 64])
def test_names(text: str) -> None:
    assert is_name(text)


@pytest.mark.parametrize(
    "text", ["..", ".", "a/b", "a\\b", "", "A", "a\n", "-a", "a-", ".a", "a\0", "x" * 65, "ａ", "а", "\ud800"]
)
def test_paths_and_other_letters_are_none(text: str) -> None:
    assert not is_name(text)


@given(st.one_of(st.from_regex(r"[a-z0-9._/\\-]{1,70}"), st.text()))
def test_a_name_leads_to_a_visible_folder_just_below(text: str) -> None:
    if is_name(text):
        root = Path("/root")
        assert (root / text).resolve().parent == root
        assert not text.startswith(".")
