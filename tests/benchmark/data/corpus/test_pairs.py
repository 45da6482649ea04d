"""Own corpora: what a table may say, and what each wrong row is answered."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lovt_bench.benchmark.contract.corpus import CorpusManifest
from lovt_bench.benchmark.data import walk
from lovt_bench.benchmark.data.corpus.pairs import list_pairs
from lovt_bench.benchmark.data.corpus.prepare import prepare
from lovt_bench.benchmark.data.corpus.verify import verify_corpus
from lovt_bench.benchmark.data.errors import DataError
from tests.benchmark.data import raws, spoil
from tests.benchmark.data.audit import copies
from tests.benchmark.data.corpus.raw_mimic import jpeg


def folder(root: Path, *lines: str, images: int = 6, name: str = "table.csv") -> Path:
    """Write images `i0.jpg` … and a table; return the table."""
    root.mkdir(parents=True, exist_ok=True)
    for number in range(images):
        (root / f"i{number}.jpg").write_bytes(jpeg(seed=number))
    (root / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return root / name


def made(table: Path, labels: Sequence[str] = ()) -> tuple[CorpusManifest, pd.DataFrame, pd.DataFrame]:
    outcome = prepare(list_pairs(table.parent, table, "own", "Own", labels), table.parent.parent / "corpora")
    assert verify_corpus(outcome.root) == []
    studies, images = (pd.read_parquet(outcome.root / f"{name}.parquet") for name in ("studies", "images"))
    return outcome.manifest, studies, images


def test_reports_labels_and_splits(tmp_path: Path) -> None:
    table = folder(
        tmp_path / "raw",
        "image,text,patient,split,Edema,age",
        "i2.jpg,Clear. No effusion.,a,test,,40",
        'i0.jpg,"INDICATION: cough\nFINDINGS: Edema, new.\nIMPRESSION: Edema.",b,train,-1,50',
        "./i1.jpg,Normal.,c,val,0,60",
        "i3.jpg,Normal.,b,train,1.0,50",
    )
    manifest, studies, images = made(table, ["Edema"])
    assert images["id"].tolist() == ["i0.jpg", "i3.jpg", "i1.jpg", "i2.jpg"]
    assert studies["sentences"][0].tolist() == ["Edema, new.", "Edema."]
    assert studies["findings_sentences"].tolist() == [1, 1, 1, 2]
    assert [row.tolist() for row in studies["labels"]] == [[1], [1], [0], [0]]
    assert manifest.splits["train"].positives == [2]
    assert (manifest.display_name, manifest.track, manifest.has_reports) == ("Own", "public", True)
    assert "Columns not used: age." in manifest.notes


def test_json_lines_say_the_same_as_csv(tmp_path: Path) -> None:
    rows = [
        {"image": f"i{n}.jpg", "text": "No effusion.", "split": "train", "Edema": n % 2} for n in range(4)
    ]
    rows[2]["Edema"] = None
    lines = folder(tmp_path / "a" / "raw", *map(json.dumps, rows), name="t.jsonl")
    commas = [f"i{n}.jpg,No effusion.,train,{n % 2 if n != 2 else ''}" for n in range(4)]
    table = folder(tmp_path / "b" / "raw", "image,text,split,Edema", *commas)
    assert made(lines, ["Edema"])[0].files == made(table, ["Edema"])[0].files


def test_half_a_character_is_replaced(tmp_path: Path) -> None:
    line = '{"image": "i0.jpg", "split": "train", "text": "No \\ud800 effusion."}'
    _, studies, _ = made(folder(tmp_path / "raw", line, name="t.jsonl"))
    assert studies["sentences"][0].tolist() == ["No ?", "effusion."]


def test_images_alone_are_a_corpus(tmp_path: Path) -> None:
    manifest, studies, _ = made(folder(tmp_path / "raw", "image", *(f"i{n}.jpg" for n in range(6))))
    assert not manifest.has_reports
    assert manifest.sentence_splitter is None
    assert manifest.label_names == []
    assert manifest.splits["train"].studies == 4
    assert all(len(row) == 0 for row in studies["sentences"])


def test_findings_and_impression_may_stand_apart(tmp_path: Path) -> None:
    lines = ("image,findings,impression,split", "i0.jpg,Clear.,,train", "i1.jpg,,Normal.,train")
    _, studies, _ = made(folder(tmp_path / "raw", *lines))
    assert studies["impression_sentences"].tolist() == [0, 1]


def test_images_of_a_study_stay_together(tmp_path: Path) -> None:
    lines = ("image,study,text,split", "i0.jpg,s1,Clear.,train", "i1.jpg,s2,Clear.,train", "i2.jpg,s1,,train")
    _, studies, images = made(folder(tmp_path / "raw", *lines))
    assert studies["image_count"].tolist() == [2, 1]
    assert images["id"].tolist() == ["i0.jpg", "i2.jpg", "i1.jpg"]


def test_drawn_splits_keep_a_patient_together_and_follow_the_seed(tmp_path: Path) -> None:
    table = folder(tmp_path, "image,patient", *(f"i{n}.jpg,p{n // 2}" for n in range(60)), images=60)
    first, again, other = (list_pairs(tmp_path, table, "own", "Own", seed=seed) for seed in (0, 0, 1))
    of_patient: dict[str, set[str]] = {}
    for study in first.studies:
        of_patient.setdefault(study.patient, set()).add(study.split)
    assert all(len(splits) == 1 for splits in of_patient.values())
    assert first.studies == again.studies != other.studies
    counts = [
        sum(study.split == split for study in first.studies) for split in ("train", "validation", "test")
    ]
    assert counts == [52, 4, 4]


def test_dicom_images_are_read(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    raws.write_dicom(tmp_path / "raw" / "scan.dcm", raws.grey())
    _, _, images = made(folder(tmp_path / "raw", "image,split", "scan.dcm,train"))
    assert images["pixel_mean"][0] == pytest.approx(raws.grey().mean() / 255)


def test_an_unreadable_image_is_left_out_and_counted(tmp_path: Path) -> None:
    table = folder(tmp_path / "raw", "image,split", "i0.jpg,train", "i1.jpg,train")
    (tmp_path / "raw" / "i1.jpg").write_bytes(b"broken")
    manifest, *_ = made(table)
    assert manifest.left_out == {"images: cannot be read": 1, "studies: no image left": 1}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((), "no row"),
        (("image,text",), "no row"),
        (("picture", "i0.jpg"), "no column 'image'; found: picture"),
        (("image,image", "i0.jpg,i1.jpg"), "'image' is there twice"),
        (("image", "../table.csv"), "row 1: image '../table.csv'; expected a path relative to"),
        (("image", "/etc/passwd"), "row 1: image '/etc/passwd'"),
        (("image", "a/../../i0.jpg"), "row 1: image"),
        (("image", "C:\\i0.jpg"), "row 1: image"),
        (("image,text", ",x"), "row 1: image ''"),
        (("image", "i0.jpg", "i9.jpg"), "row 2: image i9.jpg is missing"),
        (("image", "i0.jpg", "./i0.jpg"), "row 2: image i0.jpg is already in table.csv row 1"),
        (("image,text", "i0.jpg,x", "i1.jpg,  "), "row 2: the text is empty"),
        (("image,text", "i0.jpg,Pain, no fever"), "row 1: 2 fields expected .* found 3"),
        (("image,text,findings", "i0.jpg,x,y"), "either `text`, or"),
        (("image,split", "i0.jpg,training set"), "row 1: split is 'training set'"),
        (("image,split", "i0.jpg,"), "row 1: split is ''"),
        (
            ("image,patient,split", "i0.jpg,a,train", "i1.jpg,a,test"),
            "row 2: patient a is in test, but in train",
        ),
        (("image,study,text", "i0.jpg,s,x", "i1.jpg,s,y"), "row 2: text differs from table.csv row 1"),
        (("image,Edema", "i0.jpg,2"), "row 1: Edema is '2'; expected 1, 0, -1"),
        (("image,Edema", "i0.jpg,nan"), "row 1: Edema is 'nan'"),
        (("image,Edema", "i0.jpg,yes"), "row 1: Edema is 'yes'"),
        (("image,study,Edema", "i0.jpg,s,1", "i1.jpg,s,0"), "row 2: Edema differs"),
    ],
)
def test_wrong_rows_are_named(tmp_path: Path, lines: tuple[str, ...], message: str) -> None:
    labels = ["Edema"] if lines and "Edema" in lines[0] else []
    with pytest.raises(DataError, match=message):
        list_pairs(tmp_path, folder(tmp_path, *lines), "own", "Own", labels)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2: not JSON"),
        ("[1]", "line 2: one JSON object per line expected, found list"),
        ('{"image": ["i0.jpg"]}', "line 2: image must be a text or a number, found list"),
        ("[" * 100_000, "line 2: not JSON"),
    ],
)
def test_wrong_lines_are_named(tmp_path: Path, line: str, message: str) -> None:
    table = folder(tmp_path, '{"image": "i1.jpg"}', line, name="t.jsonl")
    with pytest.raises(DataError, match=message):
        list_pairs(tmp_path, table, "own", "Own")


def test_an_empty_section_beside_a_filled_one_is_no_error(tmp_path: Path) -> None:
    table = folder(tmp_path / "raw", "image,text,split", 'i0.jpg,"FINDINGS: \nIMPRESSION: x",train')
    assert made(table)[1]["sentences"][0].tolist() == ["x"]


def test_other_encodings_and_odd_names_are_refused(tmp_path: Path) -> None:
    table = folder(tmp_path, "image")
    with pytest.raises(DataError, match="name 'Own Corpus'; expected 1 to 64 of a-z"):
        list_pairs(tmp_path, table, "Own Corpus", "Own")
    with pytest.raises(DataError, match="no column 'Edema'"):
        list_pairs(tmp_path, folder(tmp_path, "image", "i0.jpg"), "own", "Own", ["Edema"])
    table.write_bytes("image,text\ni0.jpg,Ödem\n".encode("latin-1"))
    with pytest.raises(DataError, match="in UTF-8"):
        list_pairs(tmp_path, table, "own", "Own")


def test_flat_images_are_refused(tmp_path: Path) -> None:
    table = folder(tmp_path / "raw", "image,split", "scan.dcm,train")
    raws.write_dicom(tmp_path / "raw" / "scan.dcm", np.full((8, 8), 7, np.uint8))
    with pytest.raises(DataError, match="one flat grey"):
        made(table)


def test_own_images_are_stored_as_they_are_displayed(tmp_path: Path) -> None:
    table = folder(
        tmp_path / "raw", "image,split", *(f"{n},train" for n in ("a.dcm", "b.dcm", "c.JPG", "d.png"))
    )
    grey = raws.grey(60, 50)
    copies.dicom(table.parent / "a.dcm", 255 - grey, PhotometricInterpretation="MONOCHROME1")
    deep = grey.astype(np.int16) * 4 - 1000
    window: dict[str, Any] = {
        "WindowCenter": 512,
        "WindowWidth": 1021,
        "RescaleSlope": 1,
        "RescaleIntercept": 1000,
    }
    copies.dicom(table.parent / "b.dcm", deep, **window)
    image = Image.fromarray(grey)
    exif = image.getexif()
    exif[274] = 6
    image.save(table.parent / "c.JPG", exif=exif, quality=100)
    Image.fromarray(grey.astype(np.uint16) * 16).save(table.parent / "d.png")
    _, _, images = made(table)
    pixels = np.load(tmp_path / "corpora" / "own" / "pixels.npy")
    stored = [
        pixels[row["offset"] :][: row["height"] * row["width"]].reshape(row["height"], row["width"])
        for _, row in images.iterrows()
    ]
    assert [one.shape for one in stored] == [(60, 50), (60, 50), (50, 60), (60, 50)]
    np.testing.assert_array_equal(stored[0], grey)
    assert np.abs(stored[1].astype(int) - grey).max() <= 1
    assert np.abs(stored[2].astype(int) - np.rot90(grey, -1)).max() <= 4
    assert np.corrcoef(stored[3].ravel(), grey.ravel())[0, 1] > 0.999


def test_found_is_used_and_left_out(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    table = folder(
        raw, "image,split", *(f"{n},train" for n in ("i0.jpg", "i1.jpg", "i2.jpg")), ",", "i3.jpg,train"
    )
    (raw / "i2.jpg").write_bytes(b"")
    (raw / "i4.jpg").rename(raw / "i4.JPG")
    (raw / "a.jpg").mkdir()
    (raw / "up").symlink_to(raw)
    os.mkfifo(raw / "pipe.png")
    cluttered = spoil.litter(raw)
    counts = made(table)[0].image_counts
    assert counts is not None
    assert {one.reason: one.images for one in counts.left_out} == {
        walk.CLUTTER: cluttered,
        "no row in table.csv": 2,
        walk.FOLDER: 1,
        walk.NOT_REGULAR: 1,
        "cannot be read": 1,
    }
    assert (counts.found, counts.used) == (6 + 2 + cluttered, 3)
    assert counts.remarks == ["table.csv: empty rows passed over: 1 (row 4)."]


def test_names_that_readers_of_tables_take_for_nothing_survive(tmp_path: Path) -> None:
    odd = ["nan", "null", "NA", "001"]
    lines = [f"i{n}.jpg;{name};{name};train" for n, name in enumerate(odd)]
    table = folder(tmp_path / "raw", "image;study;patient;split", *lines)
    _, studies, _ = made(table)
    assert studies["id"].tolist() == studies["patient"].tolist() == odd


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("pipe.png", "image pipe.png in .*: it is a pipe or device, not a file"),
        ("a.jpg", "image a.jpg in .*: it is a folder, not a file"),
        ("self.jpg", "image self.jpg in .*: a link that leads nowhere or in a circle"),
        ("I0.JPG", "image I0.JPG is missing in .* It holds .*i0.jpg"),
        ("scans/i0.jpg", "image scans/i0.jpg is missing in .* It holds .*scan/"),
    ],
)
def test_what_is_no_file_is_named(tmp_path: Path, image: str, message: str) -> None:
    table = folder(tmp_path, "image", image)
    for name in ("a.jpg", "scan"):
        (tmp_path / name).mkdir()
    (tmp_path / "self.jpg").symlink_to(tmp_path / "self.jpg")
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(DataError, match=f"row 1: {message}"):
        list_pairs(tmp_path, table, "own", "Own")
