"""What happens to an X-ray on its way into a pre-training corpus, and drawn X-rays to do it to."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image, ImageOps
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from lovt_bench.benchmark.data.audit.files import Passed, pictures
from lovt_bench.benchmark.data.audit.read import grey_pixels
from lovt_bench.benchmark.data.phantom.generate import write_phantom
from lovt_bench.benchmark.data.phantom.layout import Settings


@cache
def drawn(count: int = 20) -> tuple[np.ndarray, ...]:
    """Return phantom images of different people, uint8 (256, 256). Not to be changed."""
    with TemporaryDirectory() as folder:
        root = Path(folder) / "rsna"
        write_phantom(root, Settings("rsna", seed=3, images=count, side=256), None)
        return tuple(grey_pixels(one) for one in pictures(root, Passed()))


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


def resized(image: np.ndarray, height: int, width: int) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC))


def equalised(image: np.ndarray) -> np.ndarray:
    return np.asarray(ImageOps.equalize(Image.fromarray(image)))


def cropped(image: np.ndarray, top: float, bottom: float, left: float, right: float) -> np.ndarray:
    height, width = image.shape
    return image[
        round(top * height) : height - round(bottom * height),
        round(left * width) : width - round(right * width),
    ]


def padded(image: np.ndarray, value: int = 0) -> np.ndarray:
    """Return it in the middle of a flat square twice as large."""
    side = 2 * max(image.shape)
    square = np.full((side, side), value, dtype=image.dtype)
    top, left = (side - image.shape[0]) // 2, (side - image.shape[1]) // 2
    square[top : top + image.shape[0], left : left + image.shape[1]] = image
    return square


def noisy(image: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 6, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


WAYS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "the same": lambda image: image,
    "JPEG of quality 75": lambda image: jpeg(image, 75),
    "JPEG of quality 30": lambda image: jpeg(image, 30),
    "half the size": lambda image: resized(image, image.shape[0] // 2, image.shape[1] // 2),
    "twice the size": lambda image: resized(image, 2 * image.shape[0], 2 * image.shape[1]),
    "another ratio": lambda image: resized(image, 200, 300),
    "equalised": equalised,
    "gamma 0.6": lambda image: (255 * (image / 255) ** 0.6).astype(np.uint8),
    "gamma 1.6": lambda image: (255 * (image / 255) ** 1.6).astype(np.uint8),
    "16 bit": lambda image: image.astype(np.uint16) * 257,
    "12 bit, signed": lambda image: image.astype(np.int16) * 16 - 1024,
    "inverted": lambda image: 255 - image,
    "padded with black": padded,
    "padded with white": lambda image: padded(image, 255),
    "noise": noisy,
    "cropped by 2 % on all sides": lambda image: cropped(image, 0.02, 0.02, 0.02, 0.02),
    "cropped by 3 % on all sides": lambda image: cropped(image, 0.03, 0.03, 0.03, 0.03),
    "cropped by 4 % at one corner": lambda image: cropped(image, 0.04, 0, 0, 0.04),
    "cropped by 2 %, equalised, JPEG": lambda image: jpeg(equalised(cropped(image, *[0.02] * 4)), 60),
}
"""A copy made so is found."""


def as_store(image: np.ndarray) -> np.ndarray:
    """Return an image as an image store holds it: equalised, padded to a square, 224 pixels."""
    height, width = image.shape
    square = np.zeros((max(height, width),) * 2, dtype=np.uint8)
    top, left = (square.shape[0] - height) // 2, (square.shape[1] - width) // 2
    square[top : top + height, left : left + width] = equalised(image)
    return np.asarray(Image.fromarray(square).resize((224, 224), Image.Resampling.BILINEAR))


def dicom(path: Path, pixels: np.ndarray, **tags: object) -> Path:
    """Write pixels as an uncompressed DICOM file."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.1")
    dataset.file_meta.MediaStorageSOPInstanceUID = UID("2.25.1")
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID
    colour = pixels.ndim == 3 and pixels.shape[2] == 3
    frames = len(pixels) if pixels.ndim == 3 and not colour else 1
    dataset.Rows, dataset.Columns = pixels.shape[:2] if colour or frames == 1 else pixels.shape[1:]
    if frames > 1:
        dataset.NumberOfFrames = frames
    dataset.SamplesPerPixel = 3 if colour else 1
    if colour:
        dataset.PlanarConfiguration = 0
    dataset.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8 * pixels.itemsize
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    for name, value in tags.items():
        setattr(dataset, name, value)
    dataset.PixelData = pixels.tobytes()
    dataset.save_as(path, enforce_file_format=True)
    return path
