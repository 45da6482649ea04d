"""Somebody's own images as a dataset that `data prepare` makes a store of."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lovt_bench.benchmark.contract.base import NAME_RULE, is_name
from lovt_bench.benchmark.data import preparers
from lovt_bench.benchmark.data.drawn import DrawnDataset
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.own.folder import RawFolder
from lovt_bench.benchmark.data.own.formats import reader_of
from lovt_bench.benchmark.data.own.listing import mask_paths, samples_of
from lovt_bench.benchmark.data.own.split import (
    SplitBy,
    check_patients,
    given_splits,
    shared_patients,
    with_patients,
)
from lovt_bench.benchmark.data.own.table import TABLE, read_image_table
from lovt_bench.benchmark.data.samples import Listing

OWN = "own"
"""What `data prepare` is told instead of the name of a public dataset."""


@dataclass(frozen=True)
class OwnDataset(DrawnDataset):
    """Images of one owner (`Preparer`)."""

    header_patients = True

    listing: Listing | None = field(repr=False)
    """None in worker processes, which are given the samples that they need."""

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"listing": None}

    def scan(self, raw: Path) -> Listing:
        """Return what was read when the dataset was made."""
        assert self.listing is not None
        return self.listing


def read_own(
    raw: Path,
    name: str,
    form: str,
    table: Path | None = None,
    split_by: SplitBy = "auto",
    *,
    splits_given: bool = False,
) -> OwnDataset:
    """Read the annotations of a folder.

    Args:
        raw: The folder.
        name: How the dataset is called from now on.
        form: Name of a format (`formats/`).
        table: The table of images; by default `images.csv` of the folder, if it is there.
        split_by: Where splits come from.
        splits_given: Split files say which image is in which split.

    Raises:
        DataError: The name is taken or none, or something is wrong with the files.
    """
    if not is_name(name):
        raise DataError(f"--name {name!r}; expected {NAME_RULE}")
    if name in (*preparers.names(), OWN):
        raise DataError(f"--name {name} is the name of a dataset that lovt-bench knows; give another")
    folder = RawFolder(raw)
    annotated = reader_of(form)(folder).with_objects()
    path = table or (raw / TABLE if (raw / TABLE).is_file() else None)
    rows = None if path is None else read_image_table(path, folder, name)
    people = {source: row.person for source, row in rows.rows.items()} if rows else {}
    samples, sources = samples_of(folder, annotated, people)
    remarks = [*annotated.remarks, *(rows.remarks if rows else ())]
    given, how = (None, "") if splits_given else given_splits(samples, sources, rows, split_by)
    if rows is not None and rows.has_patient:
        check_patients(samples, sources, rows)
    else:
        samples, unknown = with_patients(samples, name)
        remarks += unknown
    used = set(sources.values())
    files = [*annotated.label_files, *([] if path is None else [path])]
    left_out = folder.unlisted(used, {*files, *mask_paths(samples)}, "no image of the annotations")
    notes = [f"Splits as {how} say.", *shared_patients(samples, given)] if given else []
    listing = Listing(
        samples=samples,
        label_files=tuple(files),
        notes=tuple(notes),
        found=len(samples) + sum(one.images for one in left_out),
        left_out=tuple(left_out),
        remarks=tuple(remarks),
        patients_known=any(sample.person.patient for sample in samples.values()),
        given=given,
        masks_from="annotations" if annotated.has_outlines else "boxes",
    )
    return OwnDataset(name, annotated.classes, annotated.has_boxes, listing)
