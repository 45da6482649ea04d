"""Raw images: the decoders that the protocol needs, and broken files that name their fault."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from lovt_bench.benchmark.data.errors import BadImageError
from lovt_bench.benchmark.data.images import decode_channel_mean, decode_grey, decode_values, read_bytes
from tests.benchmark.data.raws import grey, stored_dicom, write_dicom


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("syntax", ["plain", "lossless"])
def test_dicom_without_loss_gives_its_pixels(tmp_path: Path, syntax: str) -> None:
    write_dicom(tmp_path / "a.dcm", grey(), syntax)
    np.testing.assert_array_equal(stored_dicom((tmp_path / "a.dcm").read_bytes()), grey())


def test_baseline_jpeg_is_decoded_by_pillow(tmp_path: Path) -> None:
    """gdcm differs by one grey level and would take precedence."""
    write_dicom(tmp_path / "a.dcm", grey(), "baseline")
    buffer = io.BytesIO()
    Image.fromarray(grey()).save(buffer, format="JPEG", quality=92)
    expected = np.asarray(Image.open(buffer))
    np.testing.assert_array_equal(stored_dicom((tmp_path / "a.dcm").read_bytes()), expected)


def test_pixels_are_those_of_pydicom(tmp_path: Path) -> None:
    """A plain grey JPEG goes a shorter way than pydicom's."""
    pixels = np.random.default_rng(0).integers(0, 256, (96, 65), dtype=np.uint8)
    write_dicom(tmp_path / "a.dcm", pixels, "baseline")
    dataset = pydicom.dcmread(tmp_path / "a.dcm")
    dataset.pixel_array_options(decoding_plugin="pillow")
    got = stored_dicom((tmp_path / "a.dcm").read_bytes())
    np.testing.assert_array_equal(got, dataset.pixel_array)


@pytest.mark.parametrize(("name", "value"), [("NumberOfFrames", 2), ("SamplesPerPixel", 3), ("Rows", 30)])
def test_what_is_no_single_grey_jpeg_of_its_size_is_pydicoms_to_judge(
    tmp_path: Path, name: str, value: int
) -> None:
    write_dicom(tmp_path / "a.dcm", grey(), "baseline")
    dataset = pydicom.dcmread(tmp_path / "a.dcm")
    setattr(dataset, name, value)
    dataset.save_as(tmp_path / "b.dcm")
    with pytest.raises(BadImageError):
        stored_dicom((tmp_path / "b.dcm").read_bytes())


def test_dicom_of_16_bit_is_refused(tmp_path: Path) -> None:
    write_dicom(tmp_path / "a.dcm", grey().astype(np.uint16))
    with pytest.raises(BadImageError, match="8-bit grey image expected, found uint16"):
        stored_dicom((tmp_path / "a.dcm").read_bytes())


@pytest.mark.parametrize("keep", [0, 100, 600, -50])
@pytest.mark.parametrize("syntax", ["plain", "baseline"])
def test_cut_off_dicom_is_a_bad_image(tmp_path: Path, keep: int, syntax: str) -> None:
    write_dicom(tmp_path / "a.dcm", grey(), syntax)
    content = (tmp_path / "a.dcm").read_bytes()[:keep]
    with pytest.raises(BadImageError, match="DICOM"):
        stored_dicom(content)


def test_rgba_and_rgb_become_grey() -> None:
    rgba = np.stack([grey()] * 3 + [np.full_like(grey(), 128)], axis=2)
    np.testing.assert_array_equal(decode_grey(png(rgba)), grey())
    np.testing.assert_array_equal(decode_grey(png(grey())), grey())


def test_channel_mean_is_not_luminance() -> None:
    rgb = np.stack([grey(), grey() // 2, grey() // 4], axis=2)
    np.testing.assert_allclose(decode_channel_mean(png(rgb)), (rgb / 255.0).mean(axis=2))
    np.testing.assert_allclose(decode_channel_mean(png(grey())), grey() / 255.0)


@pytest.mark.parametrize("content", [b"", b"not an image", png(grey())[:400]])
def test_broken_png_is_a_bad_image(content: bytes) -> None:
    for decode in (decode_grey, decode_channel_mean, decode_values):
        with pytest.raises(BadImageError, match="not a readable image"):
            decode(content)


def test_16_bit_png_and_colour_mask_are_refused() -> None:
    with pytest.raises(BadImageError, match="8-bit"):
        decode_grey(png(grey().astype(np.uint16)))
    with pytest.raises(BadImageError, match="one channel"):
        decode_values(png(np.stack([grey()] * 3, axis=2)))


def test_huge_image_is_refused_before_it_is_decoded() -> None:
    """A PNG of a few hundred bytes that claims 60000 x 60000 pixels."""
    header = png(np.zeros((1, 1), dtype=np.uint8))
    bomb = header[:16] + (60000).to_bytes(4, "big") * 2 + header[24:]
    with pytest.raises(BadImageError, match=r"pixels|readable"):
        decode_grey(bomb)


def test_a_file_that_is_no_single_image_by_its_size_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.png").open("wb") as file:
        file.truncate((1 << 30) + 1)
    with pytest.raises(
        BadImageError, match="1,073,741,825 bytes, expected one image of at most 1,073,741,824"
    ):
        read_bytes(tmp_path / "a.png")


def test_missing_file_is_a_bad_image(tmp_path: Path) -> None:
    with pytest.raises(BadImageError, match="missing"):
        read_bytes(tmp_path / "none.png")
    with pytest.raises(BadImageError, match="cannot be read"):
        read_bytes(tmp_path)
