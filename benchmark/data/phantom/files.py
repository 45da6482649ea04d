"""How images leave the phantom: files that say they are synthetic, the same bytes every time."""

from __future__ import annotations

import hashlib
import io

import numpy as np
from PIL import Image, PngImagePlugin
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, JPEGBaseline8Bit, SecondaryCaptureImageStorage

from lovt_bench.benchmark.data.phantom.canvas import Array
from lovt_bench.benchmark.data.phantom.folder import PhantomFolder

NOTICE = "SYNTHETIC PHANTOM"
"""Stands in every image file."""


def jpeg_bytes(pixels: Array, quality: int) -> bytes:
    """Encode (H, W) or (H, W, 3) uint8 as baseline JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, comment=NOTICE)
    return buffer.getvalue()


def write_jpeg(folder: PhantomFolder, name: str, pixels: Array, quality: int = 90) -> None:
    """Write a JPEG file."""
    folder.write(name, jpeg_bytes(pixels, quality))


def write_png(folder: PhantomFolder, name: str, pixels: Array) -> None:
    """Write a PNG file; (H, W), or (H, W, 4) for RGBA."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", NOTICE)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1, pnginfo=info)
    folder.write(name, buffer.getvalue())


def uid(*key: str | int) -> str:
    """Return a DICOM UID (2.25 and a 128-bit number) that depends on the key only."""
    digest = hashlib.sha256("/".join(str(part) for part in key).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def write_dicom(
    folder: PhantomFolder,
    name: str,
    pixels: Array,
    *,
    patient: str,
    sex: str,
    age: int,
    view: str,
    study: str,
    series: str,
    instance: str,
) -> None:
    """Write (H, W) uint8 as a JPEG-baseline secondary capture, with the tags of the RSNA and SIIM files."""
    height, width = pixels.shape
    values: dict[str, object] = {
        "SpecificCharacterSet": "ISO_IR 100",
        "SOPClassUID": SecondaryCaptureImageStorage,
        "SOPInstanceUID": UID(instance),
        "StudyInstanceUID": UID(study),
        "SeriesInstanceUID": UID(series),
        "StudyDate": "19010101",
        "StudyTime": "000000.00",
        "Modality": "CR",
        "ConversionType": "WSD",
        "AccessionNumber": "",
        "ReferringPhysicianName": "",
        "StudyID": "",
        "SeriesNumber": 1,
        "InstanceNumber": 1,
        "PatientOrientation": "",
        "SeriesDescription": f"view: {view}",
        "PatientName": NOTICE,
        "PatientID": patient,
        "PatientBirthDate": "",
        "PatientSex": sex,
        "PatientAge": f"{age:03d}Y",
        "BodyPartExamined": "CHEST",
        "ViewPosition": view,
        "ImageComments": NOTICE,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": height,
        "Columns": width,
        "PixelSpacing": [round(400 / height, 3), round(400 / width, 3)],
        "BitsAllocated": 8,
        "BitsStored": 8,
        "HighBit": 7,
        "PixelRepresentation": 0,
        "LossyImageCompression": "01",
        "LossyImageCompressionMethod": "ISO_10918_1",
    }
    data = Dataset()
    for keyword, value in values.items():
        setattr(data, keyword, value)
    data.add_new("PixelData", "OB", encapsulate([jpeg_bytes(pixels, 92)]))
    meta = FileMetaDataset()
    for keyword, uid in (
        ("MediaStorageSOPClassUID", SecondaryCaptureImageStorage),
        ("MediaStorageSOPInstanceUID", UID(instance)),
        ("TransferSyntaxUID", JPEGBaseline8Bit),
    ):
        setattr(meta, keyword, uid)
    data.file_meta = meta
    content = io.BytesIO()
    data.save_as(content, enforce_file_format=True)
    folder.write(name, content.getvalue())


def enlarge(pixels: Array, height: int, width: int) -> Array:
    """Resize a picture (H, W) uint8."""
    if pixels.shape == (height, width):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR))


def enlarge_mask(mask: Array, height: int, width: int) -> Array:
    """Resize a mask (H, W) bool to the nearest pixel."""
    image = Image.fromarray(mask.astype(np.uint8))
    return np.asarray(image.resize((width, height), Image.Resampling.NEAREST)).astype(bool)
