"""`lovt-bench tasks`: the table fits a terminal and a pipe, and a wrong name gets the right ones."""

from __future__ import annotations

from click.testing import CliRunner

from lovt_bench.benchmark.cli.main import main
from lovt_bench.tasks.registry import load_tasks


def run(*arguments: str):
    return CliRunner().invoke(main, ["tasks", *arguments])


def test_the_list_has_a_line_a_task_within_100_columns_and_no_colour():
    result = run("list")
    lines = result.output.splitlines()
    assert result.exit_code == 0
    assert len(lines) == 2 + len(load_tasks())
    assert max(map(len, lines)) <= 100
    assert "\x1b" not in result.output
    for spec, line in zip(load_tasks(), lines[2:], strict=True):
        assert line.split()[:3] == [str(spec.number), spec.id, spec.dataset]


def test_a_suite_has_a_line_and_lists_its_own_tasks():
    suites = run("suites").output.splitlines()[2:]
    assert suites[0].split()[:2] == ["lovt-18", "18"]
    for line in suites:
        name, count, datasets = line.split(maxsplit=2)
        listed = run("list", "--suite", name).output.splitlines()[2:]
        assert len(listed) == int(count)
        assert {each.split()[2] for each in listed} == set(datasets.split(", "))


def test_an_unknown_suite_is_an_error_that_lists_the_known_ones():
    result = run("list", "--suite", "lovt-81")
    assert result.exit_code == 1
    assert "unknown suite 'lovt-81' (did you mean lovt-18?)" in result.output


def test_a_task_is_shown_whole():
    output = run("show", "rsna_finetune_10").output
    assert "2  RSNA YOLOv3 fine-tuned 10 %" in output
    assert "0.0003, 0.001 (in this order)" in output
    assert "100 steps at 0.001, backbone frozen" in output
    assert "at most 100, patience 10" in output
    assert "mAP@0.5, mAP@0.75" in output


def test_a_number_is_as_good_as_an_id():
    assert run("show", "5").output == run("show", "rsna_frozen_10").output
    assert "never tuned" in run("show", "5").output


def test_an_unknown_task_is_an_error_that_lists_the_known_ones():
    result = run("show", "rsna")
    assert result.exit_code == 1
    assert "unknown task 'rsna'" in result.output
    assert "nih_seg_linear" in result.output
    assert "Traceback" not in result.output


def test_help_has_examples():
    assert "lovt-bench tasks show 5" in run("--help").output
