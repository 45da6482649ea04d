"""What files say of themselves is read without running them, and a wrong line is named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lovt_bench.tasks.declared import InvalidDeclarationError
from lovt_bench.tasks.head import FOLDER, heads
from lovt_bench.tasks.heads import head_module
from lovt_bench.tasks.metric import metrics

GOOD = """raise RuntimeError("it was run")
HEAD = Head(
    name="mine", label="Mine", target="masks", strides=(32,), forward_seconds=0.1, train_seconds=0.2
)
"""


@pytest.mark.parametrize("name", heads())
def test_what_is_read_is_what_the_file_has_when_it_runs(name: str) -> None:
    assert heads()[name] == head_module(name).HEAD


def test_a_file_is_read_and_not_run(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(GOOD)
    (tmp_path / "_shared.py").write_text("")
    assert list(heads(tmp_path)) == ["mine"]


def test_heads_metrics_and_tasks_are_listed_where_torch_cannot_be_imported() -> None:
    code = (
        "import sys\nfor name in ('torch', 'torchvision'): sys.modules[name] = None\n"
        "from lovt_bench.tasks.registry import load_tasks\nfrom lovt_bench.tasks.metric import metric_names\nimport lovt_bench.tasks.heads\n"
        "print(len({name for spec in load_tasks() for name in metric_names(spec)}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 20


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("HEAD = ", "HAED = ", r"mine\.py: expected HEAD = Head\(field=value"),
        ("HEAD = Head(", "HEAD = dict(", "expected HEAD = Head"),
        ('"Mine"', "str(1)", "write them as literals"),
        ('"masks"', '"maskes"', r"target: .*found 'maskes' \(did you mean masks\?\)"),
        ("forward_seconds=0.1, ", "", "forward_seconds: Field required"),
        ('name="mine"', 'name="other"', "name is 'other', expected 'mine'"),
        ("HEAD", "HEAD = = HEAD", "no Python"),
        ("strides=(32,)", "strides=()", "strides: "),
        ("strides=(32,)", "strides=(16,), one_layer=True", "one_layer means masks from the map of stride 32"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    (tmp_path / "mine.py").write_text(GOOD.replace(old, new, 1))
    with pytest.raises(InvalidDeclarationError, match=message):
        heads(tmp_path)


def test_every_file_of_the_folders_says_what_it_is() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} - {"__init__"} == set(heads())
    files = {path.stem for path in FOLDER.with_name("metrics").glob("*.py")} - {"__init__"}
    assert {*metrics("boxes"), *metrics("masks")} == files
