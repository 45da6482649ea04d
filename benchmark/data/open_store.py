"""Stores as an evaluation takes them: of the protocol that governs it, every file as its digest says."""

from __future__ import annotations

from pathlib import Path

from lovt_bench.benchmark.contract.protocol import DataProtocol
from lovt_bench.benchmark.data import format as fmt
from lovt_bench.benchmark.data.errors import DamagedStoreError
from lovt_bench.benchmark.data.folders import folder_for, store_folders
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.disk.intact import damage, listed


def find_store(data: Path, dataset: str, protocol: DataProtocol) -> Path | None:
    """Return the folder of the store of a dataset that a data section governs; None if there is none.

    Raises:
        DamagedStoreError: `dataset.json` where it belongs cannot be read.
    """
    own = folder_for(data, dataset, protocol)
    folders = store_folders(data, dataset)
    for folder in [own] * (own in folders) + [other for other in folders if other != own]:
        try:
            manifest = fmt.read_manifest(folder)
        except DamagedStoreError:
            if folder == own:
                raise
            continue
        if (manifest.name, manifest.data_protocol_sha256) == (dataset, protocol.digest()):
            return folder
    return None


def open_store(root: Path) -> ImageStore:
    """Open a store whose files all are what they were when it was made; images and masks are read once for that.

    Raises:
        FileNotFoundError: There is no store.
        DamagedStoreError: A file was changed, or files contradict each other.
    """
    store = ImageStore.open(root)
    if problems := damage(root, store.manifest.files):
        raise DamagedStoreError(root, listed(problems))
    return store
