"""A profile file is loaded whole or not at all; applied, it keeps every task valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from lovt_bench.tasks.profile import (
    PROFILES,
    InvalidProfileError,
    UnknownProfileError,
    apply_profile,
    load_profile,
    profile_names,
)
from lovt_bench.tasks.registry import load_tasks

GOOD = (PROFILES / "demo.yaml").read_text()


def test_the_paper_profile_changes_no_task():
    paper = load_profile("paper")
    assert all(apply_profile(spec, paper) == spec for spec in load_tasks())


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_keeps_every_task_valid(name):
    profile = load_profile(name)
    for spec in load_tasks():
        applied = apply_profile(spec, profile)
        assert type(spec).model_validate(applied.model_dump()) == applied
        assert applied.batch_size <= spec.batch_size


def test_an_unknown_profile_lists_the_known_ones():
    with pytest.raises(UnknownProfileError, match="demo, methods, paper, phantom, small"):
        load_profile("../paper")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("image_side: 64", "image_side: 65", r"demo\.yaml.*\n.*image_side: Input should be a multiple of 32"),
        ("max_runs: 2", "max_rnus: 2", r"max_rnus: there is no such field \(did you mean max_runs\?\)"),
        ("name: demo", "name: other", "name is 'other', expected 'demo'"),
        ("max_runs: 2", "max_runs: 2\nmax_runs: 3", "key 'max_runs' is given twice"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, old: str, new: str, message: str):
    assert old in GOOD
    (tmp_path / "demo.yaml").write_text(GOOD.replace(old, new))
    with pytest.raises(InvalidProfileError, match=message):
        load_profile("demo", tmp_path)
