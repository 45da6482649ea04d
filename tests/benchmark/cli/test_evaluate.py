"""`lovt-bench evaluate`: what it prints, what it leaves, and what it says about bad input."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time

import pytest
import torch
from click.testing import CliRunner

from lovt_bench.benchmark.cli.evaluation_names import by_name
from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.tasks.protocol import load_protocol
from tests.benchmark.engine.world import narrow_heads, tiny_store


@pytest.fixture
def workspace(tmp_path):
    """A workspace whose path would be markup, an emoji, and more than ASCII, if it were read as such."""
    root = tmp_path / "data [v1] [/b] :smile: ü"
    tiny_store(root, "covid-rural", images=48)
    return root


def evaluate(workspace, *arguments):
    return CliRunner().invoke(main, ["evaluate", *arguments, "--workspace", str(workspace)])


def test_a_backbone_goes_through_a_task_and_leaves_run_records(workspace):
    result = evaluate(workspace, "random-resnet18", "--profile", "quick", "--tasks", "covid_linear")
    assert result.exit_code == 0, result.output
    assert "PHANTOM images" in result.output
    assert "leaderboard build" in result.output
    path = workspace / "results" / "phantom" / "random-resnet18" / "covid_linear.jsonl"
    records = [RunRecord.model_validate_json(line) for line in path.read_text().splitlines()]
    assert [record.run.phase for record in records] == ["tune", "tune", "final", "final"]
    assert f"Run records: {path.parent}/" in result.output
    # The same on a stream that holds ASCII alone, by number.
    command = [
        "evaluate",
        "random-resnet18",
        "--profile",
        "quick",
        "--tasks",
        "12,",
        "--workspace",
        str(workspace),
    ]
    again = CliRunner(charset="ascii").invoke(main, command)
    assert again.exit_code == 0, again.output
    assert "0 runs to do" in again.output
    assert f"Run records: {path.parent}/".replace("ü", "?") in again.output
    assert "PHANTOM" in again.output
    assert len(path.read_text().splitlines()) == 4


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-backbone",),
        ("random-resnet19",),
        ("random", "--profile", "dmeo"),
        ("random", "--protocol", "lovt-2021"),
        ("random", "--tasks", "12,covid_linaer"),
        ("random", "--tasks", "7-9,40"),
        ("random", "--tasks", " , "),
        ("random", "--suite", "lovt-19"),
    ],
)
def test_names_are_checked_before_data(tmp_path, arguments):
    """Nothing is prepared here: whoever mistypes a name is told of the name."""
    output = evaluate(tmp_path, *arguments).output
    assert "not prepared" not in output
    assert arguments[-1].split(",")[-1].strip() in output
    assert "known" in output or "there:" in output or "architectures" in output


def test_tasks_are_those_of_the_board_s_suite_of_a_suite_or_of_patterns(tmp_path):
    def chosen(patterns=(), suite=None):
        return [spec.number for spec in by_name(patterns, suite, "quick", "lovt-2022", tmp_path)[0]]

    assert chosen() == list(range(1, 19))
    assert chosen(suite="lovt-18-without-siim") == [*range(1, 13), *range(15, 19)]
    assert chosen(("9,12",)) == [9, 12]
    with pytest.raises(ValueError, match="--suite and --tasks both say which tasks"):
        chosen(("9",), "lovt-18")


def test_a_wrong_name_is_told_before_torch_is_imported(tmp_path):
    code = (
        "import sys\nfrom lovt_bench.benchmark.cli.main import main\n"
        f"try:\n    main(['evaluate', 'radnom', '--workspace', {str(tmp_path)!r}])\n"
        "except SystemExit:\n    print('torch' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
    assert "no backbone 'radnom'" in run.stderr
    assert "(did you mean random?)" in run.stderr


@pytest.mark.slow
def test_a_call_that_is_terminated_says_what_is_recorded_and_how_to_go_on(workspace, monkeypatch):
    narrow_heads(monkeypatch)
    path = workspace / "results" / "phantom" / "random-resnet18" / "covid_unet_frozen.jsonl"

    def terminate():
        while not path.exists() or not path.stat().st_size:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=terminate, daemon=True).start()
    options = ["--profile", "quick", "--tasks", "covid_unet_frozen"]
    result = evaluate(workspace, "random-resnet18", *options)
    assert result.exit_code == 75
    assert f"Cut off: {len(path.read_text().splitlines())} of 2 runs were recorded." in result.output
    words = [
        "lovt-bench",
        "evaluate",
        "random-resnet18",
        "--tasks",
        "covid_unet_frozen",
        "--profile",
        "quick",
    ]
    assert f"To go on: {shlex.join([*words, '--workspace', str(workspace)])}" in result.output
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert evaluate(workspace, "random-resnet18", *options).exit_code == 0
    assert len(path.read_text().splitlines()) == 2


def test_datasets_that_are_not_prepared_are_named_with_the_command(workspace):
    result = evaluate(workspace, "random", "--profile", "quick")
    assert result.exit_code == 1
    assert "not prepared: nih-cxr, object-cxr, rsna, siim" in result.output
    assert "lovt-bench data prepare siim --raw DIR" in result.output
    assert "--prepared-only" in result.output


def test_a_store_of_another_protocol_is_not_taken(workspace, monkeypatch):
    published = load_protocol("lovt-2022")
    entries = published.data.model_copy(update={"odd_padding": "exact"})
    other = published.model_copy(update={"name": "corrected", "data": entries})
    monkeypatch.setattr("lovt_bench.tasks.protocol.load_protocol", lambda name="lovt-2022": other)
    result = evaluate(workspace, "random", "--tasks", "covid_linear", "--protocol", "corrected")
    assert result.exit_code == 1
    assert "not prepared by protocol corrected: covid-rural" in result.output
    assert "by another protocol: covid-rural" in result.output
    assert "lovt-bench data prepare covid-rural --raw DIR --protocol corrected" in result.output


@pytest.mark.parametrize("dry_run", [(), ("--dry-run",)])
@pytest.mark.parametrize("name", ["images.npy", "masks.npy", "index.parquet", "dataset.json"])
def test_a_damaged_store_is_refused_in_a_sentence(workspace, name, dry_run):
    with (workspace / "data" / "covid-rural" / name).open("r+b") as file:
        file.seek(-5, 2)
        file.write(b"\xff")
    result = evaluate(workspace, "random", "--tasks", "covid_linear", "--profile", "quick", *dry_run)
    assert result.exit_code == 1
    assert name in result.output
    assert "lovt-bench data prepare covid-rural --raw DIR --force" in result.output
    assert not (workspace / "results").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("random", "--tasks", "covid_linaer"), "did you mean covid_linear?); known: rsna_finetune_1"),
        (
            ("random", "--tasks", "covid_linear", "--profile", "dmeo"),
            "demo, paper, quick, small",
        ),
        (("random", "--tasks", "covid_linear", "--protocol", "lovt-2021"), "lovt-2022"),
        (
            ("random", "--protocol", "lovt-2022", "--protocol", "lovt-2026"),
            "--protocol is given as lovt-2022 and lovt-2026",
        ),
        (("nobody", "--tasks", "covid_linear"), "no backbone 'nobody'"),
        (("../../etc", "--tasks", "covid_linear"), "is no backbone name"),
        (("random", "--tasks", "covid_linear", "--engine", "slow"), "'fast', 'reference'"),
        (("random", "--tasks", "covid_linear", "--budget", "soon"), "such as 2h, 90m or 1h30m"),
        (
            ("random", "--tasks", "covid_linear", "--executor", "process", "--workers", "2"),
            "use local or ray",
        ),
        (("random", "--tasks", "covid_linear", "--max-memory", "much"), "512m or 8g"),
        (("random", "--tasks", "covid_linear", "--stall-limit", "5s"), "at least 60s, or off"),
    ],
    ids=[
        "task",
        "profile",
        "protocol",
        "two protocols",
        "backbone",
        "path",
        "engine",
        "budget",
        "executor",
        "memory",
        "stall",
    ],
)
def test_a_wrong_name_is_answered_with_the_right_ones(workspace, arguments, expected):
    result = evaluate(workspace, *arguments)
    assert result.exit_code != 0
    assert expected in " ".join(result.output.split())
    assert not isinstance(result.exception, (KeyError, AttributeError, TypeError))


def test_a_gpu_that_fails_ends_the_call_with_the_command_that_goes_on(workspace, monkeypatch):
    def fails(*_, **__):
        raise RuntimeError(
            "CUDA error: an illegal memory access was encountered\nCUDA kernel errors might be"
        )

    monkeypatch.setattr("lovt_bench.benchmark.engine.worker.Worker.__call__", fails)
    result = evaluate(workspace, "random-resnet18", "--profile", "quick", "--tasks", "covid_linear")
    assert result.exit_code == 75, result.output
    assert (
        "its GPU failed (CUDA error: an illegal memory access was encountered), and this process"
        in result.output
    )
    assert "To go on: lovt-bench evaluate random-resnet18" in result.output


def test_cuda_that_is_not_there_is_an_error_and_not_a_silent_cpu_run(workspace):
    if torch.cuda.is_available():
        assert evaluate(workspace, "random", "--tasks", "covid_linear", "--device", "cuda").exit_code in (
            0,
            1,
        )
        return
    result = evaluate(workspace, "random", "--tasks", "covid_linear", "--device", "cuda")
    assert result.exit_code == 1
    assert "--device cpu takes the CPU" in result.output


def test_too_few_images_fail_the_task_with_the_way_out(workspace):
    """48 images give 24 for training: fewer than the published batch of 64 would need, enough for one of 8."""
    tiny_store(workspace, "siim", images=48)
    result = evaluate(workspace, "random-resnet18", "--tasks", "pneumothorax_unet_frozen_100")
    assert result.exit_code == 1
    assert "do not fill one batch of 64" in " ".join(result.output.split())
    assert "--profile small" in " ".join(result.output.split())


def test_a_dry_run_predicts_and_leaves_nothing(workspace):
    arguments = ("random-resnet18", "--profile", "quick", "--tasks", "covid_linear")
    result = evaluate(workspace, *arguments, "--dry-run")
    assert result.exit_code == 0, result.output
    row = next(line.split() for line in result.output.splitlines() if "covid_linear" in line)
    assert row[row.index("covid_linear") + 2] == "4", "runs"
    assert "1 worker" in result.output
    assert re.search(
        r"Bare forward of the backbone here: \d+(\.\d+)? images a second", " ".join(result.output.split())
    )
    assert sorted(path.name for path in workspace.iterdir()) == ["data"]


def test_a_budget_says_what_is_left_and_the_command_that_goes_on(workspace):
    """No task can be done in a second: importing takes longer, and the prediction knows."""
    options = ("--profile", "quick", "--tasks", "covid_unet_fr*", "--budget", "1s")
    result = evaluate(workspace, "random-resnet18", *options)
    assert result.exit_code == 0, result.output
    assert "covid_unet_frozen" in result.output
    assert "Left, since they do not fit into the budget: covid_unet_frozen" in result.output
    command = shlex.join(["lovt-bench", "evaluate", "random-resnet18", "--tasks", "covid_unet_fr*"])
    assert f"To go on: {command}" in result.output
    assert not (workspace / "results").exists()
