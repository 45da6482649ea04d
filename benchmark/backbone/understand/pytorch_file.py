"""The two formats of torch.save: a zip archive since 1.6, before that pickles followed by the storages' bytes.

A file is mapped, not loaded: a storage costs memory when a tensor of it is taken.
"""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import torch
from torch import Tensor

from lovt_bench.benchmark.backbone.understand.inert import InertUnpickler, Storage
from lovt_bench.benchmark.backbone.understand.plain import passed_over, plain
from lovt_bench.benchmark.backbone.understand.plain_tensor import storage_dtype, whole
from lovt_bench.benchmark.contract.untrusted import clean_text

Numbers = Callable[[Storage], Tensor]

MAGIC = 0x1950A86A20F9469CFC6C
"""The first of the pickles of a file of torch before 1.6."""
PROTOCOL = 1001
_LOCAL_HEADER = struct.Struct("<4s22xHH")
"""Of an entry in a zip archive: signature, length of its name, length of what else is said."""


@dataclass(frozen=True)
class Content:
    """What a file holds, without anything of classes that only its training code knows."""

    value: object
    """Tensors, numbers, text, dictionaries and lists."""
    notes: tuple[str, ...] = ()
    """What was passed over, in sentences."""


def read_archive(path: Path, shown: str) -> Content:
    """Return what a zip archive of torch.save holds.

    Raises:
        BackboneError: Its pickle asks for what could run code.
        Exception: Almost any, on wrong bytes.
    """
    with zipfile.ZipFile(path) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        roots = [name.removesuffix("data.pkl") for name in entries if name.endswith("/data.pkl")]
        if len(roots) != 1:
            raise ValueError(f"{len(roots)} entries are called data.pkl, expected one")
        root = roots[0]
        swapped = f"{root}byteorder" in entries and archive.read(f"{root}byteorder") == b"big"
        unpickler = InertUnpickler(io.BytesIO(archive.read(f"{root}data.pkl")), shown)
        content = unpickler.load()
    file = _mapped(path)

    def numbers(storage: Storage) -> Tensor:
        entry = entries[f"{root}data/{storage.key}"]
        header = bytes(file[entry.header_offset : entry.header_offset + _LOCAL_HEADER.size].tolist())
        signature, name, more = _LOCAL_HEADER.unpack(header)
        if signature != b"PK\x03\x04":
            raise ValueError("an entry is not where its archive says")
        start = entry.header_offset + _LOCAL_HEADER.size + name + more
        return _typed(file, start, entry.file_size, storage, swapped)

    return _content(content, unpickler, numbers, shown)


def read_pickle(path: Path, shown: str) -> Content:
    """Return what a file of torch before 1.6 holds, or a single pickle, as of Detectron2.

    Raises:
        BackboneError: Its pickle asks for what could run code.
        Exception: Almost any, on wrong bytes.
    """
    with path.open("rb") as stream:
        return _content(*_parsed(stream, _mapped(path), shown), shown)


def _parsed(stream: IO[bytes], file: Tensor, shown: str) -> tuple[object, InertUnpickler, Numbers]:
    """Return the content of a file of torch before 1.6 or of a pickle alone, and what gives its storages' numbers."""
    first = InertUnpickler(stream, shown)
    content = first.load()
    if content != MAGIC:
        return content, first, _no_numbers
    if InertUnpickler(stream, shown).load() != PROTOCOL:
        raise ValueError("its protocol is another than 1001")
    system = InertUnpickler(stream, shown).load()
    swapped = isinstance(system, dict) and system.get("little_endian") is False
    unpickler = InertUnpickler(stream, shown)
    content = unpickler.load()
    keys = InertUnpickler(stream, shown).load()
    if not isinstance(keys, list):
        raise ValueError("it does not list its storages")
    found: dict[str, Tensor] = {}
    position = stream.tell()
    for key in map(str, keys):
        storage = unpickler.storages[key]
        size = whole(int.from_bytes(bytes(file[position : position + 8].tolist()), "little"))
        if size != storage.numel:
            raise ValueError("a storage has another length than its tensors say")
        length = size * storage_dtype(storage).itemsize
        found[key] = _typed(file, position + 8, length, storage, swapped)
        position += 8 + length
    return content, unpickler, lambda storage: found[str(storage.key)]


def _packed(data: bytes, shown: str) -> Tensor:
    """Return the numbers of a storage that `pickle.dump` stored without torch.save: as a file of old in the pickle."""
    content, _unpickler, numbers = _parsed(io.BytesIO(data), _bytes_of(data), shown)
    if not isinstance(content, Storage):
        raise ValueError("a storage's bytes hold something else")
    return numbers(content)


def _bytes_of(data: bytes) -> Tensor:
    return torch.frombuffer(bytearray(data), dtype=torch.uint8) if data else torch.zeros(0, dtype=torch.uint8)


def _content(content: object, unpickler: InertUnpickler, numbers: Numbers, shown: str) -> Content:
    known: dict[str, Tensor] = {}

    def viewed(storage: Storage | bytes) -> Tensor:
        if isinstance(storage, bytes):
            return _packed(storage, shown)
        key = str(storage.key)
        if key not in known:
            known[key] = numbers(storage)
        if not isinstance(storage.view, tuple):
            return known[key]
        _key, offset, size = storage.view
        if whole(offset) + whole(size) > known[key].numel():
            raise ValueError("a part of a storage lies outside of it")
        return known[key][offset : offset + size]

    value = plain(content, viewed)
    others = passed_over(unpickler.stubs)
    if not others:
        return Content(value)
    names = ", ".join(clean_text(name, 60) for name in others[:6])
    more = f" and {len(others) - 6} more" if len(others) > 6 else ""
    return Content(value, (f"objects were not built, plain values stand for them: {names}{more}",))


def _mapped(path: Path) -> Tensor:
    """Return the bytes of a file; what is written to them is private to this process."""
    return torch.from_file(str(path), shared=False, size=path.stat().st_size, dtype=torch.uint8)


def _typed(file: Tensor, start: int, length: int, storage: Storage, swapped: bool) -> Tensor:
    """Return the numbers of a storage.

    Raises:
        ValueError: It claims more than is there.
    """
    dtype = storage_dtype(storage)
    wanted = whole(storage.numel) * dtype.itemsize
    if wanted > length or start + wanted > file.numel():
        raise ValueError("a storage claims more bytes than the file has")
    raw = file[start : start + wanted]
    if swapped and (width := dtype.itemsize // (2 if dtype.is_complex else 1)) > 1:
        raw = raw.reshape(-1, width).flip(1).reshape(-1)
    if raw.data_ptr() % dtype.itemsize or raw.storage_offset() % dtype.itemsize:
        raw = raw.clone()  # torch reads only from multiples of a number's width
    return raw.view(dtype)


def _no_numbers(_storage: Storage) -> Tensor:
    raise pickle.UnpicklingError("a pickle alone refers to storages that it does not hold")
