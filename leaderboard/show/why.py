"""Which tasks, runs and images put one row above another: what `lovt-bench why` prints and writes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lovt_bench.leaderboard.show.comparison import p_text
from lovt_bench.leaderboard.show.layout import MISSING, percent, signed_percent
from lovt_bench.leaderboard.statistics.difference import NOTHING, TaskDifference
from lovt_bench.leaderboard.statistics.difference_words import half_of_it
from lovt_bench.leaderboard.text import plural


@dataclass(frozen=True)
class WhyImage:
    """A test image on which the two rows differ."""

    row: int
    """Of the image store: IDs of images may name patients."""
    difference: float
    first: float | None
    """Metric of the image alone, mean over runs; None where there is nothing to find."""
    second: float | None
    pictures: tuple[str, ...] = ()
    """Truth, first, second: PNG, base64; empty where none is drawn."""


@dataclass(frozen=True)
class WhyTask:
    """One task."""

    difference: TaskDifference
    title: str
    dataset: str
    metric: str
    images: Sequence[WhyImage]
    """Those that speak most for the first row, then those that speak most for the second."""
    seeds: tuple[int, ...] = ()
    """Of the two runs that the pictures show."""
    note: str = ""
    """Why there are no pictures."""


@dataclass(frozen=True)
class Why:
    """Two rows, and what puts the one above the other."""

    names: tuple[str, str]
    table: str
    """What the numbers are of."""
    phantom: bool
    tasks: Sequence[WhyTask]
    sentences: Sequence[str]
    properties: Mapping[str, Sequence[tuple[str, str, str]]] = field(default_factory=dict)
    """By images that embeddings were measured on: name of a property, and its values."""
    left_out: Sequence[tuple[str, str]] = ()


TASK_HEAD = ("Task", "Metric", "Difference", "± seeds", "p", "± images and seeds", "p", "Pairs of runs")


def task_lines(why: Why) -> list[tuple[str, ...]]:
    """Return a line of `TASK_HEAD` for each task."""
    return [_line(task) for task in why.tasks]


RUN_HEAD = ("Task", "Row", "Mean", "Runs")


def run_lines(why: Why) -> list[tuple[str, ...]]:
    """Return the single runs of both rows, a line of `RUN_HEAD` for each task and row."""
    return [
        (task.title, name, percent(sum(values) / len(values)), "  ".join(percent(value) for value in values))
        for task in why.tasks
        for name, values in zip(why.names, (task.difference.first, task.difference.second), strict=True)
    ]


DATASET_HEAD = ("Dataset", "Tasks", "First higher", "Second higher", "Mean difference")


def dataset_lines(why: Why) -> list[tuple[str, ...]]:
    """Return a line of `DATASET_HEAD` for each dataset: a description, no test."""
    found: list[tuple[str, ...]] = []
    for name in dict.fromkeys(task.dataset for task in why.tasks):
        values = [task.difference.value for task in why.tasks if task.dataset == name]
        found.append(
            (
                name,
                str(len(values)),
                str(sum(value > 0 for value in values)),
                str(sum(value < 0 for value in values)),
                signed_percent(sum(values) / len(values)),
            )
        )
    return found


def image_sentence(task: WhyTask, names: tuple[str, str]) -> str:
    """Return how the difference of a task is spread over its images."""
    values = task.difference.of_images
    half = half_of_it(values)
    unknown = int(np.isnan(values).sum())
    text = f" No value: {plural(unknown, 'image')}, without which the metric is undefined." if unknown else ""
    if half is None:
        return f"No image of {len(values)} makes a difference.{text}"
    for_first, for_second = int((values > NOTHING).sum()), int((values < -NOTHING).sum())
    return (
        f"{plural(len(values), 'test image')}: {for_first} for {names[0]}, {for_second} for {names[1]}; half of all "
        f"that images differ by lies in {half}.{text}"
    )


def shown_runs(task: WhyTask) -> str:
    """Return whose predictions the pictures show."""
    seeds = list(dict.fromkeys(task.seeds))
    which = f"seed {seeds[0]}" if len(seeds) == 1 else f"the seeds {seeds[0]} and {seeds[1]}"
    return f"Pictures show the runs of {which}; numbers are means over all runs."


def by_row(task: WhyTask, names: tuple[str, str]) -> list[tuple[str, list[WhyImage]]]:
    """Return the images of a task by the row that they speak most for."""
    return [
        (name, [image for image in task.images if sign * image.difference > 0])
        for name, sign in zip(names, (1, -1), strict=True)
    ]


def image_text(image: WhyImage, names: tuple[str, str]) -> str:
    """Return what an image adds, and its scores alone where it holds something to find."""
    scores = "nothing to find"
    if image.first is not None and image.second is not None:
        scores = f"{names[0]} {percent(image.first)}, {names[1]} {percent(image.second)}"
    return f"{image.row}: {signed_percent(image.difference)} ({scores})"


def _line(task: WhyTask) -> tuple[str, ...]:
    found = task.difference
    images = found.over_images
    return (
        task.title,
        task.metric,
        signed_percent(found.value),
        MISSING if found.seeds is None else percent(found.seeds),
        _p(found.p_seeds),
        MISSING if images is None else percent(images.half_width()),
        _p(found.p_images),
        f"{found.above} of {len(found.first) * len(found.second)}",
    )


def _p(value: float) -> str:
    return p_text(None if math.isnan(value) else value)
