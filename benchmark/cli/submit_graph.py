"""The part of `lovt-bench submit` that takes an ONNX graph, of any framework."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lovt_bench.benchmark.cli.backbone import show_findings
from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.submit_weights import ReadWeights

if TYPE_CHECKING:
    from lovt_bench.benchmark.backbone.understand.folders import WeightFiles
    from lovt_bench.benchmark.contract.backbone import BackboneManifest


def read_graph(
    name: str,
    weights: WeightFiles,
    levels: tuple[str, ...],
    *,
    workspace: Path,
    display_name: str,
    declared: Mapping[str, Any],
    allow_findings: bool,
) -> ReadWeights:
    """Say what was understood of a graph, and return what writes it once a process apart has run it.

    Raises:
        BackboneError: The graph is refused.
    """
    from lovt_bench.benchmark.backbone.graph_levels import declared_level
    from lovt_bench.benchmark.backbone.graph_submit import (
        mark_trainable,
        prepare_graph_apart,
        write_graph_folder,
    )
    from lovt_bench.benchmark.backbone.submit import check_name, declared_provenance
    from lovt_bench.benchmark.contract.untrusted import clean_text
    from lovt_bench.benchmark.runtime.check_apart import checks_apart

    check_name(name, workspace)
    prepared = prepare_graph_apart(weights.files[0], dict(map(declared_level, levels)))
    lines = [clean_text(line) for line in prepared.lines]
    say(f"{clean_text(weights.name, 80)}:")
    for line in lines:
        say(f"  {line}")
    provenance = declared_provenance(name, weights, declared, lines)

    def write(folder: Path) -> BackboneManifest:
        made = write_graph_folder(
            folder, prepared, name=name, display_name=display_name, provenance=provenance
        )
        checks = checks_apart(folder, name=name)
        if show_findings(next(checks)):
            raise click.ClickException(f"{name} is not written: look at the errors above")
        if show_findings(next(checks)) and not allow_findings:
            raise click.ClickException(
                f"{name} is not written: look at the errors above; --allow-findings writes it all the same"
            )
        (training,) = next(checks)
        checks.close()
        if training.level == "ok":
            say(f"{training.message}. It takes part in all tasks")
            return mark_trainable(folder)
        say(f"it takes part in the tasks with a frozen backbone only: {training.message}")
        return made

    return ReadWeights(write, sha256(prepared.content).hexdigest(), provenance.source_sha256)
