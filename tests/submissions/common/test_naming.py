"""Runs of one method that differ have different names, in folders and in tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lovt_bench.benchmark.cli.pretrain import pretrain
from lovt_bench.benchmark.contract.base import is_name
from lovt_bench.benchmark.contract.display_name import name_problem
from lovt_bench.benchmark.contract.submission import Submission, Variant
from lovt_bench.benchmark.submission.read import check_display_name
from lovt_bench.submissions.common.declaration import choose, read_declaration
from lovt_bench.submissions.common.naming import DEFAULT_SEED, backbone_name, changed_settings, display_name
from tests.submissions import toy

TOY = read_declaration(Path(toy.__path__[0]))
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@pytest.mark.parametrize(
    ("variant", "fraction", "profile", "seed", "changed", "name", "shown"),
    [
        (None, None, "paper", DEFAULT_SEED, {}, "toy", "Toy"),
        (None, 0.3, "paper", DEFAULT_SEED, {}, "toy-30", "Toy 30 %"),
        ("30", None, "demo", DEFAULT_SEED, {}, "toy-30", "Toy 30 % (demo)"),
        (None, 0.05, "paper", DEFAULT_SEED, {}, "toy-5", "Toy 5 %"),
        ("slow", None, "paper", DEFAULT_SEED, {}, "toy-slow", "Toy (slow)"),
        ("slow", 0.3, "demo", 9, {}, "toy-slow-30-seed9", "Toy 30 % (slow, demo, seed 9)"),
        ("30", 1.0, "paper", DEFAULT_SEED, {}, "toy-30-100", "Toy (30)"),
        (None, None, "paper", 0, {"lr": 3e-5}, "toy-seed0-lr-3e-05", "Toy (seed 0, lr=3e-05)"),
        (None, None, "paper", DEFAULT_SEED, {"b": True, "a": "x.y"}, "toy-a-x.y-b-true", "Toy (a=x.y, b=true)"),
        (None, None, "paper", DEFAULT_SEED, {"a": "X"}, None, "Toy (a=X)"),
        (None, None, "paper", DEFAULT_SEED, {"weights": "../my file"}, None, None),
        (None, None, "paper", DEFAULT_SEED, {"a": "x" * 60}, None, None),
    ],
)  # fmt: skip
def test_a_name_says_what_is_not_the_default(
    variant: str | None, fraction: float | None, profile: str, seed: int, changed: dict[str, Any],
    name: str | None, shown: str | None,
) -> None:  # fmt: skip
    """None: it cannot be spelled out and becomes a digest."""
    choice = choose(TOY, variant, fraction)
    found = backbone_name(TOY, choice, seed, changed)
    assert found == name if name else found.startswith("toy-set-")
    row = display_name(TOY, choice, profile, seed, changed)
    assert row == shown if shown else row.startswith("Toy (settings ")


SETTINGS = st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True), VALUE, max_size=4)


@example({"a": "1-b-2"}, {"a": 1, "b": 2}, 1, 0)
@example({"a": "1"}, {"a": 1}, 1, 0)
@example({"a": "true"}, {"a": True}, 1, 0)
@given(SETTINGS, SETTINGS, st.integers(0), st.integers(0, 3))
def test_names_follow_the_rule_and_other_settings_have_another_one(
    first: dict[str, Any], second: dict[str, Any], seed: int, profile: int
) -> None:
    variants = {"v" * 32: Variant()}
    method = Submission(
        name="n" * 64,
        display_name="N" * 80,
        supervision="self",
        corpus="images",
        variants={"a": Variant(), **variants},
    )
    for submission, choice in ((TOY, choose(TOY)), (method, choose(method, "v" * 32, 0.123456))):
        names = [backbone_name(submission, choice, seed, each) for each in (first, second)]
        shown = [display_name(submission, choice, "demo", seed, each) for each in (first, second)]
        assert all(map(is_name, names)), names
        assert all(len(text) <= 80 and name_problem(text) is None for text in shown), shown
        if repr(first) != repr(second) and first != second:
            assert names[0] != names[1]
            assert shown[0] != shown[1]


def test_what_variant_or_profile_say_already_is_no_change() -> None:
    submission = TOY.model_copy(
        update={"profiles": {"demo": {"epochs": 1}}, "variants": {"a": Variant(settings={"lr": 0.5})}}
    )
    given = {"epochs": 1, "lr": 0.5, "noise": 0.6}
    assert changed_settings(submission, choose(submission), "demo", given) == {"noise": 0.6}
    assert changed_settings(submission, choose(submission), "paper", given) == {"epochs": 1, "noise": 0.6}


def test_rows_of_a_method_do_not_read_like_another_method() -> None:
    submission = TOY.model_copy(update={"name": "lovt", "display_name": "LoVT"})
    check_display_name("lovt", display_name(submission, choose(submission, "slow", 0.3), "demo", 9, {"a": 1}))


def test_the_command_lines_default_seed_is_the_one_that_names_leave_out() -> None:
    assert next(option for option in pretrain.params if option.name == "seed").default == DEFAULT_SEED
