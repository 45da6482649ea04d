"""Where the stores of a dataset lie: one for each data section of a protocol, side by side.

The store of the published protocol is `<dataset>`, that of another one `<dataset>@<12 digits of the digest of its data
section>`. Protocols with equal data sections share a store.
"""

from __future__ import annotations

from pathlib import Path

from lovt_bench.benchmark.contract.protocol import DataProtocol
from lovt_bench.benchmark.data.errors import DamagedStoreError, DataError
from lovt_bench.benchmark.data.format import MANIFEST, read_manifest
from lovt_bench.benchmark.disk.leftovers import sweep
from lovt_bench.benchmark.log import logger

PUBLISHED = "efed824ab0393447f9fed4663daf4c136b8ad2b78d9c2ef081d8f9eee7d2e0d1"
"""Digest of the data section of `lovt-2022`, whose stores bear the name of their dataset alone."""

_MARK, _DIGITS = "@", 12


def store_folder(data: Path, dataset: str, data_protocol_sha256: str) -> Path:
    """Return where the store of a dataset belongs that a data section of this digest governs."""
    if data_protocol_sha256 == PUBLISHED:
        return data / dataset
    return data / f"{dataset}{_MARK}{data_protocol_sha256[:_DIGITS]}"


def folder_for(data: Path, dataset: str, protocol: DataProtocol) -> Path:
    """Return where the store of a dataset belongs that a protocol governs."""
    return store_folder(data, dataset, protocol.digest())


def dataset_of(folder: Path) -> str:
    """Return the dataset of a store's folder."""
    return folder.name.partition(_MARK)[0]


def store_folders(data: Path, dataset: str | None = None) -> list[Path]:
    """Return the folders of all stores, or of those of one dataset, by name: that of the published protocol first.

    What a process that was killed was just replacing is put back first. Hidden folders are work in progress.
    """
    sweep(data)
    found = (path.parent for path in data.glob(f"[!.]*/{MANIFEST}"))
    return sorted(folder for folder in found if dataset in (None, dataset_of(folder)))


def give_way(folder: Path, dataset: str, data_protocol_sha256: str) -> None:
    """Move a store that lies where one of another data section belongs to its own place.

    Raises:
        DataError: Something lies there, too.
    """
    try:
        found = read_manifest(folder)
    except (FileNotFoundError, DamagedStoreError):
        return
    if found.name != dataset or found.data_protocol_sha256 == data_protocol_sha256:
        return
    own = store_folder(folder.parent, dataset, found.data_protocol_sha256)
    if own.exists():
        raise DataError(
            f"{folder} and {own} were both prepared by protocol {found.protocol}; move the first away: it lies in the "
            "place of another protocol"
        )
    folder.rename(own)
    logger.info("%s was prepared by protocol %s and lies in %s now", folder, found.protocol, own)
