"""`lovt-bench backbone`: export, check and list backbones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.options import workspace_option
from lovt_bench.benchmark.contract.controls import Canary
from lovt_bench.benchmark.workspace import workspace_root

if TYPE_CHECKING:
    from lovt_bench.benchmark.backbone.findings import Finding

MARKS = {"ok": ("ok     ", "green"), "warning": ("warning", "yellow"), "error": ("error  ", "red")}


@contextmanager
def backbone_errors() -> Iterator[None]:
    """Show errors about backbones as one message."""
    from lovt_bench.benchmark.backbone.model import BackboneError

    try:
        yield
    except BackboneError as error:
        raise click.ClickException(str(error)) from error


def show_findings(findings: list[Finding]) -> bool:
    """Print findings, one or two lines each, with a summary; return whether there was an error."""
    from lovt_bench.benchmark.backbone.findings import failed, summed_up

    for finding in findings:
        show_finding(finding)
    say(summed_up(findings))
    return failed(findings)


def show_finding(finding: Finding, more: str = "") -> None:
    """Print one finding, `more` behind it, and what to do in a line of its own."""
    word, colour = MARKS[finding.level]
    say(word, style=colour, end="")
    say(f"  {finding.subject}: {finding.message} {more}".rstrip())
    if finding.advice:
        say(f"         -> {finding.advice}")


@click.group()
def backbone() -> None:
    """Export, check and list backbones.

    A backbone is a folder workspace/backbones/NAME with backbone.safetensors, backbone.onnx and
    backbone.json.

    \b
    Examples:
      lovt-bench backbone list
      lovt-bench backbone export imagenet
      lovt-bench backbone check my-method
      lovt-bench backbone canaries my-method
    """


@backbone.command()
@click.argument("name")
@click.option("--arch", help="Architecture [default: resnet50]; see `lovt-bench backbone architectures`.")
@click.option("--seed", type=click.IntRange(min=0), help="With NAME random: the draw to write.")
@click.option("--display-name", help="What tables show [default: NAME].")
@click.option("--onnx/--no-onnx", default=True, help="Write backbone.onnx too.  [default: yes]")
@click.option("--force", is_flag=True, help="Replace a backbone of that name.")
@click.option("--weights", hidden=True)
@click.option("--pretraining-data", multiple=True, hidden=True)
@workspace_option
def export(
    name: str,
    arch: str | None,
    seed: int | None,
    display_name: str | None,
    onnx: bool,
    force: bool,
    weights: str | None,
    pretraining_data: tuple[str, ...],
    workspace: Path | None,
) -> None:
    """Write the backbone folder of NAME `imagenet` or `random`.

    `imagenet` takes torchvision's IMAGENET1K_V1 weights from torch hub's cache; nothing is downloaded. `random` writes
    the draw of one --seed as random-SEED. Weights from elsewhere become a backbone with `lovt-bench submit`.

    \b
    Examples:
      lovt-bench backbone export imagenet
      lovt-bench backbone export random --seed 12345
    """
    with backbone_errors():
        from lovt_bench.benchmark.backbone.folder import write_backbone
        from lovt_bench.benchmark.backbone.model import BackboneError
        from lovt_bench.benchmark.backbone.origin import elsewhere, origin
        from lovt_bench.benchmark.backbone.place import backbone_folder, check_replaceable, writing_backbone
        from lovt_bench.benchmark.runtime.attached_audit import attached_audits, settle_audit

        place = workspace_root(workspace)
        backbone_folder(place, name)
        if weights is not None or pretraining_data:
            given = [("--arch", arch), ("--display-name", display_name)]
            given += [("--pretraining-data", data) for data in pretraining_data]
            words = [word for option, value in given if value for word in (option, value)]
            words += [flag for flag, on in (("--no-onnx", not onnx), ("--force", force)) if on]
            raise BackboneError(elsewhere(name, weights or "FILE", words))
        if name == "imagenet":
            check_replaceable(backbone_folder(place, name), force=force)
        found = origin(name, architecture=arch, seed=seed)
        root = backbone_folder(place, found.name)
        with writing_backbone(root, force=force) as new:
            audits = attached_audits(root)
            manifest = write_backbone(
                new,
                found.backbone,
                name=root.name,
                display_name=display_name or found.display_name,
                provenance=found.provenance,
                onnx=onnx,
            )
        outcomes = [settle_audit(report, manifest, place) for report in audits]
    for note in (*manifest.provenance.notes, *outcomes):
        say(f"note: {note}")
    say(f"{root}: {manifest.architecture}, SHA-256 {manifest.sha256[:16]}…")
    say(f"Next: lovt-bench backbone check {manifest.name}")


@backbone.command()
@click.argument("name")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(get_args(Canary)),
    help="Only this one; repeatable [default: all three].",
)
@click.option("--force", is_flag=True, help="Replace canaries that are there.")
@workspace_option
def canaries(name: str, kinds: tuple[Canary, ...], force: bool, workspace: Path | None) -> None:
    """Make the canaries of backbone NAME: NAME-constant, NAME-shuffled, NAME-swapped.

    Canaries are controls. constant gives the same features for every image; shuffled has each filter's weights in
    another order; swapped has two input channels exchanged, which changes nothing on grey images. Evaluate them like
    any backbone: boards list them apart, and a release is refused when one lands where it cannot.

    \b
    Examples:
      lovt-bench backbone canaries lovt
      lovt-bench backbone canaries lovt --kind shuffled
      lovt-bench evaluate lovt-shuffled
    """
    with backbone_errors():
        from lovt_bench.benchmark.backbone.canaries import canary_provenance, turn_into_canary
        from lovt_bench.benchmark.backbone.folder import load_backbone, write_backbone
        from lovt_bench.benchmark.backbone.place import backbone_folder, read_manifest, writing_backbone
        from lovt_bench.benchmark.contract.controls import canary_name

        place = workspace_root(workspace)
        root = backbone_folder(place, name)
        original = read_manifest(root)
        for kind in dict.fromkeys(kinds or get_args(Canary)):
            made = load_backbone(root)
            turn_into_canary(made, kind)
            named = canary_name(name, kind)
            with writing_backbone(backbone_folder(place, named), force=force) as new:
                manifest = write_backbone(
                    new,
                    made,
                    name=named,
                    display_name=f"{original.display_name[:60]} ({kind})",
                    provenance=canary_provenance(original, kind),
                )
            say(f"Next: lovt-bench evaluate {manifest.name}")


@backbone.command()
@click.argument("name_or_dir")
@workspace_option
def check(name_or_dir: str, workspace: Path | None) -> None:
    """Compare what a backbone declares with what its files do; exit 1 on an error.

    The ONNX graph is run by onnxruntime and must agree with PyTorch to 1e-4 of each level's largest value.

    \b
    Examples:
      lovt-bench backbone check imagenet
      lovt-bench backbone check ./some/folder
    """
    with backbone_errors():
        from lovt_bench.benchmark.backbone.place import backbone_folder
        from lovt_bench.benchmark.runtime.check_apart import check_apart
        from lovt_bench.benchmark.submission.find import is_path

        by_path = is_path(name_or_dir)
        root = Path(name_or_dir) if by_path else backbone_folder(workspace_root(workspace), name_or_dir)
        if not root.is_dir():
            from lovt_bench.benchmark.backbone.names import listed
            from lovt_bench.benchmark.contract.unknown import meant

            there = [] if by_path else [path.name for path in listed(workspace_root(workspace))]
            raise click.ClickException(
                f"no backbone folder {root}{meant(root.name, there)}; `lovt-bench backbone list` shows what is there"
            )
        findings = check_apart(root)
    if show_findings(findings):
        raise click.exceptions.Exit(1)


@backbone.command("list")
@workspace_option
def list_backbones(workspace: Path | None) -> None:
    """List the backbones that can be evaluated.

    \b
    Example:
      lovt-bench backbone list
    """
    from tabulate import tabulate

    from lovt_bench.benchmark.backbone.folder import read_manifest
    from lovt_bench.benchmark.backbone.imagenet import cached_file
    from lovt_bench.benchmark.backbone.model import BackboneError
    from lovt_bench.benchmark.backbone.names import listed
    from lovt_bench.benchmark.backbone.registry import summary
    from lovt_bench.benchmark.contract.backbone import PAPER_ARCHITECTURE, architecture_class

    paper = [
        PAPER_ARCHITECTURE,
        architecture_class(PAPER_ARCHITECTURE),
        f"{summary(PAPER_ARCHITECTURE).parameters:,}",
    ]
    rows = [["random", "Random", *paper, "drawn per run", ""]]
    folders = listed(workspace_root(workspace))
    if not any(folder.name == "imagenet" for folder in folders):
        state = "in torch hub's cache" if cached_file().is_file() else "weights not here"
        rows.append(["imagenet", "ImageNet", *paper, state, ""])
    for folder in folders:
        try:
            manifest = read_manifest(folder)
        except BackboneError as error:
            rows.append([folder.name, "", "", "", "", f"broken: {error}", ""])
            continue
        rows.append(
            [
                folder.name,
                manifest.display_name,
                manifest.architecture,
                architecture_class(manifest.architecture),
                f"{manifest.parameters:,}",
                manifest.provenance.method,
                manifest.sha256[:12],
            ]
        )
    headers = ["name", "display name", "architecture", "class", "parameters", "origin", "sha256"]
    say(tabulate(rows, headers=headers, colalign=("left",) * 4 + ("right", "left", "left")), lines=True)


@backbone.command("architectures")
def list_architectures() -> None:
    """List the architectures with class, patch, parameters and feature levels (channels/stride).

    The class `paper` is ResNet-50, as all published rows; everything else is `open`. In brackets: the architecture
    has no map of that stride, the image stands in for it. One with a patch is a vision transformer: its levels are
    resampled from tokens, one for each patch of that many pixels.

    \b
    Example:
      lovt-bench backbone architectures
    """
    from tabulate import tabulate

    from lovt_bench.benchmark.backbone.registry import architectures, summary
    from lovt_bench.benchmark.contract.backbone import architecture_class

    rows = []
    for name in architectures():
        known = summary(name)
        levels = [
            f"{level.name} {level.channels}/{level.stride}"
            if level.substitute is None
            else f"({level.name} {level.channels}/{level.stride})"
            for level in known.levels
        ]
        patch = known.patch or ""
        rows.append([name, architecture_class(name), patch, f"{known.parameters:,}", "  ".join(levels)])
    headers = ["architecture", "class", "patch", "parameters", "levels"]
    say(tabulate(rows, headers=headers, colalign=("left", "left", "right", "right", "left")), lines=True)
    say()
    say(
        "Any other network of timm with feature maps of strides 4 to 32, or with tokens of one stride: timm.NAME."
    )
    say(
        "Networks that a config.json of Hugging Face describes: hf.MODEL_TYPE, as `submit --weights FOLDER` finds it."
    )
