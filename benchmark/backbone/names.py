"""Names of backbones, known before anything heavy is imported."""

from __future__ import annotations

from pathlib import Path

from lovt_bench.benchmark.contract.apart_inside import RefusedError
from lovt_bench.benchmark.contract.backbone import MANIFEST
from lovt_bench.benchmark.contract.base import NAME_RULE, is_built_in, is_name
from lovt_bench.benchmark.contract.controls import called_canary
from lovt_bench.benchmark.contract.plain_file import holders
from lovt_bench.benchmark.contract.unknown import meant

DRAWN = "random"
DRAWN_PREFIX = "random-"
IMAGENET = "imagenet"
ALWAYS = (DRAWN, IMAGENET)
"""Backbones that need no folder."""


class BackboneError(RefusedError):
    """A backbone, its files or its name break the contract. The message says what to do."""


def is_kept(name: str) -> bool:
    """Return whether no weights from elsewhere may have a name: of a built-in backbone, or like a draw or a canary."""
    return is_built_in(name) or name.startswith(DRAWN) or called_canary(name)


def listed(workspace: Path) -> list[Path]:
    """Return the folders under `workspace/backbones/` that hold a manifest, by name."""
    folder = workspace / "backbones"
    return [folder / name for name in holders(folder, MANIFEST)]


def misnamed(name: str) -> str:
    """Return what is said of a text that cannot be a name."""
    return f"{name!r} is no backbone name: expected {NAME_RULE}"


def name_problem(name: str, workspace: Path) -> str | None:
    """Return why there is no backbone of that name, as far as names and folders tell; None where there may be one."""
    folder = workspace / "backbones"
    if not is_name(name):
        return misnamed(name)
    if is_built_in(name) or (folder / name).is_dir():
        return None
    return missing(name, workspace)


def missing(name: str, workspace: Path) -> str:
    """Return what is said where there is no backbone of that name."""
    there = [path.name for path in listed(workspace)]
    return (
        f"no backbone {name!r} in {workspace / 'backbones'}{meant(name, [*there, *ALWAYS])}; there: "
        f"{', '.join(there) or 'none'}; always there: {', '.join(ALWAYS)}. "
        f"`lovt-bench submit {name} --weights FILE` makes one of a weight file"
    )
