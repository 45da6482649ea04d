"""Splits: by column, by file or folder, by lists, or drawn by patient."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileMetaDataset

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.own.dataset import read_own
from lovt_bench.benchmark.data.own.split_words import split_of
from lovt_bench.benchmark.data.store import ImageStore
from tests.benchmark.data.own import folders

SPLITS = {name: ["train", "valid", "test"][number % 3] for number, name in enumerate(folders.NAMES)}


def table(raw: Path, header: str, rows: dict[str, str]) -> None:
    lines = [header, *(f"{name}.png,{row}" for name, row in rows.items())]
    (raw / "images.csv").write_text("\n".join(lines) + "\n")


def splits_of(store: ImageStore) -> dict[str, str]:
    return dict(zip(store.index["id"], store.index["split"], strict=True))


EXPECTED = {name: split.replace("valid", "validation") for name, split in SPLITS.items()}


def test_by_the_column_of_a_table(tmp_path: Path) -> None:
    raw = folders.coco(tmp_path / "raw")
    table(raw, "image,split,sex,age,view,remark", {name: f"{SPLITS[name]},F,61,PA,x" for name in SPLITS})
    store = folders.store(raw, "coco", tmp_path)
    assert splits_of(store) == EXPECTED
    assert store.manifest.splits == "given"
    assert store.manifest.notes == ["Splits as the column `split` of images.csv say."]
    assert set(store.index["sex"]) == {"F"}
    assert set(store.index["age"]) == {61}


def test_by_the_folders_of_images(tmp_path: Path) -> None:
    raw = folders.yolo(tmp_path / "raw")
    for kind, ending in (("images", "png"), ("labels", "txt")):
        for name, split in SPLITS.items():
            (raw / split / kind).mkdir(parents=True, exist_ok=True)
            if (raw / kind / f"{name}.{ending}").exists():
                shutil.move(raw / kind / f"{name}.{ending}", raw / split / kind)
    assert splits_of(folders.store(raw, "yolo", tmp_path)) == EXPECTED


def test_folders_of_splits_among_masks_are_no_classes(tmp_path: Path) -> None:
    raw = folders.masks(tmp_path / "raw")
    for name, split in SPLITS.items():
        for place in ("images", "masks"):
            (raw / place / split).mkdir(exist_ok=True)
        shutil.move(raw / f"images/{name}.png", raw / "images" / split)
        if (raw / f"masks/opacity/{name}_mask.png").exists():
            shutil.move(raw / f"masks/opacity/{name}_mask.png", raw / "masks" / split)
    shutil.rmtree(raw / "masks/nodule")
    store = folders.store(raw, "masks", tmp_path)
    assert store.manifest.classes == ["finding"]
    assert splits_of(store) == EXPECTED


def test_by_files_of_annotations(tmp_path: Path) -> None:
    raw, content = folders.coco(tmp_path / "raw"), folders.coco_content()
    (raw / "annotations.json").unlink()
    for split in ("train", "valid", "test"):
        images = [one for one in content["images"] if SPLITS[one["file_name"][:-4]] == split]
        keys = {one["id"] for one in images}
        part = content | {
            "images": images,
            "annotations": [one for one in content["annotations"] if one["image_id"] in keys],
        }
        (raw / f"instances_{split}2020.json").write_text(json.dumps(part))
    store = folders.store(raw, "coco", tmp_path)
    assert splits_of(store) == EXPECTED
    assert store.manifest.classes == ["nodule", "opacity"]
    drawn = folders.store(raw, "coco", tmp_path / "drawn", split_by="patient")
    assert drawn.manifest.splits == "seeded"


def test_a_split_without_an_image_is_said_before_anything_is_prepared(tmp_path: Path) -> None:
    """Exports of annotation tools often have train and validation alone."""
    raw = folders.coco(tmp_path / "raw")
    table(raw, "image,split", {name: split.replace("test", "val") for name, split in SPLITS.items()})
    with pytest.raises(DataError, match=r"no image is in test, .* drawn by --split-by patient"):
        read_own(raw, "mine", "coco")
    (raw / "images.csv").unlink()
    (raw / "images").rename(raw / "train_images")
    with pytest.raises(DataError, match="no image is in validation and test"):
        read_own(raw, "mine", "coco")
    assert folders.store(raw, "coco", tmp_path, split_by="patient").manifest.splits == "seeded"


def test_by_lists(tmp_path: Path) -> None:
    raw = folders.coco(tmp_path / "raw")
    for split in ("train", "validation", "test"):
        names = [name for name, of in EXPECTED.items() if of == split]
        (tmp_path / f"{split}.csv").write_text("\n".join(["ID", *names]) + "\n")
    assert splits_of(folders.store(raw, "coco", tmp_path / "data", splits_dir=tmp_path)) == EXPECTED


def test_drawn_splits_keep_the_patients_of_a_table_together(tmp_path: Path) -> None:
    raw = folders.coco(tmp_path / "raw")
    patients = {name: f"HOSPITAL-{number // 2}" for number, name in enumerate(folders.NAMES)}
    table(raw, "image,patient", patients)
    store = folders.store(raw, "coco", tmp_path)
    found = splits_of(store)
    assert {
        len({found[name] for name in patients if patients[name] == one}) for one in patients.values()
    } == {1}
    assert (store.manifest.splits, store.manifest.split_level) == ("seeded", "patient")
    assert not any("HOSPITAL" in path.read_text("latin-1") for path in store.root.iterdir() if path.is_file())


def dicoms(raw: Path, patients: list[str]) -> None:
    """Put 12-bit DICOM files without an ending in the place of the images."""
    for name, patient in zip(folders.NAMES, patients, strict=True):
        dataset = pydicom.Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        dataset.SOPClassUID, dataset.SOPInstanceUID = (
            pydicom.uid.DigitalXRayImageStorageForPresentation,
            "1.2",
        )
        dataset.PatientID, dataset.Rows, dataset.Columns = patient, folders.HEIGHT, folders.WIDTH
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME1"
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = (
            16,
            12,
            11,
            0,
        )
        ramp = np.linspace(0, 4095, folders.HEIGHT * folders.WIDTH).astype(np.uint16)
        dataset.PixelData = ramp.tobytes()
        dataset.save_as(raw / "images" / name, enforce_file_format=True)
        (raw / f"images/{name}.png").unlink()
    content = folders.coco_content()
    for one in content["images"]:
        one["file_name"] = one["file_name"].removesuffix(".png")
    (raw / "annotations.json").write_text(json.dumps(content))


def test_drawn_splits_keep_the_patients_of_dicom_headers_together(tmp_path: Path) -> None:
    raw = folders.coco(tmp_path / "raw")
    dicoms(raw, [f"P{number // 2}" for number in range(10)])
    store = folders.store(raw, "coco", tmp_path)
    found = splits_of(store)
    assert all(
        found[one] == found[other] for one, other in zip(folders.NAMES[::2], folders.NAMES[1::2], strict=True)
    )
    assert store.manifest.split_level == "patient"
    top, bottom = store.images[0][28 + 5].mean(), store.images[0][28 + 160].mean()
    assert top > 200 > 60 > bottom, "displayed: MONOCHROME1 begins bright"


def test_one_patient_for_all_is_none(tmp_path: Path) -> None:
    raw = folders.coco(tmp_path / "raw")
    dicoms(raw, ["ANONYMOUS"] * 10)
    store = folders.store(raw, "coco", tmp_path)
    assert store.manifest.split_level == "image"
    assert store.manifest.image_counts is not None
    assert any("the same PatientID" in one for one in store.manifest.image_counts.remarks)


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        ("image,split", "tests", "images.csv row 1: split is 'tests'; expected train, validation or test"),
        ("image,patient", "", "images.csv row 1: patient is empty"),
        (
            "image,patient",
            "P1",
            "`patient` says nothing of 9 of 10 images, such as images/case01.png; add a row",
        ),
        ("image,sex", "F", "--split-by column: .*images.csv has no column `split`"),
        ("file,split", "train", "missing column 'image'"),
        ("image,split", "train", "no row for image images/case01.png"),
    ],
)
def test_wrong_tables_are_named(tmp_path: Path, header: str, row: str, message: str) -> None:
    raw = folders.coco(tmp_path / "raw")
    table(raw, header, {"case00": row})
    with pytest.raises(DataError, match=message):
        read_own(raw, "mine", "coco", split_by="column" if "sex" in header else "auto")


def test_a_table_of_other_images(tmp_path: Path) -> None:
    raw = folders.coco(tmp_path / "raw")
    table(raw, "image,split", {"case99": "train"})
    with pytest.raises(DataError, match=r"images.csv row 1: image case99.png is missing"):
        read_own(raw, "mine", "coco")


def test_patients_in_two_given_splits_are_said(tmp_path: Path) -> None:
    raw = folders.coco(tmp_path / "raw")
    table(raw, "image,split,patient", {name: f"{SPLITS[name]},P1" for name in SPLITS})
    store = folders.store(raw, "coco", tmp_path)
    assert store.manifest.split_level == "image"
    assert any("1 patient has images in more than one split" in note for note in store.manifest.notes)


def test_words_of_splits() -> None:
    assert split_of("train/test/1.png") is None
    assert split_of("labels/Val/1.png") == "validation"
    assert split_of("restrained/1.png") is None
