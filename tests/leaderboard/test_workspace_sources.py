"""What a board is built from is gathered without torch: a keeper's machine needs none."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lovt_bench.benchmark.contract.declared_facts import HALF, IMAGENET, Normalisation
from lovt_bench.leaderboard.board.descriptions import describe
from lovt_bench.leaderboard.releases.sources import FROZEN, Frozen
from lovt_bench.leaderboard.workspace_sources import contradictions_here, workspace_sources
from lovt_bench.tasks.profile import load_profile
from lovt_bench.tasks.protocol import load_protocol
from tests.leaderboard.board.test_descriptions import write_backbone, write_submission
from tests.leaderboard.embedding_reports import report, write_report
from tests.leaderboard.records import record, record_set, runs, write

CODE = """
import sys
from pathlib import Path
for name in ("torch", "torchvision", "lightning"):
    sys.modules[name] = None
from lovt_bench.leaderboard.releases.sources import FROZEN, Frozen
from lovt_bench.leaderboard.workspace_sources import workspace_sources
root = Path(sys.argv[1])
sources = workspace_sources(root, root / "results", [root / "submissions"])
print([suite.name for suite in sources.frozen.suites][0], "paper" in sources.frozen.current.profiles)
print([table.id for table in sources.board("dev").tables if table.kind == "runs"])
"""


def test_a_board_is_gathered_where_torch_cannot_be_imported(tmp_path: Path) -> None:
    write(tmp_path / "results", runs("mine", "covid_linear", [0.1, 0.2]))
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["lovt-18 True", "['phantom-seeded-demo-lovt-2022']"]


@pytest.mark.parametrize(
    ("name", "normal"),
    [("imagenet", IMAGENET), ("random", None), ("made", HALF), ("method", IMAGENET), ("plain", None)],
)
def test_runs_are_held_against_the_normalisation_of_declaration_or_backbone(
    tmp_path: Path, name: str, normal: Normalisation | None
) -> None:
    """A backbone that is here knows how its images were normalised; without one, its declaration does."""
    declared, backbones = tmp_path / "submissions", tmp_path / "backbones"
    half, imagenet = HALF.model_dump(mode="json"), IMAGENET.model_dump(mode="json")
    write_backbone(backbones, "made", provenance={"method": "other", "normalisation": half})
    write_backbone(backbones, "plain", provenance={"method": "method"})
    write_submission(declared, "method", normalisation=imagenet, corpus="reports")
    protocol, profile = load_protocol("lovt-2026-448"), load_profile("quick")
    names: dict[str, Any] = {"protocol": protocol.name, "protocol_sha256": protocol.digest()}
    names |= {"profile": profile.name, "profile_sha256": profile.digest()}

    def wrong(used: Normalisation | None) -> list[str]:
        one = record(name, **names, normalisation_sha256=used and used.digest())
        found = contradictions_here(
            record_set([one]), describe([name], declared, backbones), [declared], tmp_path
        )
        return [item.text for item in found if "were normalised by" in item.text]

    assert {used: bool(wrong(used)) for used in (IMAGENET, HALF, None)} == {
        used: used != normal for used in (IMAGENET, HALF, None)
    }


def test_a_board_keeps_what_analyses_found_and_is_rebuilt_without_their_reports(tmp_path: Path) -> None:
    results = write(tmp_path / "results", runs("mine", "covid_linear", [0.1, 0.2]))
    plain = workspace_sources(tmp_path, results, [])
    assert "embeddings" not in plain.files[FROZEN].decode()
    write_report(results, report("mine", std=0.5))
    write_report(results, report("mine", dataset="siim")).write_text("no report")
    sources = workspace_sources(tmp_path, results, [])
    board = sources.board("dev")
    (row,) = board.table("phantom-seeded-demo-lovt-2022").rows
    assert [item.question.dataset for item in row.embeddings] == ["rsna"]
    assert any("Make it again with `lovt-bench analyze`" in note for note in board.notes)
    frozen = Frozen.model_validate_json(sources.files[FROZEN])
    assert replace(sources, frozen=frozen).board("dev") == board
