"""Read one raw image from bytes. Whatever a broken file makes a decoder raise becomes `BadImageError`."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from lovt_bench.benchmark.contract.plain_file import PlainFileError, read_plain
from lovt_bench.benchmark.data.errors import BadImageError
from lovt_bench.benchmark.data.walk import file_problem

if TYPE_CHECKING:
    from pydicom import Dataset

MAX_PIXELS = 100_000_000
"""Larger images are refused before they are decoded; the largest public ones have about 20 million pixels."""

MAX_BYTES = 1 << 30
"""Larger files are no single X-ray and are not read."""

JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
"""Decoded by Pillow also where gdcm is installed: the two differ by one grey level."""


def read_bytes(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        BadImageError: It is missing, empty, no regular file, too large, or cannot be read.
    """
    if problem := file_problem(path):
        raise BadImageError(problem)
    if (size := path.stat().st_size) > MAX_BYTES:
        raise BadImageError(f"{size:,} bytes, expected one image of at most {MAX_BYTES:,}")
    try:
        content = read_plain(path, MAX_BYTES, follow=True)
    except PlainFileError as error:
        raise BadImageError(f"file {error}") from error  # it was exchanged or grew since
    except OSError as error:
        raise BadImageError(f"file cannot be read: {error.strerror}") from error
    if not content:
        raise BadImageError("file is empty (0 bytes); not a readable image")
    return content


def eight_bit_grey(dataset: Dataset) -> np.ndarray:
    """Return the stored values of a data set, uint8 (H, W).

    Raises:
        BadImageError: They are colours, or of more than 8 bit.
        Exception: Whatever pydicom and its decoders raise.
    """
    pixels = stored_values(dataset)
    if pixels.ndim != 2 or pixels.dtype != np.uint8:
        raise BadImageError(f"8-bit grey image expected, found {pixels.dtype} of shape {pixels.shape}")
    return pixels


def read_dicom(content: bytes) -> Dataset:
    """Return a DICOM data set that holds one image of bearable size.

    Raises:
        BadImageError: It holds none, several, or a huge one.
        Exception: Whatever pydicom raises.
    """
    import pydicom

    dataset = pydicom.dcmread(io.BytesIO(content))
    if not any(name in dataset for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise BadImageError("DICOM file without pixel data: it was cut off, or is a report or a header only")
    if (frames := int(dataset.get("NumberOfFrames") or 1)) != 1:
        raise BadImageError(f"DICOM file of {frames} frames; one image expected")
    check_size(int(dataset.Rows) * int(dataset.Columns))
    return dataset


def stored_values(dataset: Dataset) -> np.ndarray:
    """Return the pixel values of a data set as they are stored, (H, W) or (H, W, 3); colours as RGB.

    Raises:
        Exception: Whatever pydicom and its decoders raise.
    """
    pixels = _plain_jpeg(dataset)
    if pixels is None:
        if dataset.file_meta.TransferSyntaxUID == JPEG_BASELINE:
            dataset.pixel_array_options(decoding_plugin="pillow")
        pixels = dataset.pixel_array
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
    image = _open(content)
    return np.asarray(image if image.mode == "L" else image.convert("L"))  # which copies what is grey already


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


@contextmanager
def named(what: str) -> Iterator[None]:
    """Turn whatever a decoder raises in the block into `BadImageError`."""
    try:
        yield
    except BadImageError:
        raise
    except Exception as error:  # decoders raise whatever their libraries do
        first = (str(error) or type(error).__name__).splitlines()[0][:200]
        raise BadImageError(f"not a readable {what}: {first}") from error


def check_size(pixels: int) -> None:
    """Raise `BadImageError` for an image without pixels or a huge one."""
    if not 0 < pixels <= MAX_PIXELS:
        raise BadImageError(f"between 1 and {MAX_PIXELS} pixels expected, found {pixels}")


def open_image(content: bytes, formats: list[str] | tuple[str, ...] | None = None) -> Image.Image:
    """Return a loaded image of one of Pillow's formats.

    Raises:
        BadImageError: It cannot be read, or is huge.
    """
    with named("image"), warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        image = Image.open(io.BytesIO(content), formats=formats)
        check_size(image.width * image.height)
        image.load()
    return image


def _open(content: bytes) -> Image.Image:
    image = open_image(content)
    if image.mode.startswith(("I", "F")):
        raise BadImageError(f"8-bit image expected, found mode {image.mode}")
    return image
