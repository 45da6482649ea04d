"""Task files come from contributors: each way to get one wrong has an error that says so."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lovt_bench.tasks.registry import (
    SPECS,
    InvalidTaskError,
    UnknownTaskError,
    load_task,
    load_tasks,
    read_task,
    select_tasks,
)
from tests.tasks.lovt_18 import LOVT_18

GOOD = (SPECS / "covid_linear.yaml").read_text()


@pytest.fixture
def spec_file(tmp_path: Path) -> Path:
    path = tmp_path / "covid_linear.yaml"
    path.write_text(GOOD)
    return path


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> Path:
    """Files of the published tasks alone."""
    folder = tmp_path_factory.mktemp("specs")
    for spec in LOVT_18:
        shutil.copy(SPECS / f"{spec.id}.yaml", folder)
    return folder


def test_a_task_is_found_by_id_and_by_number():
    assert load_task("covid_linear") == load_task("12")


@pytest.mark.parametrize(
    ("patterns", "numbers"),
    [
        ((), range(1, 19)),
        (("covid_linear,nih_seg_linear",), [12, 18]),
        (("nih_seg_linear , 9", "9"), [9, 18]),
        (("7-9,covid_*",), range(7, 13)),
        (("1?",), []),
        (("17-99",), [17, 18]),
        (("*_linear",), [12, 18]),
        (("09",), [9]),
    ],
)
def test_tasks_are_chosen_by_ids_numbers_and_ranges(published, patterns, numbers):
    if not numbers:
        with pytest.raises(UnknownTaskError, match="unknown task"):
            select_tasks(patterns, published)
        return
    assert [spec.number for spec in select_tasks(patterns, published)] == list(numbers)


@pytest.mark.parametrize("pattern", ["9-7", "0", "19", "", ",", "covid_linaer", "9" * 5000, "1-", "rsna"])
def test_a_part_that_names_nothing_is_an_error_even_beside_others(published, pattern):
    with pytest.raises(UnknownTaskError, match="known: rsna_finetune_1"):
        select_tasks(["12", pattern] if pattern.strip(",") else [pattern], published)


def test_one_task_is_one_task():
    with pytest.raises(UnknownTaskError, match="names 3 tasks; expected one of covid_unet_finetune"):
        load_task("covid_*")


def test_an_unknown_task_lists_the_known_ones():
    with pytest.raises(
        UnknownTaskError, match=r"unknown task 'rsna'.*; known: .*covid_linear, .*nih_seg_linear"
    ):
        load_task("rsna")


def test_a_new_file_is_a_new_task(spec_file: Path):
    spec_file.with_name("other.yaml").write_text(
        GOOD.replace("covid_linear", "other").replace("number: 12", "number: 3")
    )
    assert [spec.id for spec in load_tasks(spec_file.parent)] == ["other", "covid_linear"]


def test_two_files_with_one_number_are_refused(spec_file: Path):
    spec_file.with_name("other.yaml").write_text(GOOD.replace("covid_linear", "other"))
    with pytest.raises(InvalidTaskError, match="share the number 12"):
        load_tasks(spec_file.parent)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("batch_size: 8", "batch_size: 0", "batch_size: Input should be greater than 0, found 0"),
        ("batch_size: 8\n", "", "batch_size: Field required"),
        (
            "batch_size: 8",
            "batch_sise: 8",
            r"batch_sise: there is no such field \(did you mean batch_size\?\)",
        ),
        ("number: 12", "number: 12\nnumber: 13", "key 'number' is given twice"),
        ("head: linear", "head: linear\nhead_width_divisor: 4", "a profile narrows heads, no task does"),
        ("head: linear", "head: transformer", "unknown head 'transformer'; known: linear, unet, yolov3"),
        ("head: linear", "head: yolov3", "does not learn masks"),
        ("backbone: frozen", "backbone: fine-tuned", "a warm-up belongs to fine-tuned tasks"),
        (
            "monitor: opacity_dice",
            "monitor: accuracy",
            "monitor 'accuracy' is not computed .* opacity_dice, avg_dice",
        ),
        ("extra_metrics: []", "extra_metrics: [mAP]", "extra_metrics 'mAP' is not computed"),
        ("id: covid_linear", "id: covid", "expected 'covid_linear' as in the file name"),
        ("[3.0e-2, 1.0e-2, 3.0e-3, 1.0e-3]", "[]", "learning_rates: List should have at least 1 item"),
        ("[3.0e-2, 1.0e-2, 3.0e-3, 1.0e-3]", "[.nan]", r"line 12: .* \.nan is no number"),
        ("[3.0e-2, 1.0e-2, 3.0e-3, 1.0e-3]", "[0.1, 0.1]", "learning rates repeat"),
        (
            "train_fraction: 1.0",
            "train_fraction: 1.5",
            "train_fraction: .* less than or equal to 1, found 1.5",
        ),
        ("title: COVID Rural linear", "title: !!python/object/apply:os.system [ls]", "not plain YAML"),
    ],
)
def test_a_wrong_field_is_named(spec_file: Path, old: str, new: str, message: str):
    assert old in GOOD
    spec_file.write_text(GOOD.replace(old, new))
    with pytest.raises(InvalidTaskError, match=message) as caught:
        read_task(spec_file)
    assert "covid_linear" in str(caught.value)
