"""`python -m lovt_bench.leaderboard.statistics.simulation FILE`: write docs/statistics-figures.md anew.

On one core the boards take half a minute, the test sets of 2,400 images a quarter of an hour.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from lovt_bench.benchmark.disk.temporary import write_text
from lovt_bench.leaderboard.statistics.simulation.boards import BOARDS, Kind, rates
from lovt_bench.leaderboard.statistics.simulation.coverage import METRICS, coverage, target

CASES: tuple[tuple[str, Kind, float], ...] = (
    ("all rows equal", "equal", 0.0),
    ("rows differ by dataset", "datasets", 0.0),
    ("one row better by 0.5", "one better", 0.5),
    ("one row better by 1", "one better", 1.0),
    ("one row better by 3", "one better", 3.0),
    ("one row better by 5", "one better", 5.0),
    ("half of the rows better by 3", "half better", 3.0),
)
SETS = {44: (1000, 20_000), 2400: (400, 4_000)}
"""By number of images: drawn test sets, and those that the truth is taken from."""

HEAD = f"""# Figures: how often the board is wrong

Drawn from a known truth with fixed seeds; `python -m lovt_bench.leaderboard.statistics.simulation docs/statistics-figures.md` writes this page, and smaller draws are tests
(`tests/leaderboard/statistics/test_simulation.py`, `test_images.py`). What is tested and how: [statistics](statistics.md).

## Sentences of a board

{BOARDS} boards of each kind: 8 rows on the 18 tasks, five runs each. Deviations of runs differ from task to task and, by a third or so, from row to row. A planted difference is given in deviations of one run.
A share of 5 % over {BOARDS} boards has a standard error of 1.5 %.
"""

MIDDLE = """
## Intervals over images and seeds

Share of drawn test sets whose nominal 95 % interval holds the mean over test sets of that size and over training seeds; five runs. Difficulty differs from image to image, a run has its own strength and its own luck on each
image, sizes of lesions are log-normal.
"""


def page() -> Iterator[str]:
    """Yield the page in parts."""
    yield HEAD
    said = {title: rates(kind, planted) for title, kind, planted in CASES}
    names = list(dict.fromkeys(name for one in said.values() for name in one.false))
    yield "\nBoards with a false sentence, in percent:\n\n"
    yield from _table(names, {title: one.false for title, one in said.items()})
    names = list(dict.fromkeys(name for one in said.values() for name in one.found))
    yield "\nDifferences that are there and were found, in percent (power):\n\n"
    yield from _table(names, {title: one.found for title, one in said.items() if one.found})
    yield MIDDLE
    yield "\n| metric | " + " | ".join(f"{images:,} images" for images in SETS) + " |\n"
    yield "|---" * (1 + len(SETS)) + "|\n"
    for metric in METRICS:
        shares = [
            coverage(metric, images, sets, target(metric, images, truth))
            for images, (sets, truth) in SETS.items()
        ]
        yield f"| {metric} | " + " | ".join(f"{100 * share:.1f} %" for share in shares) + " |\n"
    yield (
        "\n"
        + "; ".join(f"{sets:,} test sets of {images:,} images" for images, (sets, _) in SETS.items())
        + ".\n"
    )


def _table(names: list[str], lines: dict[str, dict[str, float]]) -> Iterator[str]:
    yield f"| boards | {' | '.join(names)} |\n{'|---' * (1 + len(names))}|\n"
    for title, shares in lines.items():
        cells = [f"{100 * shares[name]:.1f}" if name in shares else "—" for name in names]
        yield f"| {title} | {' | '.join(cells)} |\n"


if __name__ == "__main__":
    write_text(Path(sys.argv[1]), "".join(page()))
