"""An image that annotations name is that one, or none: never the one of another patient with the same name."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from lovt_bench.benchmark.data.own.folder import RawFolder
from lovt_bench.benchmark.data.own.formats import reader_of


def folder(root: Path, *files: str) -> RawFolder:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".png"):
            Image.new("L", (8, 8)).save(root / name)
        else:
            (root / name).touch()
    return RawFolder(root)


def test_the_file_of_another_folder_is_not_the_listed_one(tmp_path: Path) -> None:
    """A copy that lacks patient 1 had the boxes of patient 1 on the image of patient 2."""
    raw = folder(tmp_path, "patient2/0.png")
    source, problem = raw.find("patient1/0.png", "x.json images[0]")
    assert source == "patient1/0.png"
    assert problem is not None
    assert problem.endswith(f"is missing in {tmp_path}. patient2/0.png lies in another folder.")


@pytest.mark.parametrize(
    ("listed", "files", "expected"),
    [
        ("0.png", ["patient2/0.png"], "patient2/0.png"),
        ("patient2/0.png", ["deep/patient2/0.png", "deep/patient1/0.png"], "deep/patient2/0.png"),
        ("0.png", ["val/0.png", "images/0.png", "0.png"], "val/0.png"),
        ("images/0.png", ["val/images/0.png", "images/0.png"], "val/images/0.png"),
        ("0.png", ["images/0.png", "0.png"], "0.png"),
        ("0.png", ["images/0.png", "test/0.png"], "images/0.png"),
    ],
)
def test_the_nearest_place_of_a_listed_path(
    tmp_path: Path, listed: str, files: list[str], expected: str
) -> None:
    assert folder(tmp_path, *files).find(listed, "val/x.json images[0]", "val") == (expected, None)


COCO = (
    '{"images": [{"id": 1, "file_name": "0.png"}], "annotations": [], "categories": [{"id": 1, "name": "a"}]}'
)
VOC = "<annotation><filename>{}</filename><object><name>a</name></object></annotation>"


@pytest.mark.parametrize(
    ("form", "text", "content", "others"),
    [
        ("voc", "patient1/0.xml", VOC.format(""), []),
        ("voc", "patient1/0.xml", VOC.format("0.png"), []),
        ("coco", "patient1/x.json", COCO, []),
        ("voc", "Annotations/0.xml", VOC.format("patient1/0.png"), []),
        ("yolo", "labels/patient1/0.txt", "0 0.5 0.5 0.1 0.1", ["classes.txt"]),
        ("masks", "patient1/masks/0.png", "", []),
    ],
)
def test_a_file_beside_images_is_of_one_of_them(
    tmp_path: Path, form: str, text: str, content: str, others: list[str]
) -> None:
    images = [f"{'images/' if form == 'yolo' else ''}{name}" for name in ("patient1/1.png", "patient2/0.png")]
    raw = folder(tmp_path, *images, text, *others)
    if content:
        (tmp_path / text).write_text(content)
    (tmp_path / "classes.txt").write_text("a\n")
    flagged = [image.problem for image in reader_of(form)(raw).images if image.problem]
    assert ["0.png lies in another folder" in problem for problem in flagged] == [True], flagged


@pytest.mark.parametrize("name", ["test", "notes_3", "README-1"])
def test_a_text_of_an_image_is_its_label_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    raw = folder(tmp_path, f"{name}.png", "0.png", f"{name}.txt", "0.txt", "train.txt", "notes.txt")
    (tmp_path / "classes.txt").write_text("a\n")
    (tmp_path / f"{name}.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    found = {image.source: len(image.drawing.shapes) for image in reader_of("yolo")(raw).images}
    assert found == {f"{name}.png": 1, "0.png": 0}
