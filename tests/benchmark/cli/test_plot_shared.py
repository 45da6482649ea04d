"""`lovt-bench plot shared`: what a user types, and what may not stand beside each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.contract.embedding_report import AnalysisSettings
from tests.leaderboard.embedding_reports import report, write_report
from tests.leaderboard.records import digest, runs, write


def call(root: Path, *words: object) -> Result:
    out = ("--out", root / "figures") if "--out" not in words else ()
    return CliRunner().invoke(
        main, ["plot", "shared", *map(str, words), *map(str, out), "--workspace", str(root)]
    )


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows `a` and `b` with runs and equal analyses, `c` with another analysis, `paper` of another profile."""
    root = tmp_path_factory.mktemp("shared")
    results = root / "results"
    for name, score in (("a", 0.3), ("b", 0.4), ("c", 0.2)):
        write(results, runs(name, "covid_linear", [score, score + 0.01]))
    profile = {"profile": "paper", "profile_sha256": digest("paper")}
    write(results, runs("paper", "covid_linear", [0.5, 0.6], **profile))
    for name in ("a", "b"):
        write_report(results, report(name, std=0.5))
    write_report(results, report("c", settings=AnalysisSettings(self_pairs=True)))
    return root


def test_figures_of_scores_and_of_properties_are_written(workspace: Path, tmp_path: Path) -> None:
    result = call(workspace, "b", "a", "--format", "svg", "--baseline", "a", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "bars-12-covid_linear.svg",
        "rsna-64px-24-covariance-image.svg",
        "rsna-64px-24-properties.tex",
        "rsna-64px-24-std-image.svg",
        "rsna-64px-24-uniformity-image.svg",
    ]
    bars = (tmp_path / "bars-12-covid_linear.svg").read_text()
    assert "40.5 ± 6.4" in bars  # t(0.975, 1) · 0.00707 / √2 around the mean of 0.40 and 0.41
    assert "PHANTOM, SYNTHETIC" in bars
    assert bars.index(">b<") < bars.index(">a<"), "the order as given"


def test_published_models_need_nothing_of_this_machine(workspace: Path, tmp_path: Path) -> None:
    words = (
        "LoVT_30",
        "no_g",
        "--only",
        "assignment",
        "--only",
        "latex",
        "--format",
        "svg",
        "--out",
        tmp_path,
    )
    result = call(workspace, *words)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "published-assignment.svg",
        "published-properties.tex",
    ]
    assert "89 %" in (tmp_path / "published-assignment.svg").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("a",), "1 backbone given, expected two or more"),
        (("a", "a"), "'a' is given twice"),
        (("a", "nobody"), "no run, no analysis and no published number: unknown backbone 'nobody'"),
        (("a", "b", "--baseline", "c"), "--baseline 'c' is none of a, b"),
        (("a", "LoVT_30"), "published numbers are of official splits, protocol lovt-2022 and profile paper"),
        (
            ("a", "c", "--only", "properties"),
            "there are no images on which all were analysed alike (a: 24 test images",
        ),
        (("a", "b", "--only", "properties", "--dataset", "siim"), "there are no images of siim on which all"),
        (
            ("a", "paper", "--only", "bars"),
            "No scores: no table has them all (a: phantom-seeded-demo-lovt-2022",
        ),
        (("a", "b", "--only", "alignment"), "there is nothing to draw of a, b for alignment"),
        (
            ("convirt-30", "clip-30", "--only", "properties"),
            "No properties were published of convirt-30, clip-30",
        ),
    ],
)
def test_bad_input_is_one_sentence(workspace: Path, words: tuple[str, ...], said: str) -> None:
    result = call(workspace, *words)
    assert result.exit_code == 1, result.output
    assert said in result.output


def test_a_backbone_that_is_called_as_the_command_is_drawn_behind_dashes(tmp_path: Path) -> None:
    """`plot shared` without names is the command, and says what draws the backbone."""
    (tmp_path / "backbones" / "shared").mkdir(parents=True)
    said = call(tmp_path, "--format", "svg").output
    assert "0 backbones given, expected two or more; the backbone called shared is drawn by: " in said
    words = said.strip().rpartition("lovt-bench ")[2].replace("[OPTIONS]", f"--workspace {tmp_path}").split()
    assert "no figure was drawn" in CliRunner().invoke(main, words).output
