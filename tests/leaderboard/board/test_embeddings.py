"""Reports of analyses as the board reads them, and the published ones beside them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.backbone import FeatureLevel
from lovt_bench.benchmark.contract.embedding_alignment import Alignment, BoxPlot
from lovt_bench.benchmark.contract.embedding_report import (
    AnalysisSettings,
    GlobalPair,
    LocalDistributions,
    LocalPair,
    MethodSpaces,
)
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.embedding_numbers import facts_of
from lovt_bench.leaderboard.board.embeddings import read_facts, shared_questions
from lovt_bench.leaderboard.board.reference_embeddings import published_model, reference_models
from lovt_bench.leaderboard.show.properties import known
from tests.conftest import REPOSITORY
from tests.leaderboard.embedding_reports import global_space, local_space, report, write_report
from tests.leaderboard.records import TASKS, digest, record_set, runs

REFERENCE = (REPOSITORY / "docs" / "reference" / "analysis").with_suffix(".md")


def read(results: Path, name: str = "mine") -> tuple[list, list[str]]:
    said: list[str] = []
    found = read_facts(results, "phantom", name, lambda error: said.append(str(error)))
    return found, said


def test_standard_deviations_are_times_the_root_of_the_dimension() -> None:
    values = facts_of(report("mine", std=0.6)).values
    assert values["image.std"] == pytest.approx(0.6)
    assert values["image.std_within"] == pytest.approx(0.54)
    assert values["image.std_within.std"] == pytest.approx(0.06)
    assert values["image.global_std"] == pytest.approx(0.3)
    assert values["image.cov_within.std"] == pytest.approx(1e-6)
    assert all(known(key) for key in values if not key.endswith(".std"))


def test_what_a_method_makes_of_images_and_reports_is_known_too() -> None:
    method = MethodSpaces(
        method="lovt",
        analysis_sha256=digest("analysis"),
        text_model="bert",
        learnt_weights=True,
        global_spaces={"yg_a": global_space(0.7), "yg_b": global_space(0.8)},
        local_spaces={"yl_b": local_space(0.4)},
        global_pairs={"zg_a;zg_b": GlobalPair(dist=0.9, dist__std=0.1, rmse=0.91)},
        local_pairs={
            "zl_a;zl_b2a": LocalPair(sample_rmse=1.1, sample_min=0.5, sample_max=1.4, sample_std=0.1)
        },
        distributions=LocalDistributions(
            emb2emb=1, nn_emb2emb_1to2=1, nn_emb2emb_2to1=1, assignment_1to1=0.6, assignment_2to2=0.7
        ),
        retrieval={},
        attention={},
    )
    values = facts_of(report("mine", method=method)).values
    assert values["image.pooled_std"] == pytest.approx(0.7)
    assert (values["report.std"], values["report.global_std"]) == (pytest.approx(0.4), pytest.approx(0.8))
    assert (values["assignment.regions"], values["assignment.sentences"]) == (0.6, 0.7)
    assert (values["alignment.global"], values["alignment.global.std"]) == (0.9, 0.1)
    assert values["alignment.regions"] == 1.1
    assert "alignment.sentences" not in values


def test_box_plots_are_for_figures_and_on_no_board() -> None:
    box = BoxPlot(low=0.1, q1=0.2, median=0.3, q3=0.4, high=0.5)
    pair = Alignment(scaled=box, unscaled=box)
    method = MethodSpaces(
        method="lovt",
        analysis_sha256=digest("analysis"),
        text_model="bert",
        learnt_weights=True,
        global_spaces={},
        local_spaces={},
        global_pairs={},
        local_pairs={},
        alignment={"zg_a;zg_b": pair},
        retrieval={},
        attention={},
    )
    facts = facts_of(report("mine", method=method))
    assert facts.alignment == {"zg_a;zg_b": pair}
    records = record_set(runs("mine", "covid_linear", [0.3, 0.4]))
    (table,) = build(records, [], list(TASKS.values()), embeddings={"mine": [facts]}).tables
    assert "median" not in table.to_json()
    assert [item.key for item in table.rows[0].embeddings] == [facts.key]


def test_of_several_levels_the_deepest_counts_and_what_is_not_valid_is_named(tmp_path: Path) -> None:
    for name, stride, std in (("c4", 16, 0.1), ("c5", 32, 0.5), ("c3", 8, 0.2)):
        level = FeatureLevel(name=name, channels=100, stride=stride)
        write_report(tmp_path, report("mine", std=std, level=level))
    write_report(tmp_path, report("mine", settings=AnalysisSettings(self_pairs=True)))
    stranger = write_report(tmp_path, report("other"))
    stranger.replace(write_report(tmp_path, report("mine", images=5)))
    broken = write_report(tmp_path, report("mine", images=6))
    broken.write_text("{")
    link = broken.with_name(f"{digest('link')}.json")
    link.symlink_to(write_report(tmp_path / "elsewhere", report("mine")))
    found, said = read(tmp_path)
    assert sorted(
        (item.level, item.values["image.std"], item.question.reference_options) for item in found
    ) == [
        ("c5", pytest.approx(0.5), []),
        ("c5", pytest.approx(0.5), ["self-pairs"]),
    ]
    assert sum("is the report of another backbone" in text for text in said) == 1
    assert sum("Make it again with `lovt-bench analyze`" in text for text in said) == 2, "broken, and a link"


def test_of_reports_of_one_level_the_one_with_a_method_counts_then_the_newest(tmp_path: Path) -> None:
    """Keys are digests: neither order of theirs may decide."""
    method = MethodSpaces(
        method="lovt",
        analysis_sha256=digest("analysis"),
        text_model=None,
        learnt_weights=False,
        global_spaces={"yg_a": global_space(0.7)},
        local_spaces={},
        global_pairs={},
        local_pairs={},
        retrieval={},
        attention={},
    )
    old, new = "2026-01-02T03:04:05Z", "2026-01-03T03:04:05Z"
    for place, keys in enumerate((("1", "2", "3"), ("3", "2", "1"))):
        results = tmp_path / str(place)
        found = (
            report("mine", std=0.1, method=method, finished=old),
            report("mine", std=0.2, method=method, finished=new),
            report("mine", std=0.3, finished="2026-01-04T03:04:05Z"),
        )
        for key, item in zip(keys, found, strict=True):
            write_report(results, item.model_copy(update={"key": key * 64}))
        ((shown,), said) = read(results)
        assert shown.values["image.std"] == pytest.approx(0.2)
        assert not said


def test_numbers_beyond_a_float_are_named_and_stop_nothing(tmp_path: Path) -> None:
    huge = local_space(0.5).model_copy(update={"ch_std": 1e308, "dimension": 10000})
    long = local_space(0.5).model_copy(update={"dimension": 10**400})
    for place, space in enumerate((huge, long)):
        write_report(tmp_path, report("mine", local_space=space, dataset=("covid", "siim")[place]))
    write_report(tmp_path, report("mine"))
    found, said = read(tmp_path)
    assert [item.question.dataset for item in found] == ["rsna"]
    assert sum("numbers that no analysis gives" in text for text in said) == 2


def test_only_answers_to_the_same_question_stand_beside_each_other(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_report(tmp_path, report(name))
    write_report(tmp_path, report("a", dataset="siim"))
    write_report(tmp_path, report("b", dataset="siim", images=12))
    facts = {name: read(tmp_path, name)[0] for name in ("a", "b")}
    ((question, answers),) = shared_questions(facts)
    assert (question.dataset, sorted(answers)) == ("rsna", ["a", "b"])
    assert not shared_questions({**facts, "c": []})


def test_a_row_shows_the_analysis_of_the_weights_that_ran_alone() -> None:
    records = record_set(
        [*runs("mine", "covid_linear", [0.3, 0.4]), *runs("other", "covid_linear", [0.1, 0.2])]
    )
    facts = {
        "mine": [facts_of(report("mine")), facts_of(report("mine", dataset="siim", protocol="lovt-2026"))],
        "other": [facts_of(report("other", backbone_sha256=digest("other weights")))],
    }
    tasks = list(TASKS.values())
    (table,) = build(records, [], tasks, embeddings=facts).tables
    shown = {row.id: row.embeddings for row in table.rows}
    assert [item.question.dataset for item in shown["mine"]] == ["rsna"]
    assert shown["other"] == []
    (plain,) = build(records, [], tasks).tables
    assert "embeddings" not in plain.to_json()


def test_published_properties_are_those_of_the_reference() -> None:
    text = REFERENCE.read_text()
    section = text[text.index("## 6.") : text.index("Published figures:")]
    lines = [
        [cell.strip().replace("−", "-") for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("|") and re.search(r"\d\.\d", line)
    ]
    assert len(lines) == 18
    seen: dict[str, list[float]] = {}
    for name, *cells in lines:
        numbers = [float(part) for cell in cells for part in cell.split("±") if part.strip() != "–"]
        seen.setdefault(name, []).extend(numbers)
    for name, numbers in seen.items():
        assert list(reference_models()[name].values.values()) == numbers, name
    assert set(seen) == set(reference_models())
    assert published_model("lovt-30") is reference_models()["LoVT_30"]
    assert published_model("convirt-30") is None


def test_a_folder_of_too_many_reports_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lovt_bench.leaderboard.board.embeddings.MOST_REPORTS", 1)
    for dataset in ("rsna", "siim"):
        write_report(tmp_path, report("mine", dataset=dataset))
    found, said = read(tmp_path)
    assert len(found) == 1
    assert "2 reports, expected at most 1" in said[0]


def test_a_name_that_is_none_has_no_reports(tmp_path: Path) -> None:
    assert read(tmp_path, "../up") == ([], [])
