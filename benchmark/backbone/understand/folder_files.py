"""Files in a folder that a stranger filled: no name and no link leads out of it, and JSON is strict and bounded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.contract.base import said_once
from lovt_bench.benchmark.contract.plain_file import PlainFileError, read_plain
from lovt_bench.benchmark.contract.untrusted import clean_text


def inside(folder: Path, name: str) -> Path:
    """Return the path of a plain file in a folder.

    A link may lead to another file of the folder and, in a snapshot of the Hub's cache, to the blobs of the same model
    (`models--ORG--NAME/snapshots/COMMIT/FILE -> ../../blobs/DIGEST`), nowhere else.

    Raises:
        BackboneError: It leads elsewhere, or is no plain file.
    """
    root, path = folder.resolve(), folder / name
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise BackboneError(
            f"{shown(path)} cannot be read: it is a link to nowhere, or may not be opened"
        ) from error
    roots = [root, root.parents[1] / "blobs"] if root.parent.name == "snapshots" else [root]
    if not any(target.is_relative_to(each) for each in roots):
        raise BackboneError(
            f"{shown(path)} is refused: it is a link that leads out of the folder. Put the file itself there"
        )
    if not target.is_file():
        raise BackboneError(f"{shown(path)} is no plain file")
    return path


def read_json(path: Path, limit: int) -> dict[str, Any]:
    """Return the object that a file holds in JSON, read strictly: no key twice, no NaN.

    Args:
        path: As `inside` returned it.
        limit: Bytes that it may have.

    Raises:
        BackboneError: It is larger, or no such JSON.
    """
    try:
        content = read_plain(path.resolve(), limit)
        found = json.loads(content.decode(), object_pairs_hook=said_once, parse_constant=_no_number)
    except PlainFileError as error:
        raise BackboneError(f"{shown(path)} {error}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise BackboneError(f"{shown(path)} is no JSON: {clean_text(str(error), 120)}") from error
    if not isinstance(found, dict):
        raise BackboneError(f"{shown(path)} holds no JSON object")
    return found


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def shown(path: Path | str) -> str:
    """Return a path or a name from elsewhere, safe to show."""
    return clean_text(str(path), 200)
