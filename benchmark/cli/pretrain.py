"""`lovt-bench pretrain`: run a submission and leave its backbone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.options import workspace_option
from lovt_bench.benchmark.cli.sizes import Size
from lovt_bench.benchmark.contract.corpus import MASKED_CORPUS
from lovt_bench.benchmark.workspace import workspace_root

DEFAULT_CORPUS = "mimic-cxr"


@click.command()
@click.argument("method")
@click.option(
    "--corpus",
    help="Prepared corpus: a name in WORKSPACE/corpora or a folder [default: mimic-cxr, the ceiling's phantom-masks].",
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
@click.option(
    "--name",
    help="Name of the backbone [default: METHOD, with variant, fraction, seed and settings that are not the default].",
)
@click.option(
    "--pretraining-data",
    multiple=True,
    metavar="NAME",
    help="What weights of yours have seen that the method starts from; repeatable. `submission data` lists the names.",
)
@click.option("--resume", is_flag=True, help="Go on with a run that was cut off.")
@click.option(
    "--accept-changes",
    is_flag=True,
    help="With --resume: go on although code, settings, corpus or seed have changed since the run began.",
)
@click.option(
    "--force", is_flag=True, help="Run even if a backbone of the name is there, or a run was cut off."
)
@click.option(
    "--rehearse/--no-rehearse",
    default=None,
    help="Only see whether everything works, on a few images in seconds; nothing is kept. [default: before a run of "
    "the profile paper on more than 5,000 images, once]",
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option(
    "--devices", type=click.IntRange(min=1), help="GPUs (or CPU processes) of this node [default: 1]."
)
@click.option("--workers", type=click.IntRange(min=0), help="Loader processes [default: by size and cores].")
@click.option(
    "--time-limit",
    type=click.FloatRange(0, min_open=True),
    metavar="MINUTES",
    help="The method ends by itself after the epoch in which they are over, with the best epoch so far.",
)
@click.option(
    "--hard-limit",
    type=click.FloatRange(0, min_open=True),
    metavar="MINUTES",
    help="The harness stops the run then [default: twice --time-limit and 10 minutes, else never].",
)
@click.option("--wandb", metavar="PROJECT", help="Log to Weights & Biases, too (process only).")
@click.option("--no-online-evaluation", is_flag=True, help="Do not watch features by linear probes.")
@click.option(
    "--runtime",
    "asked",
    type=click.Choice(["auto", "docker", "apptainer", "process"]),
    default="auto",
    show_default=True,
    help="auto: docker where an engine answers (Podman's, too), else process, which is not isolated. apptainer runs "
    "the file of --image.",
)
@click.option(
    "--image",
    metavar="REFERENCE",
    help="Run this image of the engine instead of building one; with apptainer a SIF file or a `docker save`.",
)
@click.option(
    "--base-image",
    envvar="LOVT_BENCH_BASE_IMAGE",
    help="What the image is built on [default: what its Dockerfile says, usually lovt-bench-base, which `make docker` "
    "makes].",
)
@click.option(
    "--build-network", metavar="MODE", help="Network of the build: none, host, … [default: the engine's]."
)
@click.option(
    "--memory", type=Size(), help="Limit of a container, swap included [default: 3/4 of this machine's]."
)
@click.option("--cpus", type=click.FloatRange(0, min_open=True), help="Limit of a container [default: all].")
@click.option(
    "--shm",
    type=Size(),
    help="Size of a container's /dev/shm, which loader processes use [default: --memory, of which "
    "what lies there is a part].",
)
@click.option(
    "--pids",
    type=click.IntRange(min=1),
    help="Processes and threads of a container [default: 512 for each of --devices].",
)
@click.option("--output-limit", type=Size(), help="Limit for all files of a run together [default: 20g].")
@click.option(
    "--assets",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Weights and text models for the run: torch/, huggingface/ [default: WORKSPACE/assets, if there].",
)
@workspace_option
def pretrain(
    method: str,
    corpus: str | None,
    variant: str | None,
    fraction: float | None,
    profile: str,
    seed: int,
    assignments: tuple[str, ...],
    name: str | None,
    pretraining_data: tuple[str, ...],
    resume: bool,
    accept_changes: bool,
    force: bool,
    rehearse: bool | None,
    device: Literal["auto", "cpu", "cuda"],
    devices: int | None,
    workers: int | None,
    time_limit: float | None,
    hard_limit: float | None,
    wandb: str | None,
    no_online_evaluation: bool,
    asked: Literal["auto", "docker", "apptainer", "process"],
    image: str | None,
    base_image: str | None,
    build_network: str | None,
    memory: int | None,
    cpus: float | None,
    shm: int | None,
    pids: int | None,
    output_limit: int | None,
    assets: Path | None,
    workspace: Path | None,
) -> None:
    """Run METHOD and leave its backbone in WORKSPACE/backbones/.

    METHOD is the name of a submission (of $LOVT_BENCH_SUBMISSIONS, of this repository, of the workspace, or a
    folder here), or the path of a folder with submission.yaml and Dockerfile. It runs in a container without
    network; where no Docker Engine answers, this repository's own methods run in a process with your powers. A
    backbone made from the same code, corpus, seed and settings is kept as it is; one made from others is replaced
    only with --force. Checkpoints and logs (CSV, TensorBoard) lie in WORKSPACE/pretraining/NAME/, verdict and log
    in WORKSPACE/pretraining/.runs/.

    \b
    Examples:
      lovt-bench corpus prepare mimic-cxr --raw MIMIC     # first: the corpus
      lovt-bench pretrain lovt                            # as published, 100 %
      lovt-bench pretrain lovt --fraction 0.3             # leaves the backbone lovt-30
      lovt-bench pretrain lovt --variant no_l             # an ablation
      lovt-bench pretrain byol --profile demo             # minutes on two CPU cores
      lovt-bench pretrain lovt --rehearse                 # does all of it work? seconds, nothing is kept
      lovt-bench pretrain lovt --resume                   # goes on where it was cut off
      lovt-bench pretrain convirt --set learning_rate=3e-5  # leaves convirt-learning_rate-3e-05
      lovt-bench pretrain lovt --set initial_weights=simclr # starts from the workspace's backbone simclr
      lovt-bench pretrain lovt --seed 2 --name second     # leaves second; without --name, lovt-seed2
      lovt-bench pretrain ./my-method --resume --accept-changes     # the same, once its code is mended
      lovt-bench pretrain ./my-method --memory 16g --hard-limit 600
    """
    from lovt_bench.benchmark.backbone.findings import summed_up
    from lovt_bench.benchmark.backbone.names import BackboneError
    from lovt_bench.benchmark.cli.pretrain_view import Terminal
    from lovt_bench.benchmark.contract.exit_codes import ExitCode
    from lovt_bench.benchmark.contract.verdict import Verdict
    from lovt_bench.benchmark.runtime.engine import EngineError
    from lovt_bench.benchmark.runtime.execute import execute
    from lovt_bench.benchmark.runtime.interruption import StoppedError
    from lovt_bench.benchmark.runtime.outcome import exit_code
    from lovt_bench.benchmark.runtime.request import Request, corpus_folder, limits_of
    from lovt_bench.benchmark.submission.read import SubmissionError

    if accept_changes and not resume:
        raise click.UsageError("--accept-changes lets a run go on: give --resume, too; --force begins anew")
    if rehearse and resume:
        raise click.UsageError("--rehearse is of a new run; leave --resume out")
    settings = settings_of(assignments)
    base = workspace_root(workspace).resolve()
    request = Request(
        method=method,
        variant=variant,
        fraction=fraction,
        profile=profile,
        seed=seed,
        settings=settings,
        name=name,
        pretraining_data=pretraining_data,
        resume=resume,
        accept_changes=accept_changes,
        force=force,
        device=device,
        devices=devices,
        workers=workers,
        time_limit=time_limit,
        hard_limit=hard_limit,
        wandb=wandb,
        online_evaluation=not no_online_evaluation,
        runtime=asked,
        image=image,
        base_image=base_image,
        build_network=build_network,
        limits=limits_of(memory, cpus, shm, pids, devices or 1, output_limit, time_limit, hard_limit),
        assets=assets,
        workspace=base,
        corpus=lambda need: corpus_folder(
            base, corpus or (MASKED_CORPUS if need == "masks" else DEFAULT_CORPUS)
        ),
        rehearse=rehearse,
    )
    try:
        result = execute(request, Terminal())
    except (SubmissionError, BackboneError, EngineError) as error:
        raise click.ClickException(str(error)) from error
    except StoppedError as error:
        raise _failure(str(error), ExitCode.RESUMABLE) from error
    if result is None:
        return
    verdict = result.verdict
    if verdict.verdict is not Verdict.SUCCESS:
        raise _failure(f"{verdict.verdict.value}: {method} {verdict.message}", exit_code(verdict))
    for finding in result.findings:
        if finding.level == "warning":
            say(f"warning  {finding.subject}: {finding.message}")
    root = request.root
    say(f"{root}: {summed_up(result.findings)}")
    say(f"Next: lovt-bench evaluate {root.name}")


def _failure(message: str, code: int) -> click.ClickException:
    failure = click.ClickException(message)
    failure.exit_code = code  # type: ignore[misc]
    return failure


def settings_of(assignments: tuple[str, ...]) -> dict[str, str]:
    """Return key and text of each `--set KEY=VALUE`.

    Raises:
        BadParameter: Not of that form.
    """
    settings = {}
    for assignment in assignments:
        key, sign, value = assignment.partition("=")
        if not sign or not re.fullmatch(r"[a-z][a-z0-9_]*", key):
            raise click.BadParameter(f"expected KEY=VALUE, found {assignment!r}", param_hint="--set")
        settings[key] = value
    return settings
