"""A folder of golden vectors: its manifest and its files.

Nothing here knows one folder: names, shapes, seeds and tolerances come from the manifest and the arrays.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.parity.compare import Comparison, Failure

PATTERN_SHAPE = re.compile(r"shape \[([\d, ]+)\]")


FOLDER = Path(__file__).resolve().parent / "golden"
"""The vectors of this repository."""

NOT_DATA = ("manifest.json", "*.md", "*.txt", "SHA256SUMS", ".*")
"""Files of a folder that hold no vectors."""


class GoldenError(Exception):
    """A folder or file of golden vectors that is not as its manifest says."""


@dataclass(frozen=True)
class GoldenFile:
    """One file of the folder with its manifest entry."""

    path: Path
    entry: Mapping[str, Any]
    used: set[str] = field(default_factory=set)
    """Arrays of kind `output` that were compared so far."""

    @property
    def stem(self) -> str:
        return self.path.name.split(".")[0]

    @property
    def arrays(self) -> Mapping[str, Mapping[str, Any]]:
        """Manifest entries of the arrays: shape, dtype, kind, meaning, tolerance."""
        return self.entry.get("arrays", {})

    @cached_property
    def _stored(self) -> Mapping[str, np.ndarray]:
        try:
            with np.load(self.path, allow_pickle=False) as stored:
                return {name: stored[name] for name in stored.files}
        except Exception as error:
            raise GoldenError(f"{self.path.name} cannot be read: {error}") from error

    @cached_property
    def content(self) -> Any:
        """Content of a JSON file."""
        try:
            return json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise GoldenError(f"{self.path.name} cannot be read: {error}") from error

    @property
    def stored_names(self) -> list[str]:
        """Names of the arrays in the file."""
        return list(self._stored)

    def array(self, name: str) -> np.ndarray:
        """Return a stored array.

        Raises:
            GoldenError: It is missing, or its shape or dtype is not that of the manifest.
        """
        if name not in self._stored:
            raise GoldenError(f"array {name!r} is missing")
        value = self._stored[name]
        entry = self.arrays.get(name)
        if entry is None:
            raise GoldenError(f"array {name!r} is not in the manifest")
        if list(value.shape) != list(entry["shape"]) or str(value.dtype) != entry["dtype"]:
            raise GoldenError(
                f"array {name!r} is {value.dtype} {list(value.shape)}, "
                f"the manifest says {entry['dtype']} {entry['shape']}"
            )
        return value

    def tensor(self, name: str, *, grad: bool = False) -> torch.Tensor:
        """Return a stored array as a tensor, as a leaf that collects a gradient if asked."""
        return torch.from_numpy(self.array(name).copy()).requires_grad_(grad)

    def mask(self, name: str) -> np.ndarray:
        """Return a packed 0/1 mask as uint8, in the shape that its meaning states."""
        found = PATTERN_SHAPE.search(self.arrays[name]["meaning"])
        if found is None:
            raise GoldenError(f"array {name!r}: no shape in its meaning: {self.arrays[name]['meaning']!r}")
        shape = [int(side) for side in found.group(1).split(",")]
        return np.unpackbits(self.array(name))[: int(np.prod(shape))].reshape(shape)

    def compare(self, name: str, got: Any, case: str, quantity: str | None = None) -> Comparison:
        """Return the comparison of what was computed with a stored output, at the manifest's tolerance."""
        expected = self.array(name)
        self.used.add(name)
        entry = self.arrays[name]
        if isinstance(got, torch.Tensor):
            got = got.detach().cpu().numpy()
        return Comparison(
            case=case,
            quantity=quantity or name,
            got=np.asarray(got),
            expected=expected,
            rtol=float(entry.get("rtol", 0)),
            atol=float(entry.get("atol", 0)),
            rtol_of_max=entry.get("rtol_of_max"),
        )

    def outputs(self) -> list[str]:
        """Return the names of all arrays that must be compared."""
        return [name for name, entry in self.arrays.items() if entry.get("kind") == "output"]

    def tolerance(self) -> float:
        """Return the absolute tolerance of a JSON file: `exact` or `absolute X` in its manifest entry."""
        text = str(self.entry.get("tolerance", "exact"))
        if text == "exact":
            return 0.0
        found = re.fullmatch(r"absolute (\S+)", text)
        if found is None:
            raise GoldenError(f"{self.path.name}: tolerance {text!r} is neither `exact` nor `absolute X`")
        return float(found.group(1))


def read_manifest(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the manifest of a folder: file name to entry.

    Raises:
        GoldenError: No folder, no manifest, or not the format.
    """
    if not folder.is_dir():
        raise GoldenError(f"{folder}: no such folder; expected one with manifest.json and the files it lists")
    path = folder / "manifest.json"
    if not path.is_file():
        raise GoldenError(f"{folder}: no manifest.json; expected a folder of golden vectors")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise GoldenError(f"{path}: not JSON: {error}") from error
    if not isinstance(manifest, dict) or not all(isinstance(entry, dict) for entry in manifest.values()):
        raise GoldenError(f"{path}: expected an object that maps file names to entries")
    for name in manifest:
        if Path(name).name != name or name in ("", ".", ".."):
            raise GoldenError(f"{path}: {name!r} is not a plain file name")
    return manifest


def golden_names(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Return the names of all files that hold vectors: those listed and those lying there, sorted."""
    lying = {
        path.name
        for path in folder.iterdir()
        if path.is_file() and not any(fnmatch.fnmatch(path.name, pattern) for pattern in NOT_DATA)
    }
    return sorted(lying | set(manifest))


def guarded(
    case: str, compute: Callable[..., Iterable[Comparison]], *arguments: Any
) -> Iterator[Comparison | Failure]:
    """Yield what `compute(*arguments)` yields; if it raises, a failure of this case ends it."""
    try:
        yield from compute(*arguments)
    except Exception as error:
        yield Failure(case, describe(error))


def describe(error: Exception) -> str:
    """Return an error in one line."""
    text = " ".join(str(error).split())
    return text if isinstance(error, GoldenError) else f"{type(error).__name__}: {text}"[:300]
