"""What a board is built from is gathered without torch: a keeper's machine needs none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.leaderboard.records import runs, write

CODE = """
import sys
from pathlib import Path
for name in ("torch", "torchvision", "lightning"):
    sys.modules[name] = None
from lovt_bench.leaderboard.workspace_sources import workspace_sources
root = Path(sys.argv[1])
sources = workspace_sources(root, root / "results", [root / "submissions"])
print([suite.name for suite in sources.frozen.suites][0], len(sources.frozen.current.profiles))
print([table.id for table in sources.board("dev").tables if table.kind == "runs"])
"""


def test_a_board_is_gathered_where_torch_cannot_be_imported(tmp_path: Path) -> None:
    write(tmp_path / "results", runs("mine", "covid_linear", [0.1, 0.2]))
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["lovt-18 4", "['phantom-seeded-demo-lovt-2022']"]
