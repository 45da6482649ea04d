"""`lovt-bench leaderboard replicate --run` as a whole, on drawn images that pose as an official dataset."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.data import consistent
from lovt_bench.leaderboard import workspace_sources
from lovt_bench.leaderboard.board.records import read_records
from lovt_bench.leaderboard.releases.sources import gather
from tests.benchmark.engine.world import tiny_store

ROWS = ("random-resnet18", "random-resnet34")
TASK = "nih_seg_linear"
TABLE = f"""\
name: stand-in
title: Stand-in
statement: Made up.
citation: Nobody
url: https://example.org
protocol: lovt-2022
profile: quick
runs: 2
supervision: {{{ROWS[0]}: none, {ROWS[1]}: none}}
replication: {{rows: [{ROWS[0]}, {ROWS[1]}], slack: 1}}
"""


def published(folder: Path, values: dict[str, float], slack: float) -> None:
    """Write a published table with one task; values and slack are fractions."""
    folder.mkdir(exist_ok=True)
    (folder / "stand-in.yaml").write_text(TABLE.replace("slack: 1", f"slack: {slack}"))
    lines = [f"{row},,{TASK},{100 * value:.4f},0" for row, value in values.items()]
    (folder / "stand-in.csv").write_text("\n".join(["method,corpus_percent,task,mean,interval95", *lines]))


def replicate(workspace: Path) -> Result:
    words = ["leaderboard", "replicate", "--run", "--device", "cpu"]
    return CliRunner().invoke(
        main, [*words, "--workspace", str(workspace), "--out", str(workspace / "versions")]
    )


def test_nothing_is_run_where_a_row_is_missing_or_no_splits_are_official(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_store(tmp_path, "nih-cxr", track="public")
    tiny_store(tmp_path, "covid-rural")
    found = " ".join(replicate(tmp_path).output.split())
    assert (
        "only covid-rural (phantom, seeded splits), nih-cxr (public, seeded splits); make one with" in found
    )
    monkeypatch.setattr(consistent, "is_official", lambda *_: True)
    monkeypatch.setattr(workspace_sources, "gather", partial(gather, published_folder=tmp_path / "published"))
    tiny_store(tmp_path, "siim", track="public", splits="official")
    published(tmp_path / "published", dict.fromkeys(ROWS, 0.9), 0.001)
    table = tmp_path / "published" / "stand-in.yaml"
    table.write_text(table.read_text().replace(f"[{ROWS[0]}, {ROWS[1]}]", f"[{ROWS[0]}, not-here]"))
    missing = replicate(tmp_path)
    assert missing.exit_code == 1
    assert "not-here" in missing.output
    assert not (tmp_path / "results").exists(), "nothing of the other row was run"


@pytest.mark.slow
def test_what_is_prepared_is_run_compared_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "published"
    monkeypatch.setattr(workspace_sources, "gather", partial(gather, published_folder=table))
    # Drawn images have no published IDs, and a store that only says so is refused as damaged.
    monkeypatch.setattr(consistent, "is_official", lambda *_: True)
    tiny_store(tmp_path, "nih-cxr", track="public", splits="official")
    tiny_store(tmp_path, "covid-rural", track="public")

    published(table, dict.fromkeys(ROWS, 0.9), 0.001)
    red = replicate(tmp_path)
    assert red.exit_code == 1, red.output
    for row in ROWS:
        assert f"{row}: 1 task on nih-cxr" in red.output
    assert "2 of 2 cells measured, 2 different (replication.md)" in " ".join(red.output.split())
    runs = read_records(tmp_path / "results").records
    assert {(run.submission, run.run.task) for run in runs} == {(row, TASK) for row in ROWS}

    found = {
        row: [run.test["avg_dice"] for run in runs if run.submission == row and run.run.phase == "final"]
        for row in ROWS
    }
    assert [len(values) for values in found.values()] == [2, 2]
    published(table, {row: sum(values) / 2 for row, values in found.items()}, 0.999)
    wide = replicate(tmp_path)
    assert len(read_records(tmp_path / "results").records) == len(runs), "nothing is run again"
    assert wide.exit_code == 1, "a margin that nothing could miss"
    assert f"{ROWS[0]} and {ROWS[1]} measured only where 0 would pass" in " ".join(wide.output.split())
    report = (tmp_path / "versions" / "dev" / "replication.md").read_text()
    for row, values in found.items():
        part = report.split(f"### {row}\n")[1].split("###")[0]
        mean = f"{50 * sum(values):.1f}"
        assert f"| `{TASK}` | {mean} | 99.9 | {mean} ± " in part
        assert "| 2 | equivalent, 0 would pass |" in part
