"""`lovt-bench submission test`: a method from its folder to two numbers, on synthetic images."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.options import workspace_option
from lovt_bench.benchmark.cli.submit_declaration import declaration_errors
from lovt_bench.benchmark.workspace import workspace_root

if TYPE_CHECKING:
    from lovt_bench.benchmark.backbone.findings import Finding

MINUTES = 10.0
"""That the three runs of the method may take together."""
SEED = 12345


@click.command()
@click.argument("name_or_dir")
@click.option("--variant", help="Configuration of the method [default: its first].")
@click.option(
    "--profile", default="demo", show_default=True, help="demo: small, for two CPU cores; or paper."
)
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Hyperparameter; repeatable.")
@click.option(
    "--runtime",
    type=click.Choice(["auto", "docker", "process"]),
    default="auto",
    show_default=True,
    help="auto: a container where a Docker Engine answers, else, in submissions/, a process, which is not isolated.",
)
@click.option(
    "--base-image",
    envvar="LOVT_BENCH_BASE_IMAGE",
    help="What the image is built on [default: what its Dockerfile says].",
)
@click.option(
    "--build-network", metavar="MODE", help="Network of the build: none, host, … [default: the engine's]."
)
@workspace_option
def test(
    name_or_dir: str,
    variant: str | None,
    profile: str,
    assignments: tuple[str, ...],
    runtime: Literal["auto", "docker", "process"],
    base_image: str | None,
    build_network: str | None,
    workspace: Path | None,
) -> None:
    """Try a method from its folder to two numbers; exit code 1 where something is wrong.

    The folder is checked, its image built, and the method trained two steps an epoch on a few synthetic studies; the
    run is stopped by SIGTERM, goes on, exports, and has to end at the weights of a run that was not stopped. The
    backbone is evaluated on two tasks by the profile `quick`. It takes one to three minutes on two CPU cores, uses no
    GPU, and leaves nothing but the image that it builds.

    \b
    Examples:
      lovt-bench submission new my_method --into submissions
      lovt-bench submission test submissions/my_method
      lovt-bench submission test ./my-method --runtime docker
      lovt-bench submission test densecl --set queue=64
    """
    from lovt_bench.benchmark.backbone.findings import Finding, failed
    from lovt_bench.benchmark.backbone.names import BackboneError
    from lovt_bench.benchmark.cli.pretrain import settings_of
    from lovt_bench.benchmark.cli.submission_check import findings_of
    from lovt_bench.benchmark.data.errors import DataError
    from lovt_bench.benchmark.disk.temporary import scratch_folder
    from lovt_bench.benchmark.runtime.engine import EngineError
    from lovt_bench.benchmark.runtime.interruption import StoppedError, interruptible
    from lovt_bench.benchmark.submission.find import find_submission, locate
    from lovt_bench.benchmark.submission.read import SubmissionError

    started = time.monotonic()
    settings = settings_of(assignments)
    place = workspace_root(workspace).resolve()
    with declaration_errors():
        folder, beside = locate(name_or_dir, place)
        with _step() as step:
            findings = findings_of(folder, beside, place)
            wrong = [finding for finding in findings if finding.level != "ok"]
            step.append(_checked(findings))
        for finding in wrong:
            say(f"         {finding.level}: {finding.subject}: {finding.message}")
            if finding.advice:
                say(f"         -> {finding.advice}")
        if failed(findings):
            raise click.ClickException(
                "the folder does not follow the contract; mend what is above, then test again"
            )
        found = find_submission(str(folder), place)
    from lovt_bench.benchmark.cli.submission_trial import (
        Trial,
    )  # takes seconds: a wrong folder is told before

    try:
        with interruptible(), scratch_folder(place / "submission-test") as scratch:
            scratch.chmod(0o755)
            trial = Trial(found, scratch, place, variant, profile, settings, SEED)
            if found.submission.corpus != "none":
                with _step() as step:
                    step.append(Finding("ok", "phantom", trial.draw_corpus()))
            warned = trial.rehearse(runtime, base_image, build_network, MINUTES)
            if any(finding.level == "warning" for finding in findings):
                warned.insert(0, "folder")
            with _step() as step:
                step.append(Finding("ok", "tasks", trial.draw_tasks()))
            with _step() as step:
                step.append(trial.evaluate())
                passed = step[0].level != "error"
    except (SubmissionError, BackboneError, EngineError, DataError) as error:
        raise click.ClickException(str(error)) from error
    except (StoppedError, KeyboardInterrupt):
        raise click.ClickException("stopped; a test leaves nothing, the same command begins anew") from None
    took = f"{time.monotonic() - started:.0f} s"
    if not passed:
        raise click.ClickException(
            f"{found.submission.name} failed the test in {took}; mend what is above, then test again"
        )
    said = f" with {len(warned)} warning{'s'[: len(warned) > 1]} ({', '.join(warned)})" if warned else ""
    say(
        f"{found.submission.name} passed the test{said} in {took}. "
        f"Next: lovt-bench pretrain {shlex.quote(name_or_dir)}"
    )


def _checked(findings: list[Finding]) -> Finding:
    """Return all that `submission check` finds as one step."""
    from lovt_bench.benchmark.backbone.findings import Finding, summed_up

    worst = max(findings, key=lambda finding: ("ok", "warning", "error").index(finding.level))
    return Finding(worst.level, "folder", summed_up(findings))


@contextmanager
def _step() -> Iterator[list[Finding]]:
    """Show what the block puts into the list, with the seconds that the block took."""
    from lovt_bench.benchmark.cli.backbone import show_finding

    began = time.monotonic()
    shown: list[Finding] = []
    yield shown
    for finding in shown:
        show_finding(finding, f"({time.monotonic() - began:.1f} s)")
