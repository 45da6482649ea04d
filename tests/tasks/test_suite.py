"""Suites name tasks that there are, in order, and say what is wrong with a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from lovt_bench.tasks.registry import load_tasks
from lovt_bench.tasks.suite import (
    SUITES,
    InvalidSuiteError,
    UnknownSuiteError,
    load_suite,
    load_suites,
    suite_files,
    suite_tasks,
)

HEAD = "name: mine\ntitle: Mine\n"


def test_the_default_suite_is_the_published_tasks_in_the_published_order() -> None:
    """By the published table's own column of tasks, which no suite was made from."""
    numbers = (SUITES.parents[1] / "leaderboard" / "published" / "lovt-2022.csv").read_text().splitlines()[1:]
    published = list(dict.fromkeys(line.split(",")[2] for line in numbers))
    suite = load_suite()
    assert sorted(suite.tasks) == sorted(published)
    assert [spec.number for spec in suite_tasks(suite)] == list(range(1, 19))
    assert next(iter(suite_files())) == "lovt-18"


def test_a_suite_without_a_dataset_has_the_other_tasks_in_the_same_order() -> None:
    whole = load_suite()
    for suite in (each for each in load_suites() if "-without-" in each.name):
        left_out = suite.name.removeprefix("lovt-18-without-").split("-and-")
        of = {spec.id: spec.dataset for spec in load_tasks()}
        assert suite.tasks == [task for task in whole.tasks if of[task] not in left_out]
        assert len(suite.tasks) < 18


def test_the_suite_of_further_sets_has_all_other_tasks_and_none_of_the_published() -> None:
    further = load_suite("extended").tasks
    assert further == [spec.id for spec in load_tasks() if spec.id not in load_suite().tasks]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tasks: [covid_linaer]", r"mine\.yaml: unknown task 'covid_linaer' \(did you mean covid_linear\?\)"),
        ("tasks: [covid_linear, covid_linear]", "named twice: covid_linear"),
        ("tasks: []", "expected either tasks, or base"),
        ("tasks: [covid_linear]\nbase: other", "expected either tasks, or base"),
        ("base: other", "base and without_datasets belong together"),
        ("base: absent\nwithout_datasets: [siim]", "unknown suite 'absent'"),
        ("base: derived\nwithout_datasets: [siim]", "base derived is made of other; expected that one"),
        (
            "base: other\nwithout_datasets: [rsna]",
            r"unknown dataset 'rsna'.*known: covid-rural, siim \(of other\)",
        ),
        ("base: other\nwithout_datasets: [covid-rural, siim]", "no task of other is left"),
        ("tasks: [covid_linear]\nname2: x", "name2: there is no such field"),
        ("tasks: &a [covid_linear]\nbase: *a", "aliases are not read"),
    ],
)
def test_a_wrong_suite_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "other.yaml").write_text(
        "name: other\ntitle: Other\ntasks: [covid_linear, pneumothorax_unet_frozen_100]\n"
    )
    (tmp_path / "derived.yaml").write_text(
        "name: derived\ntitle: Derived\nbase: other\nwithout_datasets: [siim]\n"
    )
    (tmp_path / "mine.yaml").write_text(f"{HEAD}{text}\n")
    with pytest.raises((InvalidSuiteError, UnknownSuiteError), match=message):
        load_suite("mine", tmp_path)


def test_a_file_under_another_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "copy.yaml").write_text(f"{HEAD}tasks: [covid_linear]\n")
    with pytest.raises(InvalidSuiteError, match="name is 'mine', expected 'copy'"):
        load_suite("copy", tmp_path)


@pytest.mark.parametrize("name", ["lovt", "../suites/lovt-18", "", "lovt-18.yaml"])
def test_an_unknown_suite_lists_the_known_ones(name: str) -> None:
    with pytest.raises(UnknownSuiteError, match="known: lovt-18, extended, lovt-18-without-object-cxr"):
        load_suite(name)
