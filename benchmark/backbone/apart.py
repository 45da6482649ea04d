"""Weight files from elsewhere are read in a process apart; an architecture's own tensors come back as safetensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from lovt_bench.benchmark.backbone import registry
from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.understand.folders import WeightFiles
from lovt_bench.benchmark.backbone.weights import not_finite, spec_problems, specs_of
from lovt_bench.benchmark.contract.apart import Apart, ApartError, Limits
from lovt_bench.benchmark.contract.apart_inside import RefusedError
from lovt_bench.benchmark.contract.run_contract import GIB, MIB
from lovt_bench.benchmark.contract.untrusted import clean_text

READ_SECONDS = 12.0
"""Seconds of computing to read a file, besides those for its size; a checkpoint of 100,000 tensors takes five."""
BYTES_PER_SECOND = 20 * MIB
MATCH_SECONDS = 180.0
"""Seconds of computing to match its tensors with architectures, some of which have to be built."""
CLOCK_SECONDS = 600.0
"""That may pass, beside those for the size on a slow disk."""
BYTES_PER_CLOCK_SECOND = 5 * MIB
MEMORY = 3 * GIB
"""Bytes of data, besides three times the file (mapped, unpickled, converted) and three times the result."""
FLOAT_FOR_HALF = 2
HEADER = 16 * MIB
SAVE_PLAINLY = ". Save the image encoder's state dict alone: torch.save(model.state_dict(), FILE)"


class Named(Protocol):
    """What names an architecture."""

    @property
    def architecture(self) -> str: ...
    @property
    def options(self) -> registry.Options | None: ...


Report = TypeVar("Report", bound=Named)


def read_apart(
    work: str,
    weights: WeightFiles,
    outline: Named | None,
    arguments: Mapping[str, Any],
    checked: Callable[[Any], Report],
) -> tuple[Report, dict[str, Tensor]]:
    """Return what a work says of files of weights, and the state dict of an architecture that it took out of them.

    Args:
        work: `module:function`; called with `files`, `index` (of `WeightFiles`) and `arguments`, it yields once when
            the files are read, and then a JSON value and the state dict as safetensors.
        weights: The files.
        outline: The architecture; None: the work finds it, and its report names it.
        arguments: JSON values.
        checked: Makes the report of the JSON value, or raises BackboneError.

    Returns:
        The report and the tensors: exactly those of the architecture, all finite.

    Raises:
        BackboneError: A file is refused, or reading them took more than the limits for their size.
    """
    size, name = weights.size, clean_text(weights.name, 80)
    # An architecture that is not known yet has at most the file's tensors; the smallest have two bytes a value.
    result = FLOAT_FOR_HALF * size if outline is None else _bytes(outline)
    limits = Limits(
        seconds=MATCH_SECONDS,
        clock=CLOCK_SECONDS + size / BYTES_PER_CLOCK_SECOND,
        memory=MEMORY + 3 * size + 3 * result,
        answer=result + HEADER,
    )
    given = {
        "files": [str(path.absolute()) for path in weights.files],
        "index": None if weights.index is None else str(weights.index.absolute()),
    }
    with (
        told(f"{name} is refused: reading it", SAVE_PLAINLY),
        Apart(work, {**given, **arguments}, limits) as apart,
    ):
        apart.ask(limits=replace(limits, seconds=READ_SECONDS + size // BYTES_PER_SECOND))
        said, data = apart.ask()
        try:
            state = load(bytes(data))
        except (SafetensorError, ValueError) as error:
            raise ApartError("gave no tensors") from error
    report = checked(said)
    expected = specs_of(registry.blueprint(report.architecture, report.options).state_dict())
    if (problems := spec_problems(expected, specs_of(state))) or (problems := not_finite(state)):
        raise BackboneError(f"{name}: reading it gave other tensors: {problems[0]}")
    return report, state


def _bytes(outline: Named) -> int:
    expected = registry.blueprint(outline.architecture, outline.options).state_dict()
    return sum(tensor.numel() * tensor.element_size() for tensor in expected.values())


@contextmanager
def told(what: str, advice: str = "") -> Iterator[None]:
    """Turn refusals and broken limits of a process apart into BackboneError.

    Args:
        what: What was being done, for a message that goes on "did not end within 60 s".
        advice: Ends such a message; a refusal has its own.
    """
    try:
        yield
    except ApartError as error:
        raise BackboneError(f"{what} {error}{advice}") from error
    except RefusedError as error:
        raise BackboneError(str(error)) from error
