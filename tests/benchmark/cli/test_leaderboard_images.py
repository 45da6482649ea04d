"""`lovt-bench leaderboard intervals` and `strata`: from predictions to what a user reads, and what they cannot say."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner, Result
from statsmodels.stats.multitest import multipletests

from lovt_bench.benchmark.cli.leaderboard_board import gather_sources
from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.cli.over_images import has_over_images
from lovt_bench.benchmark.contract.dataset import DatasetManifest
from lovt_bench.benchmark.contract.prediction_file import PredictionFile, PredictionHeader, prediction_file
from lovt_bench.benchmark.contract.profile import Profile
from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.data.open_store import open_store
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.engine.inputs.targets import packed_masks
from lovt_bench.benchmark.engine.plan.recorded import load_records, results_path
from lovt_bench.benchmark.engine.record.prediction_format import to_bytes
from lovt_bench.benchmark.engine.record.properties import levels_of
from lovt_bench.leaderboard.releases.sources import FROZEN, Frozen
from lovt_bench.leaderboard.releases.version import read_version
from lovt_bench.leaderboard.show.page.core import core
from lovt_bench.tasks.predictions import MaskPredictions
from lovt_bench.tasks.profile import apply_profile, load_profile
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.benchmark.engine.world import tiny_store
from tests.leaderboard.records import digest, record, write

ROW, FAIR, TASK = "unfair", "fair", "covid_linear"


def call(root: Path, *words: object) -> Result:
    return CliRunner().invoke(main, ["leaderboard", *map(str, words), "--workspace", str(root)])


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two rows of three runs whose masks hold nine tenths of a lesion in women; three tenths in men of the one row."""
    root = tmp_path_factory.mktemp("images")
    tiny_store(root, "covid-rural", images=96)
    sex = know_people(root / "data" / "covid-rural")
    store = open_store(root / "data" / "covid-rural")
    for name, men in ((ROW, 0.3), (FAIR, 0.9)):
        write(
            root / "results", [planted(root, store, sex, name, men, seed) for seed in (12345, 12346, 12347)]
        )
    return root


def planted(
    root: Path,
    store: ImageStore,
    sex: np.ndarray,
    name: str,
    men: float,
    seed: int,
    task: str = TASK,
    draw: int | None = None,
    **changes: Any,
) -> RunRecord:
    """Write the predictions of one run and return its record."""
    profile, protocol, spec = measured_by(task)
    rows = store.rows("test")
    pixels = np.bitwise_count(packed_masks(store, rows, profile.image_side)).sum(-1, dtype=np.int64)[:, 0]
    share = np.where(sex[rows] == "F", 0.9, men) + np.random.default_rng(
        seed if draw is None else draw
    ).normal(0, 0.02, len(rows))
    hit = (pixels * share).astype(np.int64)
    counts = np.stack([hit, pixels // 10, pixels - hit], axis=1)[:, None]
    found = MaskPredictions(torch.from_numpy(counts), None, profile.image_side)
    made = record(
        name,
        task,
        2 * hit.sum() / (pixels + hit + pixels // 10).sum(),
        dataset_sha256=store.manifest.identity(),
        task_sha256=spec.digest(),
        protocol_sha256=protocol.digest(),
        profile=profile.name,
        profile_sha256=profile.digest(),
        seed=seed,
        test_images=len(rows),
        **changes,
    )
    header = PredictionHeader(
        key=made.key, target="masks", classes=list(spec.classes), side=profile.image_side
    )
    content = to_bytes(header, rows, found, masks=False)
    file = prediction_file(task, made.key)
    path = root / "results" / "phantom" / name / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    return made.model_copy(
        update={"predictions": PredictionFile(file=file, sha256=digest, bytes=len(content), masks=False)}
    )


@cache
def measured_by(task: str) -> tuple[Profile, Protocol, TaskSpec]:
    profile = load_profile("quick")
    return profile, load_protocol(), apply_profile(load_task(task), profile)


def know_people(store: Path) -> np.ndarray:
    """Write sex, age, view and lesion areas into a store, seal it, and return the sex by row."""
    index = pd.read_parquet(store / "index.parquet")
    count = len(index)
    sex = np.where(np.arange(count) % 2 == 0, "F", "M")
    people: dict[str, Any] = {
        "sex": pd.array(sex, dtype="string"),
        "age": pd.array(20 + np.arange(count) % 60, dtype="Int16"),
        "view": pd.array(["PA"] * count, dtype="string"),
        "patient": pd.array([f"{row:016x}" for row in range(count)], dtype="string"),
        "lesion_areas": [np.array([0.05 + 0.001 * row], dtype=np.float32) for row in range(count)],
    }
    index.assign(**people).to_parquet(store / "index.parquet")
    path = store / "dataset.json"
    manifest = DatasetManifest.model_validate_json(path.read_bytes())
    digest = hashlib.sha256((store / "index.parquet").read_bytes()).hexdigest()
    files = {**manifest.files, "index.parquet": digest}
    path.write_text(manifest.model_copy(update={"files": files}).sealed().to_json())
    return sex


def test_a_planted_gap_is_found_and_said_with_its_size(workspace: Path) -> None:
    result = call(workspace, "strata", ROW, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    levels = {(item["property"], item["level"]): item for item in found["strata"]}
    gap = levels["sex", "F"]
    # 2 · 0.9 / (1 + 0.9 + 0.1) less 2 · 0.3 / (1 + 0.3 + 0.1)
    assert gap["gap"]["value"] == pytest.approx(0.9 - 0.4286, abs=0.03)
    assert gap["flagged"]
    assert levels["sex", "M"]["gap"] is None, "it is the same gap"
    assert levels["view", "PA"]["gap"] is None, "there is no other view"
    assert levels["lesion size", "middle third"]["text"] == "8 patient(s), fewer than 10"
    text = call(workspace, "strata", ROW).output
    assert "differs" in text
    assert "gaps differ from 0 at 5 % (Holm over all of them)" in text


def test_intervals_over_images_are_wider_than_those_over_seeds(workspace: Path) -> None:
    result = call(workspace, "intervals", ROW, "--json")
    assert result.exit_code == 0, result.output
    (line,) = json.loads(result.output)["tasks"]
    assert (line["task"], line["runs"], line["images"], line["patients"]) == (TASK, 3, 24, 24)
    assert line["share_of_seeds"] < 0.5
    assert 0 < line["interval95_normal"] < line["interval95"] < 0.5
    text = call(workspace, "intervals", ROW).output
    assert f"{100 * line['value']:.1f} ± {100 * line['interval95']:.1f}" in text
    (line,) = json.loads(call(workspace, "intervals", FAIR, "--against", ROW, "--json").output)["tasks"]
    assert line["value"] > line["interval95"] > 0
    assert line["p"] < 0.05


def test_where_there_is_no_gap_none_is_found(workspace: Path) -> None:
    found = json.loads(call(workspace, "strata", FAIR, "--json").output)["strata"]
    assert [item["level"] for item in found if item["property"] == "sex"] == ["F", "M"]
    assert not [item for item in found if item["property"] == "sex" and item["flagged"]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("intervals", ROW, "--against", ROW), f"are both '{ROW}': name two rows"),
        (("intervals", "nobody"), f"no run of 'nobody' in {{root}}/results; there: {FAIR}, {ROW}"),
        (("strata", "nobody"), f"no run of 'nobody' in {{root}}/results; there: {FAIR}, {ROW}"),
        (("strata", ROW, "--tasks", "nothing"), "nothing"),
    ],
)
def test_what_is_not_there_is_one_sentence(workspace: Path, words, said: str) -> None:
    result = call(workspace, *words)
    assert result.exit_code == 1
    assert said.format(root=workspace) in result.output


def test_differences_are_corrected_for_all_tasks_that_are_printed(workspace: Path, tmp_path: Path) -> None:
    store = open_store(workspace / "data" / "covid-rural")
    sex = store.index["sex"].to_numpy()
    tasks = [TASK, "covid_unet_frozen"]
    for name, men in ((ROW, 0.87), (FAIR, 0.9)):
        made = [planted(tmp_path, store, sex, name, men, seed, task) for task in tasks for seed in (1, 2, 3)]
        write(tmp_path / "results", made)
    words = ("intervals", FAIR, "--against", ROW, "--results", tmp_path / "results", "--json")
    lines = json.loads(call(workspace, *words).stdout)["tasks"]
    assert [line["task"] for line in lines] == tasks
    p = [line["p"] for line in lines]
    assert [line["p_holm"] for line in lines] == pytest.approx(multipletests(p, method="holm")[1])
    alone = json.loads(call(workspace, *words[:2], *words[4:]).stdout)["tasks"]
    assert not [line for line in alone if {"p", "p_holm"} & line.keys()], "nobody asks whether a Dice is 0"


def test_a_run_that_is_shown_again_counts_once(workspace: Path, tmp_path: Path) -> None:
    store = open_store(workspace / "data" / "covid-rural")
    sex = store.index["sex"].to_numpy()
    results = tmp_path / "results"
    for name, seeds in (("two", (1, 2)), ("copied", (1, 2, 1, 1, 1))):
        runs = [
            planted(tmp_path, store, sex, name, 0.9, place, draw=draw) for place, draw in enumerate(seeds)
        ]
        write(results, runs)
    said = [call(workspace, "intervals", name, "--results", results, "--json") for name in ("two", "copied")]
    two, copied = (json.loads(result.stdout)["tasks"][0] for result in said)
    assert (copied["runs"], copied["effective_runs"]) == (5, 2)
    assert (copied["value"], copied["interval95"]) == (two["value"], two["interval95"])
    assert f"copied, {TASK}: 2 effective run(s) of 5" in said[1].stderr
    assert said[0].stderr == ""
    strata = call(workspace, "strata", "copied", "--results", results, "--json")
    assert "2 effective run(s) of 5" in strata.stderr


def test_what_is_said_is_of_the_runs_that_the_board_shows(workspace: Path, tmp_path: Path) -> None:
    """A newer run of one row alone, at another rate, does not take the place of the cell that the board shows."""
    store = open_store(workspace / "data" / "covid-rural")
    sex = store.index["sex"].to_numpy()
    runs = [planted(tmp_path, store, sex, FAIR, 0.9, seed) for seed in (1, 2)]
    newer: dict[str, Any] = {"learning_rate": 0.5, "finished": "2026-02-02T03:04:05Z"}
    runs.append(planted(tmp_path, store, sex, FAIR, 0.1, 3, **newer))
    results = write(tmp_path / "results", runs)
    shown = call(workspace, "intervals", FAIR, "--results", results, "--json")
    (line,) = json.loads(shown.stdout)["tasks"]
    assert line["runs"] == 2
    assert "they used another learning rate (0.5) than the cell shows" in shown.stderr
    write(results, [record(FAIR, TASK, 0.4, profile="paper", profile_sha256=digest("paper"))])
    several = call(workspace, "strata", FAIR, "--results", results)
    assert several.exit_code == 1
    quick, paper = (f"phantom-seeded-{profile}-lovt-2022" for profile in ("quick", "paper"))
    assert f"{FAIR} stands in 2 tables ({paper}, {quick}); name one with --table" in several.output
    chosen = call(workspace, "strata", FAIR, "--results", results, "--table", "quick")
    assert "Phantom data, seeded splits, profile quick, protocol lovt-2022" in chosen.output


def test_a_board_has_intervals_over_images_where_they_are_asked_for(workspace: Path, tmp_path: Path) -> None:
    out = tmp_path / "versions"
    assert "over_images" not in gather_sources(None, workspace).board("dev").to_json()
    built = call(workspace, "build", "--over-images", "--out", out)
    assert "2 of 2 cell(s) have an interval over images" in built.output
    board = read_version(out)
    cells = {row.id: row.cells[0] for table in board.tables if table.kind == "runs" for row in table.rows}
    (line,) = json.loads(call(workspace, "intervals", ROW, "--json").stdout)["tasks"]
    found = cells[ROW].over_images
    assert found is not None
    assert found.interval95 == pytest.approx(line["interval95"], abs=1e-6)
    assert (found.runs, found.images, found.patients) == (3, 24, 24)
    (table,) = [table for table in core(board)["tables"] if table["kind"] == "runs"]
    shown = {row["id"]: row["cells"]["images"] for row in table["rows"]}
    assert shown[ROW] == [pytest.approx(found.interval95, abs=1e-4)]
    assert has_over_images(out), "a release takes them, too"
    assert call(workspace, "replicate", "--out", out).exit_code == 1
    assert read_version(out) == board, "to look at the replication takes nothing away"
    sources = gather_sources(None, workspace, over_images=True)
    frozen = Frozen.model_validate_json(sources.files[FROZEN])
    assert replace(sources, frozen=frozen).board("dev") == board, "a release is rebuilt without predictions"


def test_records_without_predictions_say_that_they_have_no_interval(workspace: Path, tmp_path: Path) -> None:
    path = results_path(workspace, "phantom", ROW, TASK)
    records = [record.model_copy(update={"predictions": None}) for record in load_records(path).values()]
    old = tmp_path / "phantom" / ROW
    old.mkdir(parents=True)
    (old / path.name).write_text("".join(record.to_json(indent=None) for record in records))
    for command, end in (("intervals", "has an interval over images"), ("strata", "has strata")):
        result = call(workspace, command, ROW, "--results", tmp_path)
        assert result.exit_code == 1
        assert f"Left out, {TASK}: the predictions of seed 12345 were not kept" in result.output
        assert f"no task of {ROW} {end}" in result.output


def test_properties_with_gaps_leave_images_out() -> None:
    index = pd.DataFrame(
        {
            "sex": pd.array(["F", None, "M"], dtype="string"),
            "age": pd.array([39, 60, None], dtype="Int16"),
            "lesion_areas": [np.zeros(1), np.ones(1), np.full(1, 0.5)],
        }
    )
    found = levels_of(index)
    assert {
        name: {level: mask.tolist() for level, mask in parts.items()} for name, parts in found.items()
    } == {
        "sex": {"F": [True, False, False], "M": [False, False, True]},
        "age": {"0 to 39": [True, False, False], "60+": [False, True, False]},
        "lesion size": {"smallest third": [False, False, True], "largest third": [False, True, False]},
    }
    assert levels_of(index[["age"]].assign(age=pd.array([None] * 3, dtype="Int16"))) == {}
