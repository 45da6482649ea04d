"""What a process imports when Lightning imports torchmetrics; in processes where nothing is imported yet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

STAND_IN = """\
from lightning_utilities.core import imports

SEEN = [
    name
    for name in ("transformers", "scipy", "matplotlib", "numpy")
    if imports.package_available(name) or imports.RequirementCache(f"{name}>=0.0.1")
]
"""
AFTER = "from lightning_utilities.core.imports import RequirementCache, package_available\n"


def printed(code: str, folder: Path) -> str:
    """Run `code` where `torchmetrics` is a stand-in that asks what is installed, as the real one does."""
    (folder / "torchmetrics").mkdir()
    (folder / "torchmetrics/__init__.py").write_text(STAND_IN)
    path = f"import sys; sys.path.insert(0, {str(folder)!r})\n"
    done = subprocess.run([sys.executable, "-c", path + code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("room", ["lovt_bench.submissions.common", "lovt_bench.benchmark.engine"])
def test_rooms_that_train_hide_what_no_metric_of_theirs_needs(room: str, tmp_path: Path) -> None:
    assert printed(f"import {room}, torchmetrics; print(*torchmetrics.SEEN)", tmp_path) == "numpy"


def test_what_was_hidden_is_found_afterwards(tmp_path: Path) -> None:
    code = "import lovt_bench.submissions.common, lovt_bench.benchmark.engine, torchmetrics, scipy\n" + AFTER
    code += "print(package_available('scipy'), bool(RequirementCache('transformers>=4')), len(sys.meta_path))"
    finders = len(sys.meta_path)
    said = printed(code, tmp_path).split()
    assert said[:2] == ["True", "True"]
    assert int(said[2]) <= finders


@pytest.mark.parametrize(
    "first", ["import torchmetrics", "import scipy"], ids=["torchmetrics itself", "a package that it needs"]
)
def test_what_a_method_imports_first_is_not_hidden(first: str, tmp_path: Path) -> None:
    code = f"{first}\nimport lovt_bench.submissions.common, torchmetrics; print('scipy' in torchmetrics.SEEN)"
    assert printed(code, tmp_path) == "True"


def test_without_torchmetrics_the_error_is_the_usual_one() -> None:
    code = "import sys; sys.path = [p for p in sys.path if 'site-packages' not in p]\n"
    code += "import lovt_bench.submissions.common\ntry: import torchmetrics\nexcept ModuleNotFoundError as error: print(error)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "No module named 'torchmetrics'"
