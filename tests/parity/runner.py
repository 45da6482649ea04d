"""Runs the checks over a folder: every case one result, nothing skipped, no exception escapes.

A file without a check, an output that no check compared, an array that is not in the manifest: each is a
failure.
"""

from __future__ import annotations

import fnmatch
import importlib
import math
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.parity import checks as checks_package
from tests.parity.compare import Comparison, Failure
from tests.parity.golden import GoldenError, GoldenFile, describe, golden_names, read_manifest

Check = Callable[[GoldenFile], Iterable[Comparison | Failure]]


@dataclass(frozen=True)
class Result:
    """One line of the report."""

    file: str
    case: str
    passed: bool
    ratio: float | None
    """Largest error over its tolerance; None where nothing was computed."""
    detail: str
    """The quantity with that ratio, or what went wrong."""


def load_checks() -> tuple[dict[str, Check], list[Result]]:
    """Return the checks of all modules in `checks/` by file stem or pattern, and modules that failed."""
    found: dict[str, Check] = {}
    broken: list[Result] = []
    for module in sorted(pkgutil.iter_modules(checks_package.__path__), key=lambda item: item.name):
        try:
            loaded = importlib.import_module(f"{checks_package.__name__}.{module.name}")
            found |= loaded.CHECKS
        except Exception as error:
            broken.append(Result(f"checks/{module.name}.py", "import", False, None, describe(error)))
    return found, broken


def run_folder(folder: Path, only: str | None = None) -> Iterator[Result]:
    """Yield a result for each case of each file, those whose stem or name matches `only` if given.

    Raises:
        GoldenError: The folder is not one of golden vectors, or `only` matches nothing.
    """
    manifest = read_manifest(folder)
    names = golden_names(folder, manifest)
    if only is not None:
        chosen = [name for name in names if _matches(name, only)]
        if not chosen:
            raise GoldenError(
                f"no file matches {only!r}; files: {', '.join(name.split('.')[0] for name in names)}"
            )
        names = chosen
    checks, broken = load_checks()
    yield from broken
    for name in names:
        yield from run_file(folder / name, manifest.get(name), checks)


def run_file(path: Path, entry: Mapping[str, Any] | None, checks: Mapping[str, Check]) -> Iterator[Result]:
    """Yield the results of one file; `entry` is None where the manifest does not list it."""
    stem = path.name.split(".")[0]
    if not path.is_file():
        yield Result(stem, "file", False, None, "listed in the manifest, not in the folder")
        return
    if entry is None:
        yield Result(stem, "file", False, None, "lies in the folder, not in the manifest")
        return
    check = _check_for(stem, checks)
    if check is None:
        yield Result(stem, "file", False, None, "no check for this file")
        return
    golden = GoldenFile(path, entry)
    cases: dict[str, list[Comparison | Failure]] = {}
    try:
        for item in check(golden):
            cases.setdefault(item.case, []).append(item)
        yield from (_result(stem, case, items) for case, items in cases.items())
        yield from _coverage(golden, compared_any=bool(cases))
    except Exception as error:
        yield from (_result(stem, case, items) for case, items in cases.items())
        yield Result(stem, "file", False, None, describe(error))


def _coverage(golden: GoldenFile, compared_any: bool) -> Iterator[Result]:
    missed = [name for name in golden.outputs() if name not in golden.used]
    if missed:
        yield Result(golden.stem, "coverage", False, None, f"outputs not compared: {_shorten(missed)}")
    if golden.path.suffix == ".npz":
        unlisted = [name for name in golden.stored_names if name not in golden.arrays]
        if unlisted:
            yield Result(
                golden.stem, "coverage", False, None, f"arrays not in the manifest: {_shorten(unlisted)}"
            )
    if not compared_any:
        yield Result(golden.stem, "coverage", False, None, "the check compared nothing")


def _result(stem: str, case: str, items: list[Comparison | Failure]) -> Result:
    failures = [item for item in items if isinstance(item, Failure)]
    if failures:
        return Result(stem, case, False, None, failures[0].message)
    worst, ratio = None, -1.0
    for item in items:
        assert isinstance(item, Comparison)
        value = item.ratio()
        if value > ratio:
            worst, ratio = item, value
    assert worst is not None
    return Result(stem, case, ratio <= 1, ratio, worst.problem() or worst.quantity)


def _check_for(stem: str, checks: Mapping[str, Check]) -> Check | None:
    if stem in checks:
        return checks[stem]
    return next((check for pattern, check in checks.items() if fnmatch.fnmatch(stem, pattern)), None)


def _matches(name: str, pattern: str) -> bool:
    return fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(name.split(".")[0], pattern)


def _shorten(names: list[str], limit: int = 8) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def format_result(result: Result) -> str:
    """Return the line of a result: verdict, file, case, ratio, and where it comes from."""
    ratio = "-" if result.ratio is None else "inf" if math.isinf(result.ratio) else f"{result.ratio:.3g}"
    verdict = "ok  " if result.passed else "FAIL"
    return f"{verdict}  {result.file:<24} {result.case:<34} {ratio:>9}  {result.detail}"
