"""`analysis.safetensors` on disk: written by methods, read as a stranger's. Nothing is believed that can be checked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.place import MANIFEST
from lovt_bench.benchmark.backbone.weights import (
    TensorSpec,
    listing,
    not_finite,
    read_specs,
    spec_problems,
    specs_of,
)
from lovt_bench.benchmark.contract.analysis_file import (
    ANALYSIS_BYTES,
    ANALYSIS_FILE,
    HEADER_BYTES,
    HEADER_ENTRY,
    AnalysisHeader,
)
from lovt_bench.benchmark.contract.analysis_tensors import tensors
from lovt_bench.benchmark.contract.backbone import BackboneManifest
from lovt_bench.benchmark.contract.base import wrong_fields
from lovt_bench.benchmark.contract.plain_file import is_plain
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.disk.digest import file_sha256

EXPORT_AGAIN = "export the backbone again, or remove the file: it is not needed to evaluate"


@dataclass(frozen=True)
class AnalysisFile:
    """A file whose header and shapes are right."""

    path: Path
    header: AnalysisHeader

    @cached_property
    def sha256(self) -> str:
        """Digest of the file."""
        return file_sha256(self.path)

    def state(self) -> dict[str, Tensor]:
        """Return its tensors on the CPU.

        Raises:
            BackboneError: It changed since it was opened, or holds NaN or infinity.
        """
        _check_specs(self.path, self.header)
        with safe_open(self.path, framework="pt", device="cpu") as file:
            state = {name: file.get_tensor(name) for name in tensors(self.header)}
        if bad := not_finite(state):
            raise BackboneError(
                f"{ANALYSIS_FILE} holds NaN or infinity in {len(bad)} tensors: {listing(bad)}; {EXPORT_AGAIN}"
            )
        return state


def analysis_bytes(header: AnalysisHeader, state: Mapping[str, Tensor]) -> bytes:
    """Return the content of a file.

    Args:
        header: What it says of itself.
        state: Tensors by name; those that belong into the file are taken.

    Raises:
        BackboneError: One is missing, has another shape or dtype, or is not finite, or all are too large for a file.
    """
    expected = _specs(header)
    taken = {name: state[name].detach().cpu().contiguous() for name in expected if name in state}
    if problems := spec_problems(expected, specs_of(taken)):
        raise BackboneError(f"{ANALYSIS_FILE} is not written: " + "; ".join(problems))
    if bad := not_finite(taken):
        raise BackboneError(f"{ANALYSIS_FILE} is not written: NaN or infinity in {listing(bad)}")
    content = save(taken, {HEADER_ENTRY: header.to_json(None)})
    if len(content) > ANALYSIS_BYTES or int.from_bytes(content[:8], "little") > HEADER_BYTES:
        raise BackboneError(
            f"{ANALYSIS_FILE} is not written: it would have {len(content):,} bytes; at most {ANALYSIS_BYTES:,} are "
            f"read, {HEADER_BYTES:,} of them in the header"
        )
    return content


def open_analysis(root: Path, manifest: BackboneManifest) -> AnalysisFile | None:
    """Return the file of a backbone folder, None where there is none; no tensor is read yet.

    Args:
        root: The folder.
        manifest: Its `backbone.json`.

    Raises:
        BackboneError: It is no plain file, too large, not what the contract says, or belongs to another backbone.
    """
    path = root / ANALYSIS_FILE
    if not os.path.lexists(path):
        return None
    header = _read_header(path)
    if header.backbone_sha256 != manifest.sha256:
        raise BackboneError(
            f"{ANALYSIS_FILE} belongs to the backbone {header.backbone_sha256[:12]} of {header.method}, {MANIFEST} "
            f"says {manifest.sha256[:12]}: {EXPORT_AGAIN}"
        )
    if manifest.provenance.method not in ("", header.method):
        raise BackboneError(
            f"{ANALYSIS_FILE} is of the method {header.method}, {MANIFEST} says {manifest.provenance.method}: "
            f"{EXPORT_AGAIN}"
        )
    if header.image.channels != manifest.levels[-1].channels:
        raise BackboneError(
            f"{ANALYSIS_FILE} takes regions of {header.image.channels} channels, the deepest level has "
            f"{manifest.levels[-1].channels}: {EXPORT_AGAIN}"
        )
    _check_specs(path, header)
    return AnalysisFile(path, header)


def _read_header(path: Path) -> AnalysisHeader:
    if not is_plain(path):
        raise BackboneError(f"{ANALYSIS_FILE} is no plain file; {EXPORT_AGAIN}")
    if (size := path.stat().st_size) > ANALYSIS_BYTES:
        raise BackboneError(
            f"{ANALYSIS_FILE} has {size:,} bytes; at most {ANALYSIS_BYTES:,} are read: {EXPORT_AGAIN}"
        )
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
    if length > HEADER_BYTES:
        raise BackboneError(
            f"{ANALYSIS_FILE} has a header of {length:,} bytes; at most {HEADER_BYTES:,} are read: {EXPORT_AGAIN}"
        )
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            stated = (file.metadata() or {}).get(HEADER_ENTRY)
    except (SafetensorError, OSError, ValueError) as error:
        raise BackboneError(
            f"{ANALYSIS_FILE} is not a readable safetensors file: {clean_text(str(error), 200)}; {EXPORT_AGAIN}"
        ) from error
    if stated is None:
        raise BackboneError(f"{ANALYSIS_FILE} has no entry {HEADER_ENTRY!r} in its header; {EXPORT_AGAIN}")
    try:
        return AnalysisHeader.model_validate_json(stated)
    except ValidationError as error:
        raise BackboneError(
            f"{ANALYSIS_FILE} does not follow the contract: {wrong_fields(error, AnalysisHeader)}; {EXPORT_AGAIN}"
        ) from error


def _check_specs(path: Path, header: AnalysisHeader) -> None:
    if problems := spec_problems(_specs(header), read_specs(path)):
        # Names of tensors are a stranger's, and may have megabytes.
        said = clean_text("; ".join(problems), 400)
        raise BackboneError(
            f"{ANALYSIS_FILE} holds other tensors than its header says: {said}; {EXPORT_AGAIN}"
        )


def _specs(header: AnalysisHeader) -> dict[str, TensorSpec]:
    return {name: TensorSpec(shape, dtype) for name, (shape, dtype) in tensors(header).items()}
