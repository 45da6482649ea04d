"""Tasks on own data: published tasks of about as many images, in files that are read back as they were meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, DatasetManifest, PixelStatistics, SplitSummary
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.tasks.own_data import OwnTasksError, own_tasks, targets_of, write_own_tasks
from lovt_bench.tasks.registry import OWN_SPECS, InvalidTaskError, load_task, load_tasks, select_tasks
from lovt_bench.tasks.suite import InvalidSuiteError, load_suite, load_suites, suite_tasks

ODD = ["yes", "1e5", "Рак_легкого"]
"""Names of classes that readers of YAML take for something else than a text."""


def manifest(images: int = 40, classes: tuple[str, ...] = ("nodule",), **fields: object) -> DatasetManifest:
    summary = SplitSummary(images=images, images_with_boxes=1, boxes=1, ids_sha256="0" * 64)
    given = {
        "name": "city-hospital",
        "track": "own",
        "splits": "seeded",
        "classes": list(classes),
        "has_masks": True,
        "has_boxes": True,
        "masks_from": "annotations",
        "pixel_statistics": PixelStatistics(mean=0.5, std=0.2),
        "split_summaries": dict.fromkeys(SPLIT_NAMES, summary),
        "files": {},
        "protocol": "lovt-2022",
        "data_protocol_sha256": "0" * 64,
        "created": "",
    }
    return DatasetManifest.model_validate(given | fields)


def written(workspace: Path, made: DatasetManifest) -> list[TaskSpec]:
    specs = own_tasks(made, "City hospital", targets_of(made), load_tasks(workspace=workspace))
    write_own_tasks(workspace, made.name, "City hospital", specs)
    return specs


RECIPE = ("head", "backbone", "batch_size", "learning_rates", "warm_up", "max_epochs", "patience")


@pytest.mark.parametrize(
    ("images", "published"),
    [
        (
            40,
            ["rsna_frozen_1", "rsna_finetune_1", "covid_linear", "covid_unet_frozen", "covid_unet_finetune"],
        ),
        (
            5000,
            [
                *("rsna_frozen_100", "rsna_finetune_100", "rsna_seg_linear_100"),
                *("pneumothorax_unet_frozen_100", "pneumothorax_unet_finetune_100"),
            ],
        ),
    ],
)
def test_tasks_are_trained_as_published_ones_of_about_as_many_images(
    tmp_path: Path, images: int, published: list[str]
) -> None:
    for spec, name in zip(written(tmp_path, manifest(images)), published, strict=True):
        template = load_task(name)
        assert [getattr(spec, field) for field in RECIPE] == [getattr(template, field) for field in RECIPE]
        assert (spec.train_fraction, spec.validation_fraction) == (1, 1)
        assert (spec.dataset, spec.published_train_images) == ("city-hospital", images)


def test_files_are_read_back_as_they_were_meant(tmp_path: Path) -> None:
    specs = written(tmp_path, manifest(classes=tuple(ODD)))
    assert list(load_tasks(workspace=tmp_path)[-5:]) == specs
    assert [spec.classes for spec in specs] == [ODD] * 5
    assert specs[2].metric == "avg_dice"
    assert specs[2].extra_metrics == [f"{name}_dice" for name in ODD]
    suite = load_suite("city-hospital", workspace=tmp_path)
    assert list(suite_tasks(suite, workspace=tmp_path)) == specs
    assert [one.name for one in load_suites(workspace=tmp_path)][:2] == ["lovt-18", "city-hospital"]
    assert "city-hospital" not in [one.name for one in load_suites()]
    assert [spec.number for spec in select_tasks(["city*"], workspace=tmp_path)] == [101, 102, 103, 104, 105]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"masks_from": "boxes"}, ["boxes"]),
        ({"has_boxes": False}, ["masks"]),
        ({}, ["boxes", "masks"]),
    ],
)
def test_filled_boxes_are_no_masks_to_learn(fields: dict[str, Any], expected: list[str]) -> None:
    assert targets_of(manifest(**fields)) == expected


def test_a_public_dataset_has_its_tasks() -> None:
    with pytest.raises(OwnTasksError, match="no own data: its tasks are in `lovt-bench tasks list`"):
        targets_of(manifest(name="rsna", masks_from=None))


def test_equal_files_stay_and_others_are_not_overwritten(tmp_path: Path) -> None:
    specs = written(tmp_path, manifest())
    assert written(tmp_path, manifest()) == specs, "numbers, too"
    path = tmp_path / OWN_SPECS / f"{specs[0].id}.yaml"
    mine = path.read_text("utf-8").replace("max_epochs: 500", "max_epochs: 50")
    path.write_text(mine, encoding="utf-8")
    with pytest.raises(OwnTasksError, match=f"{path.name} is there and says something else; --force"):
        written(tmp_path, manifest())
    assert path.read_text("utf-8") == mine
    write_own_tasks(tmp_path, "city-hospital", "City hospital", specs, force=True)
    assert load_task(specs[0].id, workspace=tmp_path).max_epochs == 500


def test_a_second_data_set_takes_the_next_numbers(tmp_path: Path) -> None:
    written(tmp_path, manifest())
    assert [spec.number for spec in written(tmp_path, manifest(name="other"))] == [106, 107, 108, 109, 110]


def test_names_of_the_repository_are_taken(tmp_path: Path) -> None:
    written(tmp_path, manifest())
    folder = tmp_path / OWN_SPECS
    (folder / "covid_linear.yaml").write_bytes((folder / "city_hospital_linear.yaml").read_bytes())
    with pytest.raises(InvalidTaskError, match=r"covid_linear.yaml has this id; rename"):
        load_tasks(workspace=tmp_path)
    (folder / "covid_linear.yaml").unlink()
    (tmp_path / "tasks/suites/lovt-18.yaml").write_text("name: lovt-18\n", encoding="utf-8")
    with pytest.raises(InvalidSuiteError, match=r"lovt-18.yaml has this name; rename"):
        load_suites(workspace=tmp_path)
    with pytest.raises(OwnTasksError, match="a suite of lovt-bench is called lovt-18"):
        written(tmp_path / "other", manifest(name="lovt-18"))


def test_a_data_set_whose_tasks_would_be_published_ones_writes_nothing(tmp_path: Path) -> None:
    """Every command reads the tasks of a workspace, so one `covid_linear.yaml` there stopped them all."""
    with pytest.raises(
        OwnTasksError, match=r"task covid_\w+, which is there already, on covid-rural; prepare it"
    ):
        written(tmp_path, manifest(name="covid"))
    assert not list(tmp_path.iterdir())


def test_two_names_never_come_to_the_same_tasks(tmp_path: Path) -> None:
    written(tmp_path, manifest(name="part-a"))
    with pytest.raises(OwnTasksError, match=r"part_a would have the task part_a_\w+, .* on part-a"):
        written(tmp_path, manifest(name="part_a"))
    assert {spec.dataset for spec in load_tasks(workspace=tmp_path)[-5:]} == {"part-a"}


def test_nothing_drawn_is_no_task(tmp_path: Path) -> None:
    with pytest.raises(OwnTasksError, match="no boxes and no drawn masks, so there is no task"):
        written(tmp_path, manifest(masks_from="boxes", has_boxes=False))
    with pytest.raises(OwnTasksError, match="has no boxes; expected --targets masks"):
        own_tasks(manifest(has_boxes=False), "Mine", ["boxes"], load_tasks())
