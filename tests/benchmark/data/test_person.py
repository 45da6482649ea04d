"""What headers and tables say of a patient: expected values, and whatever else may stand there."""

from __future__ import annotations

import io
import logging
from pathlib import Path
from typing import Any

import pydicom
import pytest

from lovt_bench.benchmark.data.person import UNKNOWN, Person, age_of, person_of, sex_of, view_of
from lovt_bench.benchmark.data.remarks import collected
from tests.benchmark.data import raws


@pytest.mark.parametrize(
    ("text", "sex"),
    [
        ("F", "F"),
        (" m ", "M"),
        ("Female", "F"),
        ("O", None),
        ("", None),
        ("M" * 10_000, None),
        ("F\nM", None),
    ],
)
def test_sex(text: str, sex: str | None) -> None:
    assert sex_of(text) == sex


@pytest.mark.parametrize(
    ("text", "years"),
    [
        *(
            ("58", 58),
            ("058Y", 58),
            ("58.0", 58),
            ("0", 0),
            ("120", 120),
            ("018M", 1),
            ("030W", 0),
            ("400D", 1),
        ),
        *(("121", None), ("414", None), ("nan", None), ("-3", None), ("1e2", None), ("", None), ("٥٨", None)),
        *(("9" * 10_000, None), ("58Y\n", 58), ("5 8", None)),
    ],
)
def test_age(text: str, years: int | None) -> None:
    assert age_of(text) == years


@pytest.mark.parametrize(
    ("text", "view"),
    [
        ("PA", "PA"),
        ("ap", "AP"),
        ("LL", "lateral"),
        ("LATERAL", "lateral"),
        ("RAO", "oblique"),
        ("SWIMMERS", None),
    ],
)
def test_view(text: str, view: str | None) -> None:
    assert view_of(text) == view


def test_tables_go_before_headers_and_contradictions_are_unknown() -> None:
    table, header = Person(age=60, patient="nih-cxr:1"), Person("F", 50, "PA", "rsna:x")
    assert table.or_else(header) == Person("F", 60, "PA", "nih-cxr:1")
    assert table.agreed(Person(age=61, patient="nih-cxr:1")) == Person(patient="nih-cxr:1")
    assert "rsna:x" not in repr(header)


def header(folder: Path, **tags: Any) -> pydicom.Dataset:
    raws.write_dicom(folder / "a.dcm", raws.grey(), **tags)
    return pydicom.dcmread(io.BytesIO((folder / "a.dcm").read_bytes()))


def test_a_header(tmp_path: Path) -> None:
    dataset = header(tmp_path, PatientSex="F", PatientAge="058Y", ViewPosition="AP", PatientID="77")
    assert person_of(dataset, "siim") == Person("F", 58, "AP", "siim:77")
    assert person_of(dataset).patient is None
    assert person_of(header(tmp_path)) == UNKNOWN


@pytest.mark.filterwarnings("ignore")
def test_hostile_headers_are_unknown_and_nothing_is_said_of_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dataset = header(
        tmp_path,
        PatientSex="S" * 10_000,
        PatientAge="NaNYEARS",
        ViewPosition=["AP", "PA"],
        PatientName="Doe\n\x1b[31mJane",
        PatientID="Doe\nJane" * 40,
    )
    caplog.clear()  # pydicom remarked on what it was given to write
    with collected() as remarks, caplog.at_level(logging.DEBUG):
        person = person_of(dataset, "siim")
    assert (person.sex, person.age, person.view) == (None, None, None)
    assert remarks == []
    assert caplog.text == ""


def test_values_that_are_no_texts_are_unknown() -> None:
    dataset = pydicom.Dataset()
    dataset.add_new("PatientAge", "US", 58)
    dataset.add_new("PatientSex", "SQ", [])
    dataset.add_new("PatientID", "OB", b"\xff\xfe\x00")
    assert person_of(dataset, "siim") == Person(patient="siim:ÿþ")
