"""A suite: the tasks that count together. Completeness, ranks, columns and statements follow it."""

from __future__ import annotations

from pydantic import Field, model_validator

from lovt_bench.benchmark.contract.base import Model, Name


class Suite(Model):
    """What a suite's file comes to."""

    name: Name
    title: str
    tasks: list[str] = Field(min_length=1)
    """Ids, in the order of a table's columns."""


class SuiteFile(Model):
    """`tasks/suites/<name>.yaml`: tasks by id, or those of another suite without some datasets."""

    name: Name
    title: str
    tasks: list[str] = []
    base: Name | None = None
    """A suite that names its tasks itself."""
    without_datasets: list[str] = []
    """Datasets of the base whose tasks are left out."""

    @model_validator(mode="after")
    def _one_of_two(self) -> SuiteFile:
        if bool(self.tasks) == (self.base is not None):
            raise ValueError("expected either tasks, or base and without_datasets")
        if (self.base is not None) != bool(self.without_datasets):
            raise ValueError("base and without_datasets belong together")
        if repeated := sorted({task for task in self.tasks if self.tasks.count(task) > 1}):
            raise ValueError(f"tasks are named twice: {', '.join(repeated)}")
        return self
