"""One measured line, and tables of them: two ways to do the same work, or what has nothing to be compared with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tests.bench.machine import Machine


@dataclass(frozen=True)
class Row:
    """Two ways to do the same work, measured in turns, or one alone.

    Attributes:
        table: Title of the table that the row belongs to.
        work: What is done, so many `units` of it.
        unit: What is counted: `images`, `steps`, …
        bare: Seconds of the work without the harness (or of the reference engine); None: there is no such work.
        here: Seconds of the harness.
        limit: What the ratio is held to; None: nothing.
        kind: `times`: here / bare, at most the limit. `faster`: bare / here, at least the limit.
        flops: Operations of the work, for the floor.
        bytes: Bytes that have to be moved, for the floor.
    """

    table: str
    work: str
    unit: str
    units: float
    bare: float | None
    here: float
    kind: Literal["times", "faster"] = "times"
    limit: float | None = None
    flops: float = 0.0
    bytes: float = 0.0
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Return how the two ways compare, None where there is one alone."""
        if self.bare is None:
            return None
        return self.here / self.bare if self.kind == "times" else self.bare / self.here

    @property
    def met(self) -> bool | None:
        """Whether the limit is kept, None where there is none."""
        if self.limit is None or self.ratio is None:
            return None
        return self.ratio <= self.limit if self.kind == "times" else self.ratio >= self.limit

    def floor(self, machine: Machine) -> float | None:
        """Return the least seconds that the machine needs for the work, None where nothing was counted."""
        if not self.flops and not self.bytes:
            return None
        return max(self.flops / machine.flops_per_second, self.bytes / machine.bytes_per_second)


def render(rows: Iterable[Row], machine: Machine) -> str:
    """Return the rows as Markdown tables, in the order of their first row."""
    tables: dict[str, list[Row]] = {}
    for row in rows:
        tables.setdefault(row.table, []).append(row)
    return "\n\n".join(_table(title, chosen, machine) for title, chosen in tables.items())


def _table(title: str, rows: list[Row], machine: Machine) -> str:
    if all(row.bare is None for row in rows):
        alone = [f"| {row.work} | {_amount(row, row.here)} |" for row in rows]
        column = "time" if rows[0].unit == "s" or rows[0].unit.startswith("ms") else "rate"
        return "\n".join([f"### {title}", "", f"| work | {column} |", "|---|---:|", *alone])
    faster = rows[0].kind == "faster"
    bare, here = ("reference", "fast") if faster else ("bare", "here")
    lines = [
        f"### {title}",
        "",
        f"| work | {bare} | {here} | ratio | target | time over floor |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [f"| {' | '.join(_cells(row, machine))} |" for row in rows]
    return "\n".join(lines)


def _cells(row: Row, machine: Machine) -> list[str]:
    floor, ratio = row.floor(machine), row.ratio
    mark = {True: "", False: " **missed**", None: ""}[row.met]
    sign = "≤" if row.kind == "times" else "≥"
    return [
        row.work + (f" ({row.note})" if row.note else ""),
        "" if row.bare is None else _amount(row, row.bare),
        _amount(row, row.here),
        "" if ratio is None else f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}",
        f"{sign} {row.limit:.3g}{mark}" if row.limit is not None else "",
        f"{row.here / floor:.1f}" if floor else "",
    ]


def _amount(row: Row, seconds: float) -> str:
    if row.unit == "s":
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"
    if row.unit.startswith("ms"):
        return f"{seconds / row.units * 1000:.3g} {row.unit}"
    return f"{row.units / seconds:.3g} {row.unit}/s"
