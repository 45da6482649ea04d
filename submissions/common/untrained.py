"""The command line of a method that learns from no corpus: it only leaves a backbone."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import click

from lovt_bench.benchmark.backbone.folder import save_backbone
from lovt_bench.benchmark.contract.backbone import Provenance
from lovt_bench.benchmark.contract.exit_codes import ExitCode
from lovt_bench.submissions.common.declaration import read_declaration
from lovt_bench.submissions.common.errors import PretrainingError
from lovt_bench.submissions.common.export import FOLDER
from lovt_bench.submissions.common.initial_weights import InitialWeights
from lovt_bench.submissions.common.naming import DEFAULT_SEED


def run_untrained(make: Callable[[int], InitialWeights], folder: Path) -> NoReturn:
    """Write `OUTPUT/backbone/` with the weights that `make(seed)` gives, and end the process."""
    command(make, folder)()
    raise SystemExit(ExitCode.DONE)


def command(make: Callable[[int], InitialWeights], folder: Path) -> click.Command:
    """Return the command of a method.

    Args:
        make: Returns the weights of a seed, or raises PretrainingError.
        folder: Folder of the method, with its `submission.yaml`.
    """

    @click.command(context_settings={"auto_envvar_prefix": "LOVT_BENCH", "show_default": True})
    @click.option("--input", "corpus", type=click.Path(path_type=Path), help="Not read.")
    @click.option(
        "--output", required=True, type=click.Path(path_type=Path), help="Where the backbone is left."
    )
    @click.option("--seed", default=DEFAULT_SEED, type=click.IntRange(min=0))
    @click.option("--name", help="Name of the backbone.  [default: the method's]")
    def export(corpus: Path | None, output: Path, seed: int, name: str | None) -> None:
        """Leave a backbone; nothing is learnt."""
        del corpus
        started = time.monotonic()
        try:
            submission = read_declaration(folder)
            weights = make(seed)
        except PretrainingError as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(ExitCode.BAD_DATA)
        output.mkdir(parents=True, exist_ok=True)
        manifest = save_backbone(
            output / FOLDER,
            weights.backbone,
            name=name or submission.name,
            display_name=submission.display_name,
            provenance=Provenance(
                method=submission.name,
                seed=seed,
                pretraining_data=list(weights.pretraining_data),
                notes=list(weights.notes),
                seconds=round(time.monotonic() - started, 1),
                images=0,
            ),
        )
        click.echo(f"backbone {manifest.name} ({manifest.sha256[:12]})")

    return export
