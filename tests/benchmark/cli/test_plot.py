"""`lovt-bench plot`: what it prints, what it leaves, and what it says about bad input."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from lovt_bench.benchmark.analysis.figures.runs import newest_cells
from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.cli.plot import KINDS
from lovt_bench.benchmark.cli.plot_draw import OF_RUNS
from tests.benchmark.analysis.tiny_method import built, exported
from tests.benchmark.cli.planted import plant
from tests.benchmark.engine.world import tiny_store
from tests.leaderboard.records import record
from tests.submissions.tiny_corpus import write_corpus


def plot(workspace, *arguments):
    given = ["plot", *map(str, arguments), "--profile", "quick", "--workspace", str(workspace)]
    return CliRunner().invoke(main, given)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    root = tmp_path_factory.mktemp("plot")
    store = tiny_store(root, "covid-rural", images=48)
    write_corpus(root / "corpora" / "tiny", test=3)
    epoch = {"epoch": 0, "learning_rate": 0.01, "train_loss": 0.5, "validation_loss": 0.75, "monitor": 0.25}
    shares = np.linspace(0.1, 0.9, len(store.rows("test")))
    plant(root, store, "random-resnet18", "covid_linear", shares, 12345, history=[epoch])
    return root


def test_runs_are_drawn_with_their_best_and_worst_images(workspace, tmp_path):
    asked = ("random-resnet18", "--only", "cases", "--only", "curves", "--out", tmp_path, "--format", "svg")
    result = plot(workspace, *asked)
    assert result.exit_code == 0, result.output
    files = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert sorted(files) == [
        f"task-12-covid_linear-{kind}.svg" for kind in ("cases-phantom", "curves-phantom", "losses-phantom")
    ]
    cases = files["task-12-covid_linear-cases-phantom.svg"]
    assert cases.count("<image") == 16
    assert "12. COVID Rural linear: best and worst images" in cases
    curves = files["task-12-covid_linear-curves-phantom.svg"]
    assert "Best epochs, whose weights are tested" in curves
    assert "12. COVID Rural linear: validation Dice" in curves
    [predictions] = (workspace / "results" / "phantom" / "random-resnet18" / "predictions").iterdir()
    for file in predictions.iterdir():
        file.rename(tmp_path / file.name)
    result = plot(workspace, *asked[:3])
    assert result.exit_code == 1
    assert "Left out, task-12-covid_linear-cases-phantom: the predictions of seed" in result.output
    assert "is missing; bring it back" in result.output


def test_features_are_drawn_of_all_that_is_prepared(workspace, tmp_path):
    result = plot(
        workspace, "random-resnet18", "--only", "features", "--only", "attention", "--out", tmp_path
    )
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "covid-rural-features.png",
        "tiny-features.png",
    ]
    left_out = "Left out, covid-rural, attention: beside random-resnet18 lies no analysis.safetensors"
    assert left_out in result.output


def test_a_kind_that_fails_does_not_stop_the_others(workspace, tmp_path):
    """The method's head is finite, and what it makes of an image is not."""
    module = built("convirt", workspace / "corpora" / "tiny")
    torch.nn.init.constant_(module.get_parameter("image_head.outer.weight"), 3e38)
    exported(module, "mad", workspace)
    kinds = ("--only", "weights", "--only", "features")
    result = plot(workspace, "mad", "--corpus", "tiny", *kinds, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "Left out, tiny, weights: what mad makes" in " ".join(result.output.split())
    assert [path.name for path in tmp_path.iterdir()] == ["tiny-features.png"]


def test_a_backbone_that_is_called_like_a_command(workspace):
    words = ["plot", "--profile", "quick", "--workspace", str(workspace), "shared"]
    assert "no backbone 'shared'" in CliRunner().invoke(main, words).output


def test_each_track_of_a_task_has_its_runs(tmp_path):
    records = [
        record("mine", "covid_linear", 0.3, seed=seed, track=track)
        for track, seed in (("phantom", 2), ("phantom", 1), ("public", 1))
    ]
    records.append(record("mine", "covid_later", 0.3))
    cells = newest_cells(records, tmp_path)
    assert [[each.run.seed for each in cell.records] for cell in cells] == [[1, 2], [1]]
    assert [cell.file("cases") for cell in cells] == [
        "task-12-covid_linear-cases-phantom",
        "task-12-covid_linear-cases",
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("no-such-backbone",), "no backbone 'no-such-backbone'"),
        (("random", "--dataset", "covid-rurall"), "did you mean covid-rural?"),
        (("random-resnet18", "--level", "c9"), "levels: c1, c2, c3, c4, c5"),
        (("random", "--only", "cases"), "no run of 'random'"),
        (
            ("random-resnet18", "--only", "cases", "--tasks", "nih_seg_linear"),
            "no final run of random-resnet18",
        ),
        (
            ("random-resnet18", "--only", "curves", "--protocol", "lovt-2026"),
            "there: lovt-2022 (give --protocol)",
        ),
    ],
)
def test_bad_input_ends_in_one_sentence(workspace, arguments, words):
    result = plot(workspace, *arguments)
    assert result.exit_code == 1
    assert words in result.output
    assert "Traceback" not in result.output
    assert not (workspace / "figures").exists()


def test_help_says_each_kind():
    from lovt_bench.benchmark.analysis.figures.kinds import OF_FEATURES, OF_METHOD

    assert set(KINDS) == {*OF_FEATURES, *OF_METHOD, *OF_RUNS}
    shown = CliRunner().invoke(main, ["plot", "--help"]).output
    assert all(f"  {kind} " in shown for kind in KINDS)
