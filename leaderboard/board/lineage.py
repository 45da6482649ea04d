"""Whether pre-training data share images with an evaluation dataset: pure functions over a table with sources.

Nothing is called clean that no line of the table calls so: what is undeclared or not in the vocabulary is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from lovt_bench.benchmark.contract.base import Model
from lovt_bench.benchmark.contract.dataset import Track
from lovt_bench.benchmark.contract.leaderboard import Overlap, OverlapMark
from lovt_bench.benchmark.contract.pretraining_data import OTHER, vocabulary
from lovt_bench.benchmark.contract.strict_yaml import read_yaml

LINEAGE_FILE = Path(__file__).resolve().parents[1] / "lineage.yaml"

Sure = Literal["confirmed", "stated", "suspected", "none-known"]
"""`confirmed`: the same dataset, or matched image by image. `stated`: by those who made one of the two. `suspected`:
nobody states it, and nothing rules it out. `none-known`: other hospitals, or no X-rays at all."""

MARK_OF: Mapping[Sure, OverlapMark] = {
    "confirmed": "overlapping",
    "stated": "overlapping",
    "suspected": "unknown",
    "none-known": "clean",
}
"""How a line marks a dataset."""

WEIGHT: Mapping[OverlapMark, int] = {"clean": 0, "unknown": 1, "overlapping": 2}
"""The heaviest of several lines counts."""

TOLD = "phantom-masks"
"""What the phantom's ceiling learns from."""

ALL, OTHERS = "all", "others"
UNDECLARED = "The pre-training data are not declared."


class Relation(Model):
    """One line: what is known of shared images."""

    data: str
    """Name in the vocabulary of pre-training data."""
    evaluation: list[str] | Literal["all", "others"]
    """Evaluation datasets; `all`, also those that come later; or `others`: those that lines of the table name, but no
    other line of the same data. A new dataset is clean of no hospital before somebody says so."""
    sure: Sure
    relation: str
    """Why; goes into a sentence."""
    source: str
    """Address of a publication or of the dataset's own page."""

    def names(self, dataset: str) -> bool:
        """Return whether the line names an evaluation dataset."""
        return isinstance(self.evaluation, list) and dataset in self.evaluation


class _Lineage(Model):
    relations: list[Relation]


@cache
def lineage() -> tuple[Relation, ...]:
    """Return the lines of the table."""
    return tuple(_Lineage.model_validate(read_yaml(LINEAGE_FILE)).relations)


def relation_of(data: str, dataset: str, table: Sequence[Relation]) -> Relation | None:
    """Return the line that speaks of a pair, None where none does."""
    own = [line for line in table if line.data == data]
    if named := next((line for line in own if line.names(dataset)), None):
        return named
    rest = (ALL, OTHERS) if any(line.names(dataset) for line in table) else (ALL,)
    return next((line for line in own if line.evaluation in rest), None)


def overlaps(
    declared: Iterable[str],
    datasets: Iterable[str],
    track: Track = "public",
    table: Sequence[Relation] | None = None,
) -> list[Overlap]:
    """Return one mark per evaluation dataset.

    Args:
        declared: Pre-training data as written; empty means undeclared.
        datasets: Evaluation datasets (tasks/specs).
        track: On the phantom every named dataset but `TOLD` is clean: its images are drawn by a program.
        table: Lines; the table of this repository unless given.
    """
    names = vocabulary().read(declared)
    lines = lineage() if table is None else table
    return [_overlap(dataset, names, track, lines) for dataset in dict.fromkeys(datasets)]


def _overlap(dataset: str, names: Sequence[str], track: Track, table: Sequence[Relation]) -> Overlap:
    if not names:
        return Overlap(dataset=dataset, mark="unknown", reasons=[UNDECLARED])
    found = [_judge(name, dataset, track, table) for name in names]
    worst = max((mark for mark, _ in found), key=WEIGHT.__getitem__)
    return Overlap(dataset=dataset, mark=worst, reasons=[reason for mark, reason in found if mark == worst])


def _judge(name: str, dataset: str, track: Track, table: Sequence[Relation]) -> tuple[OverlapMark, str]:
    title = vocabulary().title(name)
    if name.startswith(OTHER):
        return "unknown", f"{title}: not in the vocabulary, nothing is known of shared images."
    if track == "phantom" and name == TOLD:
        return "overlapping", f"{title}: the program that drew the evaluation images told it what they show."
    if track == "phantom":
        return "clean", f"{title}: the evaluation images are drawn by a program."
    line = relation_of(name, dataset, table)
    if line is None:
        return "unknown", f"{title}: no line of the lineage table speaks of it."
    known = "no shared images are known" if line.sure == "none-known" else line.sure
    return MARK_OF[line.sure], f"{title}: {line.relation} ({known}; {line.source})."
