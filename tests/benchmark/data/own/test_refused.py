"""Bad input: the message names file, place, what was expected and what was found, and no store is written."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.own.dataset import read_own
from tests.benchmark.data import world
from tests.benchmark.data.own import folders


def refused(raw: Path, form: str, **options: Any) -> str:
    """Return the message; check that nothing but work in progress is left."""
    data = raw.parent / "data"
    with pytest.raises(DataError) as caught:
        world.run(read_own(raw, "mine", form, **options), raw, data)
    assert not data.exists() or all(path.name.startswith(".") for path in data.iterdir())
    return str(caught.value)


def changed(content: dict[str, Any], part: str, place: int, **fields: Any) -> None:
    content[part][place] |= fields


COCO: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda one: one.pop("images"), "images: Field required"),
    (lambda one: changed(one, "images", 1, id=100), "images[1] has the id 100 of annotations.json images[0]"),
    (
        lambda one: changed(one, "images", 1, file_name="case00.png"),
        "duplicate ID, first in annotations.json images[0]",
    ),
    (lambda one: changed(one, "images", 0, file_name="case99.png"), "image case99.png is missing in"),
    (lambda one: changed(one, "images", 0, file_name="../../x.png"), "expected a path within the raw folder"),
    (lambda one: changed(one, "images", 0, file_name="/etc/passwd"), "expected a path within the raw folder"),
    (lambda one: changed(one, "images", 0, file_name="a\0b"), "expected a path within the raw folder"),
    (
        lambda one: changed(one, "images", 0, width=65),
        "annotated as 65 x 48 pixels, but the image has 64 x 48",
    ),
    (lambda one: changed(one, "annotations", 0, image_id=1), "annotations[0]: no image has the id 1"),
    (lambda one: changed(one, "annotations", 0, category_id=1), "annotations[0]: no category has the id 1"),
    (
        lambda one: changed(one, "annotations", 0, bbox=[1, 2, 3]),
        "bbox needs four numbers x, y, width, height, found 3",
    ),
    (
        lambda one: changed(one, "annotations", 0, bbox=[1, 2, 0, 3]),
        "sides of a bbox must be positive, found width 0",
    ),
    (
        lambda one: changed(one, "annotations", 0, bbox=[70, 2, 3, 3]),
        "lies wholly outside the image of 64 x 48",
    ),
    (lambda one: changed(one, "annotations", 0, bbox=None), "bbox is missing"),
    (lambda one: changed(one, "annotations", 0, bbox=[float("nan"), 2, 3, 3]), "annotations.0.bbox.0"),
    (
        lambda one: changed(one, "annotations", 0, segmentation=[[1, 2, 3, 4]]),
        "at least 3 points x y, found 4 numbers",
    ),
    (
        lambda one: changed(one, "annotations", 0, bbox=None, segmentation=[[5, 5, 5, 20, 5, 12]]),
        "annotations[0]: its outline has no area (width 0, height 15)",
    ),
    (lambda one: changed(one, "annotations", 0, iscrowd=7), "annotations.0.iscrowd"),
    (lambda one: changed(one, "categories", 1, name="opacity "), "two classes come to the name opacity"),
    (
        lambda one: changed(one, "annotations", 0, image_id="100"),
        "annotations[0]: no image has the id '100'",
    ),
    (
        lambda one: changed(
            one, "annotations", 0, bbox=None, segmentation={"size": [48, 64], "counts": [3072]}
        ),
        "annotations[0]: run lengths mark no pixel",
    ),
    (lambda one: changed(one, "categories", 1, id=90), "two categories have the same id"),
]


@pytest.mark.parametrize(("change", "message"), COCO, ids=[message[:30] for _, message in COCO])
def test_coco(tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str) -> None:
    raw, content = folders.coco(tmp_path / "raw"), folders.coco_content()
    change(content)
    (raw / "annotations.json").write_text(json.dumps(content))
    said = refused(raw, "coco")
    assert message in said
    assert "annotations.json" in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not COCO JSON"),
        ("[" * 100_000, "not COCO JSON"),
        ("[]", "not COCO JSON"),
        ("\xff", "not COCO JSON"),
    ],
)
def test_what_is_no_coco_json(tmp_path: Path, text: str, message: str) -> None:
    raw = folders.coco(tmp_path / "raw")
    (raw / "annotations.json").write_text(text, encoding="latin-1")
    assert message in refused(raw, "coco")


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    raw = folders.coco(tmp_path / "raw")
    with (raw / "annotations.json").open("r+b") as file:
        file.truncate(1 << 40)
    assert "1,099,511,627,776 bytes; expected at most" in refused(raw, "coco")


def test_several_files_need_the_names_of_splits(tmp_path: Path) -> None:
    raw = folders.coco(tmp_path / "raw")
    shutil.copy(raw / "annotations.json", raw / "old.json")
    assert "annotations.json names no split" in refused(raw, "coco")


BOMB = (
    '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><annotation><filename>&c;</filename></annotation>'
)
THIEF = (
    '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><annotation><filename>&b;</filename></annotation>'
)
OBJECT = "<annotation><object><name>nodule</name>{}</object></annotation>"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "a document type (<!DOCTYPE …>) is not read"),
        (THIEF, "a document type (<!DOCTYPE …>) is not read"),
        (BOMB.encode("utf-16").decode("latin-1"), "a document type (<!DOCTYPE …>) is not read"),
        ("<a>" * 1000, "more than 16 elements within each other"),
        ("<annotation>", "not XML"),
        ("<svg/>", "<annotation> expected, found <svg>"),
        (
            "<annotation><size><width>x</width></size></annotation>",
            "<width> of <size> must be a whole number",
        ),
        (OBJECT.format(""), "object 1: <bndbox> needs xmin, ymin, xmax, ymax"),
        (
            OBJECT.format("<bndbox><xmin>9</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox>"),
            "box sides must be positive, found width -5",
        ),
        (
            '<?xml version="1.0" encoding="klingon"?><annotation/>',
            "unknown encoding: klingon; save it in UTF-8",
        ),
        (
            "<annotation><filename>case01.png</filename></annotation>",
            "<filename> says JPEGImages/case01.png, but the file is called as JPEGImages/case00.png",
        ),
    ],
)
def test_voc(tmp_path: Path, text: str, message: str) -> None:
    raw = folders.voc(tmp_path / "raw")
    target = raw / "Annotations/case00.xml"
    target.write_text(text, encoding="latin-1" if "\xff" in text else "utf-8")
    said = refused(raw, "voc")
    assert message in said
    assert "case00.xml" in said


def test_a_second_file_for_an_image(tmp_path: Path) -> None:
    raw = folders.voc(tmp_path / "raw")
    (raw / "more").mkdir()
    shutil.copy(raw / "Annotations/case00.xml", raw / "more")
    assert "has a second file of annotations, the first is Annotations/case00.xml" in refused(raw, "voc")


def test_no_object_at_all(tmp_path: Path) -> None:
    raw = folders.voc(tmp_path / "raw")
    for path in (raw / "Annotations").iterdir():
        path.write_text("<annotation/>")
    assert "expected 1 to 100 classes, found 0; annotate at least one object" in refused(raw, "voc")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("7 0.5 0.5 0.1 0.1", "case00.txt line 1: class 7; expected 0 to 2"),
        ("0 0.5 0.5 0.1", "expected `class x y width height` or at least 3 points x y, found 3 numbers"),
        ("0 0.5 0.5 x 0.1", "numbers expected, found '0 0.5 0.5 x 0.1'"),
        ("0 0.5 0.5 nan 0.1", "numbers must be finite"),
        ("0 0.5 0.5 -0.1 0.1", "sides must be positive"),
        ("1 0.5 0.2 0.5 0.8 0.5 0.5", "case00.txt line 1: its outline has no area (width 0, height 28.8)"),
        ("0 320 240 20 20", "lies far outside the image of 64 x 48 pixels; expected shares of its sides"),
    ],
)
def test_yolo(tmp_path: Path, text: str, message: str) -> None:
    raw = folders.yolo(tmp_path / "raw")
    (raw / "labels/case00.txt").write_text(text)
    assert message in refused(raw, "yolo")


def test_blank_lines_among_classes_shift_none(tmp_path: Path) -> None:
    """`nodule`, a blank and `opacity` made `opacity` of class 1, and class 2 none."""
    for form in ("yolo", "masks"):
        raw = folders.FORMATS[form](tmp_path / form)
        (raw / "data.yaml").unlink(missing_ok=True)
        (raw / "classes.txt").write_text("nodule\n\nopacity\n")
        assert "classes.txt line 2: blank" in refused(raw, form)
        (raw / "classes.txt").write_text("nodule\nopacity\n\n\n")
        assert read_own(raw, "mine", form).classes == folders.CLASSES


def test_names_in_yaml_are_read_whatever_case_its_ending_has(tmp_path: Path) -> None:
    """`data.YAML` gave classes called `names_0_nodule…`, one for each of its lines."""
    raw = folders.yolo(tmp_path / "raw")
    (raw / "data.yaml").rename(raw / "data.YAML")
    assert read_own(raw, "mine", "yolo").classes == folders.CLASSES


def test_keypoints_are_no_outlines(tmp_path: Path) -> None:
    raw = folders.yolo(tmp_path / "raw")
    (raw / "data.yaml").write_text("names: [nodule, opacity, unused]\nkpt_shape: [2, 2]\n")
    assert "`kpt_shape`: the labels are keypoints; export them as boxes" in refused(raw, "yolo")


def test_yolo_without_names_of_classes(tmp_path: Path) -> None:
    raw = folders.yolo(tmp_path / "raw")
    (raw / "data.yaml").write_text("names: {0: a, 2: b}")
    assert "expected `names`" in refused(raw, "yolo")
    (raw / "data.yaml").unlink()
    assert "no file names the classes" in refused(raw, "yolo")


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("nodule/case00_mask", (48, 63), "has 63 x 48 pixels, the image 64 x 48"),
        (
            "nodule/case00_mask",
            (48, 64, 3),
            "mask case00_mask.png: mask must have one channel, found shape (48, 64, 3); save it as PNG",
        ),
        ("nodule/case77", (48, 64), "no image is called case77"),
        ("case03", (48, 64), "lies in `masks` itself"),
    ],
)
def test_masks(tmp_path: Path, name: str, shape: tuple[int, ...], message: str) -> None:
    raw = folders.masks(tmp_path / "raw")
    Image.fromarray(np.zeros(shape, np.uint8)).save(raw / "masks" / f"{name}.png")
    assert message in refused(raw, "masks")


@pytest.mark.parametrize("form", folders.FORMATS)
def test_an_empty_folder_and_one_without_annotations(tmp_path: Path, form: str) -> None:
    (tmp_path / "raw").mkdir()
    assert "the folder is empty" in refused(tmp_path / "raw", form)
    folders.images(tmp_path / "raw")
    assert "docs/own-data.md" in refused(tmp_path / "raw", form)


def test_an_image_that_viewers_turn(tmp_path: Path) -> None:
    """The mask was drawn on what a tool showed, turned or not; where sides are equal no size tells which."""
    raw = folders.masks(tmp_path / "raw")
    turned = Image.Exif()
    turned[274] = 6
    for name in ("case00", "case09"):
        Image.new("L", (64, 64)).save(raw / f"images/{name}.png", exif=turned)
    said = refused(raw, "masks")
    assert "images/case00.png" in said
    assert "its EXIF has viewers turn or mirror it" in said
    assert "case09" not in said, "nothing is drawn on it"


def test_pipes_and_lost_links_are_no_images(tmp_path: Path) -> None:
    raw = folders.coco(tmp_path / "raw")
    for name in ("case00", "case01"):
        (raw / f"images/{name}.png").unlink()
    os.mkfifo(raw / "images/case00.png")
    (raw / "images/case01.png").symlink_to("nowhere.png")
    said = refused(raw, "coco")
    assert "image images/case00.png: a pipe or device, not a file" in said
    assert "image images/case01.png: a link that leads nowhere or in a circle" in said


def test_bad_images_can_be_left_out(tmp_path: Path) -> None:
    raw, content = folders.coco(tmp_path / "raw"), folders.coco_content()
    changed(content, "annotations", 0, bbox=[70, 2, 3, 3])
    (raw / "annotations.json").write_text(json.dumps(content))
    store = folders.store(raw, "coco", tmp_path, skip_bad=True)
    assert [one.id for one in store.manifest.left_out] == ["case00"]


@pytest.mark.parametrize("name", ["rsna", "own", "Mine", "a/b", ""])
def test_names_that_are_taken_or_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="--name"):
        read_own(folders.coco(tmp_path / "raw"), name, "coco")


def test_an_unknown_format_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"unknown format 'labelme'.*known: coco, masks, voc, yolo"):
        read_own(tmp_path, "mine", "labelme")
