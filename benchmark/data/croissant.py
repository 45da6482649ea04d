"""Croissant metadata of an image store (MLCommons Croissant 1.0), so that other tools find and read it.

The records are the rows of `index.parquet`. Images, masks and boxes are files beside it, described and named with their
digests: Croissant has no reader of NumPy's formats, so a tool opens them by the row's number. Needs the package
`mlcroissant`, which validates what it writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lovt_bench.benchmark.contract.dataset import DatasetManifest
from lovt_bench.benchmark.data import format as fmt
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.sources import described, source_of
from lovt_bench.benchmark.data.store import ImageStore

if TYPE_CHECKING:
    from mlcroissant import Field

FILE = "croissant.json"
"""Its name in the store's folder: the addresses in it are relative to that folder."""

RECORDS = "images"
"""Name of the set of records."""

PARQUET, NUMPY = "application/x-parquet", "application/octet-stream"

FILES = {
    fmt.INDEX: "A row for each image: IDs, splits, sources, and whom it shows.",
    fmt.IMAGES: "NumPy array uint8 (N, S, S); row n belongs to record n.",
    fmt.MASKS: "NumPy array uint8 (N, C, ceil(S * S / 8)): masks of the C classes, packed by numpy.packbits.",
    fmt.BOXES: "NumPy archive: offsets (N + 1), boxes (M, 4) as x, y, w, h in stored pixels, classes (M).",
}

COLUMNS = {
    "id": "The publisher's ID of the image.",
    "split": "train, validation or test.",
    "order": "Place within the split, from 0.",
    "source": "File that the image was read from, relative to the raw folder.",
    "source_sha256": "SHA-256 of that file.",
    "height": "Height of the raw image in pixels.",
    "width": "Width of the raw image in pixels.",
    "sex": "F or M; empty where it is not known.",
    "age": "Whole years; empty where it is not known.",
    "view": "PA, AP, lateral, oblique or decubitus; empty where it is not known.",
    "patient": "A keyed hash that stands for the patient, within one workspace.",
    "lesion_areas": "For each class the share of the raw image that its target covers.",
}


def metadata(root: Path) -> dict[str, Any]:
    """Return the Croissant metadata of the store at `root`, JSON-like.

    Raises:
        FileNotFoundError: There is no store.
        DamagedStoreError: It is not what it was when it was made.
        DataError: The package `mlcroissant` is not installed.
    """
    try:
        import mlcroissant as mlc
    except ImportError as error:
        raise DataError(
            "Croissant metadata need the package mlcroissant; install it with: pip install 'lovt-bench[croissant]'"
        ) from error
    store = ImageStore.open(root)
    manifest = store.manifest
    title, licence, pages = _origin(manifest)
    files = [
        mlc.FileObject(
            id=name,
            name=name,
            description=FILES[name],
            content_url=name,
            content_size=f"{(root / name).stat().st_size} B",
            encoding_formats=[PARQUET if name == fmt.INDEX else NUMPY],
            sha256=digest,
        )
        for name, digest in sorted(manifest.files.items())
    ]
    columns = [name for name in COLUMNS if name in store.index]
    records = mlc.RecordSet(
        id=RECORDS,
        name=RECORDS,
        description=f"The images in the order of {fmt.IMAGES}: train, then validation, then test.",
        fields=[_field(name, store.index[name]) for name in columns],
    )
    said: dict[str, Any] = mlc.Metadata(
        name=root.name,
        description=_description(manifest, len(store)),
        url=pages[0],
        same_as=pages[1:] or None,
        license=[licence],
        cite_as=f"{title}, {pages[0]}",
        version="1.0.0",
        date_published=datetime.fromisoformat(manifest.created),
        keywords=["chest x-ray", manifest.track, *manifest.classes],
        distribution=files,
        record_sets=[records],
    ).to_json()
    return said


def _field(name: str, values: pd.Series) -> Field:
    import mlcroissant as mlc

    kinds = mlc.DataType
    is_list = values.dtype == object
    if is_list:
        kind = kinds.FLOAT32
    elif pd.api.types.is_integer_dtype(values.dtype):
        # Whole numbers with gaps become real ones where a tool knows no missing integer.
        kind = kinds.FLOAT64 if values.hasnans else kinds.INT64
    else:
        kind = kinds.TEXT
    return mlc.Field(
        id=f"{RECORDS}/{name}",
        name=name,
        description=COLUMNS[name],
        data_types=[kind],
        source=mlc.Source(file_object=fmt.INDEX, extract=mlc.Extract(column=name)),
        **({"is_array": True, "array_shape": "-1"} if is_list else {}),
    )


def _origin(manifest: DatasetManifest) -> tuple[str, str, Sequence[str]]:
    """Return what the images are called, their licence, and pages about them."""
    if manifest.track == "phantom":
        return f"Phantom of {manifest.name}", "MIT (images drawn by lovt-bench)", ["docs/phantom.md"]
    if manifest.name in described():
        source = source_of(manifest.name)
        return source.title, source.licence, source.pages
    return manifest.name, "that of the raw files", ["docs/data.md"]


def _description(manifest: DatasetManifest, images: int) -> str:
    kind = "synthetic X-rays" if manifest.track == "phantom" else "chest X-rays"
    side = manifest.image_side
    return (
        f"{images} {kind} of {manifest.name}, padded to squares and resized to {side} x {side} pixels by the data "
        f"entries of protocol {manifest.protocol}; {manifest.splits} splits. An image store of lovt-bench, identity "
        f"{manifest.identity()}; {fmt.MANIFEST} beside it says the rest."
    )
