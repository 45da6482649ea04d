"""What a runtime is given and what it is asked: the same for a container and a process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lovt_bench.benchmark.contract.run_contract import (
    ASSETS,
    INITIAL,
    INITIAL_VARIABLE,
    INPUT,
    OUTPUT,
    SCRATCH,
    Limits,
    RunParameters,
)
from lovt_bench.benchmark.runtime.engine import Kind
from lovt_bench.benchmark.runtime.narrator import Narrator
from lovt_bench.benchmark.runtime.supervise import Ended


@dataclass(frozen=True)
class Run:
    """One run to be done."""

    parameters: RunParameters
    input: Path
    """A prepared corpus; an empty folder for a method that needs none."""
    output: Path
    """Written to by the submission, kept between attempts."""
    assets: Path | None = None
    """Weights and text models that the user has put there."""
    initial: Path | None = None
    """Folder of the backbone that it starts from."""
    limits: Limits = field(default_factory=Limits)
    more_environment: Mapping[str, str] = field(default_factory=dict)
    """Options of this repository's own methods beyond the contract."""
    enough: Callable[[], bool] = lambda: False
    """Asked now and then while it runs; True ends it as Ctrl-C does."""
    over: Callable[[Ended], None] = lambda ended: None
    """Told of the end at once, before anything is tidied up: a harness may be killed at any moment."""

    def folders(self) -> list[tuple[str, Path, bool]]:
        """Return what a container is given: the place in it, the folder, whether it is read-only."""
        read = {INPUT: self.input, ASSETS: self.assets, INITIAL: self.initial}
        found = [(place, folder.resolve(), True) for place, folder in read.items() if folder is not None]
        return [*found, (OUTPUT, self.output.resolve(), False)]

    def environment(self) -> dict[str, str]:
        """Return what a container is told."""
        return {
            **self.parameters.environment(self.limits.threads),
            "HOME": SCRATCH,
            "TORCH_HOME": f"{ASSETS}/torch",
            "HF_HOME": f"{ASSETS}/huggingface",
            "HF_HUB_OFFLINE": "1",
            **({} if self.initial is None else {INITIAL_VARIABLE: INITIAL}),
            **self.more_environment,
        }


class Runtime(Protocol):
    """A way to run a submission."""

    @property
    def kind(self) -> Kind: ...

    @property
    def image_digest(self) -> str | None:
        """Identity of what is run, where it is an image."""
        ...

    def run(self, run: Run, narrator: Narrator) -> Ended:
        """Run to the end and leave nothing behind but what lies in the output.

        Raises:
            EngineError: The engine failed; the run says nothing about the submission.
        """
        ...
