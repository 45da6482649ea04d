"""The runner must not be fooled: an altered number, a missing array, an unknown file are failed lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.parity.__main__ import main
from tests.parity.runner import run_folder
from tests.parity.small_set import edit_arrays, edit_manifest, write_small_set


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_small_set(tmp_path / "set")


def failures(folder: Path) -> dict[str, str]:
    return {f"{r.file}/{r.case}": r.detail for r in run_folder(folder) if not r.passed}


def test_another_folder_of_the_format_passes(folder: Path, capsys):
    assert main([str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines[:-1]] == [
        ["ok", "dice_loss", "tiny"],
        ["ok", "dice_loss", "wide"],
        ["ok", "metric_froc", "first"],
        ["ok", "metric_froc", "with_underscore"],
    ]
    assert lines[-1] == "4 passed, 0 failed"


def test_an_altered_output_fails_its_case_alone(folder: Path, capsys):
    edit_arrays(folder / "dice_loss.npz", wide_dice=np.array(0.123, np.float32))
    assert main([str(folder)]) == 1
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "3 passed, 1 failed"
    assert [line.split()[1:3] for line in out.splitlines() if line.startswith("FAIL")] == [
        ["dice_loss", "wide"]
    ]
    assert list(failures(folder)) == ["dice_loss/wide"]


def test_an_altered_input_fails_too(folder: Path):
    edit_arrays(folder / "dice_loss.npz", tiny_logits=np.ones((1, 2, 3, 5), np.float32))
    assert list(failures(folder)) == ["dice_loss/tiny"]


BREAKS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "output missing": (
        lambda f: edit_arrays(f / "dice_loss.npz", tiny_dice_grad=None),
        "dice_loss/tiny",
        "array 'tiny_dice_grad' is missing",
    ),
    "input missing": (
        lambda f: edit_arrays(f / "metric_froc.npz", first_gt_boxes=None),
        "metric_froc/first",
        "array 'first_gt_boxes' is missing",
    ),
    "other shape": (
        lambda f: edit_arrays(f / "dice_loss.npz", tiny_dice=np.zeros(2, np.float32)),
        "dice_loss/tiny",
        "array 'tiny_dice' is float32 [2], the manifest says float32 []",
    ),
    "other dtype": (
        lambda f: edit_arrays(f / "dice_loss.npz", tiny_dice=np.array(0.5)),
        "dice_loss/tiny",
        "array 'tiny_dice' is float64 [], the manifest says float32 []",
    ),
    "pickled array": (
        lambda f: edit_arrays(f / "dice_loss.npz", tiny_dice=np.array({"a": 1}, dtype=object)),
        "dice_loss/tiny",
        "cannot be read",
    ),
    "truncated file": (
        lambda f: (f / "dice_loss.npz").write_bytes((f / "dice_loss.npz").read_bytes()[:900]),
        "dice_loss/tiny",
        "dice_loss.npz cannot be read",
    ),
    "file missing": (lambda f: (f / "dice_loss.npz").unlink(), "dice_loss/file", "not in the folder"),
    "unknown file": (
        lambda f: (f / "yolo_loss_9cls.npz").write_bytes(b"x"),
        "yolo_loss_9cls/file",
        "not in the manifest",
    ),
    "file without a check": (
        lambda f: (
            (f / "manifest.json").write_text(
                json.dumps(json.loads((f / "manifest.json").read_text()) | {"new_thing.json": {}})
            )
            and (f / "new_thing.json").write_text("{}")
            and None
        ),
        "new_thing/file",
        "no check for this file",
    ),
    "output nobody compares": (
        lambda f: edit_manifest(
            f,
            "dice_loss.npz",
            lambda e: e["arrays"].update({"tiny_other": dict(e["arrays"]["tiny_dice"], meaning="new")}),
        ),
        "dice_loss/coverage",
        "outputs not compared: tiny_other",
    ),
    "array not listed": (
        lambda f: edit_arrays(f / "dice_loss.npz", tiny_extra=np.zeros(1)),
        "dice_loss/coverage",
        "arrays not in the manifest: tiny_extra",
    ),
    "no shape in the meaning": (
        lambda f: edit_manifest(
            f, "dice_loss.npz", lambda e: e["arrays"]["tiny_mask"].update(meaning="mask")
        ),
        "dice_loss/tiny",
        "no shape in its meaning",
    ),
    "nothing to compare": (
        lambda f: edit_manifest(f, "dice_loss.npz", lambda e: e.update(arrays={})),
        "dice_loss/coverage",
        "the check compared nothing",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_set_is_a_failed_line_and_no_crash(folder: Path, name: str, capsys):
    breaks, where, message = BREAKS[name]
    breaks(folder)
    assert main([str(folder)]) == 1
    assert "Traceback" not in capsys.readouterr().err
    assert message in failures(folder)[where]


def test_a_tolerance_of_the_manifest_is_obeyed(folder: Path):
    edit_arrays(folder / "dice_loss.npz", tiny_dice=np.array(0.9, np.float32))
    assert failures(folder)
    edit_manifest(folder, "dice_loss.npz", lambda e: e["arrays"]["tiny_dice"].update(atol=1.0))
    assert not failures(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no manifest.json"),
        ("{", "not JSON"),
        ("[]", "expected an object"),
        ('{"../x.npz": {}}', "'../x.npz' is not a plain file name"),
    ],
)
def test_what_is_no_set_of_vectors_ends_with_code_2(tmp_path: Path, content, message, capsys):
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    assert main([str(tmp_path)]) == 2
    assert message in capsys.readouterr().err


def test_a_folder_that_is_not_there_ends_with_code_2(tmp_path: Path, capsys):
    assert main([str(tmp_path / "none")]) == 2
    assert "no such folder" in capsys.readouterr().err


def test_only_some_files(folder: Path, capsys):
    assert main([str(folder), "--only", "metric_*"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 passed, 0 failed"
    assert main([str(folder), "--only", "nothing*"]) == 2
    assert "no file matches 'nothing*'; files: dice_loss, metric_froc" in capsys.readouterr().err


def test_without_a_folder_the_vectors_of_the_repository_are_run(capsys):
    assert main(["--only", "lr_schedules"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[1] for line in lines[:-1]} == {"lr_schedules"}
    assert lines[-1] == f"{len(lines) - 1} passed, 0 failed"
