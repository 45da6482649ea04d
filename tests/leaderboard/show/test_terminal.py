"""The table in a terminal: no name is cut, since variants of a method differ at its end."""

from __future__ import annotations

import io

from rich.console import Console

from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.leaderboard.show.terminal import render
from tests.leaderboard.synthetic_board import synthetic_board


def shown(table: Table, width: int) -> str:
    """Return what a terminal of that width without styles prints."""
    stream = io.StringIO()
    console = Console(file=stream, width=width)
    for part in render(table, width, plain=True):
        console.print(part)
    return stream.getvalue()


def test_a_wide_terminal_shows_what_networks_cost() -> None:
    table = synthetic_board(4, 2).table("public-official-paper-lovt-2022")
    wide, narrow = (shown(table, width) for width in (140, 100))
    assert "open 23.5 M, transformer 4.6 GMAC" in wide
    assert "paper 23.5 M, CNN 4.09 GMAC" in wide
    assert "GMAC" not in narrow


def test_variants_of_a_method_are_told_apart() -> None:
    table = synthetic_board(6, 2).tables[0]
    names = [f"Denoising AE (demo, seed {seed}, noise=0.6)" for seed in range(5)]
    rows = [
        row.model_copy(update={"display_name": name}) for row, name in zip(table.rows, names, strict=False)
    ]
    for width, kept in ((100, 23), (80, 13)):
        # The standing comes first; a name goes on below itself.
        printed = shown(table.model_copy(update={"rows": rows}), width)
        standing = printed.split("mean rank")[1].split("Mean rank")[0]
        seen = " ".join(" ".join(line[:kept] for line in standing.splitlines()).split())
        assert all(name in seen for name in names[: len(rows)]), standing
