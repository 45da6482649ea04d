"""One picture from its file to grey pixels of any depth. Whatever a broken file raises becomes `BadImageError`."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from lovt_bench.benchmark.data.audit.files import Picture
from lovt_bench.benchmark.data.displayed import FORMATS, is_dicom
from lovt_bench.benchmark.data.errors import BadImageError
from lovt_bench.benchmark.data.images import check_size, read_bytes

DRAFT_SIDE = 256
"""JPEGs are decoded at no less than this side: four to eight times faster, and a hash sees no more."""


def grey_pixels(picture: Picture) -> np.ndarray:
    """Return a picture upright, as real numbers (H, W); JPEGs may come reduced, of several frames the first.

    The hash sees neither polarity nor window, so that values stay as they are stored.

    Raises:
        BadImageError: It cannot be read; the message says why.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
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
    content = read_bytes(path)
    stream = io.BytesIO(content)
    return _dicom(stream) if is_dicom(content) else _picture(stream)


def _dicom(stream: io.BytesIO) -> np.ndarray:
    import pydicom
    from pydicom.pixels import pixel_array

    dataset = pydicom.dcmread(stream)
    check_size(int(dataset.Rows) * int(dataset.Columns))
    pixels = pixel_array(dataset, index=0)
    return pixels.mean(axis=2) if pixels.ndim == 3 else pixels


def _picture(stream: io.BytesIO) -> np.ndarray:
    with Image.open(stream, formats=FORMATS) as image:
        check_size(image.width * image.height)
        if image.format == "JPEG":
            image.draft("L", (DRAFT_SIDE, DRAFT_SIDE))
        upright = ImageOps.exif_transpose(image)
        if not upright.mode.startswith(("I", "F")) and upright.mode != "L":
            upright = upright.convert("L")
        return np.asarray(upright)
