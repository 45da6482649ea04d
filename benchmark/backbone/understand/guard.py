"""What kind of file a checkpoint is, told by its first bytes; what must not be read is refused before it is."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Literal

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.contract.untrusted import clean_text

Kind = Literal["safetensors", "archive", "pickle"]
"""`archive`: what torch.save writes since version 1.6; `pickle`: before that."""

ENTRY_LIMIT = 100_000
"""Files in a PyTorch archive; one per tensor."""

HOW_TO_CONVERT = (
    "Convert it where it was trained, in an environment that you trust: "
    "`import torch; from safetensors.torch import save_file; "
    "save_file({k: v.clone().contiguous() for k, v in model.state_dict().items()}, 'weights.safetensors')`"
)
"""Ends every refusal of a file that could only be read by running something."""

OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"\x89HDF", "an HDF5 file (Keras, TensorFlow). Only PyTorch and safetensors files are read"),
    (b"\x1f\x8b", "compressed with gzip. Unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive. Unpack it first"),
    (b"\x93NUMPY", "a NumPy array, not a checkpoint"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself. Run `git lfs pull` first"),
    (b"<", "a web page or XML text, not a checkpoint. Was the download a login or an error page?"),
)
"""First bytes and what they mean."""

PACKED: tuple[tuple[str, str], ...] = (
    (
        "/constants.pkl",
        "a TorchScript archive, which is code. Take the weights out of it: model = torch.jit.load(FILE). "
        f"{HOW_TO_CONVERT}",
    ),
    (
        "archive_format",
        f"a program of torch.export, not a state dict: model = torch.export.load(FILE).module(). {HOW_TO_CONVERT}",
    ),
    (".npy", "a NumPy archive, not a checkpoint of PyTorch. Save the arrays as tensors with safetensors"),
    ("model.weights.h5", "a Keras file. Only PyTorch and safetensors files are read; or export it as ONNX"),
)
"""Ends of names in a zip archive that torch.save does not write, and what they mean."""

_GRAPH = re.compile(rb"\x08[\x01-\x1f][\x12\x1a\x22\x28\x32\x3a\x42\x72\xa2]")
"""ONNX begins with the version of its format, then goes on with one of its other fields."""


def is_graph(path: Path) -> bool:
    """Return whether a file is an ONNX graph: by its first bytes, by its ending where these say nothing."""
    start = _start(path) if path.is_file() else b""
    return _kind(path, start) is None and (
        _GRAPH.match(start) is not None or path.suffix.lower() == ".onnx" or b"onnx" in start
    )


def kind_of(path: Path) -> Kind:
    """Return how to read a file, by its first bytes.

    Raises:
        BackboneError: No plain file, empty, or no checkpoint; with what to do.
    """
    name = clean_text(path.name, 80)
    if not path.is_file():
        found = "is no plain file" if path.exists() else "is not there"
        raise BackboneError(
            f"no weight file: {clean_text(str(path), 200)} {found}; --weights names the checkpoint"
        )
    start = _start(path)
    if not start:
        raise BackboneError(f"{name} is empty: copy or download it again")
    for magic, meaning in OTHERS:
        if start.startswith(magic):
            raise BackboneError(f"{name} is {meaning}")
    if kind := _kind(path, start):
        return kind
    if is_graph(path):
        raise BackboneError(
            f"{name} is an ONNX graph; here weights are expected: a PyTorch or safetensors file. `lovt-bench submit` "
            "takes graphs, for the tasks with a frozen backbone (docs/backbones.md)"
        )
    raise BackboneError(
        f"{name} is neither a PyTorch nor a safetensors file (it begins with {start[:8]!r}). {HOW_TO_CONVERT}"
    )


def check_archive(path: Path) -> None:
    """Refuse what PyTorch never writes: code, other archives, compressed or overlapping entries. Nothing is unpacked.

    Raises:
        BackboneError: With what to do.
    """
    name = clean_text(path.name, 80)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, UnicodeDecodeError) as error:
        raise BackboneError(
            f"{name} is not a readable PyTorch file: {clean_text(str(error), 120)}. "
            "It may be cut off: compare its size with the original and copy it again"
        ) from error
    if len(entries) > ENTRY_LIMIT:
        raise BackboneError(
            f"{name} holds {len(entries):,} entries, expected at most {ENTRY_LIMIT:,}. {HOW_TO_CONVERT}"
        )
    for ending, meaning in PACKED:
        if any(entry.filename.endswith(ending) for entry in entries):
            raise BackboneError(f"{name} is refused: it is {meaning}")
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise BackboneError(
            f"{name} is refused: it holds compressed entries, which torch.save does not write and which can "
            f"unpack to any size. If it is an archive of several files, unpack it first. {HOW_TO_CONVERT}"
        )
    size = path.stat().st_size
    if sum(entry.file_size for entry in entries) > size:
        raise BackboneError(
            f"{name} is refused: its entries claim more than the {size:,} bytes of the file. {HOW_TO_CONVERT}"
        )


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(64)


def _kind(path: Path, start: bytes) -> Kind | None:
    if start.startswith(b"PK"):
        return "archive"
    if start[:1] == b"\x80":
        return "pickle"
    if start[8:9] == b"{" or (path.suffix.lower() == ".safetensors" and start):
        return "safetensors"
    return None
