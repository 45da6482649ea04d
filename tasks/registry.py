"""The tasks: one YAML file each in `tasks/specs/`, named by its id. Numbers and ids are unique. No torch.

A new task is a new file; nothing else is edited (docs/tasks.md). Tasks on somebody's own data lie in the workspace, in
`tasks/specs/` there: a program that was installed from a wheel has no folder to write to (docs/own-data.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path

from pydantic import ValidationError

from lovt_bench.benchmark.contract.strict_yaml import StrictYamlError, read_yaml
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.contract.unknown import meant, unknown
from lovt_bench.tasks.head import heads
from lovt_bench.tasks.messages import explain
from lovt_bench.tasks.metric import metric_names

SPECS = Path(__file__).resolve().parent / "specs"
OWN_SPECS = Path("tasks") / "specs"
"""Where a workspace has the tasks on its own data."""


class UnknownTaskError(ValueError):
    """There is no task of this id or number."""


class InvalidTaskError(ValueError):
    """A task file that breaks the schema, or two files that contradict each other."""


def load_tasks(folder: Path = SPECS, workspace: Path | None = None) -> tuple[TaskSpec, ...]:
    """Return all tasks in ascending number.

    Args:
        folder: Folder of the task files.
        workspace: A workspace, whose own tasks are tasks, too.

    Raises:
        InvalidTaskError: A file is invalid, or two files share a number or an id.
    """
    own = [] if workspace is None else sorted((workspace / OWN_SPECS).glob("*.yaml"))
    files = {path.stem: path for path in folder.glob("*.yaml")}
    if taken := [path for path in own if path.stem in files]:
        raise InvalidTaskError(f"{taken[0]}: {files[taken[0].stem]} has this id; rename the file and its id")
    specs = sorted((read_task(path) for path in (*files.values(), *own)), key=lambda spec: spec.number)
    for first, second in pairwise(specs):
        if first.number == second.number:
            where = workspace / OWN_SPECS if own and workspace else folder
            raise InvalidTaskError(
                f"{where}: tasks {first.id} and {second.id} share the number {first.number}"
            )
    return tuple(specs)


def load_task(task: str, folder: Path = SPECS, workspace: Path | None = None) -> TaskSpec:
    """Return the one task that a pattern of `select_tasks` names: its id or its number.

    Raises:
        UnknownTaskError: No such task, or several; the message lists the ids.
    """
    found = select_tasks([task], folder, workspace)
    if len(found) != 1:
        ids = ", ".join(spec.id for spec in found)
        raise UnknownTaskError(f"{task!r} names {len(found)} tasks; expected one of {ids}")
    return found[0]


def select_tasks(
    patterns: Iterable[str], folder: Path = SPECS, workspace: Path | None = None
) -> tuple[TaskSpec, ...]:
    """Return the tasks that patterns name, in ascending number; all without a pattern.

    Args:
        patterns: Ids, also with `*`, `?` and `[...]`, numbers (`9`), ranges of numbers (`7-9`), or several of these
            with commas between.
        folder: Folder of the task files.
        workspace: A workspace, whose own tasks are tasks, too.

    Raises:
        UnknownTaskError: One of them names no task; the message lists the known ids.
    """
    known = load_tasks(folder, workspace)
    given = list(patterns)
    wanted = [word for pattern in given for part in pattern.split(",") if (word := part.strip())]
    if given and not wanted:
        raise UnknownTaskError(_unknown(",".join(given), known))
    chosen: set[str] = set()
    for word in wanted:
        named = {spec.id for spec in known if _names(word, spec)}
        if not named:
            raise UnknownTaskError(_unknown(word, known))
        chosen |= named
    return tuple(spec for spec in known if spec.id in chosen or not given)


def _unknown(word: str, known: Sequence[TaskSpec]) -> str:
    return unknown("task", word, [spec.id for spec in known]) + " (or their numbers)"


def _names(word: str, spec: TaskSpec) -> bool:
    if numbers := re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", word):
        return int(numbers[1]) <= spec.number <= int(numbers[2] or numbers[1])
    return fnmatchcase(spec.id, word)


def read_task(path: Path) -> TaskSpec:
    """Return the task of one file.

    Raises:
        InvalidTaskError: Unreadable, a field missing, unknown or wrong, the id differs from the file name, there is no
            such head, it learns something else, or a metric is one that the task does not compute.
    """
    try:
        spec = TaskSpec.model_validate(read_yaml(path))
    except ValidationError as error:
        raise InvalidTaskError(explain(path, error, TaskSpec)) from error
    except StrictYamlError as error:
        raise InvalidTaskError(str(error)) from error
    if spec.id != path.stem:
        raise InvalidTaskError(f"{path}: id is {spec.id!r}, expected {path.stem!r} as in the file name")
    if spec.head_width_divisor != 1:
        raise InvalidTaskError(
            f"{path}: head_width_divisor: a profile narrows heads, no task does; take it out"
        )
    if spec.head not in heads():
        raise InvalidTaskError(f"{path}: head: {unknown('head', spec.head, heads())}")
    if (learns := heads()[spec.head].target) != spec.target:
        raise InvalidTaskError(f"{path}: head {spec.head} learns {learns}, it does not learn {spec.target}")
    computed = metric_names(spec)
    for field, names in (
        ("monitor", [spec.monitor]),
        ("metric", [spec.metric]),
        ("extra_metrics", spec.extra_metrics),
    ):
        for name in names:
            if name not in computed:
                raise InvalidTaskError(
                    f"{path}: {field} {name!r} is not computed here{meant(name, computed)}; "
                    f"choose from {', '.join(computed)}"
                )
    return spec
