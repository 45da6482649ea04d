"""Somebody's own image as a viewer displays it: upright, windowed, bright where it is bright, 8 bit.

The published datasets do not come this way; their protocol says which values they have (`dicom_values`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image, ImageOps

from lovt_bench.benchmark.data.errors import BadImageError
from lovt_bench.benchmark.data.images import eight_bit_grey, named, open_image, read_dicom, stored_values
from lovt_bench.benchmark.data.person import Person, person_of

if TYPE_CHECKING:
    from pydicom import Dataset

FORMATS = ("PNG", "JPEG", "JPEG2000", "TIFF", "BMP", "WEBP", "GIF", "PPM")
"""Decoders of Pillow that may run on files of strangers; some of the others call programs."""

DICOM_MAGIC = b"DICM"
"""After 128 bytes; archives of hospitals name files by their UID, without an ending."""

PHOTOMETRIC, WHITE_IS_ZERO = 262, 0
"""The tag of TIFF that inverts an image."""

ORIENTATION = 274
"""The tag of EXIF by which viewers turn and mirror."""
ORIENTED = (b"Exif", b"exif", b"EXIF", b"eXIf", b"xmp", b"XMP")
"""One of these is in every PNG, JPEG or WebP that has this tag."""
TIFFS = (b"II", b"MM")

_FAR = 1e9
"""Beyond all pixel values: what a window makes of it is the end of its range."""


def is_dicom(content: bytes) -> bool:
    """Say whether a file begins as DICOM does."""
    return content[128:132] == DICOM_MAGIC


def decode_protocol_dicom(
    content: bytes, values: Literal["stored", "displayed"], patients: str | None = None
) -> tuple[np.ndarray, Person]:
    """Return a DICOM image as uint8 (H, W) with the values a protocol asks for (`dicom_values`), and whom it shows.

    Args:
        patients: Name space of its `PatientID`; None where that tells no patients apart.

    Raises:
        BadImageError: Not a readable image, several frames, no pixel data, or stored values of more than 8 bit.
    """
    with named("DICOM image"):
        dataset = read_dicom(content)
        person = person_of(dataset, patients)
        if values == "displayed":
            return _displayed(dataset), person
        return eight_bit_grey(dataset), person


def displayed_dicom(content: bytes) -> np.ndarray:
    """Return a DICOM image as uint8 (H, W): modality and VOI transformation applied, MONOCHROME1 inverted.

    Without a window, stored values of at most 8 bit stay what they are, and deeper ones are scaled from their least to
    their greatest. Colours become grey.

    Raises:
        BadImageError: Not a readable image, several frames, or no pixel data.
    """
    with named("DICOM image"):
        return _displayed(read_dicom(content))


def displayed_picture(content: bytes) -> np.ndarray:
    """Return a PNG, JPEG, TIFF or the like as uint8 (H, W): turned as EXIF says, colours to grey, alpha dropped.

    Values of more than 8 bit are scaled from their least to their greatest.

    Raises:
        BadImageError: Not a readable image, or several frames.
    """
    image = open_image(content, FORMATS)
    if image.format != "MPO" and (frames := getattr(image, "n_frames", 1)) != 1:
        raise BadImageError(f"image of {frames} frames; one expected")
    with named("image"):
        # Pillow inverts white-is-zero TIFFs of 8 bit itself.
        inverted = getattr(image, "tag_v2", {}).get(PHOTOMETRIC) == WHITE_IS_ZERO
        upright = ImageOps.exif_transpose(image)
        if not upright.mode.startswith(("I", "F")):
            return np.asarray(upright.convert("L"))
        grey = _between(np.asarray(upright))
        return 255 - grey if inverted else grey


def is_turned(content: bytes) -> bool:
    """Say whether EXIF or XMP has viewers turn or mirror a picture, which `displayed_picture` does.

    Raises:
        BadImageError: Not a readable image.
    """
    if not content.startswith(TIFFS) and not any(mark in content for mark in ORIENTED):
        return False  # without decoding it a second time
    with named("image"):
        return int(open_image(content, FORMATS).getexif().get(ORIENTATION, 1)) in range(2, 9)


def _displayed(dataset: Dataset) -> np.ndarray:
    pixels = stored_values(dataset)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        from pydicom.pixels import apply_color_lut

        pixels = apply_color_lut(pixels, dataset)
        return _grey(_between(pixels, 0, np.iinfo(pixels.dtype).max))
    if pixels.ndim == 3:
        return _grey(_between(pixels, 0, (1 << int(dataset.BitsStored)) - 1))
    grey = _windowed(pixels, dataset)
    return 255 - grey if dataset.PhotometricInterpretation == "MONOCHROME1" else grey


def _windowed(pixels: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Return grey values as the data set's window shows them, uint8."""
    from pydicom.pixels import apply_modality_lut, apply_voi, apply_windowing

    for pair in (("RescaleSlope", "RescaleIntercept"), ("WindowCenter", "WindowWidth")):
        if any(dataset.get(name) in (None, "") for name in pair):
            for name in pair:
                dataset.pop(name, None)
    values = apply_modality_lut(pixels, dataset)
    if luts := dataset.get("VOILUTSequence"):
        # pydicom counts the entries of a table in the type of its values, which may be too small for them.
        depth, luts[0].LUTDescriptor[2] = luts[0].LUTDescriptor[2], 16
        return _between(apply_voi(np.rint(values).astype(np.int64), dataset), 0, (1 << depth) - 1)
    if "WindowCenter" in dataset:
        with np.errstate(over="ignore"):  # a sigmoid comes to its end that way
            dark, bright = apply_windowing(np.array([-_FAR, _FAR]), dataset)
        return _between(apply_windowing(values, dataset), dark, bright)
    if pixels.dtype.kind == "f" or dataset.BitsStored > 8:
        return _between(values)
    bits, signed = int(dataset.BitsStored), int(dataset.PixelRepresentation)
    least = -signed << bits - 1
    ends = apply_modality_lut(np.array([least, least + (1 << bits) - 1], dtype=pixels.dtype), dataset)
    return _between(values, ends.min(), ends.max())


def _between(values: np.ndarray, dark: float | None = None, bright: float | None = None) -> np.ndarray:
    """Return values as uint8, `dark` to `bright` becoming 0 to 255; by default the least to the greatest."""
    if dark is None or bright is None:
        finite = values[np.isfinite(values)]
        dark, bright = (finite.min(), finite.max()) if finite.size else (0, 0)
    if dark == bright:
        return np.zeros(values.shape, dtype=np.uint8)
    shares = (values.astype(np.float64) - float(dark)) / (float(bright) - float(dark))
    return np.rint(255 * np.nan_to_num(shares, posinf=1.0, neginf=0.0).clip(0, 1)).astype(np.uint8)


def _grey(colours: np.ndarray) -> np.ndarray:
    """Return colours uint8 (H, W, 3 or 4) as grey (H, W)."""
    return np.asarray(Image.fromarray(colours[..., :3].copy()).convert("L"))
