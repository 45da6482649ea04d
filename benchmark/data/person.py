"""Whom an image shows, as its header or table says: what is not one of the expected values is unknown, never an error.

Nothing of it is logged, and the identifier of the patient reaches no file: a store keeps its keyed hash
(`patient_key.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom import Dataset

SEXES = ("F", "M")
VIEWS = ("PA", "AP", "lateral", "oblique", "decubitus")
OLDEST = 120
"""Years; a greater age is a slip of the pen (the NIH table has 414)."""

LONGEST_FIELD = 64
"""Characters of a field that could be one of the expected values."""

_SEX = {"F": "F", "FEMALE": "F", "M": "M", "MALE": "M"}
_VIEW = {
    "PA": "PA",
    "AP": "AP",
    **dict.fromkeys(("LATERAL", "LAT", "LL", "RL", "L"), "lateral"),
    **dict.fromkeys(("LAO", "RAO", "LPO", "RPO"), "oblique"),
    **dict.fromkeys(("LLD", "RLD"), "decubitus"),
}
_AGE = re.compile(r"([0-9]{1,4})(?:\.[0-9]*)?([YMWD]?)")
_IN_A_YEAR = {"": 1.0, "Y": 1.0, "M": 12.0, "W": 52.18, "D": 365.25}


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of the patient of an image; None where it is not.

    Attributes:
        age: Whole years.
        view: Projection of the image, one of `VIEWS`.
        patient: Identifier with the name space it is unique in, as it was found (`nih-cxr:00000506`).
    """

    sex: str | None = None
    age: int | None = None
    view: str | None = None
    patient: str | None = field(default=None, repr=False)

    def or_else(self, other: Person) -> Person:
        """Return what is known here, and what only `other` knows."""
        known = {one: mine for one in _NAMES if (mine := getattr(self, one)) is not None}
        return replace(other, **known)

    def agreed(self, other: Person) -> Person:
        """Return what both say of the same image: fields in which they differ are unknown."""
        pairs = ((getattr(self, one), getattr(other, one)) for one in _NAMES)
        return Person(*(mine if mine == theirs else None for mine, theirs in pairs))


_NAMES = tuple(one.name for one in fields(Person))
UNKNOWN = Person()


def sex_of(text: str) -> str | None:
    """Return F or M; None for everything else."""
    return _SEX.get(_short(text))


def age_of(text: str) -> int | None:
    """Return whole years of `58`, `058Y` or `018M`; None for what is no age, or beyond `OLDEST`."""
    found = _AGE.fullmatch(_short(text))
    years = int(int(found[1]) / _IN_A_YEAR[found[2]]) if found else None
    return years if years is not None and years <= OLDEST else None


def view_of(text: str) -> str | None:
    """Return one of `VIEWS`; None for everything else."""
    return _VIEW.get(_short(text))


def person_of(dataset: Dataset, patients: str | None = None) -> Person:
    """Return what a DICOM header says.

    Args:
        dataset: The data set; its values are taken as they lie in the file, so that pydicom remarks on none of them.
        patients: Name space of its `PatientID`; None where that tells no patients apart.
    """
    identifier = _text(dataset, "PatientID") if patients else ""
    return Person(
        sex=sex_of(_text(dataset, "PatientSex")),
        age=age_of(_text(dataset, "PatientAge")),
        view=view_of(_text(dataset, "ViewPosition")),
        patient=f"{patients}:{identifier}" if identifier else None,
    )


def _text(dataset: Dataset, keyword: str) -> str:
    try:
        element = dataset.get_item(keyword)
        value = "" if element is None else element.value
    except Exception:  # a header may be broken in any way, and says nothing then
        return ""
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return value.strip(" \0\t\r\n") if isinstance(value, str) else ""


def _short(text: str) -> str:
    return text.strip().upper() if len(text) <= LONGEST_FIELD else ""
