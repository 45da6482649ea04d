"""Suite files, `tasks/suites/<name>.yaml`: which tasks count together. A new suite is a new file. No torch.

Suites of somebody's own data lie in the workspace, in `tasks/suites/` there, as their tasks do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from lovt_bench.benchmark.contract.strict_yaml import StrictYamlError, read_yaml
from lovt_bench.benchmark.contract.suite import Suite, SuiteFile
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.contract.unknown import unknown
from lovt_bench.tasks.messages import explain
from lovt_bench.tasks.registry import SPECS, load_tasks

SUITES = Path(__file__).resolve().parent / "suites"
OWN_SUITES = Path("tasks") / "suites"
"""Where a workspace has the suites of its own data."""
DEFAULT_SUITE = "lovt-18"


class UnknownSuiteError(ValueError):
    """There is no suite of this name."""


class InvalidSuiteError(ValueError):
    """A suite file that breaks the schema, or names what there is not."""


def suite_files(folder: Path = SUITES, workspace: Path | None = None) -> dict[str, Path]:
    """Return the files of all suites by name: the default one, then the others, sorted.

    Raises:
        InvalidSuiteError: The workspace has a suite of a name that there is already.
    """
    files = {path.stem: path for path in folder.glob("*.yaml")}
    for path in () if workspace is None else (workspace / OWN_SUITES).glob("*.yaml"):
        if path.stem in files:
            raise InvalidSuiteError(f"{path}: {files[path.stem]} has this name; rename the file and its name")
        files[path.stem] = path
    return {name: files[name] for name in sorted(files, key=lambda name: (name != DEFAULT_SUITE, name))}


def load_suites(
    folder: Path = SUITES, specs: Path = SPECS, workspace: Path | None = None
) -> tuple[Suite, ...]:
    """Return all suites, the default one first. Raises InvalidSuiteError as `load_suite` does."""
    return tuple(load_suite(name, folder, specs, workspace) for name in suite_files(folder, workspace))


def load_suite(
    name: str = DEFAULT_SUITE, folder: Path = SUITES, specs: Path = SPECS, workspace: Path | None = None
) -> Suite:
    """Return the suite called `name`.

    Args:
        name: Name of the suite.
        folder: Folder of the suite files.
        specs: Folder of the task files.
        workspace: A workspace, whose own suites and tasks count, too.

    Raises:
        UnknownSuiteError: No file of this name; the message lists the known names.
        InvalidSuiteError: Unreadable, a field missing, unknown or wrong, `name` is not the file's, or a task, suite
            or dataset that there is not.
    """
    files = suite_files(folder, workspace)
    file = _read(name, files)
    known = load_tasks(specs, workspace)
    path = files[name]
    if file.base is None:
        if strange := [task for task in file.tasks if task not in {spec.id for spec in known}]:
            raise InvalidSuiteError(f"{path}: {unknown('task', strange[0], [spec.id for spec in known])}")
        return Suite(name=name, title=file.title, tasks=file.tasks)
    base = _read(file.base, files)
    if base.base is not None:
        raise InvalidSuiteError(f"{path}: base {file.base} is made of {base.base}; expected that one as base")
    kept, datasets = _without(base.tasks, known, file.without_datasets)
    if strange := [dataset for dataset in file.without_datasets if dataset not in datasets]:
        raise InvalidSuiteError(f"{path}: {unknown('dataset', strange[0], datasets)} (of {file.base})")
    if not kept:
        raise InvalidSuiteError(f"{path}: no task of {file.base} is left; expected a dataset less")
    return Suite(name=name, title=file.title, tasks=kept)


def suite_tasks(suite: Suite, specs: Path = SPECS, workspace: Path | None = None) -> tuple[TaskSpec, ...]:
    """Return the tasks of a suite in its order."""
    by_id = {spec.id: spec for spec in load_tasks(specs, workspace)}
    return tuple(by_id[task] for task in suite.tasks)


def _without(
    tasks: Sequence[str], known: Sequence[TaskSpec], left_out: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the tasks on other datasets, and the datasets of all of them."""
    dataset_of = {spec.id: spec.dataset for spec in known if spec.id in tasks}
    kept = [task for task in tasks if dataset_of.get(task) not in left_out]
    return kept, list(dict.fromkeys(dataset_of.values()))


def _read(name: str, files: Mapping[str, Path]) -> SuiteFile:
    if name not in files:
        raise UnknownSuiteError(unknown("suite", name, list(files)))
    path = files[name]
    try:
        file = SuiteFile.model_validate(read_yaml(path))
    except ValidationError as error:
        raise InvalidSuiteError(explain(path, error, SuiteFile)) from error
    except StrictYamlError as error:
        raise InvalidSuiteError(str(error)) from error
    if file.name != name:
        raise InvalidSuiteError(f"{path}: name is {file.name!r}, expected {name!r} as in the file name")
    return file
