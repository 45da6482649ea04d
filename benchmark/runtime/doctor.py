"""What is here and what is missing, before something long is begun. Looks and tries; changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.runtime.doctor_apptainer import check_apptainer
from lovt_bench.benchmark.runtime.doctor_engine import check_engine
from lovt_bench.benchmark.runtime.doctor_leftovers import check_checkpoints, check_leftovers
from lovt_bench.benchmark.runtime.doctor_libraries import (
    check_onnxruntime,
    check_packages,
    check_python,
    check_torch,
)
from lovt_bench.benchmark.runtime.doctor_workspace import (
    check_disk,
    check_prepared,
    check_text_model,
    check_weights,
)


def diagnose(
    workspace: Path, datasets: Sequence[str], *, image: str | None = None, containers: bool = True
) -> Iterator[tuple[str, Finding]]:
    """Yield a section and a finding, one after the other; `error` means that the main job cannot work here.

    Args:
        workspace: Where generated things lie; it need not exist.
        datasets: Names of the data sets that `evaluate` asks for by default.
        image: Local image to try the engine's limits with; None: whichever suits.
        containers: Whether to start small containers at all.
    """
    sections: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("Python", check_python),
        ("Python", check_packages),
        ("Compute", check_torch),
        ("Compute", check_onnxruntime),
        ("Containers", lambda: check_engine(image, containers, workspace)),
        ("Containers", lambda: check_apptainer(image, containers, workspace)),
        ("Workspace", lambda: check_disk(workspace)),
        ("Workspace", lambda: check_leftovers(workspace)),
        ("Workspace", lambda: check_checkpoints(workspace)),
        ("Workspace", lambda: check_prepared(workspace, datasets)),
        ("Workspace", lambda: check_weights(workspace)),
        ("Workspace", lambda: check_text_model(workspace)),
    ]
    for section, check in sections:
        try:
            for finding in check():
                yield section, finding
        except Exception as error:  # whatever is broken here, the other lines still help
            message = f"cannot be looked at: {type(error).__name__}: {error}"
            yield (
                section,
                Finding("warning", section, message[:300], "the line above it, or `make setup`, may help"),
            )
