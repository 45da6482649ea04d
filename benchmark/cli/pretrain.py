"""`lovt-bench pretrain`: run a submission and leave its backbone."""

from __future__ import annotations

import re
from pathlib import Path

import click

from benchmark.cli.backbone import workspace_option
from benchmark.workspace import workspace_root

DEFAULT_CORPUS = "mimic-cxr"


@click.command()
@click.argument("method")
@click.option(
    "--corpus",
    default=DEFAULT_CORPUS,
    show_default=True,
    help="Prepared corpus: a name in WORKSPACE/corpora or a folder.",
)
@click.option("--variant", help="Configuration of the method [default: its first].")
@click.option(
    "--fraction",
    type=click.FloatRange(0, 1, min_open=True),
    help="Share of the training split, in stored order; 0.3 means the variant 30.",
)
@click.option(
    "--profile", default="paper", show_default=True, help="paper, or demo: small, for two CPU cores."
)
@click.option("--seed", type=click.IntRange(min=0), default=12345, show_default=True)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="KEY=VALUE",
    help="Hyperparameter of the method; repeatable.",
)
@click.option("--name", help="Name of the backbone [default: METHOD, or METHOD-VARIANT].")
@click.option("--resume", is_flag=True, help="Go on with a run that was cut off.")
@click.option(
    "--force", is_flag=True, help="Run even if the backbone is there already, or a run was cut off."
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option(
    "--devices", type=click.IntRange(min=1), help="GPUs (or CPU processes) of this node [default: 1]."
)
@click.option("--workers", type=click.IntRange(min=0), help="Loader processes [default: by size and cores].")
@click.option(
    "--time-limit", type=float, metavar="MINUTES", help="End after the epoch in which they are over."
)
@click.option("--wandb", metavar="PROJECT", help="Log to Weights & Biases, too.")
@click.option("--no-online-evaluation", is_flag=True, help="Do not watch features by linear probes.")
@workspace_option
def pretrain(
    method: str,
    corpus: str,
    variant: str | None,
    fraction: float | None,
    profile: str,
    seed: int,
    assignments: tuple[str, ...],
    name: str | None,
    resume: bool,
    force: bool,
    device: str,
    devices: int | None,
    workers: int | None,
    time_limit: float | None,
    wandb: str | None,
    no_online_evaluation: bool,
    workspace: Path | None,
) -> None:
    """Run METHOD and leave its backbone in WORKSPACE/backbones/.

    METHOD is a folder of submissions/. It runs in a process of its own, with your powers and no container:
    this repository's own methods only. A backbone made from the same code, corpus, seed and settings is kept
    as it is. Checkpoints and logs (CSV, TensorBoard) lie in WORKSPACE/pretraining/NAME/.

    \b
    Examples:
      lovt-bench corpus prepare mimic-cxr --raw MIMIC     # first: the corpus
      lovt-bench pretrain lovt                            # as published, 100 %
      lovt-bench pretrain lovt --fraction 0.3             # leaves the backbone lovt-30
      lovt-bench pretrain lovt --variant no_l             # an ablation
      lovt-bench pretrain byol --profile demo             # minutes on two CPU cores
      lovt-bench pretrain lovt --resume                   # goes on where it was cut off
      lovt-bench pretrain convirt --set learning_rate=3e-5 --name convirt-slow
    """
    from benchmark.backbone.model import BackboneError
    from benchmark.backbone.sources import backbone_folder
    from benchmark.runtime.configuration import configure
    from benchmark.runtime.inputs import PretrainInputs, corpus_digest, method_digest
    from benchmark.runtime.pretrain import is_done, open_output
    from benchmark.runtime.pretrain import pretrain as run
    from benchmark.runtime.submissions import SubmissionError, read_submission, submissions_root

    settings = _settings(assignments)
    base = workspace_root(workspace).resolve()
    try:
        submission = read_submission(submissions_root(), method)
        if submission.module is None:
            raise SubmissionError(
                f"{method} needs no pre-training; evaluate it: `lovt-bench evaluate {method}`"
            )
        choice = configure(submission, variant, fraction, profile)
        root = backbone_folder(base, name or choice.backbone_name(submission))
        source = None if submission.corpus == "none" else _corpus_folder(base, corpus)
        inputs = PretrainInputs(
            method=method,
            method_sha256=method_digest(submissions_root(), method),
            seed=seed,
            variant=choice.variant,
            fraction=choice.fraction,
            profile=profile,
            settings=settings,
            corpus_sha256=None if source is None else corpus_digest(source),
        )
        if not force and is_done(root, inputs):
            click.echo(f"{root} is there already, made from the same inputs; --force makes it again")
            return
        output = base / "pretraining" / root.name
        open_output(output, inputs, resume=resume, force=force)
        options = _options(resume, device, devices, workers, time_limit, wandb, no_online_evaluation)
        findings = run(submission.module, source, output, root, inputs, [] if source is None else options)
    except (SubmissionError, BackboneError) as error:
        raise click.ClickException(str(error)) from error
    for finding in findings:
        if finding.level == "warning":
            click.echo(f"warning  {finding.subject}: {finding.message}")
    click.echo(f"{root}: checked, {len(findings)} findings, no error")
    click.echo(f"Next: lovt-bench evaluate {root.name}")


def _corpus_folder(base: Path, corpus: str) -> Path:
    """Return the folder of a corpus given by name or by path."""
    from benchmark.runtime.submissions import SubmissionError

    named = base / "corpora" / corpus
    given = Path(corpus)
    if re.fullmatch(r"[a-z0-9][a-z0-9._-]*", corpus) and named.is_dir():
        return named
    if given.is_dir():
        return given.resolve()
    there = ", ".join(sorted(p.parent.name for p in base.glob("corpora/[!.]*/corpus.json"))) or "none"
    raise SubmissionError(
        f"no corpus {corpus!r} in {base / 'corpora'}; there: {there}. `lovt-bench corpus prepare mimic-cxr --raw DIR` "
        "makes one; without the licence, `lovt-bench data phantom` writes raw files to prepare"
    )


def _options(
    resume: bool,
    device: str,
    devices: int | None,
    workers: int | None,
    time_limit: float | None,
    wandb: str | None,
    no_online_evaluation: bool,
) -> list[str]:
    given = {
        "--device": device,
        "--devices": devices,
        "--workers": workers,
        "--time-limit": time_limit,
        "--wandb": wandb,
    }
    options = [text for key, value in given.items() if value is not None for text in (key, str(value))]
    return options + ["--resume"] * resume + ["--no-online-evaluation"] * no_online_evaluation


def _settings(assignments: tuple[str, ...]) -> dict[str, str]:
    settings = {}
    for assignment in assignments:
        key, sign, value = assignment.partition("=")
        if not sign or not re.fullmatch(r"[a-z][a-z0-9_]*", key):
            raise click.BadParameter(f"expected KEY=VALUE, found {assignment!r}", param_hint="--set")
        settings[key] = value
    return settings
