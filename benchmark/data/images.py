"""Read one raw image from bytes. Whatever a broken file makes a decoder raise becomes `BadImageError`."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from benchmark.data.errors import BadImageError

if TYPE_CHECKING:
    from pydicom import Dataset

MAX_PIXELS = 100_000_000
"""Larger images are refused before they are decoded; the largest public ones have about 20 million pixels."""

JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
"""Decoded by Pillow also where gdcm is installed: the two differ by one grey level."""


def read_bytes(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        BadImageError: It is missing or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BadImageError("file is missing") from None
    except OSError as error:
        raise BadImageError(f"file cannot be read: {error.strerror}") from error


def decode_dicom(content: bytes) -> np.ndarray:
    """Return the pixel array of a DICOM file, uint8 (H, W), unchanged: no window, no inversion.

    Raises:
        BadImageError: Not a readable single-frame 8-bit grey image.
    """
    import pydicom

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(io.BytesIO(content))
            _check_size(int(dataset.Rows) * int(dataset.Columns) * int(dataset.get("NumberOfFrames") or 1))
            pixels = _plain_jpeg(dataset)
            if pixels is None:
                if dataset.file_meta.TransferSyntaxUID == JPEG_BASELINE:
                    dataset.pixel_array_options(decoding_plugin="pillow")
                pixels = dataset.pixel_array
    except BadImageError:
        raise
    except Exception as error:  # decoders raise whatever their libraries do
        raise BadImageError(f"not a readable DICOM image: {_first_line(error)}") from error
    if pixels.ndim != 2 or pixels.dtype != np.uint8:
        raise BadImageError(f"8-bit grey image expected, found {pixels.dtype} of shape {pixels.shape}")
    return pixels


def _plain_jpeg(dataset: Dataset) -> np.ndarray | None:
    """Return the pixels of a DICOM image that is one grey baseline JPEG; None for everything else.

    The same pixels as `pixel_array`, which copies them four times on their way (2 ms of 5 at 1024 x 1024).
    """
    from pydicom.encaps import generate_fragments, parse_basic_offsets

    plain = {"SamplesPerPixel": 1, "BitsAllocated": 8, "BitsStored": 8, "PixelRepresentation": 0}
    if dataset.file_meta.TransferSyntaxUID != JPEG_BASELINE or int(dataset.get("NumberOfFrames") or 1) != 1:
        return None
    if any(dataset.get(name) != value for name, value in plain.items()) or "PixelData" not in dataset:
        return None
    stream = io.BytesIO(dataset.PixelData)
    parse_basic_offsets(stream)
    fragments = list(generate_fragments(stream))
    if len(fragments) != 1:
        return None
    image = Image.open(io.BytesIO(fragments[0]), formats=("JPEG",))
    if image.mode != "L" or image.size != (dataset.Columns, dataset.Rows):
        return None
    return np.asarray(image)


def decode_grey(content: bytes) -> np.ndarray:
    """Return a PNG or JPEG as uint8 (H, W), colours converted to grey (Pillow `L`; alpha is dropped)."""
    return np.asarray(_open(content).convert("L"))


def decode_channel_mean(content: bytes) -> np.ndarray:
    """Return a PNG or JPEG as float64 (H, W): mean over the colour channels of value / 255."""
    image = _open(content)
    pixels = np.asarray(image if image.mode in ("L", "RGB") else image.convert("RGB")) / 255.0
    return pixels.mean(axis=2) if pixels.ndim == 3 else pixels


def decode_values(content: bytes) -> np.ndarray:
    """Return the raw values of a one-channel mask image, (H, W); palette images give their indices."""
    pixels = np.asarray(_open(content))
    if pixels.ndim != 2:
        raise BadImageError(f"mask must have one channel, found shape {pixels.shape}")
    return pixels


def _open(content: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content))
            _check_size(image.width * image.height)
            image.load()
    except BadImageError:
        raise
    except Exception as error:  # decoders raise whatever their libraries do
        raise BadImageError(f"not a readable image: {_first_line(error)}") from error
    if image.mode.startswith(("I", "F")):
        raise BadImageError(f"8-bit image expected, found mode {image.mode}")
    return image


def _check_size(pixels: int) -> None:
    if not 0 < pixels <= MAX_PIXELS:
        raise BadImageError(f"between 1 and {MAX_PIXELS} pixels expected, found {pixels}")


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
