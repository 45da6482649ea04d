"""The weights that a training starts from, where the setting `initial_weights` names some that the harness knows.

A backbone of the workspace is given to the run as a folder, its digest goes into the manifest of the new one, and what
it has seen counts as seen by the new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lovt_bench.benchmark.backbone.names import DRAWN, IMAGENET, missing
from lovt_bench.benchmark.backbone.place import GRAPH, WEIGHTS, backbone_folder, read_manifest
from lovt_bench.benchmark.contract.backbone import InitialBackbone
from lovt_bench.benchmark.contract.base import is_name
from lovt_bench.benchmark.contract.controls import CONTROL, called_canary, called_ceiling
from lovt_bench.benchmark.contract.pretraining_data import OTHER
from lovt_bench.benchmark.contract.run_contract import INITIAL_SETTING
from lovt_bench.benchmark.contract.submission import Supervision
from lovt_bench.benchmark.disk.digest import file_sha256
from lovt_bench.benchmark.submission.read import SubmissionError

IMAGENET_DATA = "ImageNet-1k"


@dataclass(frozen=True)
class Start:
    """What is known of the weights that a training starts from; nothing where the method alone knows them."""

    pretraining_data: tuple[str, ...] = ()
    """What they have seen."""
    folder: Path | None = None
    """Folder of the backbone, which the run is given."""
    backbone: InitialBackbone | None = None
    """Which one it is."""


def start_of(settings: Mapping[str, Any], workspace: Path, *, own: bool, supervision: Supervision) -> Start:
    """Return what the setting `initial_weights` of a run means.

    Args:
        settings: What the run is told: the variant's, then the profile's, then the user's.
        workspace: Its backbones are known by name.
        own: Whether the method is this repository's, which knows no names but these.
        supervision: The method's; only a control starts from a control.

    Raises:
        SubmissionError: There is no such backbone, it has no weights, they are not what its manifest says, or it is a
            control and the method none.
        BackboneError: Its manifest is not what the contract says.
    """
    given = settings.get(INITIAL_SETTING)
    if given == IMAGENET:
        return Start((IMAGENET_DATA,))
    if not isinstance(given, str) or given == DRAWN or not is_name(given):
        return Start()
    folder = backbone_folder(workspace, given)
    if not folder.is_dir():
        if own and not Path(given).exists():
            raise SubmissionError(f"{INITIAL_SETTING}={given}: {missing(given, workspace)}")
        return Start()
    manifest = read_manifest(folder)
    if manifest.is_graph_only:
        raise SubmissionError(
            f"{INITIAL_SETTING}={given}: expected a backbone with {WEIGHTS}, found a graph alone ({GRAPH}), from which "
            "no training starts; choose another one"
        )
    weights = folder / WEIGHTS
    if not weights.is_file() or file_sha256(weights) != manifest.sha256:
        raise SubmissionError(
            f"{INITIAL_SETTING}={given}: {weights} is not the file that its manifest was written for; make it again"
        )
    said = manifest.provenance
    if supervision != CONTROL and (
        said.supervision == CONTROL or called_ceiling(given) or called_canary(given)
    ):
        raise SubmissionError(
            f"{INITIAL_SETTING}={given}: expected the weights of a method, found those of a control, which may have "
            "seen the answers; choose another one"
        )
    learned = [
        *([said.supervision] if said.supervision else []),
        *(said.initial.supervision if said.initial else []),
    ]
    seen = tuple(manifest.provenance.pretraining_data) or (f"{OTHER} not declared by {given}",)
    initial = InitialBackbone(name=given, sha256=manifest.sha256, supervision=list(dict.fromkeys(learned)))
    return Start(seen, folder, initial)
