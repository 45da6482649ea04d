"""`lovt-bench submit`: a checkpoint from elsewhere becomes a backbone that can be ranked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lovt_bench.benchmark.cli.backbone import backbone_errors
from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.options import workspace_option
from lovt_bench.benchmark.cli.submit_declaration import declaration_errors, declaring_options
from lovt_bench.benchmark.cli.submit_graph import read_graph
from lovt_bench.benchmark.cli.submit_weights import read_options, read_weights
from lovt_bench.benchmark.workspace import workspace_root


@click.command()
@click.argument("name")
@click.option(
    "--weights",
    required=True,
    metavar="FILE|FOLDER|hf:ORG/NAME",
    help="Checkpoint: a PyTorch or safetensors file, a folder of transformers, timm or open_clip, a model of the Hub "
    "(hf:ORG/NAME@REVISION), or an ONNX graph.",
)
@click.option(
    "--arch",
    help="Architecture [default: what configuration or tensors say]; see `lovt-bench backbone architectures`.",
)
@click.option(
    "--option",
    "options",
    multiple=True,
    metavar="KEY=VALUE",
    help="What the architecture's name and the file do not say, for example num_heads=12; repeat for several.",
)
@click.option(
    "--level",
    "levels",
    multiple=True,
    metavar="OUTPUT=STRIDE",
    help="An output of an ONNX graph that is a feature level; repeat for several.  [default: found by their shapes]",
)
@click.option("--encoder", help="Which encoder, where several fit: its prefix, or a part of it.")
@declaring_options
@click.option(
    "--submissions",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where NAME/submission.yaml is written [default: $LOVT_BENCH_SUBMISSIONS, else WORKSPACE/submissions].",
)
@click.option("--onnx/--no-onnx", default=True, help="Write backbone.onnx too.  [default: yes]")
@click.option("--allow-findings", is_flag=True, help="Write it even where the sanity check finds errors.")
@click.option("--force", is_flag=True, help="Replace a backbone and a declaration of that name.")
@workspace_option
def submit(
    name: str,
    weights: str,
    arch: str | None,
    options: tuple[str, ...],
    levels: tuple[str, ...],
    encoder: str | None,
    submissions: Path | None,
    onnx: bool,
    allow_findings: bool,
    force: bool,
    workspace: Path | None,
    **said: Any,
) -> None:
    """Make the backbone NAME of a checkpoint that was trained elsewhere.

    Says what was understood: which network it is, which tensors are the image encoder, what was left out, what was
    converted. Where names and shapes cannot tell networks apart, it asks for --arch or --option. Looks
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
      lovt-bench submit my-moco-v3 --weights vit-s.pth.tar --encoder base_encoder \\
          --arch timm.vit_small_patch16_224 --option num_heads=12
      lovt-bench submit my-resnet --weights FOLDER      # as save_pretrained leaves it, also in shards
      lovt-bench submit my-resnet --weights hf:ORG/NAME@REVISION
      lovt-bench submit my-keras --weights model.onnx --level c3=8 --level c4=16 --level c5=32
    """
    with backbone_errors(), declaration_errors():
        from lovt_bench.benchmark.backbone.place import backbone_folder, check_replaceable, writing_backbone
        from lovt_bench.benchmark.backbone.understand.guard import is_graph
        from lovt_bench.benchmark.backbone.understand.hub import given_weights
        from lovt_bench.benchmark.runtime.attached_audit import attached_audits, settle_audit
        from lovt_bench.benchmark.submission.declare import stated
        from lovt_bench.benchmark.submission.draft import declaring, draft
        from lovt_bench.tasks.registry import load_tasks

        place = workspace_root(workspace)
        root = backbone_folder(place, name)
        given = given_weights(weights)
        begun = draft(
            name,
            given,
            stated([spec.id for spec in load_tasks()], **said),
            place,
            submissions,
            force=force,
        )
        check_replaceable(root, force=force)
        shown = begun.said().get("display_name") or name
        if levels or is_graph(given.files[0]):
            if arch or encoder or options:
                raise click.ClickException(
                    "--arch, --option and --encoder belong to weights; an ONNX graph is used as it is"
                )
            read = read_graph(
                name,
                given,
                levels,
                workspace=place,
                display_name=shown,
                declared=begun.facts(),
                allow_findings=allow_findings,
            )
        else:
            read = read_weights(
                name,
                given,
                architecture=arch,
                options=read_options(options),
                encoder=encoder,
                workspace=place,
                display_name=shown,
                declared=begun.facts(),
                onnx=onnx,
                allow_findings=allow_findings,
            )
        begun.check(read.sha256, read.source_sha256, allow_twins=allow_findings)
        # The declaration first: what is killed in between is completed by the same call, and says nothing wrong.
        with declaring(begun.folder), writing_backbone(root, force=force) as new:
            begun.check_unchanged()
            audits = attached_audits(root, begun.folder)
            manifest = read.write(new)
            declaration = begun.write(manifest)
        outcomes = [settle_audit(report, manifest, place) for report in audits]
    if not manifest.provenance.pretraining_data:
        say("note: no --pretraining-data declared; say which data sets the weights have seen (else unknown)")
    say(
        f"{root}: {manifest.architecture}, {manifest.parameters:,} parameters, SHA-256 {manifest.sha256[:16]}…"
    )
    say(f"{declaration}: the declaration; a pull request brings it as submissions/{name}/submission.yaml")
    for outcome in outcomes:
        say(outcome)
    say(f"Next: lovt-bench evaluate {name}")
