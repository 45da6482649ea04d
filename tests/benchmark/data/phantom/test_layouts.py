"""Each folder reads like the original: names, headers, encodings, quirks; each image says it is synthetic."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from lovt_bench.benchmark.data.phantom.layouts.siim import relative_runs

from .conftest import SIDE

NOTICE = "SYNTHETIC PHANTOM"


def test_every_image_says_that_it_is_synthetic(phantoms: dict[str, Path]) -> None:
    seen = 0
    for root in phantoms.values():
        for path in root.rglob("*"):
            if path.suffix in (".dcm", ".dicom"):
                data = pydicom.dcmread(path, stop_before_pixels=True)
                assert data.PatientName == NOTICE
                assert data.ImageComments == NOTICE
            elif path.suffix == ".jpg":
                assert Image.open(path).info["comment"] == NOTICE.encode()
            elif path.suffix == ".png":
                assert Image.open(path).info["Comment"] == NOTICE
            else:
                continue
            seen += 1
    assert seen > 250


def test_rsna(phantoms: dict[str, Path]) -> None:
    root = phantoms["rsna"]
    labels = pd.read_csv(root / "stage_2_train_labels.csv")
    classes = pd.read_csv(root / "stage_2_detailed_class_info.csv")
    assert list(labels.columns) == ["patientId", "x", "y", "width", "height", "Target"]
    assert labels.patientId.tolist() == classes.patientId.tolist()
    assert set(classes["class"]) == {"Normal", "Lung Opacity", "No Lung Opacity / Not Normal"}
    assert ((classes["class"] == "Lung Opacity") == (labels.Target == 1)).all()
    assert labels[labels.Target == 0].x.isna().all()
    assert labels[labels.Target == 1].notna().all(axis=None)
    assert (labels.x + labels.width).max() <= SIDE
    assert labels.width.min() > 0
    boxes = labels[labels.Target == 1].groupby("patientId").size()
    assert len(boxes) == 20
    assert 1 < boxes.max() <= 4
    assert {path.stem for path in (root / "stage_2_train_images").iterdir()} == set(labels.patientId)
    for patient in labels.patientId.unique()[:3]:
        data = pydicom.dcmread(root / "stage_2_train_images" / f"{patient}.dcm")
        assert data.file_meta.TransferSyntaxUID == pydicom.uid.JPEGBaseline8Bit
        assert data.PatientID == patient
        assert data.pixel_array.shape == (SIDE, SIDE)


def decoded(runs: str, shape: tuple[int, int]) -> np.ndarray:
    """The format of datasets.md section 3, one run at a time."""
    flat, position = np.zeros(shape[0] * shape[1], bool), 0
    numbers = [int(number) for number in runs.split()]
    for offset, length in zip(numbers[::2], numbers[1::2], strict=True):
        flat[position + offset : position + offset + length] = True
        position += offset + length
    return flat.reshape(shape[1], shape[0]).T


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.booleans()))
def test_run_lengths_decode_to_the_mask(mask: np.ndarray) -> None:
    np.testing.assert_array_equal(decoded(relative_runs(mask), mask.shape), mask)


def test_siim(phantoms: dict[str, Path]) -> None:
    root = phantoms["siim"]
    table = pd.read_csv(root / "train-rle.csv")
    assert list(table.columns) == ["ImageId", " EncodedPixels"]
    assert table[" EncodedPixels"].str.startswith(" ").all()
    negative = table[" EncodedPixels"] == " -1"
    assert table[negative].ImageId.nunique() == 20
    assert not table[negative].ImageId.duplicated().any()
    assert table[~negative].ImageId.duplicated().any(), "some images have several rows"
    paths = {path.stem: path for path in (root / "dicom-images-train").glob("*/*/*.dcm")}
    assert set(paths) == set(table.ImageId)
    image, runs = table[~negative].iloc[0]
    pixels = pydicom.dcmread(paths[image]).pixel_array
    mask = decoded(runs, (1024, 1024))
    assert pixels.shape == (1024, 1024)
    assert 0.001 < mask.mean() < 0.2


def test_covid_rural(phantoms: dict[str, Path]) -> None:
    root = phantoms["covid-rural"]
    names = sorted(path.stem for path in (root / "jpgs").iterdir())
    assert names == sorted(path.stem for path in (root / "pngs_masks").iterdir())
    assert all(name.startswith("COVID-19-AR-") and name.endswith("-XR") for name in names)
    assert len({name.split("_")[0] for name in names}) < len(names) == 40, "some patients have several images"
    sizes = set()
    for name in names:
        image = Image.open(root / "jpgs" / f"{name}.jpg")
        mask = np.asarray(Image.open(root / "pngs_masks" / f"{name}.png"))
        assert image.mode == "RGB"
        assert image.size == mask.shape[::-1]
        assert set(np.unique(mask)) == {0, 1}
        sizes.add(image.size)
    assert len(sizes) > 10
    table = pd.read_csv(root / "covid_rural_patient_info.csv")
    assert set(table["PATIENT_ID"]) == {name.split("_")[0] for name in names}
    assert table["PATIENT_ID"].is_unique
    assert set(table["SEX"]) == {"F", "M"}
    assert table["AGE"].between(18, 93).all()


def test_object_cxr(phantoms: dict[str, Path]) -> None:
    root, types, outside = phantoms["object-cxr"] / "input", set(), 0
    for part, first in (("train", "00001.jpg"), ("dev", "08001.jpg")):
        table = pd.read_csv(root / f"{part}.csv", keep_default_na=False)
        assert list(table.columns) == ["image_name", "annotation"]
        assert table.image_name[0] == first
        assert set(table.image_name) == {path.name for path in (root / part).iterdir()}
        assert 0.4 < (table.annotation == "").mean() < 0.6
        for name, annotation in table.itertuples(index=False):
            width, height = Image.open(root / part / name).size
            for item in filter(None, annotation.split(";")):
                kind, *values = (int(number) for number in item.split(" "))
                types.add(kind)
                x, y = np.array(values[::2]), np.array(values[1::2])
                assert len(x) == len(y)
                assert len(x) == 2 if kind < 2 else len(x) >= 3
                if kind < 2:
                    assert x[0] < x[1]
                    assert y[0] < y[1]
                assert x.min() < width
                assert y.min() < height
                assert x.max() > 0
                assert y.max() > 0
                outside += x.min() < 0 or y.min() < 0 or x.max() > width or y.max() > height
    assert types == {0, 1, 2}
    assert outside


def test_nih_cxr(phantoms: dict[str, Path], shared: Path) -> None:
    root, real = phantoms["nih-cxr"], shared / "realdata" / "nih-cxr"
    for table in ("BBox_List_2017.csv", "Data_Entry_2017_v2020.csv"):
        lines = [(folder / table).read_text().splitlines()[0] for folder in (root, real)]
        assert lines[0] == lines[1]
    boxes = pd.read_csv(root / "BBox_List_2017.csv", usecols=range(6))
    assert list(boxes.columns) == ["Image Index", "Finding Label", "Bbox [x", "y", "w", "h]"]
    assert boxes["Finding Label"].value_counts().min() >= 3
    assert boxes["Finding Label"].nunique() == 8
    assert not boxes.duplicated(["Image Index", "Finding Label"]).any()
    assert (boxes["Bbox [x"] + boxes.w).max() <= SIDE
    assert (boxes.y + boxes["h]"]).max() <= SIDE
    entries = pd.read_csv(root / "Data_Entry_2017_v2020.csv", usecols=range(7)).set_index("Image Index")
    listed = (root / "test_list.txt").read_text().split()
    paths = {path.name: path for path in root.glob("images/images_*/images/*.png")}
    assert set(paths) == set(entries.index) > set(listed)
    bare = entries.index[entries["Finding Labels"] == "No Finding"]
    assert len(bare) == 4
    assert not set(bare) & set(boxes["Image Index"])
    assert len(set(bare) & set(listed)) == 3
    people = entries.groupby("Patient ID").size()
    assert people.max() > 1
    assert set(entries.index.str[:8].astype(int)) == set(people.index)
    assert {Image.open(path).mode for path in paths.values()} == {"L", "RGBA"}


def test_mimic_cxr(phantoms: dict[str, Path]) -> None:
    root = phantoms["mimic-cxr"]
    tables = root / "mimic-cxr-jpg_2-0-0"
    split, metadata, labels = (
        pd.read_csv(tables / f"mimic-cxr-2.0.0-{name}.csv.gz") for name in ("split", "metadata", "chexpert")
    )
    joined = split.merge(metadata, on=["subject_id", "study_id", "dicom_id"], validate="1:1")
    assert len(joined) == len(split) == len(metadata)
    assert set(joined.split) == {"train", "validate", "test"}
    assert joined.groupby("subject_id").split.nunique().max() == 1
    assert set(joined.ViewPosition) == {"PA", "AP", "LATERAL"}
    frontal = joined[joined.ViewPosition != "LATERAL"].groupby("study_id").size()
    assert frontal.min() == 1
    assert frontal.max() == 2
    assert len(labels) == labels.study_id.nunique() == joined.study_id.nunique() == 40
    assert labels.shape[1] == 16
    values = labels.iloc[:, 2:].to_numpy(dtype=float)
    assert set(values[~np.isnan(values)]) == {-1.0, 0.0, 1.0}
    groups = {path.name for path in (tables / "files").iterdir()}
    assert groups == {f"p{number}" for number in range(10, 20)}
    for row in joined.to_dict("records"):
        subject = f"p{row['subject_id']}"
        folder = tables / "files" / subject[:3] / subject / f"s{row['study_id']}"
        image = Image.open(folder / f"{row['dicom_id']}.jpg")
        assert image.mode == "L"
        assert image.size == (row["Columns"], row["Rows"])
    with zipfile.ZipFile(root / "mimic-cxr_2-0-0" / "mimic-cxr-reports.zip") as archive:
        reports = {Path(name).stem: archive.read(name).decode() for name in archive.namelist()}
        assert all(name.startswith("files/p1") for name in archive.namelist())
    assert set(reports) == {f"s{study}" for study in labels.study_id}
    assert all(NOTICE in text and "FINAL REPORT" in text for text in reports.values())
    assert any("FINDINGS:" in text and "IMPRESSION:" in text for text in reports.values())


def test_vindr_cxr(phantoms: dict[str, Path]) -> None:
    root = phantoms["vindr-cxr"]
    train, test = (
        pd.read_csv(root / "annotations" / f"annotations_{part}.csv") for part in ("train", "test")
    )
    assert list(train.columns) == ["image_id", "rad_id", "class_name", "x_min", "y_min", "x_max", "y_max"]
    assert list(test.columns) == [name for name in train.columns if name != "rad_id"]
    for part, table in (("train", train), ("test", test)):
        assert {path.stem for path in (root / part).glob("*.dicom")} == set(table.image_id)
        marked = table[table.class_name != "No finding"]
        assert marked.notna().all(axis=None)
        assert table[table.class_name == "No finding"].x_min.isna().all()
        assert (marked.x_max - marked.x_min).to_numpy(dtype=float).min() > 0
        assert marked[["x_max", "y_max"]].to_numpy(dtype=float).max() <= SIDE
    assert (train.groupby("image_id").rad_id.nunique() == 3).all()
    assert train.rad_id.str.fullmatch("R[0-9]+").all()
    assert (len(test.image_id.unique()), len(train.image_id.unique())) == (8, 32)


def test_chestx_det(phantoms: dict[str, Path]) -> None:
    root, images = phantoms["chestx-det"], 0
    for part in ("train", "test"):
        entries = json.loads((root / f"ChestX_Det_{part}.json").read_text())
        paths = {path.name for path in (root / f"{part}_data" / part).glob("*.png")}
        assert {entry["file_name"] for entry in entries} == paths
        images += len(paths)
        for entry in entries:
            assert len(entry["syms"]) == len(entry["boxes"]) == len(entry["polygons"])
            for corners, points in zip(entry["boxes"], entry["polygons"], strict=True):
                assert corners == [*np.min(points, axis=0), *np.max(points, axis=0)]
                assert corners[0] < corners[2] < SIDE
        assert 0.2 < np.mean([not entry["syms"] for entry in entries]) < 0.5
    assert images == 40


def test_tbx11k(phantoms: dict[str, Path]) -> None:
    root, images = phantoms["tbx11k"], 0
    for name in ("TBX11K_train", "TBX11K_val", "all_test"):
        content = json.loads((root / "annotations" / "json" / f"{name}.json").read_text())
        ids = [image["id"] for image in content["images"]]
        marked = {one["image_id"] for one in content["annotations"]}
        assert marked <= set(ids)
        assert bool(marked) == (name != "all_test")
        for image in content["images"]:
            assert Image.open(root / "imgs" / image["file_name"]).size == (512, 512)
            assert (image["id"] in marked) == image["file_name"].startswith("tb/")
        images += len(ids)
    assert images == 40


def test_chexlocalize(phantoms: dict[str, Path]) -> None:
    root, people = phantoms["chexlocalize"], []
    for part in ("val", "test"):
        masks = json.loads((root / "CheXlocalize" / f"gt_segmentations_{part}.json").read_text())
        paths = {
            "_".join(path.relative_to(root / "CheXpert" / part).with_suffix("").parts): path
            for path in root.glob(f"CheXpert/{part}/*/*/*.jpg")
        }
        assert masks.keys() < paths.keys()
        assert {len(found) for found in masks.values()} == {10}
        for key, found in masks.items():
            assert {tuple(mask["size"]) for mask in found.values()} == {Image.open(paths[key]).size[::-1]}
        people.append({key.split("_")[0] for key in paths})
    assert people[0].isdisjoint(people[1])


def test_jsrt(phantoms: dict[str, Path]) -> None:
    root, folds = phantoms["jsrt"], []
    names = sorted(path.stem for path in (root / "All247images").glob("*.IMG"))
    assert len(names) == 40
    for fold in ("fold1", "fold2"):
        organs = {path.name: path for path in (root / "scratch" / fold / "masks").iterdir()}
        assert set(organs) == {"left lung", "right lung", "heart", "left clavicle", "right clavicle"}
        (found,) = {tuple(sorted(path.stem for path in folder.iterdir())) for folder in organs.values()}
        folds.append(found)
        for folder in organs.values():
            mask = np.asarray(Image.open(next(folder.iterdir())).convert("L"))
            assert mask.shape == (SIDE // 2, SIDE // 2)
            assert set(np.unique(mask)) == {0, 255}
        values = np.fromfile(root / "All247images" / f"{found[0]}.IMG", dtype=">u2")
        assert (len(values), values.max()) <= (SIDE**2, 4095)
    assert sorted([*folds[0], *folds[1]]) == names
