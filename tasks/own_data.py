"""Task files and a suite for somebody's own data set: published tasks, turned to its images and classes. No torch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from lovt_bench.benchmark.contract.base import Model
from lovt_bench.benchmark.contract.dataset import DatasetManifest
from lovt_bench.benchmark.contract.suite import SuiteFile
from lovt_bench.benchmark.contract.task import Target, TaskSpec
from lovt_bench.benchmark.disk.temporary import write_text
from lovt_bench.tasks.head import heads
from lovt_bench.tasks.registry import OWN_SPECS, load_task, load_tasks, read_task
from lovt_bench.tasks.suite import OWN_SUITES, SUITES

FEW = 1000
"""Training images below which the small published tasks are taken as they are trained (133 and 160 images), not the
large ones (7229 and 16010)."""

FIRST = 101
"""Number of the first own task: the published ones, and those that may come, have smaller ones."""

SMALL = {
    "boxes": ("rsna_frozen_1", "rsna_finetune_1"),
    "masks": ("covid_linear", "covid_unet_frozen", "covid_unet_finetune"),
}
LARGE = {
    "boxes": ("rsna_frozen_100", "rsna_finetune_100"),
    "masks": ("rsna_seg_linear_100", "pneumothorax_unet_frozen_100", "pneumothorax_unet_finetune_100"),
}
"""Published tasks by what they learn: batch size, learning rates, epochs and warm-up are theirs."""


class OwnTasksError(ValueError):
    """There is nothing to make tasks of, or a file is there already and says something else."""


def targets_of(manifest: DatasetManifest) -> list[Target]:
    """Return what a store can be asked for: boxes where there are any, masks where somebody drew them.

    Raises:
        OwnTasksError: It is a store of a public dataset, which has its tasks, or nothing is drawn on any image.
    """
    if manifest.masks_from is None:
        raise OwnTasksError(
            f"{manifest.name} is no own data: its tasks are in `lovt-bench tasks list`; prepare own images with: "
            "lovt-bench data prepare own --format coco --raw DIR --name NAME"
        )
    boxes: list[Target] = ["boxes"] if manifest.has_boxes else []
    found: list[Target] = [*boxes, "masks"] if manifest.masks_from == "annotations" else boxes
    if not found:
        raise OwnTasksError(
            f"{manifest.name} has no boxes and no drawn masks, so there is no task; draw some and prepare it again"
        )
    return found


def check_own_name(name: str, known: Sequence[TaskSpec]) -> None:
    """Refuse a name whose suite or tasks would be those of something else: `covid`, or `part_a` beside `part-a`.

    Args:
        name: Name of a data set.
        known: All tasks there are.

    Raises:
        OwnTasksError: Names what is there already.
    """
    if (SUITES / f"{name}.yaml").exists():
        raise OwnTasksError(
            f"a suite of lovt-bench is called {name}; prepare the data set under another name"
        )
    dataset_of, published = (
        {spec.id: spec.dataset for spec in known},
        {spec.id: spec for spec in load_tasks()},
    )
    for template in chain(*SMALL.values(), *LARGE.values()):
        task = _task_id(name, published[template])
        if (owner := dataset_of.get(task, name)) != name:
            raise OwnTasksError(
                f"a data set called {name} would have the task {task}, which is there already, on {owner}; prepare it "
                "under another name"
            )


def own_tasks(
    manifest: DatasetManifest, title: str, targets: Sequence[Target], known: Sequence[TaskSpec]
) -> list[TaskSpec]:
    """Return the tasks of an own data set.

    Args:
        manifest: Of its store.
        title: How tables call it.
        targets: What is to be learnt.
        known: All tasks there are: a task keeps its number, new ones take the next.

    Raises:
        OwnTasksError: Tasks or a suite of something else have these names, or no box is there to learn.
    """
    check_own_name(manifest.name, known)
    if "boxes" in targets and not manifest.has_boxes:
        raise OwnTasksError(f"{manifest.name} has no boxes; expected --targets masks, or images with boxes")
    images = manifest.split_summaries["train"].images
    templates = SMALL if images < FEW else LARGE
    numbers = {spec.id: spec.number for spec in known}
    following = iter(range(max([FIRST - 1, *numbers.values()]) + 1, 10**9))
    found = []
    for target in targets:
        for name in templates[target]:
            template = load_task(name)
            label = f"{heads()[template.head].label} {template.backbone}"
            task = _task_id(manifest.name, template)
            fields = {
                "number": numbers.get(task) or next(following),
                "id": task,
                "title": f"{title} {label}",
                "dataset": manifest.name,
                "classes": manifest.classes,
                "train_fraction": 1.0,
                "validation_fraction": 1.0,
                "published_train_images": images,
                **(_of_masks(manifest.classes) if target == "masks" else {}),
            }
            found.append(TaskSpec.model_validate(template.model_dump() | fields))
    return found


def write_own_tasks(
    workspace: Path, name: str, title: str, specs: Sequence[TaskSpec], *, force: bool = False
) -> list[Path]:
    """Write task files and, last, the suite that holds them, into a workspace; equal files are left as they are.

    Args:
        workspace: The workspace.
        name: Name of the data set, and of the suite.
        title: How tables call it.
        specs: Its tasks.
        force: Replace files that say something else; results on tasks that change are results on other tasks.

    Returns:
        The files.

    Raises:
        OwnTasksError: A file says something else.
    """
    suite = SuiteFile(name=name, title=title, tasks=[spec.id for spec in specs])
    texts = {workspace / OWN_SPECS / f"{spec.id}.yaml": _text(spec) for spec in specs}
    texts[workspace / OWN_SUITES / f"{name}.yaml"] = _text(suite)
    if changed := [
        path for path, text in texts.items() if not force and path.exists() and _differs(path, text)
    ]:
        raise OwnTasksError(
            f"{changed[0]} is there and says something else; --force replaces it, and results on tasks that change are "
            "no longer shown"
        )
    for path, text in texts.items():
        if not path.exists() or _differs(path, text):
            write_text(path, text)
    for path in (workspace / OWN_SPECS / f"{spec.id}.yaml" for spec in specs):
        read_task(path)
    load_tasks(workspace=workspace)
    return list(texts)


def _of_masks(classes: Sequence[str]) -> dict[str, Any]:
    single = [f"{name}_dice" for name in classes]
    metric, label = (single[0], "Dice") if len(single) == 1 else ("avg_dice", "Avg Dice")
    extra = [] if len(single) == 1 else single
    return {"monitor": metric, "metric": metric, "metric_label": label, "extra_metrics": extra}


def _task_id(name: str, template: TaskSpec) -> str:
    """Return the id of the task of a data set: `city_hospital_linear`, `city_hospital_unet_frozen`."""
    word = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name.lower())
    if heads()[template.head].one_layer:
        return f"{word}_{template.head}"
    return f"{word}_{template.head}_{'frozen' if template.backbone == 'frozen' else 'finetune'}"


def _differs(path: Path, text: str) -> bool:
    return path.read_bytes() != text.encode()


def _text(model: Model) -> str:
    """Return a model as YAML that is JSON in each field, so that nothing of it can be read in two ways."""
    return "".join(f"{line}\n" for line in _lines(model))


def _lines(model: Model) -> Iterator[str]:
    for name, value in model.model_dump(mode="json", exclude_defaults=True).items():
        yield f"{name}: {json.dumps(value, ensure_ascii=False)}"
