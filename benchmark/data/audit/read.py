"""One picture from its file to grey pixels of any depth. Whatever a broken file raises becomes `BadImageError`."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from benchmark.data.audit.files import DICOM_MAGIC, Picture
from benchmark.data.errors import BadImageError
from benchmark.data.images import MAX_PIXELS

MAX_BYTES = 1 << 30
"""Larger files are no single X-ray."""

FORMATS = ("PNG", "JPEG", "JPEG2000", "TIFF", "BMP", "WEBP", "PPM")
"""Decoders that may run; some of Pillow's others call programs."""

DRAFT_SIDE = 256
"""JPEGs are decoded at no less than this side: four to eight times faster, and a hash sees no more."""


def grey_pixels(picture: Picture) -> np.ndarray:
    """Return a picture as real numbers (H, W); JPEGs may come reduced, of several frames the first.

    Raises:
        BadImageError: It cannot be read; the message says why.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pixels = _prepared(picture) if picture.row else _file(picture.path)
    except BadImageError:
        raise
    except UnidentifiedImageError:
        raise BadImageError(f"no picture in one of the formats {', '.join(FORMATS)} or DICOM") from None
    except Exception as error:  # decoders raise whatever their libraries do
        raise BadImageError((str(error) or type(error).__name__).splitlines()[0][:200]) from error
    if pixels.ndim != 2 or not pixels.size:
        raise BadImageError(f"a grey or colour image expected, found shape {pixels.shape}")
    return np.nan_to_num(pixels) if pixels.dtype.kind == "f" else pixels


def _prepared(picture: Picture) -> np.ndarray:
    assert picture.row is not None
    offset, height, width = picture.row
    stored = np.load(picture.path, mmap_mode="r", allow_pickle=False)
    if min(offset, height - 1, width - 1) < 0 or offset + height * width > stored.size:
        raise BadImageError("lies outside the pixels of the corpus")
    return np.array(stored[offset : offset + height * width]).reshape(height, width)


def _file(path: Path) -> np.ndarray:
    if (size := path.stat().st_size) > MAX_BYTES:
        raise BadImageError(f"{size:,} bytes, expected one image of at most {MAX_BYTES:,}")
    with path.open("rb") as stream:
        start = stream.read(132)
    return _dicom(path) if start[128:] == DICOM_MAGIC else _picture(path)


def _dicom(path: Path) -> np.ndarray:
    import pydicom
    from pydicom.pixels import pixel_array

    dataset = pydicom.dcmread(path)
    _check_size(int(dataset.Rows) * int(dataset.Columns))
    pixels = pixel_array(dataset, index=0)
    return pixels.mean(axis=2) if pixels.ndim == 3 else pixels


def _picture(path: Path) -> np.ndarray:
    with Image.open(path, formats=FORMATS) as image:
        _check_size(image.width * image.height)
        if image.format == "JPEG":
            image.draft("L", (DRAFT_SIDE, DRAFT_SIDE))
        if not image.mode.startswith(("I", "F")) and image.mode != "L":
            return np.asarray(image.convert("L"))
        return np.asarray(image)


def _check_size(pixels: int) -> None:
    if not 0 < pixels <= MAX_PIXELS:
        raise BadImageError(f"between 1 and {MAX_PIXELS:,} pixels expected, found {pixels:,}")
