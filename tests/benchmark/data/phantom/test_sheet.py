"""The contact sheet shows every finding in a small file."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner
from PIL import Image

from lovt_bench.benchmark.cli.data_phantom import phantom


def test_the_sheet_is_one_small_picture(tmp_path: Path) -> None:
    result = CliRunner().invoke(phantom, ["--sheet", str(tmp_path / "sheet.png"), "--seed", "2"])
    assert result.exit_code == 0, result.output
    assert Image.open(tmp_path / "sheet.png").size == (1000, 654)
    assert (tmp_path / "sheet.png").stat().st_size < 150_000
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]
