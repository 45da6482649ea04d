"""What is written down of where datasets come from: whole, and true as far as it can be seen from here."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.preparers import names
from lovt_bench.benchmark.data.sources import FOLDER, described, source_of
from lovt_bench.tasks.registry import load_tasks
from lovt_bench.tasks.suite import load_suite, suite_tasks


def test_each_dataset_of_a_task_is_described_and_can_be_prepared() -> None:
    assert {spec.dataset for spec in load_tasks()} <= set(described()) <= set(names())


@pytest.mark.parametrize("name", described())
def test_a_suite_without_a_closed_set_has_no_task_of_it(name: str) -> None:
    suite = source_of(name).suite_without
    assert (suite is not None) == (name in ("siim", "object-cxr"))
    if suite is not None:
        assert name not in {spec.dataset for spec in suite_tasks(load_suite(suite))}


def test_a_suite_does_without_both() -> None:
    tasks = suite_tasks(load_suite("lovt-18-without-siim-and-object-cxr"))
    assert {spec.dataset for spec in tasks} == {"rsna", "covid-rural", "nih-cxr"}


def test_archives_are_fetched_over_tls_and_into_folders_that_the_preparer_looks_into() -> None:
    archives = source_of("nih-cxr").archives
    assert all(archive.url.startswith("https://") for archive in archives)
    assert [archive.folder for archive in archives] == [f"images_{number:03}" for number in range(1, 13)]
    assert len({archive.md5 for archive in archives}) == 12


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"state": "closed"}, "names suite_without"),
        ({"no_fetch": ""}, "expected either archives, or no_fetch"),
        ({"dataset": "siim"}, "expected 'rsna' as in the file name"),
        ({"licens": "MIT"}, "licens: there is no such field"),
    ],
)
def test_a_wrong_file_is_named(change: dict[str, object], problem: str, tmp_path: Path) -> None:
    said = yaml.safe_load((FOLDER / "rsna.yaml").read_text(encoding="utf-8")) | change
    (tmp_path / "rsna.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    with pytest.raises(DataError, match=problem):
        source_of("rsna", tmp_path)
