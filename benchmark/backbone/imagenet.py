"""The row *ImageNet*: torchvision's IMAGENET1K_V1 weights of ResNet-50, from a file that is already here.

Nothing is downloaded. The file is recognised by the first eight digits of its SHA-256, as torch hub does.
"""

from __future__ import annotations

from pathlib import Path

import torch

from lovt_bench.benchmark.backbone.convert import from_state_dict, read_state_dict
from lovt_bench.benchmark.backbone.model import Backbone, BackboneError
from lovt_bench.benchmark.contract.backbone import Provenance
from lovt_bench.benchmark.contract.declared_facts import IMAGENET
from lovt_bench.benchmark.disk.digest import file_sha256

ARCHITECTURE = "resnet50"
NORMALISATION = IMAGENET
"""As torchvision trained them."""
FILE = "resnet50-0676ba61.pth"
URL = f"https://download.pytorch.org/models/{FILE}"
DIGESTS = ("0676ba61", "19c8e357")
"""SHA-256 prefixes: today's file, and the file of the published study, re-published as the former (protocol
2.3)."""


def cached_file() -> Path:
    """Return where torch hub keeps the file (below `TORCH_HOME` or `~/.cache/torch`), there or not."""
    return Path(torch.hub.get_dir()) / "checkpoints" / FILE


def advice() -> str:
    """Return which file goes where."""
    return f"get {URL} (98 MB, SHA-256 begins with {DIGESTS[0]}) and put it at {cached_file()}"


def load_imagenet(path: Path, digests: tuple[str, ...] = DIGESTS) -> tuple[Backbone, Provenance]:
    """Return the backbone of a weight file and its provenance.

    Raises:
        BackboneError: Missing, or another file.
    """
    if not path.is_file():
        raise BackboneError(f"no ImageNet weights at {path}: {advice()}")
    found = file_sha256(path)
    if not found.startswith(digests):
        raise BackboneError(
            f"{path} is not the ImageNet file: its SHA-256 begins with {found[:8]}, "
            f"expected {' or '.join(digests)}; {advice()}. Other weights need another name: "
            "`lovt-bench submit NAME --weights FILE`"
        )
    backbone, notes = from_state_dict(ARCHITECTURE, read_state_dict(path))
    provenance = Provenance(
        method="imagenet",
        source_sha256=found,
        pretraining_data=["ImageNet-1k (ILSVRC 2012)"],
        normalisation=NORMALISATION,
        notes=notes,
    )
    return backbone, provenance
