"""A folder from elsewhere: circles, pipes, odd names and files that lie about what they are."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lovt_bench.benchmark.data.audit.files import Passed, pictures
from lovt_bench.benchmark.data.audit.hashes import image_hash
from lovt_bench.benchmark.data.audit.read import grey_pixels
from lovt_bench.benchmark.data.errors import BadImageError, DataError
from tests.benchmark.data import spoil
from tests.benchmark.data.audit import copies

GREY = np.arange(48 * 40, dtype=np.uint8).reshape(48, 40)


def save(path: Path, pixels: np.ndarray = GREY) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def names(root: Path, passed: Passed | None = None) -> list[str]:
    return [one.name for one in pictures(root, passed or Passed())]


def test_pictures_come_in_a_fixed_order_and_the_rest_is_counted(tmp_path: Path) -> None:
    for name in ("b/2.PNG", "b/10.jpg", "a/x.tif", "z.webp"):
        save(tmp_path / name)
    copies.dicom(tmp_path / "a" / "1.2.840.113", GREY)
    copies.dicom(tmp_path / "a" / "I0001", GREY)
    for name in ("a/readme.txt", "a/7.7", "x.ppm", "shard-0.tar", "x.npz"):
        (tmp_path / name).write_bytes(b"text")
    passed = Passed()
    found = names(tmp_path, passed)
    assert found == ["z.webp", "a/1.2.840.113", "a/I0001", "a/x.tif", "b/10.jpg", "b/2.PNG"]
    assert (passed.archives, passed.others) == (2, 3)


def test_circles_end_and_links_are_followed(tmp_path: Path) -> None:
    save(tmp_path / "disk" / "one.png")
    root = tmp_path / "corpus"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "disk")
    (root / "up").symlink_to(root)
    (root / "itself").symlink_to(root / "itself")
    (root / "gone.png").symlink_to(tmp_path / "absent.png")
    (tmp_path / "disk" / "back").symlink_to(root)
    passed = Passed()
    assert names(root, passed) == ["link/one.png"]
    assert passed.others == 2


def test_pipes_are_not_opened_and_odd_names_are_kept(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    os.mkfifo(tmp_path / "pipe")
    odd = [b"\xff\xfe.png", b"a\x1b[31m\n.png", b"=cmd().png"]
    for name in odd:
        save(tmp_path / "x.png").rename(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    found = [os.fsencode(name) for name in names(tmp_path)]
    assert sorted(found) == sorted(odd)


def test_a_key_changes_with_the_file(tmp_path: Path) -> None:
    path = save(tmp_path / "x.png")
    first = next(pictures(tmp_path, Passed())).key
    assert next(pictures(tmp_path, Passed())).key == first
    os.utime(path, ns=(1, 1))
    assert next(pictures(tmp_path, Passed())).key != first


def test_no_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder; --corpus names the folder"):
        names(tmp_path / "absent")


def read(path: Path) -> np.ndarray:
    (found,) = (one for one in pictures(path.parent, Passed()) if one.path == path)
    return grey_pixels(found)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
@pytest.mark.parametrize("kind", ["MONOCHROME2", "MONOCHROME1"])
def test_dicom_of_any_depth_and_polarity_is_one_image(tmp_path: Path, dtype: type, kind: str) -> None:
    source = copies.drawn()[0]
    pixels: np.ndarray = (source.astype(np.int64) * (1 if dtype == np.uint8 else 40)).astype(dtype)
    path = copies.dicom(tmp_path / "x.dcm", pixels, PhotometricInterpretation=kind)
    np.testing.assert_array_equal(read(path), pixels)
    assert image_hash(read(path)) == image_hash(source)


def test_colours_and_frames_become_one_grey_image(tmp_path: Path) -> None:
    colours = np.stack([GREY, GREY, GREY], axis=2)
    assert np.array_equal(read(copies.dicom(tmp_path / "rgb.dcm", colours)), GREY)
    assert np.array_equal(read(copies.dicom(tmp_path / "two.dcm", np.stack([GREY, 255 - GREY]))), GREY)
    assert np.array_equal(read(save(tmp_path / "rgb.png", colours)), GREY)
    alpha = np.concatenate([colours, np.zeros((48, 40, 1), np.uint8)], axis=2)
    assert np.array_equal(read(save(tmp_path / "rgba.png", alpha)), GREY)
    deep = GREY.astype(np.uint16) * 257
    assert np.array_equal(read(save(tmp_path / "deep.png", deep)), deep)
    real = GREY.astype(np.float32) / 7
    real[0, 0] = np.nan
    assert np.array_equal(read(save(tmp_path / "real.tiff", real)), np.nan_to_num(real))


def test_a_large_jpeg_is_read_reduced_and_keeps_its_hash(tmp_path: Path) -> None:
    large = copies.resized(copies.drawn()[0], 2048, 1536)
    found = read(save(tmp_path / "x.jpg", large))
    assert min(found.shape) < 600
    assert distance(image_hash(large), image_hash(found)) < 60


def distance(one: bytes, other: bytes) -> int:
    return sum((a ^ b).bit_count() for a, b in zip(one, other, strict=True))


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.png", b"", r"file is empty \(0 bytes\)"),
        ("x.png", b"<html>", "no picture in one of the formats PNG, JPEG"),
        ("x.png", EPS, "no picture in one of the formats PNG, JPEG"),
        ("x.dcm", b"\0" * 128 + b"DICM" + b"\xff" * 40, "."),
        ("x.png", "half a png", "truncated"),
        (
            "x.pgm",
            b"P5 100000 100000 255\n",
            "Image size .10000000000 pixels. exceeds limit",
        ),
    ],
)
def test_broken_files_are_named(tmp_path: Path, name: str, content: bytes | str, message: str) -> None:
    path = tmp_path / name
    if isinstance(content, str):
        save(path, copies.drawn()[0])
        content = path.read_bytes()[:4000]
    path.write_bytes(content)
    with pytest.raises(BadImageError, match=message):
        read(path)


def test_a_picture_is_read_upright(tmp_path: Path) -> None:
    source = copies.drawn()[0]
    image = Image.fromarray(np.rot90(source))
    exif = image.getexif()
    exif[274] = 6
    for name in ("x.png", "x.jpg"):
        image.save(tmp_path / name, exif=exif)
        assert distance(image_hash(read(tmp_path / name)), image_hash(source)) < 100, name


def test_leavings_of_systems_are_counted_apart(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    cluttered = spoil.litter(tmp_path)
    passed = Passed()
    assert names(tmp_path, passed) == ["a.png"]
    assert (passed.clutter, passed.others) == (cluttered, 0)


def test_files_that_are_none_are_named_and_nothing_hangs(tmp_path: Path) -> None:
    paths = [save(tmp_path / f"{number}.png") for number in range(7)]
    spoil.break_files(paths[1:])
    passed, problems = Passed(), []
    for one in pictures(tmp_path, passed):
        try:
            grey_pixels(one)
        except BadImageError as error:
            problems.append(str(error))
    assert passed.others == 4
    assert len(problems) == 2
