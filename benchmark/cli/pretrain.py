"""`lovt-bench pretrain`: run a submission and leave its backbone."""

from __future__ import annotations

import re
from pathlib import Path

import click

from benchmark.cli.backbone import workspace_option
from benchmark.workspace import workspace_root


@click.command()
@click.argument("method")
@click.option(
    "--input",
    "corpus",
    type=click.Path(file_okay=False, path_type=Path),
    help="Raw MIMIC-CXR folder to learn from [default: the phantom's, WORKSPACE/phantom/mimic-cxr].",
)
@click.option("--seed", type=click.IntRange(min=0), default=12345, show_default=True)
@click.option(
    "--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Setting of the method; repeatable."
)
@click.option("--force", is_flag=True, help="Run even if the backbone is there already.")
@workspace_option
def pretrain(
    method: str,
    corpus: Path | None,
    seed: int,
    assignments: tuple[str, ...],
    force: bool,
    workspace: Path | None,
) -> None:
    """Run METHOD and leave its backbone in WORKSPACE/backbones/METHOD.

    METHOD is a folder of submissions/. It runs in a process of its own, with your powers and no container:
    this repository's own methods only. A backbone made from the same code, corpus, seed and settings is kept
    as it is.

    \b
    Examples:
      lovt-bench pretrain phantom_supervised
      lovt-bench pretrain phantom_supervised --set architecture=resnet18 --set steps=20 --force
    """
    from benchmark.backbone.findings import Finding
    from benchmark.runtime.inputs import PretrainInputs, corpus_digest, method_digest
    from benchmark.runtime.pretrain import is_done
    from benchmark.runtime.pretrain import pretrain as run
    from benchmark.runtime.submissions import SubmissionError, read_submission, submissions_root

    settings = _settings(assignments)
    base = workspace_root(workspace)
    source = corpus or base / "phantom" / "mimic-cxr"
    root = base / "backbones" / method
    try:
        submission = read_submission(submissions_root(), method)
        if submission.module is None:
            raise SubmissionError(
                f"{method} needs no pre-training; evaluate it: `lovt-bench evaluate {method}`"
            )
        if not source.is_dir():
            raise SubmissionError(
                f"no corpus at {source}: `lovt-bench data phantom` writes one, or give --input DIR"
            )
        inputs = PretrainInputs(
            method=method,
            method_sha256=method_digest(submissions_root() / method),
            seed=seed,
            settings=settings,
            corpus_sha256=corpus_digest(source),
        )
        if not force and is_done(root, inputs):
            click.echo(f"{root} is there already, made from the same inputs; --force makes it again")
            return
        findings: list[Finding] = run(submission.module, source, root, inputs)
    except SubmissionError as error:
        raise click.ClickException(str(error)) from error
    for finding in findings:
        if finding.level == "warning":
            click.echo(f"warning  {finding.subject}: {finding.message}")
    click.echo(f"{root}: checked, {len(findings)} findings, no error")
    click.echo(f"Next: lovt-bench evaluate {method}")


def _settings(assignments: tuple[str, ...]) -> dict[str, str]:
    settings = {}
    for assignment in assignments:
        key, sign, value = assignment.partition("=")
        if not sign or not re.fullmatch(r"[a-z][a-z0-9_]*", key):
            raise click.BadParameter(f"expected KEY=VALUE, found {assignment!r}", param_hint="--set")
        settings[key] = value
    return settings
