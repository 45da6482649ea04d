"""`lovt-bench submit`: a checkpoint from elsewhere becomes a backbone that can be ranked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli.backbone import backbone_errors
from benchmark.cli.console import say
from benchmark.cli.options import workspace_option
from benchmark.cli.submit_declaration import (
    declaration_content,
    declaration_errors,
    declaring,
    identity_check,
    read_said,
    record,
    submitter_options,
)
from benchmark.cli.submit_graph import read_graph
from benchmark.cli.submit_weights import read_weights
from benchmark.workspace import workspace_root

if TYPE_CHECKING:
    from benchmark.contract.dataset import Track
    from benchmark.contract.submission import Supervision


@click.command()
@click.argument("name")
@click.option(
    "--weights",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Checkpoint: a PyTorch file (tensors only), safetensors, or an ONNX graph.",
)
@click.option("--arch", help="Architecture [default: resnet50]; see `lovt-bench backbone architectures`.")
@click.option(
    "--level",
    "levels",
    multiple=True,
    metavar="OUTPUT=STRIDE",
    help="Of an ONNX graph: an output that is a feature level; repeat for several.  [default: found by their shapes]",
)
@click.option("--encoder", help="Which encoder, where several fit: its prefix, or a part of it.")
@click.option("--display-name", help="What tables show [default: NAME].")
@click.option("--paper", help="Web address of the paper.")
@click.option(
    "--pretraining-data",
    multiple=True,
    metavar="NAME",
    help="Dataset the weights have seen, none, or 'other: TEXT'; repeat for several. See `lovt-bench submission data`.",
)
@submitter_options
@click.option("--onnx/--no-onnx", default=True, help="Write backbone.onnx too.  [default: yes]")
@click.option("--allow-findings", is_flag=True, help="Write it even where the sanity check finds errors.")
@click.option("--force", is_flag=True, help="Replace a backbone and a declaration of that name.")
@workspace_option
def submit(
    name: str,
    weights: Path,
    arch: str | None,
    levels: tuple[str, ...],
    encoder: str | None,
    display_name: str | None,
    paper: str | None,
    pretraining_data: tuple[str, ...],
    supervision: Supervision | None,
    weights_url: str | None,
    claimed: Path | None,
    claimed_track: Track | None,
    submissions: Path | None,
    onnx: bool,
    allow_findings: bool,
    force: bool,
    workspace: Path | None,
) -> None:
    """Make the backbone NAME of a checkpoint that was trained elsewhere.

    Says what was understood: which tensors are the image encoder, what was left out, what was converted. Looks
    for dead channels, constant features and copies of other backbones, then writes workspace/backbones/NAME. No
    code of the checkpoint is run. What is declared goes into workspace/submissions/NAME/submission.yaml; with
    --submissions submissions it lies where a pull request brings it.

    \b
    Examples:
      lovt-bench submit my-method --weights checkpoint.pth.tar
      lovt-bench submit my-moco --weights moco.pth --encoder encoder_q
      lovt-bench submit my-method --weights last.safetensors --display-name "My method" \\
          --paper https://example.org/paper --pretraining-data MIMIC-CXR
      lovt-bench submit my-method --weights my.pth --claimed results.csv --submissions submissions
      lovt-bench submit my-convnext --weights my.pth --arch timm.convnext_tiny
      lovt-bench submit my-keras --weights model.onnx --level c3=8 --level c4=16 --level c5=32
    """
    with backbone_errors(), declaration_errors():
        from benchmark.backbone.folder import check_replaceable, writing_backbone
        from benchmark.backbone.sources import backbone_folder
        from benchmark.backbone.submit import Declared
        from benchmark.backbone.understand.guard import is_graph
        from benchmark.runtime.attached_audit import attached_audits, settle_audit
        from benchmark.submission.declare import declarations_root

        place = workspace_root(workspace)
        root = backbone_folder(place, name)
        beside = declarations_root(place, submissions) / name
        before = declaration_content(beside)
        settled = read_said(
            name,
            weights,
            place,
            submissions,
            force=force,
            display_name=display_name,
            paper=paper,
            pretraining_data=pretraining_data,
            supervision=supervision,
            weights_url=weights_url,
            claimed=claimed,
            claimed_track=claimed_track,
        )
        check_replaceable(root, force=force)
        said = settled.said
        check_identity = identity_check(settled, place, submissions, allow_findings)
        declared = Declared(paper=said.paper, pretraining_data=said.pretraining_data)
        shown = said.display_name or name
        if levels or is_graph(weights):
            if arch or encoder:
                raise click.ClickException(
                    "--arch and --encoder belong to weights; an ONNX graph is used as it is"
                )
            read = read_graph(
                name,
                weights,
                levels,
                workspace=place,
                display_name=shown,
                declared=declared,
                allow_findings=allow_findings,
            )
        else:
            read = read_weights(
                name,
                weights,
                architecture=arch or "resnet50",
                encoder=encoder,
                workspace=place,
                display_name=shown,
                declared=declared,
                onnx=onnx,
                allow_findings=allow_findings,
            )
        check_identity(read.sha256, read.source_sha256)
        # The declaration first: what is killed in between is completed by the same call, and says nothing wrong.
        with declaring(beside), writing_backbone(root, force=force) as new:
            if declaration_content(beside) != before:
                raise click.ClickException(
                    f"{beside} was declared anew by another process meanwhile; look at it, and call again"
                )
            audits = attached_audits(root, beside)
            manifest = read.write(new)
            declaration = record(
                name,
                settled.of_backbone(manifest.sha256, manifest.provenance.source_sha256),
                weights,
                manifest,
                place,
                submissions,
            )
        outcomes = [settle_audit(report, manifest, place) for report in audits]
    if not said.pretraining_data:
        say("note: no --pretraining-data declared; say which data sets the weights have seen (else unknown)")
    say(
        f"{root}: {manifest.architecture}, {manifest.parameters:,} parameters, SHA-256 {manifest.sha256[:16]}…"
    )
    say(f"{declaration}: the declaration; a pull request brings it as submissions/{name}/submission.yaml")
    for outcome in outcomes:
        say(outcome)
    say(f"Next: lovt-bench evaluate {name}")
