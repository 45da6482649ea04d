"""The room of submissions and the board above it work where torch cannot be imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

WORK = """
import importlib, pkgutil, sys
from pathlib import Path

sys.modules["torch"] = None
import lovt_bench.benchmark.submission as room
for module in pkgutil.walk_packages(room.__path__, "lovt_bench.benchmark.submission."):
    importlib.import_module(module.name)
import lovt_bench.leaderboard.board.descriptions
from lovt_bench.benchmark.submission.check import check_submission
from lovt_bench.benchmark.submission.find import locate
from lovt_bench.benchmark.submission.scaffold import new_container

folder = new_container("toy", Path(sys.argv[1]))
assert locate(str(folder), Path(sys.argv[1]))[0] == folder.resolve()
print([finding.level for finding in check_submission(folder, ["covid_linear"])])
print(sorted(lovt_bench.leaderboard.board.descriptions.describe(["toy"], folder.parent, None)["toy"].display_name))
"""


def test_a_submission_is_begun_checked_and_described_without_torch(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORK, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stdout, done.stdout
