"""Prepare a tiny raw folder in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.benchmark.data.prepare import PreparedStore, prepare
from lovt_bench.benchmark.data.samples import Preparer
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.tasks.protocol import load_protocol

KEY = b"key of the tests".ljust(32)


def run(
    name: str | Preparer, raw: Path, data: Path, protocol: Protocol | None = None, **options: Any
) -> PreparedStore:
    """Prepare `raw` into `data / name` with one worker."""
    return prepare(
        name, raw, data, protocol or load_protocol(), **{"workers": 1, "patient_key": lambda: KEY, **options}
    )


def store(
    name: str | Preparer, raw: Path, data: Path, protocol: Protocol | None = None, **options: Any
) -> ImageStore:
    """Prepare `raw` and open the store."""
    return ImageStore.open(run(name, raw, data, protocol, **options).root)


def changed(**entries: Any) -> Protocol:
    """Return the published protocol with other data entries."""
    protocol = load_protocol()
    return protocol.model_copy(update={"data": protocol.data.model_copy(update=entries)})


def rows(name: str, store: ImageStore) -> int:
    """Return the row of an image ID."""
    return store.ids(range(len(store))).index(name)
