"""Boxes and counts are committed beside the records of a release; masks stay in the workspace, by digest."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from lovt_bench.benchmark.contract.prediction_file import PredictionFile, PredictionHeader, prediction_file
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.engine.record.prediction_format import to_bytes
from lovt_bench.benchmark.engine.record.prediction_reading import from_bytes
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.releases import predictions as module
from lovt_bench.leaderboard.releases.folder import folder_problems
from lovt_bench.leaderboard.releases.release import release
from lovt_bench.leaderboard.releases.site import write_site
from lovt_bench.leaderboard.releases.verify import verify
from lovt_bench.leaderboard.show.rendering import digest
from lovt_bench.tasks.detection import Detections
from lovt_bench.tasks.predictions import MaskPredictions
from tests.leaderboard.records import record, runs
from tests.leaderboard.releases.test_verify import forge
from tests.leaderboard.sources import sources, two_rows

FOLDER = "phantom/lovt-2022/mine/predictions"


def boxes(key: str) -> bytes:
    header = PredictionHeader(key=key, target="boxes", classes=["opacity"], side=224)
    found = Detections(
        torch.tensor([[10.0, 20, 30, 40]]),
        torch.tensor([0.5]),
        torch.zeros(1).long(),
        torch.ones(1),
        torch.tensor([1, 0]),
    )
    return to_bytes(header, np.array([3, 5]), found)


def masks(key: str) -> bytes:
    header = PredictionHeader(key=key, target="masks", classes=["opacity"], side=8)
    packed = torch.zeros(2, 1, 8, dtype=torch.uint8)
    packed[0, 0, 0] = 0b11100000
    return to_bytes(
        header, np.array([3, 5]), MaskPredictions(torch.tensor([[[2, 1, 0]], [[0, 0, 4]]]), packed, 8)
    )


def with_predictions(task: str, content: bytes, *, kept: bool | None) -> RunRecord:
    plain = record("mine", task, 0.4, splits="seeded")
    file = PredictionFile(
        file=prediction_file(task, plain.key), sha256=digest(content), bytes=len(content), masks=kept
    )
    return RunRecord.model_validate_json(
        plain.model_copy(update={"predictions": file, "schema_version": 2}).model_dump_json()
    )


def records_of(made: dict[str, bytes]) -> list[RunRecord]:
    return [
        with_predictions(task, content, kept=True if task == "covid_linear" else None)
        for task, content in made.items()
    ]


def workspace(folder: Path, committing: bool = True) -> dict[str, bytes]:
    """Write two runs with predictions, release them, and return what they predicted by task."""
    made = {
        "rsna_frozen_1": boxes(record("mine", "rsna_frozen_1").key),
        "covid_linear": masks(record("mine", "covid_linear").key),
    }
    given = records_of(made)
    for item, content in zip(given, made.values(), strict=True):
        assert item.predictions is not None
        path = folder / "results" / "phantom" / "mine" / item.predictions.file
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    given_sources = sources(folder, [*two_rows(), *given])
    release(folder / "versions", given_sources, date="2026-05-01", predictions=committing)
    return made


def committed(out: Path, task: str) -> Path:
    (path,) = (out / "results" / FOLDER / task).iterdir()
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    workspace(tmp_path)
    return tmp_path / "versions"


def test_boxes_are_committed_as_they_are_and_masks_as_counts(tmp_path: Path) -> None:
    made = workspace(tmp_path)
    out = tmp_path / "versions"
    path = committed(out, "rsna_frozen_1")
    assert path.read_bytes() == made["rsna_frozen_1"]
    assert path.stem == digest(made["rsna_frozen_1"])
    path = committed(out, "covid_linear")
    assert path.stem == digest(made["covid_linear"])
    kept, whole = from_bytes(path.read_bytes()), from_bytes(made["covid_linear"])
    assert isinstance(kept.predictions, MaskPredictions)
    assert isinstance(whole.predictions, MaskPredictions)
    assert kept.predictions.masks is None
    assert torch.equal(kept.predictions.counts, whole.predictions.counts)
    assert (kept.header, list(kept.rows)) == (whole.header, [3, 5])
    assert verify(out, "1.0.0").identical
    assert folder_problems(out) == {}
    write_site(out, tmp_path / "site")
    for task in made:
        assert committed(tmp_path / "site", task).read_bytes() == committed(out, task).read_bytes()


def test_a_release_may_leave_them_in_the_workspace(tmp_path: Path) -> None:
    workspace(tmp_path, committing=False)
    out = tmp_path / "versions"
    assert not (out / "results" / FOLDER).exists()
    assert verify(out, "1.0.0").identical
    assert folder_problems(out) == {}


@pytest.mark.parametrize("task", ["rsna_frozen_1", "covid_linear"])
@pytest.mark.parametrize("harm", ["changed", "missing"])
def test_predictions_that_were_touched_are_named(out: Path, task: str, harm: str) -> None:
    path = committed(out, task)
    content = path.read_bytes()
    path.unlink()
    if harm == "changed":
        path.write_bytes(content[:-5] + b"xxxxx")
    found = verify(out, "1.0.0")
    assert {(problem.kind, problem.name) for problem in found.problems} == {
        ("record", path.relative_to(out / "results").as_posix())
    }
    assert bool(folder_problems(out)) is (harm == "changed")
    with pytest.raises(LeaderboardError):
        write_site(out, out.parent / "site")


def test_predictions_of_no_release_are_refused(out: Path) -> None:
    path = committed(out, "rsna_frozen_1").with_name(f"{'0' * 64}.parquet")
    path.write_bytes(b"x")
    assert list(folder_problems(out)) == [path.relative_to(out).as_posix()]


def test_what_is_committed_stays_when_the_workspace_loses_it(tmp_path: Path) -> None:
    made = workspace(tmp_path)
    out = tmp_path / "versions"
    before = committed(out, "covid_linear").read_bytes()
    given = [*two_rows(), *records_of(made), *runs("new", "covid_linear", [0.1, 0.2])]
    made_anew = release(out, sources(tmp_path / "elsewhere", given), date="2026-05-02")
    assert digest(before) in (made_anew.folder / "inputs" / "records.json").read_text()
    assert committed(out, "covid_linear").read_bytes() == before
    assert verify(out, "1.1.0").identical


@pytest.mark.parametrize("harm", ["changed", "missing"])
def test_no_release_is_built_upon_predictions_that_were_touched(tmp_path: Path, harm: str) -> None:
    made = workspace(tmp_path)
    out = tmp_path / "versions"
    path = committed(out, "rsna_frozen_1")
    path.unlink()
    if harm == "changed":
        path.write_bytes(b"x")
    given = [*two_rows(), *records_of(made), *runs("new", "covid_linear", [0.1, 0.2])]
    with pytest.raises(LeaderboardError, match="repository's history"):
        release(out, sources(tmp_path, given), date="2026-05-02")
    assert not (out / "1.1.0").exists()


@pytest.mark.parametrize("harm", ["stranger", "boxes of others"])
def test_a_forger_who_lists_predictions_of_no_record_is_found(out: Path, harm: str) -> None:
    """List, sums and the committed file agree; no record names what is in it."""
    path = committed(out, "rsna_frozen_1")
    before = path.relative_to(out / "results").as_posix()
    content = path.read_bytes()
    if harm == "stranger":
        path = path.rename(path.with_name(f"{'0' * 64}.parquet"))
        after = path.relative_to(out / "results").as_posix()
        forge(out, "inputs/records.json", before, after, sums=True)
    else:
        path.write_bytes(b"x")
        after = before
        forge(
            out,
            "inputs/records.json",
            f'"{before}": "{digest(content)}"',
            f'"{before}": "{digest(b"x")}"',
            sums=True,
        )
    assert {(problem.kind, problem.name) for problem in verify(out, "1.0.0").problems} == {("record", after)}


@pytest.mark.parametrize("harm", ["another digest", "other columns", "large", "link"])
def test_predictions_that_are_not_those_of_the_record_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    content = boxes(record("mine", "rsna_frozen_1").key)
    if harm == "other columns":
        table, packed = pq.read_table(io.BytesIO(content)), io.BytesIO()
        pq.write_table(table.append_column("patient", table.column("row")), packed)
        content = packed.getvalue()
    if harm == "large":
        monkeypatch.setattr(module, "LARGEST", len(content) - 1)
    given = with_predictions("rsna_frozen_1", content, kept=None)
    assert given.predictions is not None
    path = tmp_path / "results" / "phantom" / "mine" / given.predictions.file
    path.parent.mkdir(parents=True)
    path.write_bytes(content[:-5] + b"xxxxx" if harm == "another digest" else content)
    if harm == "link":
        path.rename(tmp_path / "moved")
        path.symlink_to(tmp_path / "moved")
    with caplog.at_level(logging.WARNING):
        release(tmp_path / "versions", sources(tmp_path, [*two_rows(), given]), date="2026-05-01")
    assert not (tmp_path / "versions" / "results" / FOLDER).exists()
    assert (f"{given.key}.parquet are not committed" in caplog.text) is (harm != "large")
    assert verify(tmp_path / "versions", "1.0.0").identical
