"""`lovt-bench corpus` in the terminal: what it prints, how it ends."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from lovt_bench.benchmark.cli.main import main
from tests.benchmark.data.corpus import raw_mimic
from tests.benchmark.data.corpus.test_pairs import folder


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["corpus", *map(str, arguments)])


def test_prepare_list_show_verify(tmp_path: Path) -> None:
    raw = raw_mimic.write(tmp_path / "raw", raw_mimic.studies())
    first = call("prepare", "mimic-cxr", "--raw", raw, "--workspace", tmp_path)
    assert first.exit_code == 0, first.output
    assert "MIMIC-CXR, track public" in first.output
    assert "left out: 1 images: view is neither PA nor AP" in first.output
    again = call("prepare", "mimic-cxr", "--raw", raw, "--workspace", tmp_path)
    assert "is up to date" in again.output
    assert "mimic-cxr  MIMIC-CXR" in call("list", "--workspace", tmp_path).output
    shown = call("show", "mimic-cxr", "--examples", 1, "--workspace", tmp_path)
    assert "study 50000001\n  findings   The lungs are clear." in shown.output
    assert "impression Normal." in shown.output
    assert "mimic-cxr: ok" in call("verify", "--workspace", tmp_path).output


def test_own_images_and_reports(tmp_path: Path) -> None:
    lines = ("image,text,split,Edema", "i0.jpg,Clear.,train,0", "i1.jpg,Edema.,test,1")
    table = folder(tmp_path / "raw", *lines)
    options = (
        "--name",
        "own",
        "--display-name",
        "Our Hospital",
        "--labels",
        "Edema",
        "--workspace",
        tmp_path,
    )
    result = call("prepare", "pairs", "--raw", tmp_path / "raw", "--table", table, *options)
    assert result.exit_code == 0, result.output
    assert "Our Hospital, track public" in result.output
    assert "100.0 %" in result.output


def test_bad_input_ends_with_1_and_a_message(tmp_path: Path) -> None:
    result = call("prepare", "mimic-cxr", "--raw", tmp_path, "--workspace", tmp_path)
    assert (result.exit_code, "file is missing; check --raw" in result.output) == (1, True)
    result = call("show", "other", "--workspace", tmp_path)
    assert (result.exit_code, "no corpus at" in result.output) == (1, True)
    result = call("verify", "--workspace", tmp_path)
    assert (result.exit_code, "make one with" in result.output) == (1, True)
    raw = raw_mimic.write(tmp_path / "raw", raw_mimic.studies())
    result = call("prepare", "mimic-cxr", "--raw", raw, "--splitter", "punkt", "--workspace", tmp_path)
    assert (result.exit_code, "there are: spacy, stanza" in result.output) == (1, True)


def test_pairs_need_a_table(tmp_path: Path) -> None:
    assert call("prepare", "pairs", "--raw", tmp_path).exit_code == 2
    (tmp_path / "t.csv").touch()
    assert call("prepare", "mimic-cxr", "--raw", tmp_path, "--table", tmp_path / "t.csv").exit_code == 2


def test_verify_ends_with_1_and_lists_the_problems(tmp_path: Path) -> None:
    raw = raw_mimic.write(tmp_path / "raw", raw_mimic.studies())
    call("prepare", "mimic-cxr", "--raw", raw, "--workspace", tmp_path)
    (tmp_path / "corpora" / "mimic-cxr" / "pixels.npy").unlink()
    result = call("verify", "--workspace", tmp_path)
    assert result.exit_code == 1
    assert "problem: pixels.npy: is missing" in result.output


def test_the_corpus_of_the_ceiling(tmp_path: Path) -> None:
    options = ("phantom-masks", "--images", 16, "--side", 128, "--workers", 1, "--workspace", tmp_path)
    first = call(*options)
    assert first.exit_code == 0, first.output
    assert "phantom-masks, track phantom" in first.output
    assert "no method may learn from it" in first.output
    assert "is up to date (same options)" in call(*options).output
    assert "phantom-masks: ok" in call("verify", "--workspace", tmp_path).output
    refused = call("phantom-masks", "--side", 130, "--workspace", tmp_path)
    assert refused.exit_code == 1
    assert "divisible by 32" in refused.output
