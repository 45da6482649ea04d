"""Suite files, `tasks/suites/<name>.yaml`: which tasks count together. A new suite is a new file. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from lovt_bench.benchmark.contract.strict_yaml import StrictYamlError, read_yaml
from lovt_bench.benchmark.contract.suite import Suite, SuiteFile
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.contract.unknown import unknown
from lovt_bench.tasks.messages import explain
from lovt_bench.tasks.registry import SPECS, load_tasks

SUITES = Path(__file__).resolve().parent / "suites"
DEFAULT_SUITE = "lovt-18"


class UnknownSuiteError(ValueError):
    """There is no suite of this name."""


class InvalidSuiteError(ValueError):
    """A suite file that breaks the schema, or names what there is not."""


def suite_names(folder: Path = SUITES) -> list[str]:
    """Return the names of all suites: the default one, then the others, sorted."""
    return sorted(
        (path.stem for path in folder.glob("*.yaml")), key=lambda name: (name != DEFAULT_SUITE, name)
    )


def load_suites(folder: Path = SUITES, specs: Path = SPECS) -> tuple[Suite, ...]:
    """Return all suites, the default one first. Raises InvalidSuiteError as `load_suite` does."""
    return tuple(load_suite(name, folder, specs) for name in suite_names(folder))


def load_suite(name: str = DEFAULT_SUITE, folder: Path = SUITES, specs: Path = SPECS) -> Suite:
    """Return the suite called `name`.

    Args:
        name: Name of the suite.
        folder: Folder of the suite files.
        specs: Folder of the task files.

    Raises:
        UnknownSuiteError: No file of this name; the message lists the known names.
        InvalidSuiteError: Unreadable, a field missing, unknown or wrong, `name` is not the file's, or a task, suite
            or dataset that there is not.
    """
    file = _read(name, folder)
    known = load_tasks(specs)
    path = folder / f"{name}.yaml"
    if file.base is None:
        if strange := [task for task in file.tasks if task not in {spec.id for spec in known}]:
            raise InvalidSuiteError(f"{path}: {unknown('task', strange[0], [spec.id for spec in known])}")
        return Suite(name=name, title=file.title, tasks=file.tasks)
    base = _read(file.base, folder)
    if base.base is not None:
        raise InvalidSuiteError(f"{path}: base {file.base} is made of {base.base}; expected that one as base")
    kept, datasets = _without(base.tasks, known, file.without_datasets)
    if strange := [dataset for dataset in file.without_datasets if dataset not in datasets]:
        raise InvalidSuiteError(f"{path}: {unknown('dataset', strange[0], datasets)} (of {file.base})")
    if not kept:
        raise InvalidSuiteError(f"{path}: no task of {file.base} is left; expected a dataset less")
    return Suite(name=name, title=file.title, tasks=kept)


def suite_tasks(suite: Suite, specs: Path = SPECS) -> tuple[TaskSpec, ...]:
    """Return the tasks of a suite in its order."""
    by_id = {spec.id: spec for spec in load_tasks(specs)}
    return tuple(by_id[task] for task in suite.tasks)


def _without(
    tasks: Sequence[str], known: Sequence[TaskSpec], left_out: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the tasks on other datasets, and the datasets of all of them."""
    dataset_of = {spec.id: spec.dataset for spec in known if spec.id in tasks}
    kept = [task for task in tasks if dataset_of.get(task) not in left_out]
    return kept, list(dict.fromkeys(dataset_of.values()))


def _read(name: str, folder: Path) -> SuiteFile:
    if name not in suite_names(folder):
        raise UnknownSuiteError(unknown("suite", name, suite_names(folder)))
    path = folder / f"{name}.yaml"
    try:
        file = SuiteFile.model_validate(read_yaml(path))
    except ValidationError as error:
        raise InvalidSuiteError(explain(path, error, SuiteFile)) from error
    except StrictYamlError as error:
        raise InvalidSuiteError(str(error)) from error
    if file.name != name:
        raise InvalidSuiteError(f"{path}: name is {file.name!r}, expected {name!r} as in the file name")
    return file
