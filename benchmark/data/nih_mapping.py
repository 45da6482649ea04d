"""RSNA's published list of the NIH images that its challenge took: which patient of NIH an RSNA image shows.

A JSON list of objects; of each, `subset_img_id` (the RSNA image) and `img_id` (`<patient>_<number>.png` of NIH) are
read. The Kaggle download does not have it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.tables import open_text

FILE = "pneumonia-challenge-dataset-mappings_2018.json"
NIH = "nih-cxr"
"""Name space of NIH's patients: RSNA and NIH share them."""

_IMAGE = re.compile(r"([0-9]{8})_[0-9]{3}\.png")


def nih_patient(image: str) -> str | None:
    """Return the identifier of the patient of an NIH image (`00000506_013.png`); None for another name."""
    found = _IMAGE.fullmatch(image)
    return f"{NIH}:{found[1]}" if found else None


def read_mapping(path: Path) -> tuple[dict[str, str | None], list[str]]:
    """Return the patient of each RSNA image, None where entries contradict each other, and remarks.

    Raises:
        DataError: It is no such list.
    """
    with open_text(path) as stream:
        try:
            entries = json.load(stream)
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"{path}: not JSON ({type(error).__name__}); fetch it again, or remove it"
            ) from error
    if not isinstance(entries, list):
        raise DataError(
            f"{path}: expected a JSON list of objects with subset_img_id and img_id, found {type(entries).__name__}; "
            "fetch it again, or remove it"
        )
    patients: dict[str, str | None] = {}
    passed_over = 0
    for entry in entries:
        image, original = (
            (entry.get("subset_img_id"), entry.get("img_id")) if isinstance(entry, dict) else (None, None)
        )
        patient = nih_patient(original) if isinstance(original, str) else None
        if not isinstance(image, str) or patient is None:
            passed_over += 1
            continue
        patients[image] = patient if patients.get(image, patient) == patient else None
    contradictory = sum(patient is None for patient in patients.values())
    remarks = [
        f"{path.name}: {count} {what}."
        for count, what in (
            (passed_over, "entries without subset_img_id and img_id passed over"),
            (contradictory, "images with several patients, so that theirs is not known"),
        )
        if count
    ]
    return patients, remarks
