"""The golden vectors of this repository, each file a test of its own."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.parity.golden import FOLDER, golden_names, read_manifest
from tests.parity.pending import is_pending
from tests.parity.runner import format_result, load_checks, run_file, run_folder

NAMES = golden_names(FOLDER, read_manifest(FOLDER))
READY = [name for name in NAMES if not is_pending(name.split(".")[0])]
SLOW = ("resunet", "yolo_head_1cls", "yolo_head_8cls")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name.startswith(SLOW) else ()) for name in READY],
)
def test_every_case_of_the_file_is_within_its_tolerance(name: str):
    checks, broken = load_checks()
    results = [*broken, *run_file(FOLDER / name, read_manifest(FOLDER).get(name), checks)]
    assert results
    failed = [format_result(result) for result in results if not result.passed]
    assert not failed, "\n".join(["", *failed])


def test_the_command_reports_exactly_the_pending_files_as_having_no_check():
    pending = {name.split(".")[0] for name in NAMES} - {name.split(".")[0] for name in READY}
    checks, _ = load_checks()
    without = set()
    for stem in sorted({name.split(".")[0] for name in NAMES}):
        if stem in pending:
            results = list(run_folder(FOLDER, only=stem))
            assert [(result.passed, result.detail) for result in results] == [
                (False, "no check for this file")
            ]
            without.add(stem)
        else:
            assert any(Path(stem).match(pattern) for pattern in checks), stem
    assert without == pending


def test_the_files_are_those_that_were_made():
    lines = (FOLDER / "SHA256SUMS").read_text().splitlines()
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
    found = {
        name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() for name in [*NAMES, "manifest.json"]
    }
    assert found == listed
