"""The table of images, `images.csv`: patient, split and whom an image shows, one row an image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lovt_bench.benchmark.contract.dataset import SplitName
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.data.corpus.pairs import SPLIT_WORDS
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.own.folder import RawFolder
from lovt_bench.benchmark.data.person import Person, age_of, sex_of, view_of
from lovt_bench.benchmark.data.tables import read_table

TABLE = "images.csv"
OPTIONAL = ("split", "patient", "sex", "age", "view")


@dataclass(frozen=True)
class ImageRow:
    """What the table says of an image."""

    origin: str
    split: SplitName | None
    person: Person


@dataclass(frozen=True)
class ImageTable:
    """The table.

    Attributes:
        rows: By path of the image relative to the raw folder.
        remarks: Sentences about what else was found.
    """

    path: Path
    rows: Mapping[str, ImageRow]
    has_split: bool
    has_patient: bool
    remarks: tuple[str, ...]


def read_image_table(path: Path, folder: RawFolder, name: str) -> ImageTable:
    """Read the table of images: a column `image`, and any of split, patient, sex, age, view; others are not read.

    Args:
        path: The table, CSV.
        folder: The raw folder, from which paths of images count.
        name: Name of the dataset, the name space of its patients.

    Raises:
        DataError: Names file and row.
    """
    rows: dict[str, ImageRow] = {}
    has_split = has_patient = False
    table = read_table(path, ["image"], OPTIONAL, others=True)
    for number, row in table:
        origin = f"{path.name} row {number}"
        source, problem = folder.find(row["image"].strip(), origin)
        if problem:
            raise DataError(problem)
        if source in rows:
            raise DataError(f"{origin}: image {source} is already in {rows[source].origin}")
        has_split, has_patient = "split" in row, "patient" in row
        patient = row.get("patient", "").strip()
        if has_patient and not patient:
            raise DataError(f"{origin}: patient is empty; fill it, or take the column out")
        rows[source] = ImageRow(
            origin,
            _split(row["split"], origin) if has_split else None,
            Person(
                sex=sex_of(row.get("sex", "")),
                age=age_of(row.get("age", "")),
                view=view_of(row.get("view", "")),
                patient=f"{name}:{patient}" if patient else None,
            ),
        )
    return ImageTable(path, rows, has_split, has_patient, tuple(table.remarks()))


def _split(text: str, origin: str) -> SplitName:
    word = text.strip().lower()
    if word not in SPLIT_WORDS:
        raise DataError(f"{origin}: split is {clean_text(text, 40)!r}; expected train, validation or test")
    return SPLIT_WORDS[word]
