"""Files of weights become nested dictionaries and lists of tensors; nothing of them is run.

Even so they can be made to hang or to take all memory: files from elsewhere are read in a process apart (`trunk.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.understand.folders import weight_map
from lovt_bench.benchmark.backbone.understand.guard import ASK_FOR_WEIGHTS, check_archive, kind_of
from lovt_bench.benchmark.backbone.understand.pytorch_file import Content, read_archive, read_pickle
from lovt_bench.benchmark.backbone.understand.report import some
from lovt_bench.benchmark.contract.base import said_once
from lovt_bench.benchmark.contract.untrusted import clean_text

HEADER_LIMIT = 100_000_000
"""Bytes of the header of a safetensors file, as its library has it."""


def read_checkpoint(path: Path) -> object:
    """Return what a file holds: tensors on the CPU, numbers, text, dictionaries and lists.

    Raises:
        BackboneError: Not a checkpoint, cut off, or one that asks for what could run code; the message says what to do.
    """
    return read_content(path).value


def read_content(path: Path) -> Content:
    """Return what a file holds and what of it was passed over; see `read_checkpoint`."""
    name = clean_text(path.name, 80)
    kind = kind_of(path)
    if kind == "safetensors":
        try:
            _check_header(path)
            return Content(load_file(path))
        except (SafetensorError, OSError, ValueError, KeyError, RuntimeError, MemoryError) as error:
            raise BackboneError(
                f"{name} is not a readable safetensors file: {clean_text(str(error), 200)}. It is cut off or "
                "its header is wrong: compare its size with the original, copy it or save it again"
            ) from error
    if kind == "archive":
        check_archive(path)
    try:
        return read_archive(path, name) if kind == "archive" else read_pickle(path, name)
    except BackboneError:
        raise
    except MemoryError as error:
        raise BackboneError(
            f"{name} is refused: its pickle asks for more memory than its size warrants. {ASK_FOR_WEIGHTS}"
        ) from error
    except Exception as error:  # wrong bytes raise almost anything
        raise BackboneError(
            f"{name} is not a readable PyTorch file: {clean_text(str(error), 200) or type(error).__name__}. It may "
            f"be cut off: compare its size with the original and copy it again. {ASK_FOR_WEIGHTS}"
        ) from error


def read_all(files: Sequence[Path], index: Path | None = None) -> Content:
    """Return what several files hold together.

    Args:
        files: In the order in which they are read; one stands for itself.
        index: Says in which of them each tensor lies.

    Raises:
        BackboneError: As `read_checkpoint`; a tensor lies in two of them, or not where the index says.
    """
    if len(files) == 1 and index is None:
        return read_content(files[0])
    tensors: dict[str, Tensor] = {}
    place: dict[str, str] = {}
    notes: dict[str, None] = {}
    for path in files:
        content = read_content(path)
        notes.update(dict.fromkeys(content.notes))
        name = clean_text(path.name, 80)
        if not isinstance(content.value, Mapping):
            raise BackboneError(f"{name} is no shard: expected names and tensors")
        for key, value in content.value.items():
            if not isinstance(key, str) or not isinstance(value, Tensor):
                raise BackboneError(f"{name} is no shard: expected names and tensors alone")
            if key in tensors:
                raise BackboneError(
                    f"{clean_text(key, 120)} lies in {clean_text(place[key], 80)} and in {name}; copy all shards of "
                    "one model into a folder of their own"
                )
            tensors[key], place[key] = value, path.name
    if index is not None:
        said = weight_map(index)
        if missing := [key for key, file in said.items() if place.get(key) != file]:
            raise BackboneError(
                f"{clean_text(index.name, 80)} names {len(missing):,} tensors that are not in the files it says: "
                f"{some(missing)}. Copy index and shards of one model again"
            )
    return Content(tensors, tuple(notes))


def _check_header(path: Path) -> None:
    """Raise ValueError where a header names a tensor twice: which one counts is left to the reader, so none does."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > HEADER_LIMIT:
            raise ValueError(f"its header claims {length:,} bytes, at most {HEADER_LIMIT:,} are read")
        json.loads(file.read(length), object_pairs_hook=said_once)
