"""The Slurm scripts of docs/executors.md, as far as they can be held to anything without Slurm."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from lovt_bench.benchmark.cli.evaluate import evaluate

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "executors.md").read_text(encoding="utf-8")
SCRIPTS = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("script", SCRIPTS, ids=["array", "ray"])
def test_a_script_is_one_that_bash_reads(script: str) -> None:
    inner = re.findall(r"bash -c '(.*?)'", script, re.DOTALL)
    for text in (script, *inner):
        read = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
        assert (read.returncode, read.stderr) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS, ids=["array", "ray"])
def test_evaluate_has_the_options_that_a_script_gives(script: str) -> None:
    (call,) = re.findall(r"^lovt-bench evaluate (.*)$", script, re.MULTILINE)
    known = {option for parameter in evaluate.params for option in parameter.opts}
    given = set(re.findall(r"--[a-z-]+", call))
    assert given
    assert given <= known
