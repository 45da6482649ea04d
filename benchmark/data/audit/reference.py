"""The hashes of the evaluation images: made from the prepared stores, or read from a file that somebody made so.

A hash file is safetensors: for each dataset uint8 (N, 11, 128) in the order of the store, and an index. It holds no
image and no name of one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from lovt_bench.benchmark.contract.audit import ReferenceDataset, ReferenceIndex
from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.data import format as fmt
from lovt_bench.benchmark.data.audit.hashes import ALGORITHM, FRAMES, HASH_BYTES, frame_hashes
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.open_store import open_store
from lovt_bench.benchmark.data.pool import map_chunks, workers_for
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.disk.temporary import write_bytes
from lovt_bench.benchmark.log import logger

INDEX = "index"
"""Key of the index in the metadata of a hash file."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Reference:
    """The evaluation images of one dataset.

    Attributes:
        index: What they are.
        hashes: uint8 (N, 11, 128), train, validation, test, each in stored order.
        ids: Their IDs; empty where they came from a hash file.
    """

    index: ReferenceDataset
    hashes: np.ndarray
    ids: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.index.dataset

    def digest(self) -> str:
        """Return the SHA-256 of the sorted hashes of the whole images."""
        return hashlib.sha256(b"".join(sorted(row.tobytes() for row in self.hashes[:, 0]))).hexdigest()


def from_store(root: Path, kept: Path, workers: int | None, on_progress: Progress) -> Reference:
    """Return the hashes of a prepared store; they are kept in a folder, so that the next call reads them.

    Raises:
        DataError: There is no store, or its files do not belong together.
    """
    try:
        store = open_store(root)
    except FileNotFoundError as error:
        raise DataError(f"{root}: no usable image store: {error}") from error
    manifest = store.manifest
    index = ReferenceDataset(
        dataset=manifest.name,
        track=manifest.track,
        dataset_sha256=manifest.identity(),
        splits={split: manifest.split_summaries[split].images for split in SPLIT_NAMES},
    )
    if sum(index.splits.values()) != len(store):
        raise DataError(f"{root}: dataset.json and images.npy count differently; prepare it again")
    path = kept / f"evaluation-{ALGORITHM}-{manifest.name}-{index.dataset_sha256[:16]}.hashes"
    hashes = _kept(path, len(store))
    if hashes is None:
        hashes = _hash_store(store, workers, on_progress)
        _keep(path, hashes)
    return Reference(index, hashes, tuple(store.ids(np.arange(len(store)))))


def hash_rows(images: Path, rows: Sequence[int]) -> np.ndarray:
    """Return the hashes of rows of `images.npy`, uint8 (n, 11, 128); runs in a worker."""
    pixels = np.load(images, mmap_mode="r", allow_pickle=False)
    return np.stack([frame_hashes(np.asarray(pixels[row])) for row in rows])


def save_references(references: Sequence[Reference], path: Path, versions: dict[str, str]) -> None:
    """Write a hash file."""
    index = ReferenceIndex(algorithm=ALGORITHM, datasets=[one.index for one in references], versions=versions)
    tensors = {one.name: np.ascontiguousarray(one.hashes) for one in references}
    write_bytes(path, save(tensors, metadata={INDEX: index.to_json(indent=None)}))


def load_references(path: Path) -> list[Reference]:
    """Read a hash file.

    Raises:
        DataError: It is none, or one of another version; the message says what to do.
    """
    where = clean_text(str(path), 200)
    try:
        # Opening a pipe would wait for its writer.
        if path.exists() and not path.is_file():
            raise ValueError("no plain file")
        with safe_open(path, framework="numpy") as file:
            index = ReferenceIndex.model_validate(json.loads((file.metadata() or {})[INDEX]))
            found = [Reference(one, file.get_tensor(one.dataset)) for one in index.datasets]
    except (OSError, SafetensorError, KeyError, ValidationError, ValueError) as error:
        raise DataError(
            f"{where} is no hash file: {clean_text(str(error), 200)}. One is written by: "
            "lovt-bench audit --save-reference FILE, where the evaluation data are prepared"
        ) from error
    if index.algorithm != ALGORITHM:
        raise DataError(
            f"{where} was made by version {index.algorithm} of the hash, this is version {ALGORITHM}; use a newer file"
        )
    for one in found:
        expected = (sum(one.index.splits.values()), len(FRAMES), HASH_BYTES)
        if one.hashes.shape != expected or one.hashes.dtype != np.uint8:
            raise DataError(
                f"{where}: {one.name} has {one.hashes.dtype} {one.hashes.shape}, expected uint8 {expected}; "
                "the file is damaged, fetch it again"
            )
    return found


def _hash_store(store: ImageStore, workers: int | None, on_progress: Progress) -> np.ndarray:
    count = len(store)
    parts: list[np.ndarray] = []
    run, done = partial(hash_rows, store.root / fmt.IMAGES), 0
    with (
        workers_for(count, workers) as pool,
        closing(map_chunks(run, range(count), pool)) as results,
    ):
        for part in results:
            parts.append(part)
            done += len(part)
            on_progress(done, count)
    return np.concatenate(parts) if parts else np.zeros((0, len(FRAMES), HASH_BYTES), dtype=np.uint8)


def _keep(path: Path, hashes: np.ndarray) -> None:
    """Keep hashes with their digest at the end, so that a file that was changed is not taken for them."""
    content = np.ascontiguousarray(hashes).tobytes()
    write_bytes(path, content + hashlib.sha256(content).digest())


def _kept(path: Path, count: int) -> np.ndarray | None:
    if not path.is_file():
        return None
    content = path.read_bytes()
    hashes, digest = content[:-32], content[-32:]
    if hashlib.sha256(hashes).digest() != digest or len(hashes) != count * len(FRAMES) * HASH_BYTES:
        logger.warning("%s is damaged; the hashes are made again", path)
        return None
    return np.frombuffer(hashes, dtype=np.uint8).reshape(count, len(FRAMES), HASH_BYTES)
