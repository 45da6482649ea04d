"""`python -m lovt_bench.leaderboard.statistics.simulation FILE`: write the tables of docs/statistics-figures.md anew.

What stands in the file below `BOUNDARY` is replaced. On an idle core the boards take half a minute, the test
sets of 2,400 images ten minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from lovt_bench.benchmark.disk.temporary import write_text
from lovt_bench.leaderboard.statistics.simulation.boards import BOARDS, Kind, rates
from lovt_bench.leaderboard.statistics.simulation.coverage import METRICS, coverage, target

BOUNDARY = "\n<!-- below: written by `python -m lovt_bench.leaderboard.statistics.simulation` -->\n"

CASES: tuple[tuple[str, Kind, float], ...] = (
    ("all rows equal", "equal", 0.0),
    ("rows differ by dataset", "datasets", 0.0),
    ("one row better by 0.5", "one better", 0.5),
    ("one row better by 1", "one better", 1.0),
    ("one row better by 3", "one better", 3.0),
    ("one row better by 5", "one better", 5.0),
    ("half of the rows better by 3", "half better", 3.0),
)
SETS = {44: (400, 4000), 2400: (100, 300)}
"""By number of images: drawn test sets, and those that the truth is taken from."""


def boards() -> Iterator[str]:
    """Yield what is said of boards, in parts."""
    said = {title: rates(kind, planted) for title, kind, planted in CASES}
    names = list(dict.fromkeys(name for one in said.values() for name in one.false))
    yield f"\n{BOARDS:,} boards of each kind. Boards with a false sentence, in percent:\n\n"
    yield from _table(names, {title: one.false for title, one in said.items()})
    names = list(dict.fromkeys(name for one in said.values() for name in one.found))
    yield "\nOf the differences that are there, those that were found, in percent:\n\n"
    yield from _table(names, {title: one.found for title, one in said.items() if one.found})


def intervals() -> Iterator[str]:
    """Yield how often intervals over images hold, in parts."""
    yield "\nTest sets whose nominal 95 % interval over images and seeds holds the truth, in percent:\n\n"
    names = [f"{sets} test sets of {images:,} images" for images, (sets, _) in SETS.items()]
    shares = {
        metric: {
            name: coverage(metric, images, sets, target(metric, images, truth))
            for name, (images, (sets, truth)) in zip(names, SETS.items(), strict=True)
        }
        for metric in METRICS
    }
    yield from _table(names, shares, "metric")


def _table(names: list[str], lines: dict[str, dict[str, float]], first: str = "boards") -> Iterator[str]:
    yield f"| {first} | {' | '.join(names)} |\n{'|---' * (1 + len(names))}|\n"
    for title, shares in lines.items():
        cells = [f"{100 * shares[name]:.1f}" if name in shares else "—" for name in names]
        yield f"| {title} | {' | '.join(cells)} |\n"


if __name__ == "__main__":
    page = Path(sys.argv[1])
    before = page.read_text(encoding="utf-8").split(BOUNDARY)[0]
    write_text(page, "".join([before, BOUNDARY, *boards(), *intervals()]))
