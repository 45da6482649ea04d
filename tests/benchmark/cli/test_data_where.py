"""`lovt-bench data where`, and its page."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.data.sources import described
from tests.benchmark.data.test_prepare import write_splits
from tests.conftest import REPOSITORY


def call(*arguments: object) -> str:
    done = CliRunner().invoke(main, ["data", "where", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("name", described())
def test_the_page_says_what_the_command_says(name: str) -> None:
    page = (REPOSITORY / "docs" / "where.md").read_text(encoding="utf-8")
    assert f"### {name}\n\n```\n{call(name)}```\n" in page


def test_closed_sources_are_told_with_the_suite_that_does_without() -> None:
    lines = {line.split()[0]: line for line in call().splitlines()}
    for name in ("siim", "object-cxr"):
        assert "official source closed" in lines[name]
        assert f"lovt-18-without-{name}" in lines[name]


def test_the_files_of_splits_are_printed_one_a_line(tmp_path: Path) -> None:
    splits = write_splits(tmp_path, ["a"], ["b"], ["c"])
    assert call("covid-rural", "--splits", splits).splitlines()[1:] == [
        f"covid_rural_annot/{folder}/{name}.{ending}"
        for folder, ending in (("jpgs", "jpg"), ("pngs_masks", "png"))
        for name in "abc"
    ]


def test_an_unknown_name_lists_the_known_ones() -> None:
    done = CliRunner().invoke(main, ["data", "where", "rnsa"])
    assert done.exit_code == 1
    assert "did you mean rsna?" in done.output
