"""Writes the measured part of docs/performance.md: `python -m tests.bench.report` (`make performance`).

What stands between the two marks is replaced, all else stays. With `--parts` only some are measured and printed; with
`--write` their tables take the place of those of the same title.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from lovt_bench.benchmark.engine.device.choice import choose_device
from lovt_bench.benchmark.malloc import keep_freed_memory
from tests.bench.machine import Machine, look_at_machine
from tests.bench.parts.catalogue import PARTS
from tests.bench.rows import Row, render

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
BEGIN, END = "<!-- measured: begin (make performance) -->", "<!-- measured: end -->"


def measure(names: list[str], machine: Machine) -> Iterator[list[Row]]:
    """Measure parts one after the other, each in a folder that is removed, and yield all rows so far."""
    rows: list[Row] = []
    for name in names:
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            rows += PARTS[name](machine, Path(folder))
        print(f"{name}: {time.perf_counter() - start:.0f} s", file=sys.stderr)  # noqa: T201
        yield rows


def text(rows: list[Row], machine: Machine) -> str:
    """Return what stands between the marks."""
    return "\n\n".join(
        [
            f"Machine: {machine.words}. {machine.versions}.",
            f"Measured peaks: {machine.flops_per_second / 1e9:.0f} GFLOP/s (the better of a matrix product and a "
            f"convolution), {machine.bytes_per_second / 1e9:.1f} GB/s (a copy, read and write counted).",
            render(rows, machine),
        ]
    )


def replace_between_marks(page: str, content: str) -> str:
    """Return the page with other content between its marks.

    Raises:
        ValueError: A mark is missing.
    """
    before, mark, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not mark or not end:
        raise ValueError(f"expected the lines {BEGIN} and {END} in the page; put them where the tables go")
    return f"{before}{BEGIN}\n\n{content}\n\n{END}{after}"


def between_marks(page: str) -> str:
    """Return what stands between the marks."""
    return page.partition(BEGIN)[2].partition(END)[0].strip()


def with_tables(content: str, tables: str) -> str:
    """Return content with other tables: those of the same title are replaced, new ones stand at the end."""
    before, *sections = _sections(content)
    known = dict(sections) | dict(_sections(tables)[1:])
    return "\n\n".join([before[1], *(f"### {title}\n\n{table}" for title, table in known.items())])


def _sections(text: str) -> list[tuple[str, str]]:
    """Return what stands before the first title, then titles with what stands below them."""
    before, *rest = f"\n{text}".split("\n### ")
    parts = (each.partition("\n") for each in rest)
    return [("", before.strip()), *((title.strip(), table.strip()) for title, _, table in parts)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", choices=PARTS, help="print these only")
    parser.add_argument("--write", action="store_true", help="with --parts: put their tables into the page")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda", "auto"))
    arguments = parser.parse_args()
    keep_freed_memory()
    machine = look_at_machine(choose_device(arguments.device))
    rows: list[Row] = []
    for rows in measure(arguments.parts or list(PARTS), machine):
        if not arguments.parts:
            # After each part: a call that is cut off leaves what it measured.
            page = replace_between_marks(PAGE.read_text(encoding="utf-8"), text(rows, machine))
            PAGE.write_text(page, encoding="utf-8")
    if arguments.parts:
        print(text(rows, machine))  # noqa: T201
    if arguments.parts and arguments.write:
        page = PAGE.read_text(encoding="utf-8")
        content = with_tables(between_marks(page), render(rows, machine))
        PAGE.write_text(replace_between_marks(page, content), encoding="utf-8")


if __name__ == "__main__":
    main()
