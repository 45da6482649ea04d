"""A checkpoint file becomes nested dictionaries and lists of tensors. Only restricted loaders; no code is run.

Even they can be made to hang or to take all memory: files from elsewhere are read in a process apart (`trunk.py`).
"""

from __future__ import annotations

import json
import pickle
import re
import warnings
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.understand.guard import HOW_TO_CONVERT, check_archive, kind_of
from lovt_bench.benchmark.contract.base import said_once
from lovt_bench.benchmark.contract.untrusted import clean_text

HEADER_LIMIT = 100_000_000
"""Bytes of the header of a safetensors file, as its library has it."""

_GLOBAL = re.compile(r"GLOBAL ([\w.]{1,200})")


def read_checkpoint(path: Path) -> object:
    """Return what a file holds, tensors on the CPU.

    Raises:
        BackboneError: Not a checkpoint, cut off, or one that asks for more than tensors and plain values; the
            message says how to convert it at the submitter's side.
    """
    name = clean_text(path.name, 80)
    kind = kind_of(path)
    if kind == "safetensors":
        try:
            _check_header(path)
            return load_file(path)
        except (SafetensorError, OSError, ValueError, KeyError, RuntimeError, MemoryError) as error:
            raise BackboneError(
                f"{name} is not a readable safetensors file: {clean_text(str(error), 200)}. It is cut off or "
                "its header is wrong: compare its size with the original, copy it or save it again"
            ) from error
    if kind == "archive":
        check_archive(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Mapped, an archive of any size takes no memory but for the tensors that are taken.
            return torch.load(path, map_location="cpu", weights_only=True, mmap=kind == "archive")
    except pickle.UnpicklingError as error:
        raise BackboneError(
            f"{name} is refused: it holds {_asked_for(str(error))}, not only tensors, and unpickling that could "
            f"run code. {HOW_TO_CONVERT}"
        ) from error
    except Exception as error:  # torch's reader raises almost anything on wrong bytes
        raise BackboneError(
            f"{name} is not a readable PyTorch file: {clean_text(str(error), 200) or type(error).__name__}. It may "
            f"be cut off: compare its size with the original and copy it again. {HOW_TO_CONVERT}"
        ) from error


def _check_header(path: Path) -> None:
    """Raise ValueError where a header names a tensor twice: which one counts is left to the reader, so none does."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > HEADER_LIMIT:
            raise ValueError(f"its header claims {length:,} bytes, at most {HEADER_LIMIT:,} are read")
        json.loads(file.read(length), object_pairs_hook=said_once)


def _asked_for(message: str) -> str:
    """Return what the restricted loader did not allow, for a sentence."""
    found = _GLOBAL.search(message)
    return f"the object {clean_text(found[1], 100)}" if found else "other objects"
