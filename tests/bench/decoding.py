"""Bare decoding of raw images. Imports no torch: worker processes start as fast as those of the preparation."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image

from lovt_bench.benchmark.data.equalise import through_jpeg
from lovt_bench.benchmark.data.images import JPEG_BASELINE
from lovt_bench.benchmark.data.samples import Sample


def bare_dicom(path: Path) -> np.ndarray:
    """Decode as pydicom does."""
    content = pydicom.dcmread(io.BytesIO(path.read_bytes()))
    if content.file_meta.TransferSyntaxUID == JPEG_BASELINE:
        content.pixel_array_options(decoding_plugin="pillow")
    return content.pixel_array


def bare_image(path: Path) -> np.ndarray:
    """Decode as Pillow does."""
    image = Image.open(io.BytesIO(path.read_bytes()))
    return np.asarray(image.convert("L"))


def bare_and_jpeg(path: Path) -> np.ndarray:
    """Decode, and take the way through a JPEG that the protocol asks for."""
    return through_jpeg(bare_image(path), 75)


def decode_chunk(chunk: Sequence[Sample]) -> int:
    """Decode images in a worker process."""
    return sum(bare_dicom(sample.image).size for sample in chunk)
