"""MIMIC-CXR: which studies and images are kept, in which order, and what odd files do."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lovt_bench.benchmark.contract.corpus import CorpusManifest
from lovt_bench.benchmark.data.corpus import mimic_cxr
from lovt_bench.benchmark.data.corpus import process as reasons
from lovt_bench.benchmark.data.corpus.mimic_cxr import excluded_studies, list_mimic_cxr
from lovt_bench.benchmark.data.corpus.prepare import prepare
from lovt_bench.benchmark.data.corpus.verify import verify_corpus
from lovt_bench.benchmark.data.errors import DataError
from tests.benchmark.data.corpus import raw_mimic
from tests.benchmark.data.corpus.raw_mimic import Study


def made(
    root: Path, *studies: Study, archive: bool = True
) -> tuple[CorpusManifest, pd.DataFrame, pd.DataFrame]:
    """Write, prepare and verify a corpus; return manifest, studies, images."""
    raw = raw_mimic.write(root / "raw", studies or raw_mimic.studies(), archive)
    return prepared(raw, root)


def prepared(raw: Path, root: Path) -> tuple[CorpusManifest, pd.DataFrame, pd.DataFrame]:
    outcome = prepare(list_mimic_cxr(raw), root / "corpora")
    assert verify_corpus(outcome.root) == []
    studies, images = (pd.read_parquet(outcome.root / f"{name}.parquet") for name in ("studies", "images"))
    return outcome.manifest, studies, images


def test_studies_come_by_split_then_subject_then_study(tmp_path: Path) -> None:
    manifest, studies, images = made(tmp_path)
    assert studies["id"].tolist() == ["50000001", "50000003", "50000009", "50000005", "50000004"]
    assert studies["patient"].tolist() == ["10000005", "10000005", "11000001", "13000001", "12000001"]
    assert studies["split"].tolist() == ["train"] * 3 + ["validation", "test"]
    assert images["id"].tolist()[1:3] == ["9f-50000003", "7f-50000003"], "order of the table, no lateral"
    assert images["view"].tolist()[1:3] == ["AP", "PA"]
    assert manifest.left_out == {mimic_cxr.OTHER_VIEW: 1}
    assert (manifest.display_name, manifest.track) == ("MIMIC-CXR", "public")
    assert "p14, p15" in manifest.notes[0]


def test_pixels_lie_where_the_table_says(tmp_path: Path) -> None:
    manifest, _, images = made(tmp_path)
    pixels = np.load(tmp_path / "corpora" / "mimic-cxr" / "pixels.npy", mmap_mode="r")
    row = images.iloc[2]
    stored = pixels[row["offset"] :][: row["height"] * row["width"]].reshape(row["height"], row["width"])
    assert stored.mean() / 255 == pytest.approx(row["pixel_mean"])
    study_means = [0.0, 0.0, 0.0]
    for place, rows in images[images["split"] == "train"].groupby("study"):
        study_means[int(str(place))] = rows["pixel_mean"].mean()
    assert manifest.pixel_statistics.mean == pytest.approx(np.mean(study_means))


def test_statistics_of_studies_weigh_each_study_alike(tmp_path: Path) -> None:
    manifest, studies, images = made(tmp_path)
    two = images[images["study"] == 1]
    assert studies["pixel_variance"][1] == pytest.approx(
        two["pixel_variance"].mean() + two["pixel_mean"].var(ddof=0)
    )
    train = studies[studies["split"] == "train"]
    std = np.sqrt(train["pixel_variance"].mean() + train["pixel_mean"].var(ddof=0))
    assert manifest.pixel_statistics.std == pytest.approx(std)


def test_reports_without_what_is_used_are_left_out(tmp_path: Path) -> None:
    excluded = next(iter(sorted(excluded_studies())))
    manifest, studies, _ = made(
        tmp_path,
        Study(10000001, 50000001),
        Study(10000001, 50000002, report="\n INDICATION: cough\n \n The lungs are clear.\n"),
        Study(10000001, 50000003, report="\n FINDINGS: Clear.\n"),
        Study(10000001, 50000004, report="\n FINDINGS: Clear lungs.\n"),
        Study(10000001, 50000005, report=None),
        Study(10000001, 50000006, report="\n FINDINGS:  \n \n IMPRESSION: \n"),
        Study(10000001, excluded),
        Study(10000001, 50000007, views=("LL",)),
    )
    assert studies["id"].tolist() == ["50000001", "50000004"]
    assert manifest.left_out == {
        mimic_cxr.OTHER_VIEW: 1,
        mimic_cxr.EXCLUDED: 1,
        mimic_cxr.NO_FILE: 1,
        mimic_cxr.NO_SECTION: 2,
        reasons.FEW_TOKENS.format(3): 1,
    }


def test_sentences_are_findings_then_impression(tmp_path: Path) -> None:
    _, studies, _ = made(tmp_path)
    row = studies.iloc[0]
    assert row["sentences"].tolist() == ["The lungs are clear.", "No effusion.", "Normal."]
    assert (row["findings_sentences"], row["impression_sentences"]) == (2, 1)
    assert (row["findings_tokens"], row["impression_tokens"]) == (8, 2)


def test_uncertain_labels_are_positive_and_blank_ones_negative(tmp_path: Path) -> None:
    labels = {"Edema": "-1.0", "Atelectasis": "1.0", "Cardiomegaly": "0.0", "Fracture": "1.0"}
    manifest, studies, _ = made(tmp_path, Study(10000001, 50000001, labels=labels), Study(10000001, 50000002))
    assert studies["labels"][0].tolist() == [0, 1, 0, 1, 0]
    assert studies["raw_labels"][0][[0, 1, 3]].tolist() == [1, 0, -1]
    assert np.isnan(studies["raw_labels"][0][2])
    assert manifest.splits["train"].positives == [0, 1, 0, 1, 0]


def test_folder_and_archive_give_the_same_corpus(tmp_path: Path) -> None:
    one, *_ = made(tmp_path / "a", archive=True)
    other, *_ = made(tmp_path / "b", archive=False)
    assert one.files == other.files
    assert one.identity() == other.identity()


def test_windows_line_ends_read_like_any(tmp_path: Path) -> None:
    _, studies, _ = made(tmp_path, Study(10000001, 50000001, report=raw_mimic.REPORT.replace("\n", "\r\n")))
    assert studies["sentences"][0].tolist() == ["The lungs are clear.", "No effusion.", "Normal."]


def test_broken_images_are_counted_and_truncated_ones_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    studies = [Study(10000001, 50000000 + number, views=("PA", "AP")) for number in range(1, 5)]
    raw = raw_mimic.write(tmp_path / "raw", studies)
    path = raw_mimic.image_path(raw, studies[0])
    path.write_bytes(raw_mimic.jpeg(400, 600)[:-3000])
    raw_mimic.image_path(raw, studies[1]).write_bytes(b"\xff\xd8 no image")
    raw_mimic.image_path(raw, studies[2]).unlink()
    for number in (0, 1):
        raw_mimic.image_path(raw, studies[3], number).unlink()
    manifest, kept, images = prepared(raw, tmp_path)
    assert kept["image_count"].tolist() == [2, 1, 1]
    assert len(images) == 4
    assert manifest.left_out == {reasons.MISSING: 3, reasons.UNREADABLE: 1, reasons.NO_IMAGE: 1}
    assert any("1 JPEGs end early" in note for note in manifest.notes)
    assert "9f-50000002.jpg (study 50000002): not a readable image" in caplog.text


def test_a_phantom_is_called_one(tmp_path: Path) -> None:
    raw = raw_mimic.write(tmp_path / "raw", raw_mimic.studies())
    (raw / "phantom.json").write_text("{}")
    manifest, *_ = prepared(raw, tmp_path)
    assert (manifest.display_name, manifest.track) == ("phantom MIMIC-CXR", "phantom")


def test_an_empty_corpus_says_where_everything_went(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no training study is left[\s\S]*1 studies: report has neither"):
        made(tmp_path, Study(10000001, 50000001, report="No header."))
    assert not (tmp_path / "corpora" / "mimic-cxr").exists()
    with pytest.raises(DataError, match=r"no training study is left[\s\S]*1 images: view"):
        made(tmp_path, Study(10000001, 50000001, views=("LATERAL",)))


@pytest.mark.parametrize(
    ("kind", "old", "new", "message"),
    [
        ("split", "9f-50000001", "../../x", r"row 5: dicom_id '../../x' cannot be a file name"),
        ("split", "9f-50000001", "", "cannot be a file name"),
        ("split", "9f-50000001", "9f-50000009", "listed a second time"),
        ("split", "50000001,10000005", "../50001,10000005", "study_id '../50001'; expected eight digits"),
        ("split", ",10000005,", ",1,", "subject_id '1'"),
        ("split", "test", "held-out", "split 'held-out'; expected train, validate or test"),
        ("split", "50000001,10000005,train", "50000001,10000005,test", "10000005 is in more than one split"),
        ("split", "subject_id", "subject", "missing column 'subject_id'"),
        ("metadata", "ViewPosition", "View", "missing column 'ViewPosition'"),
        ("chexpert", "Edema", "Oedema", "missing column 'Edema'"),
        ("chexpert", "10000005,50000003,", "10000005,50000003,2.0", "row 2, Atelectasis: expected 1.0"),
        ("chexpert", "10000005,50000003,", "10000005,50000001,", "a second row of the same study"),
    ],
)
def test_odd_tables_name_the_row(tmp_path: Path, kind: str, old: str, new: str, message: str) -> None:
    raw = raw_mimic.write(tmp_path, raw_mimic.studies())
    raw_mimic.edit_table(raw, kind, old, new)
    with pytest.raises(DataError, match=message) as caught:
        list_mimic_cxr(raw)
    assert f"mimic-cxr-2.0.0-{kind}.csv.gz" in str(caught.value)


@pytest.mark.parametrize("kind", ["split", "metadata", "chexpert"])
def test_missing_and_damaged_tables_are_named(tmp_path: Path, kind: str) -> None:
    raw = raw_mimic.write(tmp_path, raw_mimic.studies())
    path = raw_mimic.table_path(raw, kind)
    content = path.read_bytes()
    for broken in (content[:-20], b"dicom_id", b""):
        path.write_bytes(broken)
        with pytest.raises(DataError, match=f"{kind}.csv.gz: not a gzipped CSV"):
            list_mimic_cxr(raw)
    path.unlink()
    with pytest.raises(DataError, match=f"{kind}.csv.gz: file is missing"):
        list_mimic_cxr(raw)


def test_missing_and_damaged_reports_are_named(tmp_path: Path) -> None:
    raw = raw_mimic.write(tmp_path, raw_mimic.studies())
    archive = raw / "mimic-cxr_2-0-0" / "mimic-cxr-reports.zip"
    content = archive.read_bytes()
    archive.write_bytes(content[:100])
    with pytest.raises(DataError, match="not a zip archive"):
        list_mimic_cxr(raw)
    archive.write_bytes(content.replace(b"FINDINGS", b"FINDINGZ", 1))
    with pytest.raises(DataError, match=r"s50000009\.txt cannot be read"):
        prepare(list_mimic_cxr(raw), tmp_path / "corpora")
    archive.unlink()
    with pytest.raises(DataError, match=r"expected mimic-cxr-reports\.zip there"):
        list_mimic_cxr(raw)


def test_hostile_archives_are_never_extracted(tmp_path: Path) -> None:
    studies = [*raw_mimic.studies(), Study(10000001, 50000002, report=None)]
    raw = raw_mimic.write(tmp_path / "raw", studies)
    with zipfile.ZipFile(
        raw / "mimic-cxr_2-0-0" / "mimic-cxr-reports.zip", "a", zipfile.ZIP_DEFLATED
    ) as bundle:
        bundle.writestr("../../outside.txt", "x")
        bundle.writestr(f"files/{studies[-1].name}.txt", "x" * 2_000_000)
    before = sorted(raw.rglob("*"))
    with pytest.raises(DataError, match="more than 1000000 bytes"):
        prepare(list_mimic_cxr(raw), tmp_path / "corpora")
    assert sorted(raw.rglob("*")) == before
    assert not (tmp_path / "outside.txt").exists()


def test_the_exclusion_list_has_the_length_of_the_protocol() -> None:
    assert len(excluded_studies()) == 23 + 31


def physionet(raw: Path) -> None:
    """What `wget -r` leaves of the two projects."""
    for old, new in (("mimic-cxr-jpg_2-0-0", "mimic-cxr-jpg/2.1.0"), ("mimic-cxr_2-0-0", "mimic-cxr/2.1.0")):
        target = raw / "physionet.org" / "files" / new
        target.parent.mkdir(parents=True)
        (raw / old).rename(target)


def unzipped_tables(raw: Path) -> None:
    for kind in ("split", "metadata", "chexpert"):
        path = raw_mimic.table_path(raw, kind)
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()


def new_names(raw: Path) -> None:
    for kind in ("split", "metadata", "chexpert"):
        path = raw_mimic.table_path(raw, kind)
        path.rename(path.with_name(path.name.replace("2.0.0", "2.1.0")))


def one_folder(raw: Path) -> None:
    for old in ("mimic-cxr-jpg_2-0-0", "mimic-cxr_2-0-0"):
        for path in sorted((raw / old).iterdir()):
            path.rename(raw / path.name)


def reports_in_files(raw: Path) -> None:
    """As the project itself lays them out, beside folders of DICOM files."""
    folder = raw / "mimic-cxr_2-0-0"
    with zipfile.ZipFile(folder / "mimic-cxr-reports.zip") as archive:
        archive.extractall(folder)
    (folder / "mimic-cxr-reports.zip").unlink()
    (folder / "files" / "p10" / "p10000000").mkdir()


def extracted_below_physionet(raw: Path) -> None:
    """The reports lie five folders down."""
    reports_in_files(raw)
    physionet(raw)


@pytest.mark.parametrize(
    "change",
    [physionet, unzipped_tables, new_names, one_folder, reports_in_files, extracted_below_physionet],
)
def test_every_layout_of_physionet_gives_the_same_corpus(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    studies = [
        Study(10000001, 50000001),
        Study(10000002, 50000002, views=("PA", "LL")),
        Study(11000000, 50000003),
    ]
    raw = raw_mimic.write(tmp_path / "raw", studies)
    expected, *_ = prepared(raw, tmp_path / "a")
    change(raw)
    manifest, _, images = prepared(raw, tmp_path / "b")
    assert manifest.files["pixels.npy"] == expected.files["pixels.npy"]
    assert (manifest.left_out, manifest.notes) == (expected.left_out, expected.notes)
    assert all((raw / source).is_file() for source in images["source"])


def test_every_listed_image_is_used_or_has_a_reason(tmp_path: Path) -> None:
    excluded = next(iter(sorted(excluded_studies())))
    studies = [
        Study(10000001, 50000001, views=("PA", "AP", "LATERAL")),
        Study(10000001, 50000002, views=("PA", "AP"), report="No header."),
        Study(10000001, 50000003, views=("PA", "AP"), report=None),
        Study(10000001, excluded, views=("PA", "AP")),
        Study(10000001, 50000004, views=("PA", "AP")),
    ]
    raw = raw_mimic.write(tmp_path / "raw", studies)
    raw_mimic.image_path(raw, studies[4], 0).unlink()
    raw_mimic.image_path(raw, studies[4], 1).write_bytes(b"")
    counts = prepared(raw, tmp_path)[0].image_counts
    assert counts is not None
    assert (counts.found, counts.used) == (11, 2)
    assert {one.reason: one.images for one in counts.left_out} == {
        "view is neither PA nor AP": 1,
        "study: report has neither findings nor impression": 2,
        "study: report file is missing": 2,
        "study: on the exclusion list": 2,
        "file is missing": 1,
        "cannot be read": 1,
    }


def test_dicom_instead_of_jpeg_and_tables_without_images_are_named(tmp_path: Path) -> None:
    raw = raw_mimic.write(tmp_path, raw_mimic.studies())
    for path in sorted(raw.rglob("*.jpg")):
        path.rename(path.with_suffix(".dcm"))
    with pytest.raises(
        DataError, match="DICOM files there, no JPEG; the protocol reads the images of MIMIC-CXR-JPG"
    ):
        list_mimic_cxr(raw)
    (raw / "mimic-cxr-jpg_2-0-0" / "files").rename(raw / "mimic-cxr-jpg_2-0-0" / "images")
    with pytest.raises(DataError, match=r"files: the folder of the images is missing; .* It holds images/"):
        list_mimic_cxr(raw)
