"""Figures on disk: the same bytes every time, no date in them, and nothing a name could break."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from lovt_bench.leaderboard.show.plots.figure import FORMATS
from lovt_bench.leaderboard.show.plots.write import write_figures
from tests.leaderboard.statistics.tables import table

HOSTILE = ["$\\notacommand{$", "<script>alert(1)</script>", "-->\u202eabc", "$x^2$ & %n"]


def board():
    rows = {f"m{number}": {"covid_linear": [0.3 + number / 50, 0.31 + number / 50]} for number in range(4)}
    rows = {name: cells | {"nih_seg_linear": [0.4, 0.41]} for name, cells in rows.items()}
    found = table(rows)
    named = [
        row.model_copy(update={"display_name": name}) for row, name in zip(found.rows, HOSTILE, strict=True)
    ]
    return found.model_copy(update={"rows": named})


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    written = [
        {path.name: path.read_bytes() for path in write_figures(board(), tmp_path / name, ["ranks"], FORMATS)}
        for name in "ab"
    ]
    # vl-convert numbers the fonts of a PDF in any order.
    for name, content in written[0].items():
        assert content == written[1][name] or (
            name.endswith(".pdf") and len(content) == len(written[1][name])
        )
    assert sorted(written[0]) == sorted(f"phantom-seeded-demo-ranks.{form}" for form in FORMATS)
    assert not [name for name, content in written[0].items() if b"Date" in content]


def test_hostile_names_break_no_file(tmp_path: Path) -> None:
    for path in write_figures(board(), tmp_path, ["heatmap"], FORMATS):
        if path.suffix == ".svg":
            tree = ElementTree.parse(path)
            assert not [item for item in tree.iter() if item.tag.endswith("script")]
        elif path.suffix == ".png":
            with Image.open(path) as image:
                assert image.width > 500
        else:
            assert path.read_bytes().startswith(b"%PDF-")


@pytest.mark.slow
def test_scores_are_a_sheet_and_a_file_per_task(tmp_path: Path) -> None:
    names = [path.name for path in write_figures(board(), tmp_path, ["scores"], ["svg"])]
    assert names == [
        "phantom-seeded-demo-scores.svg",
        "phantom-seeded-demo-scores-12-covid_linear.svg",
        "phantom-seeded-demo-scores-18-nih_seg_linear.svg",
    ]


def test_a_table_without_rows_has_no_figures(tmp_path: Path) -> None:
    assert list(write_figures(table({}), tmp_path, ["ranks", "heatmap", "scores"], FORMATS)) == []
