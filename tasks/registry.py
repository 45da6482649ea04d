"""The tasks: one YAML file each in `tasks/specs/`, named by its id. Numbers and ids are unique. No torch.

A new task is a new file; nothing else is edited (docs/tasks.md).
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from pydantic import ValidationError

from benchmark.contract.strict_yaml import StrictYamlError, read_yaml
from benchmark.contract.task import TaskSpec
from tasks.messages import explain
from tasks.metrics.names import metric_names

SPECS = Path(__file__).resolve().parent / "specs"


class UnknownTaskError(ValueError):
    """There is no task of this id or number."""


class InvalidTaskError(ValueError):
    """A task file that breaks the schema, or two files that contradict each other."""


def load_tasks(folder: Path = SPECS) -> tuple[TaskSpec, ...]:
    """Return all tasks in ascending number.

    Raises:
        InvalidTaskError: a file is invalid, or two files share a number.
    """
    specs = sorted((read_task(path) for path in folder.glob("*.yaml")), key=lambda spec: spec.number)
    for first, second in pairwise(specs):
        if first.number == second.number:
            raise InvalidTaskError(
                f"{folder}: tasks {first.id} and {second.id} share the number {first.number}"
            )
    return tuple(specs)


def load_task(task: str, folder: Path = SPECS) -> TaskSpec:
    """Return the task with this id, or with this number written as text.

    Raises:
        UnknownTaskError: no such task; the message lists the known ids.
    """
    known = load_tasks(folder)
    for spec in known:
        if task in (spec.id, str(spec.number)):
            return spec
    listed = ", ".join(spec.id for spec in known) or "none"
    raise UnknownTaskError(f"unknown task {task!r}; known ids (or their numbers): {listed}")


def read_task(path: Path) -> TaskSpec:
    """Return the task of one file.

    Raises:
        InvalidTaskError: unreadable, a field missing, unknown or wrong, the id differs from the file name, or
            a metric is one that the task does not compute.
    """
    try:
        spec = TaskSpec.model_validate(read_yaml(path))
    except ValidationError as error:
        raise InvalidTaskError(explain(path, error)) from error
    except StrictYamlError as error:
        raise InvalidTaskError(str(error)) from error
    if spec.id != path.stem:
        raise InvalidTaskError(f"{path}: id is {spec.id!r}, expected {path.stem!r} as in the file name")
    computed = metric_names(spec)
    for field, names in (
        ("monitor", [spec.monitor]),
        ("metric", [spec.metric]),
        ("extra_metrics", spec.extra_metrics),
    ):
        for name in names:
            if name not in computed:
                raise InvalidTaskError(
                    f"{path}: {field} {name!r} is not computed here; choose from {', '.join(computed)}"
                )
    return spec
