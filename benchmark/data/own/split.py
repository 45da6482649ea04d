"""How own images come into splits: by the column of a table, by file or folder, or drawn by patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, SplitName
from lovt_bench.benchmark.data.displayed import is_dicom
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.own.split_words import folder_split
from lovt_bench.benchmark.data.own.table import ImageTable
from lovt_bench.benchmark.data.person import person_of
from lovt_bench.benchmark.data.samples import Sample

SplitBy = Literal["auto", "column", "folder", "patient"]


def given_splits(
    samples: Mapping[str, Sample], sources: Mapping[str, str], table: ImageTable | None, by: SplitBy
) -> tuple[dict[SplitName, list[str]] | None, str]:
    """Return the IDs of each split where table, files or folders say it, else None, and how it is known.

    Args:
        samples: By ID; their `pool` is the word of an annotation file, if it had one.
        sources: Path of each image relative to the raw folder by ID.
        table: The table of images.
        by: `auto` takes the first that is there: a column, annotation files or folders, patients.

    Raises:
        DataError: What is asked for is not there, leaves an image without a split, or a split without an image.
    """
    if by == "column" and (table is None or not table.has_split):
        where = table.path if table else "images.csv"
        raise DataError(
            f"--split-by column: {where} has no column `split`; add it (train, validation or test)"
        )
    if table is not None and table.has_split and by in ("auto", "column"):
        found = {name: _of_table(table, sources[name]) for name in samples}
        return _by_split(found), f"the column `split` of {table.path.name}"
    if by == "patient":
        return None, ""
    words = {
        name: sample.pool if sample.pool in SPLIT_NAMES else folder_split(sources[name])
        for name, sample in samples.items()
    }
    if all(words.values()):
        return _by_split(words), "the names of files and folders"
    if by == "folder":
        odd = next(name for name, split in words.items() if not split)
        raise DataError(
            f"--split-by folder: no folder or file of image {sources[odd]} names a split; expected train, validation "
            "or test in its path"
        )
    return None, ""


def with_patients(samples: dict[str, Sample], name: str) -> tuple[dict[str, Sample], list[str]]:
    """Return samples with the `PatientID` of DICOM headers where no patient is known, and remarks.

    Args:
        samples: By ID.
        name: Name of the dataset, the name space of its patients.
    """
    found = {
        key: sample if sample.person.patient or sample.problem else _with_patient(sample, name)
        for key, sample in samples.items()
    }
    patients = {sample.person.patient for sample in found.values()} - {None}
    if len(patients) == 1 and len(found) > 1:
        found_one = "All images with a PatientID have the same PatientID, so patients are not known"
        return samples, [f"{found_one}; give a column `patient` in images.csv."]
    return found, []


def check_patients(samples: Mapping[str, Sample], sources: Mapping[str, str], table: ImageTable) -> None:
    """Raise DataError where a table names the patients of some images alone: others may be the same people."""
    missing = [
        name for name, sample in samples.items() if not sample.problem and sources[name] not in table.rows
    ]
    if missing:
        raise DataError(
            f"{table.path}: the column `patient` says nothing of {len(missing)} of {len(samples)} images, such as "
            f"{sources[missing[0]]}; add a row for each image, or take the column out"
        )


def shared_patients(samples: Mapping[str, Sample], given: Mapping[SplitName, Sequence[str]]) -> list[str]:
    """Return a sentence about patients who are in more than one of the given splits; nothing where none is."""
    of_patient: dict[str, set[SplitName]] = {}
    for split, names in given.items():
        for name in names:
            if patient := samples[name].person.patient:
                of_patient.setdefault(patient, set()).add(split)
    shared = sum(len(splits) > 1 for splits in of_patient.values())
    if not shared:
        return []
    who = "1 patient has" if shared == 1 else f"{shared} patients have"
    return [f"{who} images in more than one split: scores may be too high (--split-by patient draws others)."]


def _with_patient(sample: Sample, name: str) -> Sample:
    from pydicom import dcmread

    try:
        with sample.image.open("rb") as stream:
            if not is_dicom(stream.read(132)):
                return sample
            stream.seek(0)
            header = dcmread(stream, stop_before_pixels=True, specific_tags=["PatientID"])
    except Exception:  # whoever reads the image says what is wrong with it
        return sample
    return replace(sample, person=sample.person.or_else(person_of(header, patients=name)))


def _of_table(table: ImageTable, source: str) -> SplitName | None:
    row = table.rows.get(source)
    if row is None:
        raise DataError(f"{table.path}: no row for image {source}; every annotated image needs its split")
    return row.split


def _by_split(words: Mapping[str, SplitName | str | None]) -> dict[SplitName, list[str]]:
    found = {split: [name for name, word in words.items() if word == split] for split in SPLIT_NAMES}
    if empty := [split for split, names in found.items() if not names]:
        raise DataError(
            f"no image is in {' and '.join(empty)}, though all have a split by column, file or folder; add the missing "
            "ones, or let them be drawn by --split-by patient"
        )
    return found
