"""`lovt-bench results` and `leaderboard verify --rescore`: what a user types and reads."""

from __future__ import annotations

import shutil

import pytest
from click.testing import CliRunner

from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.engine.plan.recorded import load_records, results_path
from tests.benchmark.engine.world import tiny_store


def call(root, *words):
    return CliRunner().invoke(main, [*map(str, words), "--workspace", str(root)])


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    root = tmp_path_factory.mktemp("results")
    tiny_store(root, "covid-rural", images=48)
    made = call(
        root, "evaluate", "random-resnet18", "--profile", "quick", "--tasks", "covid_linear", "--no-masks"
    )
    assert made.exit_code == 0, made.output
    return root


def test_runs_are_rescored_exported_and_verified(workspace, tmp_path):
    """One walk, since each command needs what the one before it left."""
    result = call(workspace, "results", "rescore")
    assert (result.exit_code, result.output) == (
        0,
        "2 of 2 final runs scored anew, 12 metrics equal to the bit\n",
    )
    versions = ("--out", workspace / "versions")
    assert call(workspace, "leaderboard", "build", *versions).exit_code == 0
    assert call(workspace, "leaderboard", "release", *versions).exit_code == 0
    result = call(workspace, "leaderboard", "verify", "1.0.0", "--rescore", *versions)
    assert result.exit_code == 0, result.output
    assert "1.0.0: 2 of 2 final runs scored anew, 12 metrics equal to the bit" in result.output
    out = tmp_path / "coco"
    words = ("results", "export", "random-resnet18", "--task", "covid_linear", "--out")
    result = call(workspace, *words, out)
    assert result.exit_code == 1
    assert "holds counts alone: the run was made with --no-masks" in result.output
    assert not out.exists()
    out.mkdir()
    assert "is there already: name a new folder" in call(workspace, *words, out).output

    path = results_path(workspace, "phantom", "random-resnet18", "covid_linear")
    record = next(one for one in load_records(path).values() if one.predictions)
    assert record.predictions is not None
    file = path.parent / record.predictions.file
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    for command in (("results", "rescore"), ("leaderboard", "verify", "1.0.0", "--rescore", *versions)):
        result = call(workspace, *command)
        assert result.exit_code == 1
        assert (
            f"phantom/random-resnet18/covid_linear, seed {record.run.seed} ({record.key[:12]})"
            in result.output
        )
        assert "1 of 2 final runs scored anew, 6 metrics equal to the bit; 1 run(s) are not" in result.output
    file.unlink()
    assert "is missing; bring it back" in call(workspace, "results", "rescore").output
    result = call(workspace, "leaderboard", "verify", "1.0.0", "--rescore", *versions)
    assert result.exit_code == 0, result.output
    assert "1.0.0: 2 of 2 final runs scored anew, 12 metrics equal to the bit" in result.output
    shutil.rmtree(path.parent / "predictions")
    result = call(workspace, "leaderboard", "verify", "1.0.0", "--rescore", *versions)
    assert "1.0.0: 2 of 2 final runs scored anew" in result.output, "the repository and the store are enough"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rescore", "nobody"), "no run of 'nobody'"),
        (("rescore", "--tasks", "covid_linaer"), "covid_linaer"),
        (("rescore", "--tasks", "rsna_frozen_1"), "no final run in"),
        (("export", "nobody", "--task", "12", "--out", "x"), "no run of 'nobody'"),
        (
            ("export", "random-resnet18", "--task", "12", "--run", "zz", "--out", "x"),
            "whose key begins with zz",
        ),
    ],
)
def test_names_that_are_not_there_are_said(workspace, words, said):
    result = call(workspace, "results", *words)
    assert result.exit_code == 1
    assert said in result.output
