"""Others read a store by its Croissant metadata: MLCommons' own reader gets the rows of the index."""

from __future__ import annotations

import builtins
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.data import format as fmt
from lovt_bench.benchmark.data.croissant import COLUMNS, FILE
from tests.benchmark.data import raws, world
from tests.benchmark.data.small_store import write_store


def write(workspace: Path, name: str) -> Path:
    done = CliRunner().invoke(main, ["data", "croissant", name, "--workspace", str(workspace)])
    assert (done.exit_code, done.output) == (0, f"{workspace / 'data' / name / FILE}\n"), done.output
    return workspace / "data" / name / FILE


def read(file: Path) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return the file, and the records as MLCommons' reader gives them; it validates the metadata first."""
    mlcroissant = pytest.importorskip("mlcroissant")
    dataset = mlcroissant.Dataset(str(file))
    assert not dataset.metadata.issues.errors
    assert not dataset.metadata.issues.warnings
    rows = [
        {
            name.removeprefix("images/"): value.decode() if isinstance(value, bytes) else value
            for name, value in row.items()
        }
        for row in dataset.records("images")
    ]
    return json.loads(file.read_text(encoding="utf-8")), pd.DataFrame(rows)


def test_its_reader_gets_the_rows_of_the_index(tmp_path: Path) -> None:
    pytest.importorskip("mlcroissant")
    raw = raws.nih_cxr(tmp_path / "raw")
    entries = raw / "Data_Entry_2017_v2020.csv"
    lines = entries.read_text(encoding="utf-8").splitlines()
    without_age = [
        lines[0],
        *(line.replace(",050Y,", ",,").replace(",50,", ",,") for line in lines[1:3]),
        *lines[3:],
    ]
    entries.write_text("\n".join(without_age) + "\n", encoding="utf-8")
    store = world.store("nih-cxr", raw, tmp_path / "data")
    assert store.index["age"].hasnans
    assert not store.index["age"].isna().all()
    said, rows = read(write(tmp_path, "nih-cxr"))
    assert list(rows) == list(COLUMNS)
    for column in ("id", "split", "order", "source_sha256", "height", "sex", "patient"):
        assert rows[column].tolist() == store.index[column].tolist()
    ages = store.index["age"].astype("float64")
    np.testing.assert_array_equal(rows["age"].astype("float64"), ages)
    areas = np.stack(store.index["lesion_areas"].tolist())
    np.testing.assert_array_equal(np.stack(rows["lesion_areas"].tolist()), areas)
    assert "unrestricted" in said["license"]
    assert {one["name"]: one["sha256"] for one in said["distribution"]} == store.manifest.files


def test_a_phantom_store_without_columns_of_people_says_that_it_is_synthetic(tmp_path: Path) -> None:
    pytest.importorskip("mlcroissant")
    images = np.random.default_rng(0).integers(0, 255, (8, 32, 32), np.uint8)
    store = write_store(tmp_path / "data" / "rsna", images=images)
    said, rows = read(write(tmp_path, "rsna"))
    assert list(rows) == list(fmt.INDEX_COLUMNS)
    assert rows["id"].tolist() == store.index["id"].tolist()
    assert "synthetic X-rays" in said["description"]
    assert store.manifest.identity() in said["description"]


def test_without_the_package_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_store(tmp_path / "data" / "rsna", images=np.full((8, 32, 32), 9, np.uint8))
    real = builtins.__import__

    def without(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "mlcroissant":
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    done = CliRunner().invoke(main, ["data", "croissant", "rsna", "--workspace", str(tmp_path)])
    assert done.exit_code == 1
    assert "pip install 'lovt-bench[croissant]'" in done.output
    assert not (tmp_path / "data" / "rsna" / FILE).exists()


@pytest.mark.parametrize("name", ["nope", "../../elsewhere"])
def test_what_is_no_store_of_the_workspace_is_refused_with_those_that_are(name: str, tmp_path: Path) -> None:
    workspace = tmp_path / "work" / "space"
    for root in (workspace / "data" / "rsna", tmp_path / "work" / "elsewhere"):
        write_store(root, images=np.full((8, 32, 32), 9, np.uint8))
    done = CliRunner().invoke(main, ["data", "croissant", name, "--workspace", str(workspace)])
    assert done.exit_code == 1
    assert f"has no store {name}; there: rsna." in done.output
    assert not (tmp_path / "work" / "elsewhere" / FILE).exists()
