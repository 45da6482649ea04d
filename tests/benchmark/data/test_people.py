"""Stores keep whom their images show, without identifiers, and at which level their splits separate."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lovt_bench.benchmark.contract.dataset import DatasetManifest
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.patient_key import hashed
from lovt_bench.benchmark.data.people import split_level
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.data.verify import verify_store
from lovt_bench.benchmark.disk.digest import file_sha256
from lovt_bench.tasks.protocol import load_protocol
from tests.benchmark.data import raws, world
from tests.benchmark.data.small_store import write_store

MAPPING = "pneumonia-challenge-dataset-mappings_2018.json"


def person(store: ImageStore, name: str) -> dict[str, Any]:
    row = store.index.iloc[world.rows(name, store)]
    return {key: None if pd.isna(row[key]) else row[key] for key in ("sex", "age", "view", "patient")}


def header(raw: Path, number: int, **tags: Any) -> None:
    raws.write_dicom(raw / "stage_2_train_images" / f"p{number}.dcm", raws.grey(seed=number), **tags)


def mapping(raw: Path, originals: Sequence[str]) -> None:
    entries = [
        {"subset_img_id": f"p{number}", "img_id": original, "orig_labels": ["Mass"]}
        for number, original in enumerate(originals)
    ]
    (raw / MAPPING).write_text(json.dumps(entries))


def test_rsna_headers_and_areas(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw")
    header(raw, 1, PatientSex="F", PatientAge="058Y", ViewPosition="AP", PatientID="p1")
    store = world.store("rsna", raw, tmp_path)
    assert person(store, "p1") == {
        "sex": "F",
        "age": 58,
        "view": "AP",
        "patient": hashed("rsna:p1", world.KEY),
    }
    assert person(store, "p2") == {
        "sex": None,
        "age": None,
        "view": None,
        "patient": hashed("rsna:p2", world.KEY),
    }
    assert store.manifest.split_level == "image"
    areas = {
        name: store.index["lesion_areas"][world.rows(name, store)].tolist() for name in ("p0", "p1", "p3")
    }
    covered = pytest.approx([(10 * 12 + 16 * 9) / (40 * 52)], rel=1e-6)
    assert areas == {"p0": covered, "p1": [0.0], "p3": pytest.approx([16 * 9 / (40 * 52)], rel=1e-6)}


def test_the_mapping_joins_patients_and_a_split_that_separates_them_says_so(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw")
    alone = world.store("rsna", raw, tmp_path / "a")
    mapping(raw, [f"{number:08d}_000.png" for number in range(10)])
    apart = world.run("rsna", raw, tmp_path / "a")
    assert (apart.found, apart.manifest.split_level) == (False, "patient")
    mapping(raw, [f"{number // 10:08d}_{number:03d}.png" for number in range(10)])
    one = world.store("rsna", raw, tmp_path / "a")
    assert one.manifest.split_level == "image"
    assert set(one.index["patient"]) == {hashed("nih-cxr:00000000", world.KEY)}
    assert alone.manifest.identity() == apart.manifest.identity() == one.manifest.identity()
    nih = world.store("nih-cxr", raws.nih_cxr(tmp_path / "nih"), tmp_path / "a")
    assert set(one.index["patient"]) < set(nih.index["patient"]), "one patient in two stores of a workspace"


def test_entries_that_are_missing_or_contradict_each_other_leave_a_patient_unknown(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw")
    entries: list[object] = [{"subset_img_id": f"p{n}", "img_id": f"{n:08d}_000.png"} for n in range(9)]
    entries += [
        {"subset_img_id": "p1", "img_id": "00000007_001.png"},
        {"subset_img_id": "p2", "img_id": "Doe"},
    ]
    entries += [7, None, {"subset_img_id": ["p3"], "img_id": {}}, float("nan")]
    (raw / MAPPING).write_text(json.dumps(entries))
    store = world.store("rsna", raw, tmp_path)
    unknown = {name for name in store.ids(range(10)) if person(store, name)["patient"] is None}
    assert (unknown, store.manifest.split_level) == ({"p1", "p9"}, "image")
    assert store.manifest.image_counts is not None
    assert store.manifest.image_counts.remarks == [
        f"{MAPPING}: 5 entries without subset_img_id and img_id passed over.",
        f"{MAPPING}: 1 images with several patients, so that theirs is not known.",
    ]


@pytest.mark.parametrize("content", ["", "{}", "[" * 100_000, "not JSON", "\xff", '[{"subset_img_id": '])
def test_a_mapping_that_is_none_is_one_sentence(tmp_path: Path, content: str) -> None:
    raw = raws.rsna(tmp_path / "raw")
    (raw / MAPPING).write_text(content, encoding="latin-1")
    with pytest.raises(DataError, match=MAPPING) as caught:
        world.run("rsna", raw, tmp_path)
    assert "\n" not in str(caught.value)


def test_nih_entries(tmp_path: Path) -> None:
    raw = raws.nih_cxr(tmp_path / "raw")
    table = raw / "Data_Entry_2017_v2020.csv"
    lines = table.read_text().splitlines()
    for number, fields in {2: "2,414,F,AP", 3: "3,nan,O,Doe", 4: f"4,035Y,{'M' * 10_000},LL"}.items():
        lines[number + 1] = f"{number:08d}_000.png,Mass,0,{fields},52,40,0.1,0.1"
    lines += [lines[6], lines[7].replace(",50,M,", ",51,F,")]
    raws.write_lines(table, lines)
    store = world.store("nih-cxr", raw, tmp_path)
    found = {number: person(store, f"{number:08d}_000") for number in range(7)}
    assert [tuple(one.values())[:3] for one in found.values()] == [
        *(("M", 50, "PA"), ("M", 50, "PA"), ("F", None, "AP"), (None, None, None), (None, 35, "lateral")),
        *(("M", 50, "PA"), (None, None, "PA")),
    ]
    assert found[5]["patient"] == hashed("nih-cxr:00000005", world.KEY)
    assert store.manifest.split_level == "patient"


def test_nih_patients_in_two_splits_are_seen(tmp_path: Path) -> None:
    """The protocol splits annotated and other images apart: a patient with both may be on both sides."""
    raw = raws.nih_cxr(tmp_path / "raw")
    for number in range(10, 20):
        old, new = f"{number:08d}_000.png", f"{number - 10:08d}_001.png"
        (path,) = raw.rglob(old)
        path.rename(path.with_name(new))
        table = raw / "Data_Entry_2017_v2020.csv"
        table.write_text(table.read_text().replace(old, new))
    store = world.store("nih-cxr", raw, tmp_path)
    assert store.index["patient"].nunique() == 10
    assert store.manifest.split_level == "image"


def test_covid_rural_patients(tmp_path: Path) -> None:
    raw = raws.covid_rural(tmp_path / "raw")
    bare = world.store("covid-rural", raw, tmp_path)
    assert bare.manifest.split_level == "patient"
    assert person(bare, "COVID-19-AR-0001_00-01-2012-XR")["age"] is None
    rows = ["PATIENT_ID,AGE,SEX,RACE,ZIP", "COVID-19-AR-0001,88,F,x,721", "COVID-19-AR-0002,30,M,,"]
    raws.write_lines(
        raw / "covid_rural_patient_info.csv", [*rows, "COVID-19-AR-0002,31,M,,", "COVID-19-AR-0003"]
    )
    store = world.store("covid-rural", raw, tmp_path)
    found = {number: person(store, f"COVID-19-AR-{number:04d}_00-01-2012-XR") for number in (1, 2, 3, 4)}
    assert [(one["sex"], one["age"]) for one in found.values()] == [
        *(("F", 88), ("M", None), (None, None), (None, None))
    ]
    assert found[1]["patient"] == person(store, "COVID-19-AR-0001_01-01-2012-XR")["patient"]
    assert store.index["patient"].nunique() == 5
    assert store.manifest.identity() == bare.manifest.identity()
    assert store.index["lesion_areas"][0].tolist() == pytest.approx([20 * 26 / (40 * 53)])


def test_object_cxr_tells_no_patients(tmp_path: Path) -> None:
    store = world.store("object-cxr", raws.object_cxr(tmp_path / "raw"), tmp_path)
    assert store.index[["sex", "age", "view", "patient"]].isna().all(axis=None)
    assert store.manifest.split_level == "image"


@pytest.mark.filterwarnings("ignore")
def test_identifiers_and_names_reach_no_file_and_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    raw = raws.siim(tmp_path / "raw")
    for number in range(5):
        path = raw / "dicom-images-train" / f"study{number}" / "series" / f"i{number}.dcm"
        pixels = np.kron(raws.grey(16, 16, seed=number), np.ones((64, 64), np.uint8))
        tags = {"PatientID": f"DOE\n{number % 2}", "PatientName": "DOE\nJane", "PatientSex": "DOE" * 5000}
        raws.write_dicom(path, pixels, PatientAge="DOE", ViewPosition="PA", **tags)
    caplog.clear()  # pydicom remarked on what it was given to write
    seen: list[bytes] = []

    def look(done: int, total: int) -> None:
        seen.extend(path.read_bytes() for path in tmp_path.rglob("journal.jsonl"))

    with caplog.at_level(logging.DEBUG):
        store = world.store("siim", raw, tmp_path / "data", on_progress=look)
    assert store.index["patient"].nunique() == 2
    assert set(store.index["view"]) == {"PA"}
    assert store.index[["sex", "age"]].isna().all(axis=None)
    assert store.manifest.split_level == "image", "SIIM gave new identifiers: nothing is known of patients"
    assert seen[-1].count(b'"patient"') == 5
    written = [*seen, *(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())]
    assert not any(b"DOE" in content or world.KEY in content for content in written)
    assert "DOE" not in caplog.text


def test_another_key_begins_anew_and_gives_other_hashes(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw")
    (raw / "stage_2_train_images" / "p9.dcm").write_bytes(b"broken")
    with pytest.raises(DataError):
        world.run("rsna", raw, tmp_path)
    raws.rsna(raw)
    store = world.store("rsna", raw, tmp_path, patient_key=lambda: b"2" * 32)
    assert set(store.index["patient"]) == {hashed(f"rsna:p{n}", b"2" * 32) for n in range(10)}


def test_the_level_follows_from_what_is_known() -> None:
    index = pd.DataFrame({"split": ["train", "train", "test"], "patient": ["a", "a", "b"]})
    assert split_level(index, patients_known=True) == "patient"
    assert split_level(index, patients_known=False) == "image"
    assert split_level(index.assign(patient=["a", "b", "a"]), patients_known=True) == "image"
    assert split_level(index.assign(patient=pd.Series(["a", None, "b"])), patients_known=True) == "image"


def before_people(store: ImageStore) -> DatasetManifest:
    """Rewrite a store as it was prepared before its index had these columns."""
    columns = ["id", "split", "order", "source", "source_sha256", "height", "width"]
    path = store.root / "index.parquet"
    store.index[columns].to_parquet(path, index=False)
    files = store.manifest.files | {"index.parquet": file_sha256(path)}
    changes = {"files": files, "split_level": None, "sources_sha256": "0" * 64}
    manifest = store.manifest.model_copy(update=changes).sealed()
    (store.root / "dataset.json").write_text(manifest.to_json())
    return manifest


def test_a_store_made_before_is_whole_and_preparing_again_adds_the_columns(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw")
    old = before_people(world.store("rsna", raw, tmp_path))
    assert "sex" not in ImageStore.open(tmp_path / "rsna").index
    assert verify_store(tmp_path / "rsna", load_protocol()).problems == ()
    again = world.run("rsna", raw, tmp_path)
    assert (again.found, again.manifest.identity()) == (False, old.identity())
    assert "sex" in ImageStore.open(again.root).index


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of RSNA images that says of nobody more than the patient."""
    folder = tmp_path_factory.mktemp("whole")
    return world.store("rsna", raws.rsna(folder / "raw"), folder).root


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("sex", "Doe", "sex must be one of F, M or nothing"),
        ("view", "Doe", "view must be one of PA, AP"),
        ("age", 414, "age must lie in 0…120"),
        ("patient", "p1", "patient must be a hash"),
        ("lesion_areas", [0.1, 0.2], "lesion_areas must be 1 shares"),
        ("lesion_areas", [float("nan")], "lesion_areas must be 1 shares"),
        ("lesion_areas", [1.5], "lesion_areas must be 1 shares"),
        ("age", "Doe", "values of other types"),
        ("lesion_areas", "Doe", "values of other types"),
    ],
)
def test_verify_names_what_cannot_be(
    whole: Path, tmp_path: Path, column: str, value: Any, message: str
) -> None:
    store = ImageStore.open(shutil.copytree(whole, tmp_path / "rsna"))
    rewrite(store, store.index.assign(**{column: pd.Series([value] * len(store))}))
    assert any(message in problem for problem in verify_store(store.root, load_protocol()).problems)


def test_verify_names_a_level_that_the_index_contradicts_and_columns_that_are_not_all_there(
    whole: Path, tmp_path: Path
) -> None:
    store = ImageStore.open(shutil.copytree(whole, tmp_path / "rsna"))
    rewrite(store, store.index.assign(patient="0" * 16), split_level="patient")
    (problem,) = verify_store(store.root, load_protocol()).problems
    assert "said to separate patients" in problem
    rewrite(store, store.index.drop(columns="view"))
    (problem,) = verify_store(store.root, load_protocol()).problems
    assert "only sex, age, patient, lesion_areas are there" in problem


def rewrite(store: ImageStore, index: pd.DataFrame, **changes: object) -> None:
    path = store.root / "index.parquet"
    index.to_parquet(path, index=False)
    files = store.manifest.files | {"index.parquet": file_sha256(path)}
    manifest = store.manifest.model_copy(update={"files": files, **changes}).sealed()
    (store.root / "dataset.json").write_text(manifest.to_json())


def test_stores_from_arrays_know_nobody(tmp_path: Path) -> None:
    store = write_store(
        tmp_path / "toy", images=np.random.default_rng(0).integers(0, 256, (4, 8, 8), np.uint8)
    )
    assert (store.manifest.split_level, "sex" in store.index) == (None, False)
