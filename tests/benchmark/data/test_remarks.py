"""Remarks of decoders come once, with the files that they are about, and not in the middle of the terminal."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import pydicom
import pytest

from lovt_bench.benchmark.data.remarks import Remarks, collected
from tests.benchmark.data import raws, world


def test_warnings_and_log_lines_are_collected_and_everything_is_as_before() -> None:
    log = logging.getLogger("pydicom")
    before = (list(log.handlers), log.propagate)
    with collected() as found:
        warnings.warn("odd tag", UserWarning, stacklevel=1)
        log.warning("odd %s", "length")
    assert sorted(found) == ["odd length", "odd tag"]
    assert (log.handlers, log.propagate) == before


def test_each_remark_is_one_line_and_the_rest_is_counted() -> None:
    remarks = Remarks()
    for number in range(5):
        remarks.add(f"{number}.dcm", ["padding", "padding", f"only {number}\nsecond line"])
    remarks.add("9.dcm", ["\x1b[31mred"])
    lines = remarks.lines()
    assert lines[0] == "0.dcm and 4 more files: padding"
    assert "3.dcm: only 3" in lines
    assert "9.dcm: red" in lines
    for number in range(20):
        remarks.add("x.dcm", [f"other {number}"])
    assert remarks.lines()[-1] == "17 other remarks"


def test_a_preparation_names_the_files_of_pydicoms_remarks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    raw = raws.rsna(tmp_path / "raw")
    for name in ("p3", "p4", "p5"):
        path = raw / "stage_2_train_images" / f"{name}.dcm"
        dataset = pydicom.dcmread(path)
        dataset.PixelData += b"\0" * 10
        dataset.save_as(path)
    capfd.readouterr()
    world.run("rsna", raw, tmp_path)
    said = [line for line in caplog.messages if "excess padding" in line]
    assert len(said) == 1
    assert ".dcm and 2 more files: The pixel data is" in said[0]
    assert "excess padding" not in capfd.readouterr().err
