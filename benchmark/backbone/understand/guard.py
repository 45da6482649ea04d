"""What kind of file a checkpoint is, told by its first bytes; what must not be read is refused before it is."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Literal

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.understand.report import some
from lovt_bench.benchmark.contract.untrusted import clean_text

Kind = Literal["safetensors", "archive", "pickle"]
"""`archive`: what torch.save writes since version 1.6; `pickle`: before that."""

ENTRY_LIMIT = 100_000
"""Files in a PyTorch archive; one per tensor."""

ASK_FOR_WEIGHTS = (
    "If that is not it, ask whoever made the file for the weights alone, as safetensors or "
    "torch.save(model.state_dict(), FILE)"
)
"""Ends refusals of files that nobody can read here."""

_UNPACK = "Unpack it first, and give the file in it"
_SAVE = "save_file({k: v.clone().contiguous() for k, v in state.items()}, 'weights.safetensors')"
_TAKE_OUT = (
    "Take the weights out of it where you trust it; its training code is not needed: "
    "`import torch; from safetensors.torch import save_file; state = "
)

OTHERS: tuple[tuple[int, bytes, str], ...] = (
    (
        0,
        b"\x89HDF",
        "an HDF5 file (Keras, TensorFlow). Only PyTorch and safetensors files are read; export the model as ONNX and "
        "submit that graph, for the tasks with a frozen backbone (docs/backbones.md)",
    ),
    (0, b"\x1f\x8b", f"compressed with gzip. {_UNPACK}: `gunzip FILE`, or `tar -xzf FILE` for a .tar.gz"),
    (0, b"BZh", f"compressed with bzip2. {_UNPACK}: `bunzip2 FILE`, or `tar -xjf FILE`"),
    (0, b"\xfd7zXZ\x00", f"compressed with xz. {_UNPACK}: `unxz FILE`, or `tar -xJf FILE`"),
    (0, b"\x28\xb5\x2f\xfd", f"compressed with zstd. {_UNPACK}: `unzstd FILE`"),
    (0, b"7z\xbc\xaf", f"a 7z archive. {_UNPACK}: `7z x FILE`"),
    (0, b"Rar!", f"a RAR archive. {_UNPACK}: `unrar x FILE`"),
    (257, b"ustar", f"a tar archive. {_UNPACK}: `tar -xf FILE`"),
    (0, b"\x93NUMPY", "a NumPy array, one without a name; expected names and tensors"),
    (
        0,
        b"version https://git-lfs",
        "a Git LFS pointer, not the file itself. Run `git lfs pull` in its folder first",
    ),
    (0, b"<", "a web page or XML text, not a checkpoint. Was the download a login or an error page?"),
)
"""Where, first bytes, and what they mean."""

PACKED: tuple[tuple[str, str], ...] = (
    (
        "/constants.pkl",
        "a TorchScript archive, which is code. "
        f"{_TAKE_OUT}torch.jit.load(FILE, map_location='cpu').state_dict(); {_SAVE}`",
    ),
    (
        "archive_format",
        "a program of torch.export, not a state dict. "
        f"{_TAKE_OUT}torch.export.load(FILE).state_dict; {_SAVE}`",
    ),
    (
        ".npy",
        "a NumPy archive, not a checkpoint of PyTorch. If its names are a network's: `import numpy; from "
        "safetensors.numpy import save_file; save_file(dict(numpy.load(FILE)), 'weights.safetensors')`",
    ),
    (
        "model.weights.h5",
        "a Keras file. Only PyTorch and safetensors files are read; export the model as ONNX and submit that graph, "
        "for the tasks with a frozen backbone (docs/backbones.md)",
    ),
)
"""Ends of names in a zip archive that torch.save does not write, and what they mean."""

_GRAPH = re.compile(rb"\x08[\x01-\x1f][\x12\x1a\x22\x28\x32\x3a\x42\x72\xa2]")
"""ONNX begins with the version of its format, then goes on with one of its other fields."""


def is_graph(path: Path) -> bool:
    """Return whether a file is an ONNX graph: by its first bytes, by its ending where these say nothing."""
    start = _start(path) if path.is_file() else b""
    return _kind(path, start) is None and (
        _GRAPH.match(start) is not None or path.suffix.lower() == ".onnx" or b"onnx" in start[:64]
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
    for place, magic, meaning in OTHERS:
        if start.startswith(magic, place) and not _has_header(start):
            raise BackboneError(f"{name} is {meaning}")
    if kind := _kind(path, start):
        return kind
    if is_graph(path):
        raise BackboneError(
            f"{name} is an ONNX graph; here weights are expected: a PyTorch or safetensors file. `lovt-bench submit` "
            "takes graphs, for the tasks with a frozen backbone (docs/backbones.md)"
        )
    raise BackboneError(
        f"{name} is neither a PyTorch nor a safetensors file (it begins with {start[:8]!r}): is it the right one? "
        f"{ASK_FOR_WEIGHTS}"
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
            f"{name} holds {len(entries):,} entries, expected at most {ENTRY_LIMIT:,}. {ASK_FOR_WEIGHTS}"
        )
    for ending, meaning in PACKED:
        if any(entry.filename.endswith(ending) for entry in entries):
            raise BackboneError(f"{name} is refused: it is {meaning}")
    names = [entry.filename for entry in entries]
    if not any(each.endswith("/data.pkl") for each in names):
        raise BackboneError(
            f"{name} is a zip archive that torch.save did not write; it holds {some(names, 4) or 'nothing'}. "
            f"{_UNPACK}: `unzip FILE`"
        )
    if len(set(names)) < len(names):
        raise BackboneError(
            f"{name} is refused: two of its entries have one name, so that readers may differ in what it holds. "
            f"{ASK_FOR_WEIGHTS}"
        )
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise BackboneError(
            f"{name} is refused: it holds compressed entries, which torch.save does not write and which can "
            "unpack to any size. If it was packed anew, unpack it and pack it without compression: "
            "`unzip FILE -d D && cd D && zip -0 -r ../weights.pth .`"
        )
    size = path.stat().st_size
    if sum(entry.file_size for entry in entries) > size:
        raise BackboneError(
            f"{name} is refused: its entries claim more than the {size:,} bytes of the file. {ASK_FOR_WEIGHTS}"
        )


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(512)


def _has_header(start: bytes) -> bool:
    """Return whether a file begins as safetensors do: the length of a header, its low bytes as any format's may be."""
    return start[4:9] == b"\0\0\0\0{"


def _kind(path: Path, start: bytes) -> Kind | None:
    if _has_header(start):
        return "safetensors"
    if start.startswith(b"PK"):
        return "archive"
    if start[:1] == b"\x80":
        return "pickle"
    if start[8:9] == b"{" or (path.suffix.lower() == ".safetensors" and start):
        return "safetensors"
    return None
