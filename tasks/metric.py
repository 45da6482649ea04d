"""What each metric says of itself, `METRIC` in `tasks/metrics/<name>.py`. A new metric is a new file. No torch.

Beside `METRIC` the file has `compute`, which returns a value by name (`tasks.scores`). Metrics of a file are measured
under every protocol, or, with `beside`, on test only, under protocols that name the file in `metrics.beside`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from lovt_bench.benchmark.contract.base import Model
from lovt_bench.benchmark.contract.task import Target, TaskSpec
from lovt_bench.tasks.declared import InvalidDeclarationError, read_declared

FOLDER = Path(__file__).resolve().parent / "metrics"
PER_CLASS = "<class>"


class Metric(Model):
    """The metrics of one file."""

    names: tuple[str, ...] = Field(min_length=1)
    """As tasks ask for them and records hold them; one with `<class>` stands for one of each class."""
    target: Target
    """What it measures."""
    order: int = 100
    """Place in listings, ascending."""
    beside: bool = False
    """Whether it is measured only where a protocol asks for it."""
    reads: Literal["counts", "masks"] = "counts"
    """What a metric of masks follows from: the counts of each image, or, only beside, the masks themselves."""
    datasets: tuple[str, ...] = ()
    """On whose tasks it means something, only beside; empty: on all."""

    @model_validator(mode="after")
    def _classes_of_masks_only(self) -> Self:
        if self.target == "boxes" and (wrong := [name for name in self.names if PER_CLASS in name]):
            raise ValueError(f"{wrong[0]} is of single classes, which metrics of boxes are not told")
        if not self.beside and (self.reads == "masks" or self.datasets):
            raise ValueError("reads masks and datasets are for metrics with beside=True")
        if self.target == "boxes" and (self.reads == "masks" or self.datasets):
            raise ValueError("reads masks and datasets are for metrics of masks")
        return self

    def names_of(self, classes: Sequence[str]) -> list[str]:
        """Return the names for these classes, those of single classes first."""
        single = [
            name.replace(PER_CLASS, each) for each in classes for name in self.names if PER_CLASS in name
        ]
        return [*single, *(name for name in self.names if PER_CLASS not in name)]


@cache
def metrics(target: Target, folder: Path = FOLDER) -> dict[str, Metric]:
    """Return the metrics of boxes or of masks by file, as listed, those beside included.

    Raises:
        InvalidDeclarationError: A file does not say what it should, or two give one metric.
    """
    files = {
        path.stem: read_declared(path, Metric)
        for path in sorted(folder.glob("*.py"))
        if not path.stem.startswith("_")
    }
    own = {name: metric for name, metric in files.items() if metric.target == target}
    first: dict[str, str] = {}
    for file, metric in own.items():
        for name in metric.names:
            if (other := first.setdefault(name, file)) != file:
                raise InvalidDeclarationError(
                    f"{folder / file}.py: the metric {name} is that of {other}.py, too"
                )
    return dict(sorted(own.items(), key=lambda item: (item[1].order, item[0])))


def beside_metrics() -> list[str]:
    """Return the files of metrics that a protocol may ask for."""
    return [file for target in get_args(Target) for file, metric in metrics(target).items() if metric.beside]


def metrics_beside(spec: TaskSpec, files: Collection[str]) -> dict[str, Metric]:
    """Return the metrics, by file, that the files of a protocol's `metrics.beside` add to a task."""
    return {
        file: metric
        for file, metric in metrics(spec.target).items()
        if metric.beside and file in files and (not metric.datasets or spec.dataset in metric.datasets)
    }


def metric_names(spec: TaskSpec, beside: Collection[str] = ()) -> list[str]:
    """Return the names of all metrics that the task's evaluation gives under a protocol with these files beside."""
    always = [metric for metric in metrics(spec.target).values() if not metric.beside]
    return [
        name
        for metric in (*always, *metrics_beside(spec, beside).values())
        for name in metric.names_of(spec.classes)
    ]
