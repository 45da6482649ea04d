"""Own images look as a viewer shows them: polarity, rescale, window, orientation, depth and colour."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from lovt_bench.benchmark.data.displayed import displayed_dicom, displayed_picture
from lovt_bench.benchmark.data.errors import BadImageError
from tests.benchmark.data.audit.copies import dicom
from tests.benchmark.data.raws import grey, stored_dicom, write_dicom

RAMP = np.arange(4096, dtype=np.uint16).reshape(64, 64)
"""All values of 12 bit."""


def shown(path: Path, pixels: np.ndarray, **tags: Any) -> np.ndarray:
    return displayed_dicom(dicom(path / "x.dcm", pixels, **tags).read_bytes())


def saved(pixels: np.ndarray | Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(stream, kind, **options)
    return stream.getvalue()


def test_inverted_storage_is_displayed_as_the_plain_one(tmp_path: Path) -> None:
    np.testing.assert_array_equal(
        shown(tmp_path, 255 - grey(), PhotometricInterpretation="MONOCHROME1"), grey()
    )
    deep: dict[str, Any] = {"BitsStored": 12, "HighBit": 11}
    plain = shown(tmp_path, RAMP, **deep)
    inverted = shown(tmp_path, RAMP[::-1, ::-1].copy(), PhotometricInterpretation="MONOCHROME1", **deep)
    np.testing.assert_array_equal(plain, inverted)


def test_eight_bit_without_a_window_stays_what_it_is(tmp_path: Path) -> None:
    for tags in (
        {},
        {"RescaleSlope": 1, "RescaleIntercept": 0},
        {"RescaleSlope": 2, "RescaleIntercept": -1024},
    ):
        np.testing.assert_array_equal(shown(tmp_path, grey(), **tags), grey())
    signed = (grey().astype(np.int16) - 128).astype(np.int8)
    np.testing.assert_array_equal(shown(tmp_path, signed), grey())
    for syntax in ("baseline", "lossless"):
        write_dicom(tmp_path / "a.dcm", grey(), syntax)
        content = (tmp_path / "a.dcm").read_bytes()
        np.testing.assert_array_equal(displayed_dicom(content), stored_dicom(content))


def test_a_window_maps_its_ends_to_black_and_white(tmp_path: Path) -> None:
    """PS3.3 C.11.2.1.2.1: (x - (center - 0.5)) / (width - 1) + 0.5."""
    for slope, intercept in ((1, 0), (2, -1000), (0.5, 100)):
        values = RAMP.astype(float) * slope + intercept
        found = shown(
            tmp_path,
            RAMP,
            BitsStored=12,
            HighBit=11,
            WindowCenter=[1500, 1],
            WindowWidth=[1001, 2],
            RescaleSlope=slope,
            RescaleIntercept=intercept,
        )
        expected = np.clip((values - 1499.5) / 1000 + 0.5, 0, 1) * 255
        assert np.abs(found - expected).max() <= 0.5
        assert (found.min(), found.max()) == (0, 255)


@pytest.mark.filterwarnings("error")
def test_a_window_may_be_a_sigmoid(tmp_path: Path) -> None:
    """PS3.3 C.11.2.1.3.1: 1 / (1 + exp(-4 (x - center) / width))."""
    window: dict[str, Any] = {"WindowCenter": 1500, "WindowWidth": 1000, "VOILUTFunction": "SIGMOID"}
    found = shown(tmp_path, RAMP, BitsStored=12, HighBit=11, **window)
    expected = 255 / (1 + np.exp(-4 * (RAMP.astype(float) - 1500) / 1000))
    assert np.abs(found - expected).max() <= 0.5


def test_a_falling_rescale_turns_the_values_once(tmp_path: Path) -> None:
    falling: dict[str, Any] = {"RescaleSlope": -1, "RescaleIntercept": 4095, "BitsStored": 12, "HighBit": 11}
    plain = shown(tmp_path, RAMP, BitsStored=12, HighBit=11)
    np.testing.assert_array_equal(shown(tmp_path, RAMP, **falling), plain[::-1, ::-1])
    windowed = shown(tmp_path, RAMP, WindowCenter=2048, WindowWidth=4096, **falling)
    np.testing.assert_array_equal(windowed, plain[::-1, ::-1])


@pytest.mark.parametrize("depth", [8, 12, 16])
def test_a_lookup_table_is_applied_whatever_its_depth(tmp_path: Path, depth: int) -> None:
    item = Dataset()
    item.LUTDescriptor = [4096, 0, depth]
    item.add_new("LUTData", "US", [(x * ((1 << depth) - 1)) // 4095 for x in range(4095, -1, -1)])
    found = shown(
        tmp_path, RAMP, BitsStored=12, HighBit=11, VOILUTSequence=[item], WindowCenter=1, WindowWidth=2
    )
    expected = 255 - RAMP / 4095 * 255
    assert np.abs(found - expected).max() <= 1


def test_deep_values_without_a_window_use_the_whole_range(tmp_path: Path) -> None:
    narrow = (grey().astype(np.uint16) * 3 + 700).astype(np.uint16)
    found = shown(tmp_path, narrow, BitsStored=12, HighBit=11)
    assert (found.min(), found.max()) == (0, 255)
    assert np.corrcoef(found.ravel(), grey().ravel())[0, 1] > 0.999
    empty: dict[str, Any] = {"WindowCenter": None, "WindowWidth": None, "RescaleSlope": None}
    np.testing.assert_array_equal(shown(tmp_path, narrow, BitsStored=12, HighBit=11, **empty), found)


def test_pydicoms_own_sample_is_displayed(tmp_path: Path) -> None:
    path = get_testdata_file("CT_small.dcm", download=False)
    assert isinstance(path, str)
    stored = pydicom.dcmread(path).pixel_array.astype(np.float64)
    found = displayed_dicom(Path(path).read_bytes())
    assert np.corrcoef(found.ravel(), stored.ravel())[0, 1] > 0.99
    assert found.std() > 20


def test_colours_become_grey(tmp_path: Path) -> None:
    colours = np.stack([grey(), grey(), grey()], axis=2)
    np.testing.assert_array_equal(shown(tmp_path, colours), grey())
    table = (np.arange(256, dtype=np.uint16) * 257).tobytes()
    tags: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for colour in ("Red", "Green", "Blue"):
        tags[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        tags[f"{colour}PaletteColorLookupTableData"] = table
    np.testing.assert_array_equal(shown(tmp_path, grey(), **tags), grey())


def test_what_is_no_single_image_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadImageError, match="DICOM file of 2 frames; one image expected"):
        shown(tmp_path, np.stack([grey(), grey()]))
    path = dicom(tmp_path / "x.dcm", grey())
    dataset = pydicom.dcmread(path)
    del dataset.PixelData
    dataset.save_as(path)
    write_dicom(tmp_path / "y.dcm", grey(), "baseline")
    cut_off = (tmp_path / "y.dcm").read_bytes()[:-100]
    for content in (path.read_bytes(), cut_off):
        for decode in (displayed_dicom, stored_dicom):
            with pytest.raises(BadImageError, match="DICOM file without pixel data: it was cut off, or"):
                decode(content)
    frames = [Image.fromarray(grey(seed=seed)) for seed in (1, 2)]
    pages = saved(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    with pytest.raises(BadImageError, match="image of 2 frames"):
        displayed_picture(pages)
    with pytest.raises(BadImageError, match="not a readable image"):
        displayed_picture(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n")


@pytest.mark.parametrize(("orientation", "turned"), [(3, 2), (6, -1), (8, 1)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_a_picture_stands_as_its_orientation_says(kind: str, orientation: int, turned: int) -> None:
    image = Image.fromarray(grey())
    exif = image.getexif()
    exif[274] = orientation
    found = displayed_picture(saved(image, kind, exif=exif))
    expected = np.rot90(displayed_picture(saved(image, kind)), turned)
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_is_scaled_and_not_cut(kind: str) -> None:
    deep = grey().astype(np.uint16) * 13 + 512
    found = displayed_picture(saved(deep.astype(np.uint16), kind))
    expected = (grey() - grey().min()) / float(np.ptp(grey())) * 255
    assert np.abs(found - expected).max() <= 0.5


def test_white_is_zero_is_turned_in_every_depth() -> None:
    """Pillow turns 8 bit when it writes and when it reads, deeper ones never."""
    np.testing.assert_array_equal(displayed_picture(saved(grey(), "TIFF", tiffinfo={262: 0})), grey())
    deep = grey().astype(np.uint16) * 257
    plain = displayed_picture(saved(deep, "TIFF"))
    np.testing.assert_array_equal(displayed_picture(saved(deep, "TIFF", tiffinfo={262: 0})), 255 - plain)


@pytest.mark.parametrize("mode", ["P", "RGB", "RGBA", "LA", "CMYK", "F", "I"])
def test_every_mode_becomes_grey(mode: str) -> None:
    image = Image.fromarray(grey())
    content = saved(image.convert(mode), "TIFF")
    found = displayed_picture(content)
    assert (found.dtype, found.shape) == (np.uint8, grey().shape)
    assert np.corrcoef(found.ravel().astype(float), grey().ravel().astype(float))[0, 1] > 0.99


def test_values_that_are_no_numbers_are_black() -> None:
    real = grey().astype(np.float32)
    real[0, :3] = (np.nan, -np.inf, np.inf)
    found = displayed_picture(saved(real, "TIFF"))
    assert found[0, :3].tolist() == [0, 0, 255]
    assert (found[1:].min(), found[1:].max()) == (0, 255)
