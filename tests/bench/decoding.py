"""Bare work on raw images: decoding, and the arithmetic that the protocol asks for, as plain calls of libraries.

Imports no torch: worker processes start as fast as those of the preparation.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image, ImageOps

from lovt_bench.benchmark.contract.protocol import DataProtocol
from lovt_bench.benchmark.data.images import JPEG_BASELINE
from lovt_bench.benchmark.data.samples import Sample

Step = Callable[[Image.Image], Image.Image]


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


def decode(path: Path) -> np.ndarray:
    """Decode a file by its ending."""
    return bare_dicom(path) if path.suffix == ".dcm" else bare_image(path)


def arithmetic(name: str, protocol: DataProtocol) -> dict[str, Step]:
    """Return the steps between decoding and a stored image that a dataset's protocol asks for, in their order.

    Pillow's own equalisation has other bins and no statistics: it is as much work, not the same grey values.
    """
    equalised = name in protocol.equalised
    steps: dict[str, Step] = {"equalisation": ImageOps.equalize} if equalised else {"histogram": _counted}
    if quality := protocol.jpeg_quality.get(name):
        steps["JPEG"] = partial(_through_jpeg, quality=quality)
    return steps | {"resize": partial(_squared, side=protocol.image_side)}


def worked(path: Path, steps: Sequence[Step]) -> np.ndarray:
    """Decode a file and take all steps."""
    image = Image.fromarray(decode(path))
    for step in steps:
        image = step(image)
    return np.asarray(image)


def worked_chunk(chunk: Sequence[Sample], name: str = "", protocol: DataProtocol | None = None) -> int:
    """Decode images in a worker process; with a protocol, take its steps, too."""
    steps = list(arithmetic(name, protocol).values()) if protocol else []
    return sum(worked(sample.image, steps).size for sample in chunk)


def _counted(image: Image.Image) -> Image.Image:
    """Count the grey values, from which the statistics of an image come."""
    image.histogram()
    return image


def _through_jpeg(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=quality)
    return Image.open(buffer).convert("L")


def _squared(image: Image.Image, side: int) -> Image.Image:
    longest = max(image.size)
    if image.width != image.height:
        square = Image.new("L", (longest, longest))
        square.paste(image, ((longest - image.width) // 2, (longest - image.height) // 2))
        image = square
    return image.resize((side, side), Image.Resampling.BILINEAR)
