"""The console script. Sub-commands are imported when they are called, so that `--help` answers at once."""

from __future__ import annotations

import importlib
import logging
import os
from typing import Any

import click

from lovt_bench.benchmark.cli.failures import said_plainly
from lovt_bench.benchmark.cli.streams import robust_streams
from lovt_bench.benchmark.log import logger, show_log

COMMANDS: dict[str, tuple[str, str]] = {
    "analyze": (
        "lovt_bench.benchmark.cli.analyze:analyze",
        "Measure the embeddings of a backbone, without labels.",
    ),
    "audit": ("lovt_bench.benchmark.cli.audit:audit", "Look for evaluation images in a pre-training corpus."),
    "backbone": ("lovt_bench.benchmark.cli.backbone:backbone", "Export, check and list backbones."),
    "corpus": (
        "lovt_bench.benchmark.cli.corpus:corpus",
        "Prepare and show the corpora that submissions pre-train on.",
    ),
    "data": (
        "lovt_bench.benchmark.cli.data:data",
        "Say where images are; prepare, verify and list image stores; write the phantom.",
    ),
    "doctor": (
        "lovt_bench.benchmark.cli.doctor:doctor",
        "Say what is here, what is missing, and what to do.",
    ),
    "evaluate": (
        "lovt_bench.benchmark.cli.evaluate:evaluate",
        "Take a backbone through the tasks and record every run.",
    ),
    "leaderboard": ("lovt_bench.benchmark.cli.leaderboard:leaderboard", "Build and show the leaderboard."),
    "plot": ("lovt_bench.benchmark.cli.plot:plot", "Draw the features and the results of a backbone."),
    "plot shared": (
        "lovt_bench.benchmark.cli.plot_shared:shared",
        "Draw several backbones beside each other.",
    ),
    "pretrain": ("lovt_bench.benchmark.cli.pretrain:pretrain", "Run a submission and leave its backbone."),
    "results": (
        "lovt_bench.benchmark.cli.results:results",
        "Score runs anew; export predictions; take over committed records.",
    ),
    "submission": (
        "lovt_bench.benchmark.cli.submission:submission",
        "Begin, check, test, pack and review a submission; list them, show one.",
    ),
    "submit": (
        "lovt_bench.benchmark.cli.submit:submit",
        "Make a backbone of a checkpoint that was trained elsewhere.",
    ),
    "tasks": (
        "lovt_bench.benchmark.cli.tasks:tasks",
        "List tasks and suites, show a task, make tasks for own data.",
    ),
    "why": (
        "lovt_bench.benchmark.cli.why:why",
        "Say which tasks, runs and images put one row above another.",
    ),
}
"""Command name, of one word or of two: where it lives, and the line that `--help` shows without importing it."""


class LazyGroup(click.Group):
    """A group whose commands are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def main(self, *args: Any, **kwargs: Any) -> Any:
        with robust_streams():
            return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with said_plainly():
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[Any, Any, list[str]]:
        if (name := " ".join(args[:2])) in COMMANDS and len(args) > 1:
            return name, self.get_command(ctx, name), args[2:]
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from lovt_bench.benchmark.contract.unknown import meant

            hint = meant(args[0], COMMANDS)
            raise click.UsageError(
                f"{error.message.rstrip('.')}{hint}. Commands: {', '.join(sorted(COMMANDS))}.", ctx
            ) from error


@click.command(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="lovt-bench", message="%(package)s %(version)s")
@click.option("-v", "--verbose", is_flag=True, help="Log more, and show where an error came from.")
def main(verbose: bool) -> None:
    """Compare chest X-ray backbones on 18 localized tasks.

    \b
    Examples:
      lovt-bench data phantom                    # synthetic X-rays in the raw layouts of all datasets
      lovt-bench data prepare rsna --raw DIR     # raw files -> image store
      lovt-bench evaluate random --profile quick  # a backbone through the 18 tasks
      lovt-bench leaderboard build               # run records -> a leaderboard version
    """
    # Threads that spin while another process has the core made trainings nine times slower (docs/performance.md).
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    show_log(logging.DEBUG if verbose else logging.WARNING)
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)


if __name__ == "__main__":
    main()
