"""Where a backbone lies, what its manifest says, and who may put one there. No torch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lovt_bench.benchmark.backbone.names import MANIFEST, BackboneError, misnamed
from lovt_bench.benchmark.contract.backbone import BackboneManifest
from lovt_bench.benchmark.contract.base import is_name
from lovt_bench.benchmark.contract.model_file import ModelFileError, read_model
from lovt_bench.benchmark.disk.leftovers import sweep
from lovt_bench.benchmark.disk.lock import hold
from lovt_bench.benchmark.disk.temporary import new_folder

WEIGHTS, GRAPH = "backbone.safetensors", "backbone.onnx"


def backbone_folder(workspace: Path, name: str) -> Path:
    """Return where the backbone of that name lies, there or not.

    Raises:
        BackboneError: Not a name, so that none can lead out of the workspace.
    """
    if not is_name(name):
        raise BackboneError(misnamed(name))
    return workspace / "backbones" / name


def read_manifest(root: Path) -> BackboneManifest:
    """Return the validated `backbone.json` of a folder.

    Raises:
        BackboneError: Missing, too large, not JSON, or not what the contract says; the field is named.
    """
    try:
        return read_model(root / MANIFEST, BackboneManifest)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BackboneError(
            f"{root} holds no {MANIFEST}; `lovt-bench submit` writes backbone folders"
        ) from error
    except ModelFileError as error:
        raise BackboneError(str(error)) from error


@contextmanager
def writing_backbone(
    root: Path, *, force: bool, own: Callable[[BackboneManifest], bool] = lambda there: False
) -> Iterator[Path]:
    """Yield an empty folder that becomes the backbone folder `root` when the block ends well, and vanishes else.

    Nobody else writes this backbone meanwhile: a second writer waits, and then finds the first one's there.

    Args:
        root: The folder; its last part is the backbone's name.
        force: Replace whatever lies there.
        own: Whether a backbone that lies there is the caller's own work, which is replaced without `force`.

    Raises:
        BackboneError: A backbone that came from elsewhere lies there, at the beginning or at the end of the block.
        OSError: With the path.
    """
    with hold(_lock(root), wait=True):
        check_replaceable(root, force=force, own=own)
        with new_folder(root) as new:
            yield new
            # Whoever copies or moves folders takes no lock.
            check_replaceable(root, force=force, own=own)


def tidy_backbone(root: Path) -> None:
    """Remove what a process left that was killed just after it had put a backbone at `root`."""
    with hold(_lock(root)) as alone:
        if alone:
            sweep(root.parent)


def _lock(root: Path) -> Path:
    return root.with_name(f".{root.name}.lock")


def check_replaceable(
    root: Path, *, force: bool, own: Callable[[BackboneManifest], bool] = lambda there: False
) -> None:
    """Raise BackboneError where something lies at `root` that may not be replaced; see `writing_backbone`."""
    if force or not os.path.lexists(root):
        return
    try:
        if own(read_manifest(root)):
            return
    except BackboneError:  # nobody can tell whose it is
        pass
    raise BackboneError(f"{root} is there already; --force replaces it, or choose another name")
