"""`leaderboard plot` and `leaderboard compare`: what a user types and reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lovt_bench.benchmark.cli.main import main
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.published import load_published
from tests.leaderboard.records import TASKS, record_set, runs
from tests.leaderboard.versions import write_version


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["leaderboard", *map(str, arguments)])


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("versions")
    records = [
        item
        for name, value in (("mine", 0.1), ("other", 0.4))
        for task in ("covid_linear", "rsna_frozen_1")
        for item in runs(name, task, [value, value + 0.01])
    ]
    write_version(build(record_set(records), load_published(), tuple(TASKS.values())), out)
    return out


def test_plot_writes_the_wanted_figures_of_the_wanted_table(versions: Path, tmp_path: Path) -> None:
    result = call(
        "plot",
        "--versions",
        versions,
        "--out",
        tmp_path,
        "--table",
        "phantom",
        "--kind",
        "ranks",
        "--format",
        "svg",
    )
    assert result.exit_code == 0, result.output
    assert [path.name for path in tmp_path.iterdir()] == ["phantom-seeded-demo-lovt-2022-ranks.svg"]
    assert "phantom-seeded-demo-lovt-2022: 1 file(s)" in result.output


def test_plot_says_which_tables_there_are(versions: Path, tmp_path: Path) -> None:
    result = call("plot", "--versions", versions, "--out", tmp_path, "--table", "x-rays")
    assert result.exit_code == 1
    assert (
        "unknown table 'x-rays'; known: published-lovt-2022, phantom-seeded-demo-lovt-2022" in result.output
    )


def test_compare_prints_differences_and_what_they_mean(versions: Path) -> None:
    result = call("compare", "mine", "other", "--out", versions)
    assert result.exit_code == 0, result.output
    assert "phantom, synthetic images" in result.output
    line = next(line for line in result.output.splitlines() if "COVID Rural Linear" in line)
    # Two runs 0.01 apart on each side: t(0.975, 2) = 4.303, standard error 0.00707, p = 0.00055, twice that by Holm.
    assert "−30.0 ± 3.0" in line
    assert "0.00111" in line
    assert line.rstrip().endswith("other")
    assert "better at 5 %: mine on 0, other on 2" in result.output


def test_compare_warns_of_published_intervals(versions: Path) -> None:
    result = call("compare", "lovt-100", "clip-100", "--out", versions)
    assert "these p-values are too small" in result.output


def test_compare_lists_the_rows_where_one_is_unknown(versions: Path) -> None:
    result = call("compare", "mine", "lovt-30", "--out", versions)
    assert result.exit_code == 1
    assert "no table of dev has both 'mine' and 'lovt-30'" in result.output
    assert "phantom-seeded-demo-lovt-2022: other, mine" in result.output


def test_a_row_is_not_compared_with_itself(versions: Path) -> None:
    assert "name two rows" in call("compare", "mine", "mine", "--out", versions).output
