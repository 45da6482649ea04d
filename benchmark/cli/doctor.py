"""`lovt-bench doctor`: what is here, what is missing, what to do."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from dataclasses import asdict
from pathlib import Path

import click

from lovt_bench.benchmark.cli.backbone import MARKS
from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.options import workspace_option
from lovt_bench.benchmark.workspace import workspace_root


@click.command()
@workspace_option
@click.option(
    "--image", metavar="NAME", help="Local image to try the engine's limits with [default: any known]."
)
@click.option("--no-containers", is_flag=True, help="Start no container; the engine's limits are not tried.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def doctor(workspace: Path | None, image: str | None, no_containers: bool, as_json: bool) -> None:
    """Look at Python, packages, GPU, Docker Engine, disk, data and weights, and say what to do.

    Each line is ok, a warning, or an error; with an error the main job cannot work here, and the exit code is 1.
    Nothing is downloaded or changed. Which limits the Docker Engine enforces is found out by breaking them in small
    containers, if an image is here to make them of.

    \b
    Examples:
      lovt-bench doctor
      lovt-bench doctor --no-containers --json
    """
    from lovt_bench.benchmark.backbone.findings import Finding, summed_up
    from lovt_bench.benchmark.runtime.doctor import diagnose
    from lovt_bench.tasks.suite import load_suite, suite_tasks

    base = workspace_root(workspace)
    counts = dict.fromkeys(MARKS, 0)
    found: list[Finding] = []
    lines, shown = [], ""
    datasets = sorted({spec.dataset for spec in suite_tasks(load_suite())})
    for section, finding in diagnose(base, datasets, image=image, containers=not no_containers):
        counts[finding.level] += 1
        found.append(finding)
        if as_json:
            lines.append({"section": section, **asdict(finding)})
            continue
        if section != shown:
            say(section, style="bold")
            shown = section
        word, colour = MARKS[finding.level]
        text = _wrapped(f"{word}  {finding.subject}: {finding.message}", "  ")
        say("  ", end="")
        say(word, style=colour, end="")
        say(text.removeprefix(f"  {word}"), lines=True)
        if finding.advice:
            say(_wrapped(f"-> {finding.advice}", " " * 11), lines=True)
    if as_json:
        say(json.dumps({"findings": lines, "counts": counts}, indent=2), lines=True)
    else:
        say(summed_up(found))
    raise SystemExit(1 if counts["error"] else 0)


def _wrapped(text: str, indent: str) -> str:
    """Return a paragraph as wide as the terminal; in a pipe one line, for grep."""
    if not sys.stdout.isatty():
        return indent + text
    width = max(40, shutil.get_terminal_size().columns)
    within = indent if text.startswith("->") else " " * 11
    return textwrap.fill(
        text, width, initial_indent=indent, subsequent_indent=within, break_long_words=False,
        break_on_hyphens=False, drop_whitespace=True, replace_whitespace=False,
    )  # fmt: skip
