"""Tiny raw folders in the layouts of the public datasets. A test changes one thing in them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEGBaseline8Bit, JPEGLosslessSV1, generate_uid

from lovt_bench.benchmark.data.displayed import decode_protocol_dicom

NIH_BOX_HEADER = "Image Index,Finding Label,Bbox [x,y,w,h],,,"
NIH_ENTRY_HEADER = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]"
)


def grey(height: int = 40, width: int = 52, seed: int = 0) -> np.ndarray:
    """Return a smooth uint8 image with noise, so that JPEG and equalisation have something to do."""
    rng = np.random.default_rng(seed)
    ramp = np.add.outer(np.linspace(20, 120, height), np.linspace(0, 90, width))
    return np.clip(ramp + rng.normal(0, 6, (height, width)), 0, 255).astype(np.uint8)


def stored_dicom(content: bytes) -> np.ndarray:
    """Return the stored values of a DICOM image, uint8 (H, W), as the published protocol takes them."""
    return decode_protocol_dicom(content, "stored")[0]


def write_dicom(path: Path, pixels: np.ndarray, syntax: str = "plain", **tags: Any) -> None:
    """Write a DICOM file: `plain`, `baseline` (JPEG by Pillow) or `lossless` (JPEG by gdcm); tags by keyword."""
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.7")
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = pydicom.Dataset()
    dataset.file_meta = meta
    dataset.SOPClassUID, dataset.SOPInstanceUID = (
        meta.MediaStorageSOPClassUID,
        meta.MediaStorageSOPInstanceUID,
    )
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated = dataset.BitsStored = 8 * pixels.dtype.itemsize
    dataset.HighBit, dataset.PixelRepresentation, dataset.SamplesPerPixel = dataset.BitsStored - 1, 0, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    if syntax == "baseline":
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, format="JPEG", quality=92)
        meta.TransferSyntaxUID = JPEGBaseline8Bit
        dataset.PixelData = encapsulate([buffer.getvalue()])
    else:
        dataset.PixelData = pixels.tobytes()
    dataset["PixelData"].VR = "OB" if pixels.dtype == np.uint8 else "OW"
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)
    if syntax == "lossless":
        _compress(path)


def _compress(path: Path) -> None:
    import gdcm

    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(path))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    assert pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID == JPEGLosslessSV1


def write_image(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def write_lines(path: Path, lines: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def rsna(raw: Path, patients: int = 10, syntax: str = "plain") -> Path:
    """Patient p0 has two boxes, every third one box, the others none. Images are 40 x 52."""
    lines = ["patientId,x,y,width,height,Target"]
    for number in range(patients):
        name = f"p{number}"
        write_dicom(raw / "stage_2_train_images" / f"{name}.dcm", grey(seed=number), syntax)
        if number == 0:
            lines.append(f"{name},2.0,3.0,10.0,12.0,1")
        lines.append(f"{name},20.0,8.0,16.0,9.0,1" if number % 3 == 0 else f"{name},,,,,0")
    write_lines(raw / "stage_2_train_labels.csv", lines)
    return raw


def siim(raw: Path, images: int = 5) -> Path:
    """Image i0 has two annotations, the others none. Images are 1024 x 1024, lossless JPEG."""
    lines = ["ImageId, EncodedPixels", "i0, 1024 10 1014 10", "i0, 1050 4"]
    for number in range(images):
        pixels = np.kron(grey(16, 16, seed=number), np.ones((64, 64), np.uint8))
        path = raw / "dicom-images-train" / f"study{number}" / "series" / f"i{number}.dcm"
        write_dicom(path, pixels, "lossless")
        if number:
            lines.append(f"i{number}, -1")
    write_lines(raw / "train-rle.csv", lines)
    return raw


def covid_rural(raw: Path, images: int = 10, root: str = ".") -> Path:
    """Patients have two images each; the mask of each image covers its upper left quarter."""
    for number in range(images):
        name = f"COVID-19-AR-{number // 2:04d}_0{number % 2}-01-2012-XR"
        pixels = grey(40, 53, seed=number)
        write_image(raw / root / "jpgs" / f"{name}.jpg", np.stack([pixels, pixels, pixels // 2], axis=2))
        mask = np.zeros((40, 53), dtype=np.uint8)
        mask[:20, :26] = 1
        write_image(raw / root / "pngs_masks" / f"{name}.png", mask)
    return raw


def object_cxr(raw: Path, train: int = 10, dev: int = 3) -> Path:
    """Every even image has a rectangle of width 20 and height 8, image 00000 a polygon as well."""
    for pool, first, count in (("train", 0, train), ("dev", train, dev)):
        lines = ["image_name,annotation"]
        for number in range(first, first + count):
            name = f"{number:05d}.jpg"
            write_image(raw / "input" / pool / name, grey(60, 50, seed=number))
            annotation = "0 10 30 30 38" if number % 2 == 0 else ""
            if number == 0:
                annotation += ";2 5 2 25 2 25 12 5 12"
            lines.append(f"{name},{annotation}")
        write_lines(raw / "input" / f"{pool}.csv", lines)
    return raw


def nih_cxr(raw: Path, annotated: int = 10, no_finding: int = 10) -> Path:
    """Annotated patients 0…, each with a Mass box, image 0 a Nodule box too; one is an RGBA file."""
    boxes, entries = [NIH_BOX_HEADER], [NIH_ENTRY_HEADER]
    for number in range(annotated + no_finding):
        name = f"{number:08d}_000.png"
        folder = raw / "images" / f"images_{number % 12 + 1:02d}" / "images"
        pixels = grey(seed=number)
        rgba = np.stack([pixels] * 3 + [np.full_like(pixels, 255)], axis=2)
        write_image(folder / name, rgba if number == 1 else pixels)
        if number < annotated:
            boxes.append(f"{name},Mass,4.5,6.25,12.0,10.5")
        if number == 0:
            boxes.append(f"{name},Nodule,30.0,20.0,8.0,8.0")
        label = "Mass" if number < annotated else "No Finding"
        entries.append(f"{name},{label},0,{number},50,M,PA,52,40,0.1,0.1")
    write_lines(raw / "BBox_List_2017.csv", boxes)
    write_lines(raw / "Data_Entry_2017_v2020.csv", entries)
    return raw


def vindr_cxr(raw: Path, train: int = 10, test: int = 3) -> Path:
    """Two of three readers mark a nodule on every even training image, all on every even test image. 40 x 52."""
    lines = {"train": ["image_id,rad_id,class_name,x_min,y_min,x_max,y_max"]}
    lines["test"] = ["image_id,class_name,x_min,y_min,x_max,y_max"]
    for part, count in (("train", train), ("test", test)):
        for number in range(count):
            name = f"{part}{number}"
            write_dicom(raw / part / f"{name}.dicom", grey(seed=number))
            has, none = number % 2 == 0, "No finding,,,,"
            first, second = (
                ("Nodule/Mass,10,8,26,20", "Nodule/Mass,12.0,8.0,28.0,20.0") if has else (none, none)
            )
            if part == "train":
                lines[part] += [f"{name},R9,{first}", f"{name},R10,{second}", f"{name},R8,{none}"]
            else:
                lines[part].append(f"{name},{first}")
        write_lines(raw / "annotations" / f"annotations_{part}.csv", lines[part])
    return raw


def chestx_det(raw: Path, train: int = 10, test: int = 3) -> Path:
    """Every even image has a nodule of width 16 and height 12. Images are 40 x 52."""
    for part, first, count in (("train", 100, train), ("test", 200, test)):
        entries = []
        for number in range(first, first + count):
            write_image(raw / f"{part}_data" / part / f"{number}.png", grey(seed=number))
            has = number % 2 == 0
            entries.append(
                {
                    "file_name": f"{number}.png",
                    "syms": ["Nodule"] * has,
                    "boxes": [[10, 8, 26, 20]] * has,
                    "polygons": [[[10, 8], [26, 8], [26, 20], [10, 20]]] * has,
                }
            )
        (raw / f"ChestX_Det_{part}.json").write_text(json.dumps(entries))
    return raw


def tbx11k(raw: Path, train: int = 10, validation: int = 3) -> Path:
    """Every even image of training has a box, of active and latent tuberculosis in turn. Images are 40 x 52."""
    categories = ["ActiveTuberculosis", "ObsoletePulmonaryTuberculosis", "PulmonaryTuberculosis"]
    write_image(raw / "imgs" / "test" / "test_0.png", grey(seed=99))
    for part, first, count in (("train", 0, train), ("val", train, validation)):
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for number in range(first, first + count):
            has = number % 2 == 0 and (part == "train" or number > train)
            name = f"tb/tb{number}.png" if has else f"health/h{number}.png"
            write_image(raw / "imgs" / name, grey(seed=number))
            images.append({"id": number, "file_name": name, "width": 52, "height": 40})
            if has:
                kind = 1 + number // 2 % 2
                annotations.append({"image_id": number, "category_id": kind, "bbox": [10, 8, 16, 12]})
        content = {"images": images, "annotations": annotations}
        content["categories"] = [
            {"id": number, "name": name} for number, name in enumerate(categories, start=1)
        ]
        path = raw / "annotations" / "json" / f"TBX11K_{part}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    return raw


def chexlocalize(raw: Path, validation: int = 10, test: int = 3) -> Path:
    """Patients of odd number have an effusion of 10 x 20 pixels, patient 1 a lateral view as well. 40 x 52."""
    rows = [[0] * 20 + [1] * 10 + [0] * 10 if 5 <= column < 25 else [0] * 40 for column in range(52)]
    flat = [value for row in rows for value in row]
    counts, last = [0], 0
    for value in flat:
        if value != last:
            counts.append(0)
            last = value
        counts[-1] += 1
    (raw / "CheXlocalize").mkdir(parents=True)
    for part, first, count in (("val", 1, validation), ("test", 11, test)):
        masks = {}
        for number in range(first, first + count):
            folder = raw / "CheXpert" / part / f"patient{number}" / "study1"
            write_image(folder / "view1_frontal.jpg", grey(seed=number))
            if number % 2:
                key = f"patient{number}_study1_view1_frontal"
                masks[key] = {
                    "Pleural Effusion": {"size": [40, 52], "counts": counts},
                    "Edema": {"size": [40, 52], "counts": [40 * 52]},
                }
            if number == 1:
                write_image(folder / "view2_lateral.jpg", grey(seed=50))
        (raw / "CheXlocalize" / f"gt_segmentations_{part}.json").write_text(json.dumps(masks))
    return raw


def jsrt(raw: Path, images: int = 10) -> Path:
    """Images of 64 x 64, in the two folds in turn; each mask is a square of a quarter of the side."""
    organs = ("left lung", "right lung", "heart", "left clavicle", "right clavicle")
    for number in range(1, images + 1):
        name = f"JPCLN{number:03d}"
        path = raw / "All247images" / f"{name}.IMG"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((4095 - 16 * grey(64, 64, seed=number).astype(np.uint16)).astype(">u2").tobytes())
        for place, organ in enumerate(organs):
            mask = np.zeros((32, 32), dtype=np.uint8)
            mask[8 * (place // 4) : 8 * (place // 4) + 8, 8 * (place % 4) : 8 * (place % 4) + 8] = 255
            folder = raw / "scratch" / f"fold{2 - number % 2}" / "masks" / organ
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(mask).save(folder / f"{name}.gif")
    return raw


MAKERS: dict[str, Callable[[Path], Path]] = {
    "rsna": rsna,
    "siim": siim,
    "covid-rural": covid_rural,
    "object-cxr": object_cxr,
    "nih-cxr": nih_cxr,
    "vindr-cxr": vindr_cxr,
    "chestx-det": chestx_det,
    "tbx11k": tbx11k,
    "chexlocalize": chexlocalize,
    "jsrt": jsrt,
}
