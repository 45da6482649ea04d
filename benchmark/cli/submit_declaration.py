"""What a submitter declares beside the weights, as options: a line here for each field of the declaration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

SUPERVISIONS = ("none", "general", "labels", "self", "text", "unknown")

_Command = TypeVar("_Command", bound=Callable[..., Any])


class NormalisationType(click.ParamType):
    """A name, or six numbers, as the field `normalisation` of a declaration."""

    name = "NAME|NUMBERS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        from lovt_bench.benchmark.contract.declared_facts import HALF, IMAGENET, Normalisation

        known = {"imagenet": IMAGENET, "half": HALF}
        try:
            numbers = [] if value in known else [float(part) for part in value.split(",")]
            stated = {"mean": numbers[:3], "std": numbers[3:]}
            found = known.get(value) or Normalisation.model_validate(stated)
        except ValueError:
            self.fail(
                f"{value!r}: expected imagenet, half, or six numbers, mean in [0, 1] and std in [0.001, 10] of each "
                "channel, for example 0.485,0.456,0.406,0.229,0.224,0.225",
                param,
                ctx,
            )
        return found.model_dump(mode="json")


_OPTIONS = (
    click.option("--display-name", help="What tables show [default: NAME]."),
    click.option("--paper", help="Web address of the paper."),
    click.option(
        "--pretraining-data",
        multiple=True,
        metavar="NAME",
        help="Dataset the weights have seen, none, or 'other: TEXT'; repeat for several. See `lovt-bench submission "
        "data`.",
    ),
    click.option(
        "--supervision", type=click.Choice(SUPERVISIONS), help="How it was trained [default: unknown]."
    ),
    click.option(
        "--native-side",
        type=click.IntRange(1, 4096),
        metavar="PIXELS",
        help="Side of the images that the weights were pre-trained on; tables show it.",
    ),
    click.option(
        "--normalisation",
        type=NormalisationType(),
        help="Of the images that the weights were pre-trained on, for protocols that use it: imagenet, half, or mean "
        "and std of three channels, six numbers with commas between.",
    ),
    click.option("--weights-url", help="Web address where others get the checkpoint."),
    click.option(
        "--claimed",
        type=click.Path(dir_okay=False, path_type=Path),
        help="CSV of the results you claim: task,percent or task,fraction, and interval95.",
    ),
    click.option(
        "--claimed-track",
        type=click.Choice(["public", "phantom"]),
        help="Which images the claimed results are of [default: public].",
    ),
)
"""Named as the fields of `benchmark.contract.submission`, so that `benchmark.submission.declare.stated` takes them."""


def declaring_options(command: _Command) -> _Command:
    """Add the options that declare something."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@contextmanager
def declaration_errors() -> Iterator[None]:
    """Show errors about declarations as one message."""
    from lovt_bench.benchmark.contract.claims import ClaimsError
    from lovt_bench.benchmark.contract.pretraining_data import UnknownDataError
    from lovt_bench.benchmark.submission.read import SubmissionError

    try:
        yield
    except (ClaimsError, UnknownDataError, SubmissionError) as error:
        raise click.ClickException(str(error)) from error
