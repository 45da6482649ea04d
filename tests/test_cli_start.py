"""`--help` answers without heavy imports: start-up time is part of how a tool feels."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from lovt_bench.benchmark.cli.main import COMMANDS, main

HEAVY = ("torch", "torchvision", "lightning", "pandas", "numpy", "scipy", "pydicom", "transformers", "docker")


@pytest.mark.parametrize("arguments", [["--help"], *([*name.split(), "--help"] for name in sorted(COMMANDS))])
def test_help_imports_nothing_heavy(arguments):
    code = (
        "import sys\nfrom lovt_bench.benchmark.cli.main import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit:\n    pass\n"
        f"print('HEAVY', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "HEAVY []" in run.stdout
    assert "Examples:" in run.stdout


def test_an_unknown_command_lists_the_known_ones():
    result = CliRunner().invoke(main, ["evalute"])
    assert result.exit_code == 2
    assert "evaluate" in result.output
