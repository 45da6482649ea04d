"""The part of `lovt-bench submit` that takes an ONNX graph, of any framework."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli.backbone import show_findings

if TYPE_CHECKING:
    from benchmark.backbone.submit import Declared
    from benchmark.contract.backbone import BackboneManifest


def is_graph(weights: Path, levels: tuple[str, ...]) -> bool:
    """Return whether a file is to be read as a graph: by its ending, or because levels are declared."""
    return weights.suffix == ".onnx" or bool(levels)


def submit_graph(
    root: Path,
    weights: Path,
    levels: tuple[str, ...],
    *,
    display_name: str,
    declared: Declared,
    allow_findings: bool,
    check_identity: Callable[[str, str | None], object],
) -> BackboneManifest:
    """Write the backbone folder `root` from a graph, once a process apart has run it with little memory and time.

    `check_identity` is called with the digests of backbone and file before the graph is run, and raises where they
    are not wanted.

    Raises:
        BackboneError: the graph is refused.
        click.ClickException: findings.
    """
    import tempfile

    from benchmark.backbone.folder import replace_folder
    from benchmark.backbone.graph_levels import declared_level
    from benchmark.backbone.graph_model import load_graph
    from benchmark.backbone.graph_submit import prepare_graph, write_graph_folder
    from benchmark.backbone.sanity import check_sanity
    from benchmark.backbone.submit import check_name, declared_provenance
    from benchmark.contract.untrusted import clean_text
    from benchmark.runtime.check_apart import check_apart

    check_name(root.name, root.parent.parent)
    prepared = prepare_graph(weights, dict(map(declared_level, levels)))
    click.echo(f"{clean_text(weights.name, 80)}:")
    for line in prepared.lines:
        click.echo(f"  {line}")
    provenance = declared_provenance(root.name, weights, declared, list(prepared.lines))
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{root.name[:40]}.", dir=root.parent) as scratch:
        new = Path(scratch) / root.name
        new.mkdir()
        manifest = write_graph_folder(new, prepared, display_name=display_name, provenance=provenance)
        check_identity(manifest.sha256, provenance.source_sha256)
        if show_findings(check_apart(new)):
            raise click.ClickException(f"{root.name} is not written: look at the errors above")
        if show_findings(check_sanity(load_graph(new))) and not allow_findings:
            raise click.ClickException(
                f"{root.name} is not written: look at the errors above; --allow-findings writes it all the same"
            )
        replace_folder(new, root)
    click.echo("a graph has no weights to fine-tune: it is ranked on the tasks with a frozen backbone only")
    return manifest
