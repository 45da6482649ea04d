"""What kind of file a checkpoint is, told by its first bytes; what must not be read is refused before it is."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Literal

from benchmark.backbone.model import BackboneError
from benchmark.contract.untrusted import clean_text

Kind = Literal["safetensors", "torch"]

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


def kind_of(path: Path) -> Kind:
    """Return how to read a file; a PyTorch archive has been looked through, nothing of it is unpacked.

    Raises:
        BackboneError: no plain file, empty, no checkpoint, an archive of code, or a zip bomb; with what to do.
    """
    name = clean_text(path.name, 80)
    if not path.is_file():
        found = "is no plain file" if path.exists() else "is not there"
        raise BackboneError(
            f"no weight file: {clean_text(str(path), 200)} {found}; --weights names the checkpoint"
        )
    with path.open("rb") as file:
        start = file.read(64)
    if not start:
        raise BackboneError(f"{name} is empty: copy or download it again")
    for magic, meaning in OTHERS:
        if start.startswith(magic):
            raise BackboneError(f"{name} is {meaning}")
    if start.startswith(b"PK"):
        _check_archive(path, name)
        return "torch"
    if path.suffix == ".safetensors" or start[8:9] == b"{":
        return "safetensors"
    if start[:1] == b"\x80":
        return "torch"
    if path.suffix == ".onnx" or b"onnx" in start:
        raise BackboneError(
            f"{name} is an ONNX graph; here weights are expected: a PyTorch or safetensors file. `lovt-bench submit` "
            "takes a graph whose name ends in .onnx, for the tasks with a frozen backbone (docs/backbones.md)"
        )
    raise BackboneError(
        f"{name} is neither a PyTorch nor a safetensors file (it begins with {start[:8]!r}). {HOW_TO_CONVERT}"
    )


def _check_archive(path: Path, name: str) -> None:
    """Refuse what PyTorch never writes: compressed or overlapping entries, and TorchScript, which is code."""
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
    if any(entry.filename.endswith("/constants.pkl") for entry in entries):
        raise BackboneError(
            f"{name} is refused: it is a TorchScript archive, which is code. Take the weights out of it: "
            f"model = torch.jit.load(FILE). {HOW_TO_CONVERT}"
        )
