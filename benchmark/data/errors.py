"""What can be wrong with raw data. Every message names the file, and the row where there is one."""

from __future__ import annotations

from pathlib import Path


class DataError(Exception):
    """Raw data, split files or a store are not as expected; the message says where, what, and what to do."""


class BadImageError(DataError):
    """One image cannot be used; `--skip-bad` leaves such images out."""


class DamagedStoreError(DataError, ValueError):
    """A store is not what it was when it was made: it must not be used."""

    def __init__(self, root: Path, problem: str) -> None:
        from lovt_bench.benchmark.data.preparers import prepare_command  # whose modules raise these errors

        name, _, other = root.name.partition("@")
        self.problem = f"store {root} is damaged: {problem}"
        super().__init__(
            f"{self.problem}. `lovt-bench data verify {root.name}` says all that is wrong; make it "
            f"again with: {prepare_command(name)} --force" + (" --protocol NAME" if other else "")
        )
