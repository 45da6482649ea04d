"""Which images may have been seen before: nothing is clean unless a line with a source says so."""

from __future__ import annotations

import pytest

from lovt_bench.benchmark.contract.pretraining_data import vocabulary
from lovt_bench.leaderboard.board.lineage import Relation, lineage, overlaps, relation_of
from lovt_bench.tasks.registry import load_tasks
from lovt_bench.tasks.suite import load_suite, suite_tasks

DATASETS = list(dict.fromkeys(spec.dataset for spec in suite_tasks(load_suite())))


def marks(*declared: str, track: str = "public", **options: object) -> dict[str, str]:
    return {item.dataset: item.mark for item in overlaps(declared, DATASETS, track, **options)}  # type: ignore[arg-type]


def test_methods_trained_on_mimic_cxr_are_clean_on_all_five() -> None:
    assert marks("MIMIC-CXR", "ImageNet-1k", "MIMIC-III") == dict.fromkeys(DATASETS, "clean")


def test_nih_is_in_three_of_five() -> None:
    assert marks("NIH", "MIMIC-CXR") == {
        "rsna": "overlapping",
        "siim": "overlapping",
        "nih-cxr": "overlapping",
        "covid-rural": "clean",
        "object-cxr": "clean",
    }


@pytest.mark.parametrize(
    ("name", "dataset"),
    [
        ("rsna", "rsna"),
        ("siim", "siim"),
        ("covid-rural", "covid-rural"),
        ("object-cxr", "object-cxr"),
        ("nih", "nih-cxr"),
        ("VinBigData", "vindr-cxr"),
        ("ChestX-Det10", "chestx-det"),
        ("TBX-11K", "tbx11k"),
        ("CheXlocalize", "chexlocalize"),
        ("SCR", "jsrt"),
    ],
)
def test_the_dataset_itself_overlaps_with_certainty(name: str, dataset: str) -> None:
    (found,) = overlaps([name], [dataset])
    assert found.mark == "overlapping"
    assert "it is the same dataset (confirmed; https://" in found.reasons[0]


@pytest.mark.parametrize("declared", [(), ("other: our hospital",), ("a clinic",), ("MIMIC-CXR", "LAION")])
def test_what_is_not_known_is_unknown(declared: tuple[str, ...]) -> None:
    assert marks(*declared) == dict.fromkeys(DATASETS, "unknown")


def test_the_worst_of_several_counts_and_gives_the_reasons() -> None:
    (found,) = overlaps(["MIMIC-CXR", "LAION", "RSNA"], ["rsna"])
    assert found.mark == "overlapping"
    assert [reason.partition(":")[0] for reason in found.reasons] == ["RSNA Pneumonia"]


def test_on_the_phantom_only_what_is_named_is_clean() -> None:
    assert marks("NIH", track="phantom") == dict.fromkeys(DATASETS, "clean")
    assert marks(track="phantom") == dict.fromkeys(DATASETS, "unknown")
    assert marks("other: x", track="phantom") == dict.fromkeys(DATASETS, "unknown")


def test_silence_of_the_table_is_unknown() -> None:
    table = [
        Relation(data="nih-chestxray14", evaluation=["rsna"], sure="none-known", relation="x", source="y")
    ]
    assert marks("NIH", table=table) == dict.fromkeys(DATASETS, "unknown") | {"rsna": "clean"}


def test_a_dataset_that_comes_later_is_clean_of_no_hospital_until_a_line_names_it() -> None:
    """VinDr-CXR as evaluation data: weights that saw it would else be called clean."""
    (one,) = overlaps(["vindr-cxr"], ["vindr-det"])
    assert one.mark == "unknown"
    assert "no line of the lineage table speaks of it" in one.reasons[0]
    (photographs,) = overlaps(["imagenet-1k"], ["vindr-det"])
    assert photographs.mark == "clean"


def test_every_dataset_of_the_vocabulary_has_one_line_for_each_evaluation_dataset() -> None:
    table, every = lineage(), {spec.dataset for spec in load_tasks()}
    assert {line.data for line in table} == set(vocabulary().datasets)
    for name in vocabulary().datasets:
        own = [line for line in table if line.data == name]
        named = [dataset for line in own if isinstance(line.evaluation, list) for dataset in line.evaluation]
        assert len(named) == len(set(named))
        assert set(named) <= every
        assert len([line for line in own if not isinstance(line.evaluation, list)]) <= 1
        assert all(relation_of(name, dataset, table) for dataset in every), name


def test_every_line_has_a_source() -> None:
    assert all(line.source.startswith(("https://", "docs/")) for line in lineage())
