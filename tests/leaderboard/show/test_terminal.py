"""The table in a terminal: no name is cut, since variants of a method differ at its end."""

from __future__ import annotations

import io

from rich.console import Console

from lovt_bench.leaderboard.show.terminal import render
from tests.leaderboard.synthetic_board import synthetic_board


def test_variants_of_a_method_are_told_apart() -> None:
    table = synthetic_board(6, 2).tables[0]
    names = [f"Denoising AE (demo, seed {seed}, noise=0.6)" for seed in range(5)]
    rows = [
        row.model_copy(update={"display_name": name}) for row, name in zip(table.rows, names, strict=False)
    ]
    for width, kept in ((100, 23), (80, 13)):
        stream = io.StringIO()
        console = Console(file=stream, width=width)
        for part in render(table.model_copy(update={"rows": rows}), width, plain=True):
            console.print(part)
        # The standing comes first; a name goes on below itself.
        standing = stream.getvalue().split("mean rank")[1].split("Mean rank")[0]
        shown = " ".join(" ".join(line[:kept] for line in standing.splitlines()).split())
        assert all(name in shown for name in names[: len(rows)]), standing
