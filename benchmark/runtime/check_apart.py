"""The check of a backbone in a process apart, with little memory and time: it parses what somebody hostile wrote."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.contract.apart import Apart, ApartError, Limits
from lovt_bench.benchmark.contract.apart_inside import RefusedError
from lovt_bench.benchmark.contract.run_contract import GIB

MEMORY = 6 * GIB
"""Bytes of data that a check may use, besides three times the size of the files (read, converted, run)."""
SECONDS = 600
FINDINGS = TypeAdapter(list[Finding])


def check_apart(
    root: Path, *, name: str | None = None, memory: int = MEMORY, seconds: float = SECONDS
) -> list[Finding]:
    """Return the findings of `check_backbone`, or one error where the check itself did not end well.

    Args:
        root: A backbone folder that nobody else can write to.
        name: The backbone's, where its folder has another name still.
        memory: Bytes of data that the process may have beside three times the size of the files.
        seconds: Time until it is killed.
    """
    with closing(checks_apart(root, name=name, memory=memory, seconds=seconds)) as checks:
        return next(checks)


def checks_apart(
    root: Path, *, name: str | None = None, memory: int = MEMORY, seconds: float = SECONDS
) -> Generator[list[Finding], None, None]:
    """Yield the findings of `check_backbone`, then of a graph alone those of `check_sanity` and of `check_training`.

    See `check_apart`.
    """
    sizes = sum(path.stat().st_size for path in root.iterdir())
    limits = Limits(seconds=seconds, clock=seconds, memory=memory + 3 * sizes, answer=0)
    arguments = {"folder": str(root.resolve()), "name": name}
    with Apart("lovt_bench.benchmark.backbone.check:check_work", arguments, limits) as apart:
        for _ in range(3):
            yield _findings(apart)


def _findings(apart: Apart) -> list[Finding]:
    try:
        return FINDINGS.validate_python(apart.ask().said)
    except (ApartError, RefusedError) as error:
        return [Finding("error", "check", f"the check of the files {error}")]
    except ValidationError:
        return [Finding("error", "check", "the check of the files gave no findings")]
