"""What made the runs behind a cell, tuning included, and whether one kind of run made them all: pure functions.

Records of schema 1 do not say what made them. A cell of such records alone has nothing here, so that a board of old
records is what it was; that its runs differ in device or precision is said among its contradictions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lovt_bench.benchmark.contract.made_with import MadeWith
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.leaderboard.board.costs import CostKey
from lovt_bench.leaderboard.text import clean

SHOWN = 8
"""Values of one kind that are listed."""


@dataclass(frozen=True)
class Making:
    """What made the runs of one cell."""

    made_with: dict[str, list[str]] = field(default_factory=dict)
    mixed: list[str] = field(default_factory=list)


def makings(cells: Mapping[CostKey, Sequence[RunRecord]]) -> dict[CostKey, Making]:
    """Return what made each cell of `by_cell`: all runs of the fast engine, diverged ones too."""
    known = _Known()
    return {key: _making(runs, known) for key, runs in cells.items()}


class _Known:
    """What was met before: few machines make many cells, and runs that follow each other are mostly of one."""

    def __init__(self) -> None:
        self._last: tuple[dict[str, Any], str] = {}, ""
        self._facts: dict[str, dict[str, str]] = {}
        self._said: dict[tuple[str, ...], dict[str, list[str]]] = {}

    def key(self, made: MadeWith) -> str:
        """Return the content of what made a run, and keep its facts."""
        # Fields are compared themselves: a model's own `==` takes ten times as long.
        if vars(made) != self._last[0]:
            key = made.model_dump_json()
            self._facts.setdefault(key, _facts(made))
            self._last = vars(made), key
        return self._last[1]

    def said(self, keys: tuple[str, ...]) -> dict[str, list[str]]:
        """Return the distinct values of these contents by label."""
        if keys not in self._said:
            values = [self._facts[key] for key in keys]
            labels = dict.fromkeys(label for one in values for label in one)
            self._said[keys] = {
                label: _distinct(one[label] for one in values if label in one) for label in labels
            }
        return self._said[keys]


def _making(runs: Sequence[RunRecord], known: _Known) -> Making:
    """Return what made one cell."""
    made = [known.key(run.made_with) for run in runs if run.made_with is not None]
    if not made:
        return Making()
    said = known.said(tuple(dict.fromkeys(made)))
    kinds, precisions = {run.device_kind for run in runs}, {run.precision for run in runs}
    mixed = [
        f"Its runs were made {word} {' and '.join(sorted(found))}."
        for word, found in (("on", kinds), ("in", precisions))
        if len(found) > 1
    ]
    return Making(said, mixed)


def _facts(made: MadeWith) -> dict[str, str]:
    """Return label to text, in the order to show."""
    libraries = " ".join(f"{name} {version}" for name, version in made.math_libraries.items())
    skipped = made.skipped_steps and f"{made.skipped_steps} of {made.steps} ({made.skipped_share:.0%})"
    texts = {
        "Device": made.device_name,
        "Processor": made.processor,
        "Threads": str(made.threads),
        "Instruction set": made.instruction_set,
        "Math libraries": libraries,
        "Torch": made.torch,
        "CUDA": made.cuda,
        "cuDNN": made.cudnn,
        "Driver": made.driver,
        "Compute capability": made.compute_capability,
        "Features by": made.feature_library,
        "Winograd": "yes" if made.winograd else "no",
        "CUDA graph": "yes" if made.cuda_graph else "no",
        "Steps skipped by the scaler": skipped,
    }
    return {label: clean(text, limit=120) for label, text in texts.items() if text}


def _distinct(values: Iterable[str]) -> list[str]:
    found = sorted(set(values))
    more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return [*found[:SHOWN], *more]
