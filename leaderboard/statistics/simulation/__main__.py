"""`python -m lovt_bench.leaderboard.statistics.simulation FILE`: write the tables of docs/statistics-figures.md anew.

What stands in the file below `BOUNDARY` is replaced. On an idle core the boards take half a minute, so do the methods;
the test sets of 2,400 images take ten minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from lovt_bench.benchmark.disk.temporary import write_text
from lovt_bench.leaderboard.statistics.simulation.boards import BOARDS, Kind, rates
from lovt_bench.leaderboard.statistics.simulation.coverage import METRICS, SEED, MetricName, coverage, target
from lovt_bench.leaderboard.statistics.simulation.methods import PAIRS
from lovt_bench.leaderboard.statistics.simulation.methods import rates as rates_of_methods

BOUNDARY = "\n<!-- below: as `python -m lovt_bench.leaderboard.statistics.simulation` writes it -->\n"

CASES: tuple[tuple[str, Kind, float], ...] = (
    ("all rows equal", "equal", 0.0),
    ("rows differ by dataset", "datasets", 0.0),
    ("one row better by 0.5", "one better", 0.5),
    ("one row better by 1", "one better", 1.0),
    ("one row better by 3", "one better", 3.0),
    ("one row better by 5", "one better", 5.0),
    ("half of the rows better by 3", "half better", 3.0),
)
METHODS, CHECKPOINTS, PLANTED = (3, 5, 9), (3, 5), (5.0, 10.0)
IMAGES = (44, 2400)
SETS = {
    "masks": {44: (1, 1000, 20_000), 2400: (1, 400, 4000)},
    "boxes": {44: (1, 400, 4000), 2400: (4, 25, 300)},
}
"""By number of images: parts, test sets of each (by a seed of its own), and test sets that the truth is taken from."""


def rewritten(page: str, tables: str) -> str:
    """Return a page with other tables below its boundary. Raises ValueError for a page that has none, or two."""
    before, *after = page.split(BOUNDARY)
    if len(after) != 1:
        raise ValueError(
            f"the page has {len(after)} lines {BOUNDARY.strip()!r}, one is expected: nothing is written"
        )
    return before + BOUNDARY + tables


def boards() -> Iterator[str]:
    """Yield what is said of boards, in parts."""
    said = {title: rates(kind, planted) for title, kind, planted in CASES}
    names = list(dict.fromkeys(name for one in said.values() for name in one.false))
    yield f"\n{BOARDS:,} boards of each kind. Boards with a false sentence, in percent:\n\n"
    yield from _table(names, {title: one.false for title, one in said.items()})
    names = list(dict.fromkeys(name for one in said.values() for name in one.found))
    yield "\nOf the differences that are there, those that were found, in percent:\n\n"
    yield from _table(names, {title: one.found for title, one in said.items() if one.found})


def methods() -> Iterator[str]:
    """Yield what is said of methods by several checkpoints, in parts."""
    yield f"\n{BOARDS:,} tables of methods of each kind; pairs over all tasks, by dataset, in percent:\n\n"
    false = "tables with a false sentence, methods equal"
    lines: dict[str, dict[str, float]] = {}
    for checkpoints in CHECKPOINTS:
        for count in METHODS:
            line = {false: rates_of_methods(count, checkpoints).false[PAIRS]}
            for planted in PLANTED:
                said = rates_of_methods(count, checkpoints, planted)
                line[f"found of one method better by {planted:g}"] = said.found[PAIRS]
            lines[f"{count} methods by {checkpoints} checkpoints each"] = line
    yield from _table(list(next(iter(lines.values()))), lines, "methods")


def intervals() -> Iterator[str]:
    """Yield how often intervals over images hold, in parts."""
    yield "\nNominal 95 % intervals over images and seeds that hold the truth, in percent (test sets drawn):\n\n"
    names = [f"{images:,} images" for images in IMAGES]
    shares: dict[str, dict[str, float]] = {
        f"{metric} ({' and '.join(_drawn(metric, images) for images in IMAGES)})": {
            name: _coverage(metric, images) for name, images in zip(names, IMAGES, strict=True)
        }
        for metric in METRICS
    }
    yield from _table(names, shares, "metric")


def _sets(metric: MetricName, images: int) -> tuple[int, int, int]:
    return SETS["masks" if "Dice" in metric else "boxes"][images]


def _drawn(metric: MetricName, images: int) -> str:
    parts, sets, _ = _sets(metric, images)
    return f"{parts * sets:,}"


def _coverage(metric: MetricName, images: int) -> float:
    parts, sets, drawn = _sets(metric, images)
    truth = target(metric, images, drawn)
    return sum(coverage(metric, images, sets, truth, SEED + part) for part in range(parts)) / parts


def _table(
    names: list[str], lines: Mapping[str, Mapping[str, float]], first: str = "boards"
) -> Iterator[str]:
    yield f"| {first} | {' | '.join(names)} |\n{'|---' * (1 + len(names))}|\n"
    for title, shares in lines.items():
        cells = [f"{100 * shares[name]:.1f}" if name in shares else "—" for name in names]
        yield f"| {title} | {' | '.join(cells)} |\n"


if __name__ == "__main__":
    page = Path(sys.argv[1])
    rewritten(page.read_text(encoding="utf-8"), "")  # before ten minutes of drawing
    tables = "".join([*boards(), *methods(), *intervals()])
    write_text(page, rewritten(page.read_text(encoding="utf-8"), tables))
