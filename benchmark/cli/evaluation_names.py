"""What the names in a command line of `evaluate` stand for, found out before anything heavy is imported."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lovt_bench.benchmark.contract.profile import Profile
    from lovt_bench.benchmark.contract.protocol import Protocol
    from lovt_bench.benchmark.contract.task import TaskSpec


def by_name(
    patterns: tuple[str, ...], suite: str | None, profile: str, protocol: str, root: Path
) -> tuple[list[TaskSpec], Profile, Protocol]:
    """Return tasks, profile and protocol. Raises ValueError that lists the known names.

    Args:
        patterns: Patterns of task names (`select_tasks`); without one all tasks of the suite.
        suite: Name of a suite; None for the one that the board ranks by.
        profile: Name.
        protocol: Name.
        root: The workspace, whose own tasks and suites are known, too.
    """
    from lovt_bench.tasks.profile import load_profile
    from lovt_bench.tasks.protocol import load_protocol
    from lovt_bench.tasks.registry import select_tasks
    from lovt_bench.tasks.suite import DEFAULT_SUITE, load_suite, suite_tasks

    if patterns and suite:
        raise ValueError("--suite and --tasks both say which tasks: give one of them")
    if patterns:
        specs = select_tasks(patterns, workspace=root)
    else:
        specs = suite_tasks(load_suite(suite or DEFAULT_SUITE, workspace=root), workspace=root)
    return list(specs), load_profile(profile), load_protocol(protocol)


def check_name(backbone: str, root: Path) -> None:
    """Raise ValueError where there is no backbone of that name."""
    from lovt_bench.benchmark.backbone.names import DRAWN_PREFIX, name_problem

    if problem := name_problem(backbone, root):
        raise ValueError(problem + _made_by(backbone, root))
    if backbone.startswith(DRAWN_PREFIX) and not (root / "backbones" / backbone).is_dir():
        from lovt_bench.benchmark.backbone.sources import resolve

        resolve(backbone, root)


def _made_by(backbone: str, root: Path) -> str:
    """Return what makes a backbone that is not there, in words; empty where no submission has its name."""
    from lovt_bench.benchmark.submission.find import find_submission, folders_called
    from lovt_bench.benchmark.submission.read import SubmissionError

    if not folders_called(backbone, root):
        return ""
    try:
        find_submission(backbone, root)
    except SubmissionError as error:
        return f". {error}"
    return f". It is a method: `lovt-bench pretrain {backbone}` makes its backbone"


def same_command(ctx: click.Context) -> str:
    """Return the command line as it was given, options only where they were."""
    words = ["lovt-bench", "evaluate", ctx.params["backbone"]]
    for parameter in ctx.command.params:
        given = ctx.get_parameter_source(parameter.name or "") == click.core.ParameterSource.COMMANDLINE
        if not isinstance(parameter, click.Option) or not given:
            continue
        value = ctx.params[parameter.name or ""]
        if not isinstance(value, tuple):
            value = [value]
        if parameter.is_flag:
            words.append(parameter.opts[0])
        else:
            for one in value:
                words += [parameter.opts[0], str(one)]
    return shlex.join(words)
