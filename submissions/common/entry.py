"""The command line of every method: what a container or process of a submission runs.

`python -m lovt_bench.submissions.METHOD.pretrain --input CORPUS --output DIR` leaves `DIR/backbone/`, beside it
`checkpoints/` and `logs/`. Exit codes: benchmark/contract/exit_codes.py.
"""

from __future__ import annotations

import inspect
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Literal, NoReturn

import click
import lightning.pytorch as lightning
from lightning.pytorch.utilities.exceptions import SIGTERMException
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from rich.console import Console

from lovt_bench.benchmark.contract.base import digest_of
from lovt_bench.benchmark.contract.exit_codes import ExitCode
from lovt_bench.benchmark.contract.run_contract import OUTPUT_CHECKPOINTS
from lovt_bench.benchmark.contract.submission import Submission
from lovt_bench.benchmark.ending import end
from lovt_bench.benchmark.malloc import keep_freed_memory
from lovt_bench.submissions.common import events
from lovt_bench.submissions.common.checkpoints import LAST
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.declaration import Choice, choose, profile_settings, read_declaration
from lovt_bench.submissions.common.errors import NonFiniteLossError, PretrainingError, SettingsError
from lovt_bench.submissions.common.export import export
from lovt_bench.submissions.common.module import PretrainingModule
from lovt_bench.submissions.common.naming import DEFAULT_SEED, backbone_name, changed_settings, display_name
from lovt_bench.submissions.common.rehearsal import NOTE
from lovt_bench.submissions.common.settings import (
    TrainingSettings,
    build_settings,
    parse_assignments,
    parse_object,
)
from lovt_bench.submissions.common.training import RunOptions, train

CUT_OFF_LATE = "after a full epoch; the same command with --resume goes on"
CUT_OFF_EARLY = "before the end of the first epoch; the same command begins anew"


def run(module: type[PretrainingModule], settings: type[TrainingSettings]) -> NoReturn:
    """Parse the command line, train, export, and end the process with the contract's exit code."""
    folder = Path(inspect.getfile(module)).resolve().parent
    code: object = ExitCode.DONE
    try:
        command(module, settings, folder)(standalone_mode=True)
    except SystemExit as ended:
        code = ended.code
    end(code)


def command(module: type[PretrainingModule], settings: type[TrainingSettings], folder: Path) -> click.Command:
    """Return the command of a method that lies in `folder`."""

    @click.command(context_settings={"auto_envvar_prefix": "LOVT_BENCH", "show_default": True})
    @click.option(
        "--input", "corpus", required=True, type=click.Path(path_type=Path), help="Prepared corpus."
    )
    @click.option(
        "--output", required=True, type=click.Path(path_type=Path), help="Where everything is left."
    )
    @click.option("--seed", default=DEFAULT_SEED, type=click.IntRange(min=0))
    @click.option("--variant", help="Configuration in submission.yaml.  [default: its first]")
    @click.option(
        "--fraction", type=click.FloatRange(0, 1, min_open=True), help="Share of the training split."
    )
    @click.option("--profile", default="paper", help="paper, or a smaller size that submission.yaml names.")
    @click.option(
        "--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Hyperparameter; repeatable."
    )
    @click.option(
        "--settings",
        "settings_json",
        envvar="LOVT_BENCH_SETTINGS",
        default="{}",
        help="The same as one JSON object; --set goes before it.",
    )
    @click.option("--name", help="Name of the backbone.  [default: the method's]")
    @click.option("--resume", is_flag=True, help="Go on from OUTPUT/checkpoints/last.ckpt.")
    @click.option(
        "--accept-changes", is_flag=True, help="With --resume: also from other settings, corpus or seed."
    )
    @click.option("--device", default="auto", type=click.Choice(["auto", "cpu", "cuda"]))
    @click.option(
        "--devices", type=click.IntRange(min=1), help="Devices of this node.  [default: as started, or 1]"
    )
    @click.option("--nodes", type=click.IntRange(min=1), help="Nodes.  [default: as started, or 1]")
    @click.option(
        "--workers", type=click.IntRange(min=0), help="Loader processes.  [default: by size and cores]"
    )
    @click.option("--time-limit", type=click.FloatRange(0, min_open=True), help="Minutes; training ends after the "
                  "epoch in which they are over, and the best epoch so far is exported.")  # fmt: skip
    @click.option("--wandb", metavar="PROJECT", help="Log to Weights & Biases, too.")
    @click.option(
        "--online-evaluation/--no-online-evaluation", default=True, help="Watch features by linear probes."
    )
    @click.option("--rehearsal", is_flag=True, help="A few steps only, to see whether everything works.")
    @click.option(
        "--rehearsal-epochs",
        type=click.IntRange(min=1),
        help="With --rehearsal: epochs in all.  [default: until it is stopped, and one more]",
    )
    def pretrain(
        corpus: Path, output: Path, seed: int, variant: str | None, fraction: float | None, profile: str,
        assignments: tuple[str, ...], settings_json: str, name: str | None, resume: bool, accept_changes: bool,
        device: Literal["auto", "cpu", "cuda"], devices: int | None, nodes: int | None, workers: int | None,
        time_limit: float | None, wandb: str | None, online_evaluation: bool, rehearsal: bool,
        rehearsal_epochs: int | None,
    ) -> None:  # fmt: skip
        options = RunOptions(
            folder=output,
            resume=resume,
            accept_changes=accept_changes,
            device=device,
            devices=devices,
            nodes=nodes,
            workers=workers,
            time_limit=None if time_limit is None else 60 * time_limit,
            wandb=wandb,
            online_evaluation=online_evaluation,
            rehearsal=rehearsal,
            rehearsal_epochs=rehearsal_epochs,
        )
        try:
            submission = read_declaration(folder)
            choice = choose(submission, variant, fraction)
            given = {**parse_object(settings_json), **parse_assignments(assignments)}
            values = build_settings(
                settings,
                [
                    (f"variant {choice.variant}", choice.settings),
                    (f"profile {profile}", profile_settings(submission, profile)),
                    ("--set", given),
                ],
            )
            changed = changed_settings(submission, choice, profile, given)
            with _terminable():
                pretrain_one(
                    module,
                    submission,
                    choice,
                    values,
                    name or backbone_name(submission, choice, seed, changed),
                    display_name(submission, choice, profile, seed, changed),
                    profile,
                    seed,
                    corpus,
                    options,
                )
        except SettingsError as error:
            _fail(str(error), ExitCode.BAD_CONFIGURATION)
        except NonFiniteLossError as error:
            _fail(str(error), ExitCode.FAILED)
        except PretrainingError as error:
            _fail(str(error), ExitCode.BAD_DATA)
        except (SIGTERMException, KeyboardInterrupt):
            there = (output / OUTPUT_CHECKPOINTS / LAST).exists()
            _fail(f"cut off {CUT_OFF_LATE if there else CUT_OFF_EARLY}", ExitCode.RESUMABLE)

    pretrain.help = (inspect.getdoc(module) or "").split("\n\n")[0]
    return pretrain


def pretrain_one(
    module: type[PretrainingModule],
    submission: Submission,
    choice: Choice,
    settings: TrainingSettings,
    name: str,
    shown: str,
    profile: str,
    seed: int,
    corpus_root: Path,
    options: RunOptions,
) -> None:
    """Train one configuration and export its backbone under `name`, which tables show as `shown`.

    Raises:
        PretrainingError: Corpus, settings, checkpoint or loss forbid it; no backbone is written.
    """
    keep_freed_memory()
    console = Console(stderr=False)
    corpus = Corpus(corpus_root, choice.fraction)
    check_corpus(module, submission, corpus)
    digest = digest_of(
        {
            "settings": settings.model_dump(mode="json"),
            "corpus": corpus.manifest.identity(),
            "fraction": choice.fraction,
            "seed": seed,
        }
    )
    if not options.resume and (options.folder / OUTPUT_CHECKPOINTS / LAST).exists():
        raise SettingsError(
            f"{options.folder} holds a run that was begun; --resume goes on with it, or take an empty folder"
        )
    lightning.seed_everything(seed, verbose=False)
    trained = module(settings, corpus, seed)
    if options.rehearsal:
        trained.notes.append(NOTE)
    say = _announce(console, submission, choice, profile, trained, corpus)
    result = train(
        trained, method=submission.name, digest=digest, seed=seed, options=options, console=console
    )
    if not result.is_global_zero:
        return
    manifest = export(
        trained,
        result,
        method=submission.name,
        name=name,
        display_name=shown,
        choice=choice,
        profile=profile,
        seed=seed,
        output=options.folder,
    )
    best = "" if result.best_epoch is None else f", best is epoch {result.best_epoch + 1}"
    done = events.done if events.wanted() else say
    done(
        f"{result.epochs} epochs, {result.samples:,} samples, {result.seconds:.0f} s on {result.device}{best}; "
        f"backbone {manifest.name} ({manifest.sha256[:12]})"
    )


def check_corpus(module: type[PretrainingModule], submission: Submission, corpus: Corpus) -> None:
    """Raise PretrainingError where a corpus lacks what a method learns from."""
    there = corpus.manifest
    if "reports" in module.needs and not there.has_reports:
        raise PretrainingError(
            f"{submission.name} learns from reports, the corpus {there.name} has none; prepare one with reports, or "
            "choose a method of images only (byol, simclr, pixpro, densecl, mae, dino)"
        )
    if "labels" in module.needs and not there.label_names:
        raise PretrainingError(
            f"{submission.name} learns from labels, the corpus {there.name} has none; prepare one with --labels"
        )
    if "masks" in module.needs and not there.has_masks:
        raise PretrainingError(
            f"{submission.name} learns from masks that the phantom drew, the corpus {there.name} has none: "
            "`lovt-bench corpus phantom-masks` makes one that does; then --corpus phantom-masks"
        )
    if not len(corpus.images("train")):
        raise PretrainingError(
            f"the corpus {there.name} has no training image at fraction {corpus.fraction:g}"
        )


def _announce(
    console: Console,
    submission: Submission,
    choice: Choice,
    profile: str,
    module: PretrainingModule,
    corpus: Corpus,
) -> Any:
    @rank_zero_only
    def say(text: str) -> None:
        if events.wanted():
            events.message(text)
        else:
            console.print(text, highlight=False, soft_wrap=True)

    settings = module.settings
    rows = corpus.studies("train") if module.unit == "study" else corpus.images("train")
    unit = "studies" if module.unit == "study" else "images"
    variant = "" if choice.variant is None else f", variant {choice.variant}"
    batch = f"{settings.batch_size}" + (f" x {settings.accumulate}" if settings.accumulate > 1 else "")
    say(
        f"{submission.display_name}{variant}, profile {profile}: {len(rows):,} {unit} of "
        f"{corpus.manifest.display_name}, {settings.architecture} at {settings.image_side} pixels, "
        f"batch {batch}, at most {settings.max_epochs} epochs"
    )
    return say


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does; within a training Lightning acts first, at the end of a batch."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        # Within a training Lightning's own handler stands here, and calls this one.
        if signal.getsignal(signal.SIGTERM) is interrupt:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _fail(message: str, code: ExitCode) -> NoReturn:
    click.echo(f"Error: {message}", err=True)
    sys.exit(code)
