"""`lovt-bench evaluate`: what it prints, what it leaves, and what it says about bad input."""

from __future__ import annotations

import pytest
import torch
from click.testing import CliRunner

from benchmark.cli.main import main
from benchmark.contract.run_record import RunRecord
from tests.benchmark.engine.world import tiny_store


@pytest.fixture
def workspace(tmp_path):
    tiny_store(tmp_path, "covid-rural", images=48)
    return tmp_path


def evaluate(workspace, *arguments):
    return CliRunner().invoke(main, ["evaluate", *arguments, "--workspace", str(workspace)])


def test_a_backbone_goes_through_a_task_and_leaves_run_records(workspace):
    result = evaluate(workspace, "random-resnet18", "--profile", "demo", "--tasks", "covid_linear")
    assert result.exit_code == 0, result.output
    assert "PHANTOM images" in result.output
    assert "leaderboard build" in result.output
    path = workspace / "results" / "phantom" / "random-resnet18" / "covid_linear.jsonl"
    records = [RunRecord.model_validate_json(line) for line in path.read_text().splitlines()]
    assert [record.run.phase for record in records] == ["tune", "tune", "final", "final"]
    again = evaluate(workspace, "random-resnet18", "--profile", "demo", "--tasks", "covid_linear")
    assert "0 runs to do" in again.output
    assert len(path.read_text().splitlines()) == 4


def test_datasets_that_are_not_prepared_are_named_with_the_command(workspace):
    result = evaluate(workspace, "random", "--profile", "demo")
    assert result.exit_code == 1
    assert "not prepared: nih-cxr, object-cxr, rsna, siim" in result.output
    assert "lovt-bench data prepare siim --raw DIR" in result.output
    assert "--prepared-only" in result.output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("random", "--tasks", "covid_linaer"), "matches none of: rsna_finetune_1"),
        (("random", "--tasks", "covid_linear", "--profile", "dmeo"), "demo, paper, phantom, small"),
        (("random", "--tasks", "covid_linear", "--protocol", "lovt-2021"), "lovt-2022"),
        (("nobody", "--tasks", "covid_linear"), "no backbone 'nobody'"),
        (("../../etc", "--tasks", "covid_linear"), "is no backbone name"),
        (("random", "--tasks", "covid_linear", "--engine", "slow"), "'fast', 'reference'"),
    ],
    ids=["task", "profile", "protocol", "backbone", "path", "engine"],
)
def test_a_wrong_name_is_answered_with_the_right_ones(workspace, arguments, expected):
    result = evaluate(workspace, *arguments)
    assert result.exit_code != 0
    assert expected in " ".join(result.output.split())
    assert not isinstance(result.exception, (KeyError, AttributeError, TypeError))


def test_cuda_that_is_not_there_is_an_error_and_not_a_silent_cpu_run(workspace):
    if torch.cuda.is_available():
        assert evaluate(workspace, "random", "--tasks", "covid_linear", "--device", "cuda").exit_code in (
            0,
            1,
        )
        return
    result = evaluate(workspace, "random", "--tasks", "covid_linear", "--device", "cuda")
    assert result.exit_code == 1
    assert "torch sees no CUDA device" in result.output


def test_too_few_images_fail_the_task_with_the_way_out(workspace):
    """48 images give 24 for training: fewer than the published batch of 64 would need, enough for one of 8."""
    tiny_store(workspace, "siim", images=48)
    result = evaluate(workspace, "random-resnet18", "--tasks", "pneumothorax_unet_frozen_100")
    assert result.exit_code == 1
    assert "do not fill one batch of 64" in " ".join(result.output.split())
    assert "--profile small" in " ".join(result.output.split())
