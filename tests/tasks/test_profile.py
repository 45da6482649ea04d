"""A profile file is loaded whole or not at all; applied, it keeps every task valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from lovt_bench.tasks.profile import (
    PROFILES,
    InvalidProfileError,
    UnknownProfileError,
    apply_profile,
    input_side,
    load_profile,
    profile_names,
)
from lovt_bench.tasks.protocol import load_protocol
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


def test_a_profile_gives_heads_sides_and_kinds_of_tasks_grids_of_their_own():
    changes = {"image_sides": {"unet": 64}, "learning_rates": {"fine-tuned": (1e-3,), "linear": (0.1, 0.2)}}
    profile = load_profile("small").model_copy(update=changes)
    spec = {spec.id: apply_profile(spec, profile) for spec in load_tasks()}
    sides = {spec.head: input_side(profile, load_protocol(), spec.head) for spec in spec.values()}
    assert sides == {"linear": 224, "yolov3": 224, "unet": 64}
    assert input_side(profile, load_protocol("lovt-2026-448"), "unet") == 128
    assert spec["rsna_finetune_1"].learning_rates == spec["covid_unet_finetune"].learning_rates == [1e-3]
    assert spec["covid_linear"].learning_rates == [0.1, 0.2]
    assert spec["covid_unet_frozen"].learning_rates == [1e-4, 3e-4]


def test_an_unknown_profile_lists_the_known_ones():
    with pytest.raises(UnknownProfileError, match="demo, paper, quick, small"):
        load_profile("../paper")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("image_side: 64", "image_side: 65", r"demo\.yaml.*\n.*image_side: Input should be a multiple of 32"),
        ("max_runs: 5", "max_rnus: 5", r"max_rnus: there is no such field \(did you mean max_runs\?\)"),
        (
            "image_sides: {linear",
            "image_sides: {linaer",
            r"image_sides: unknown head 'linaer' \(did you mean linear\?\)",
        ),
        (
            "learning_rates: {yolov3: [3.0e-3]",
            "learning_rates: {yolov3: []",
            r"learning_rates\.yolov3: .* at least 1 item",
        ),
        ("name: demo", "name: other", "name is 'other', expected 'demo'"),
        ("max_runs: 5", "max_runs: 5\nmax_runs: 6", "key 'max_runs' is given twice"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, old: str, new: str, message: str):
    assert old in GOOD
    (tmp_path / "demo.yaml").write_text(GOOD.replace(old, new))
    with pytest.raises(InvalidProfileError, match=message):
        load_profile("demo", tmp_path)
