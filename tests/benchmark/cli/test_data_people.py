"""`lovt-bench data show`: counts for a person and for a program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.data.store import ImageStore
from tests.benchmark.data import raws
from tests.benchmark.data.small_store import write_store
from tests.benchmark.data.test_people import before_people


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["data", *map(str, arguments)])


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    raw = raws.rsna(folder / "raw")
    for number in range(6):
        tags = {"PatientSex": "FM"[number % 2], "PatientAge": f"0{20 + number}Y", "ViewPosition": "PA"}
        path = raw / "stage_2_train_images" / f"p{number}.dcm"
        raws.write_dicom(path, raws.grey(seed=number), **tags)
    assert call("prepare", "rsna", "--raw", raw, "--workspace", folder).exit_code == 0
    return folder


def test_tables_fit_a_terminal(workspace: Path) -> None:
    shown = call("show", "rsna", "--workspace", workspace)
    assert shown.exit_code == 0, shown.output
    lines = {line[:15].strip(): line.split() for line in shown.output.splitlines()}
    assert lines["images"][1:] == ["6", "2", "2", "10"]
    assert lines["sex F"][-1] == lines["sex M"][-1] == "3"
    assert lines["sex unknown"][-1] == lines["view unknown"][-1] == "4"
    assert lines["age in years"][-5:] == ["20", "/", "22.5", "/", "25"]
    assert lines["opacity"][1] == "4"
    assert "splits separate at image level: the identifiers are not those of patients" in shown.output
    assert all(len(line) <= 120 for line in shown.output.splitlines()[1:])


def test_json_holds_the_same(workspace: Path) -> None:
    facts = json.loads(call("show", "rsna", "--json", "--workspace", workspace).output)
    everybody = facts["people"]["all"]
    assert everybody["sex"] == {"F": 3, "M": 3, "unknown": 4}
    assert everybody["ages"] == {"least": 20, "median": 22.5, "greatest": 25}
    assert sum(facts["people"][split]["images"] for split in ("train", "validation", "test")) == 10
    assert facts["areas"]["opacity"]["images"] == 4
    assert facts["areas"]["opacity"]["quantiles"]["0.05"] == pytest.approx(144 / 2080, rel=1e-6)
    assert facts["split_level"] == "image"
    assert facts["dataset_sha256"] == ImageStore.open(workspace / "data" / "rsna").manifest.identity()


def test_the_key_lies_beside_the_stores_and_is_kept(workspace: Path) -> None:
    key = (workspace / "patients.key").read_text()
    patients = ImageStore.open(workspace / "data" / "rsna").index["patient"].tolist()
    call("prepare", "rsna", "--raw", workspace / "raw", "--workspace", workspace, "--force")
    assert (workspace / "patients.key").read_text() == key
    assert ImageStore.open(workspace / "data" / "rsna").index["patient"].tolist() == patients


def test_stores_that_do_not_know_say_how_to_add_it(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw")
    call("prepare", "rsna", "--raw", raw, "--workspace", tmp_path)
    before_people(ImageStore.open(tmp_path / "data" / "rsna"))
    shown = call("show", "rsna", "--workspace", tmp_path)
    assert shown.exit_code == 0
    assert (
        "prepared by an earlier version. Add them with: lovt-bench data prepare rsna --raw DIR ("
        in shown.output
    )
    facts = json.loads(call("show", "rsna", "--json", "--workspace", tmp_path).output)
    assert (facts["people"], facts["areas"], facts["split_level"]) == (None, None, None)
    write_store(tmp_path / "data" / "toy", images=raws.grey(8, 8)[None].repeat(4, axis=0))
    assert "made from arrays" in call("show", "toy", "--workspace", tmp_path).output


def test_no_store_and_a_damaged_one_are_one_sentence(tmp_path: Path) -> None:
    missing = call("show", "rsna", "--workspace", tmp_path)
    assert (missing.exit_code, "data prepare rsna --raw DIR" in missing.output) == (1, True)
    call("prepare", "rsna", "--raw", raws.rsna(tmp_path / "raw"), "--workspace", tmp_path)
    (tmp_path / "data" / "rsna" / "index.parquet").write_bytes(b"broken")
    damaged = call("show", "rsna", "--workspace", tmp_path)
    assert (damaged.exit_code, "index.parquet" in damaged.output) == (1, True)


def test_a_damaged_key_stops_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "patients.key").write_text("secret")
    result = call("prepare", "rsna", "--raw", raws.rsna(tmp_path / "raw"), "--workspace", tmp_path)
    assert (result.exit_code, "patients.key: expected 64" in result.output) == (1, True)
    assert "secret" not in result.output
    assert not (tmp_path / "data" / "rsna").exists()
