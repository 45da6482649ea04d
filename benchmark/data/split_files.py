"""Split files: `train.csv`, `validation.csv`, `test.csv` with IDs in order, and boxes where there are any."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, SplitName
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.layout import holds
from lovt_bench.benchmark.data.tables import parse_box, read_table, safe_id
from lovt_bench.benchmark.log import logger


@dataclass(frozen=True)
class SplitFile:
    """One split as a file gives it.

    Attributes:
        ids: Image IDs in file order.
        boxes: Per image float64 (n, 4) as stored in the file, or None where it has the ID column only.
    """

    ids: tuple[str, ...]
    boxes: tuple[np.ndarray, ...] | None


def read_split_file(path: Path) -> SplitFile:
    """Read one split file.

    Raises:
        DataError: Names file and row.
    """
    ids, boxes, with_boxes = [], [], False
    table = read_table(path, ["ID"], ["boxes", "classes"])
    for number, row in table:
        name = row["ID"]
        if not safe_id(name):
            raise DataError(f"{path}: row {number}: ID {name!r} cannot be a file name")
        try:
            boxes.append(parse_boxes(row.get("boxes", "")))
        except ValueError as error:
            raise DataError(f"{path}: row {number}: {error}") from error
        with_boxes = with_boxes or "boxes" in row
        ids.append(name)
    for remark in table.remarks():
        logger.info("%s", remark)
    return SplitFile(tuple(ids), tuple(boxes) if with_boxes else None)


def parse_boxes(text: str) -> np.ndarray:
    """Return the boxes of a field `x;y;w;h|x;y;w;h`, float64 (n, 4); an empty field has none.

    Raises:
        ValueError: A box is not four finite numbers with positive sides.
    """
    parts = text.split("|") if text else []
    return np.array([parse_box(part.split(";")) for part in parts], dtype=np.float64).reshape(-1, 4)


def read_split_files(folder: Path) -> dict[SplitName, SplitFile]:
    """Read the three split files of a folder.

    Raises:
        DataError: A file is missing or malformed, or an ID is there twice.
    """
    wanted = [f"{split}.csv" for split in SPLIT_NAMES]
    if missing := [name for name in wanted if not (folder / name).is_file()]:
        raise DataError(
            f"{folder / missing[0]}: file is missing; --splits names the folder with {', '.join(wanted)}. "
            f"{holds(folder, missing)}"
        )
    files = {split: read_split_file(folder / f"{split}.csv") for split in SPLIT_NAMES}
    seen: dict[str, SplitName] = {}
    for split, file in files.items():
        for number, name in enumerate(file.ids, start=1):
            if name in seen:
                path = folder / f"{split}.csv"
                raise DataError(f"{path}: row {number}: duplicate ID {name}, first in {seen[name]}.csv")
            seen[name] = split
    return files
