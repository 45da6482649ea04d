"""`lovt-bench analyze`: what it prints, what it leaves, and what it says about bad input."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from lovt_bench.benchmark.backbone.folder import save_backbone
from lovt_bench.benchmark.backbone.sources import random_draw
from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.contract.backbone import Provenance
from lovt_bench.benchmark.contract.declared_facts import IMAGENET
from lovt_bench.benchmark.contract.embedding_report import EmbeddingReport
from lovt_bench.tasks.profile import input_side, load_profile
from lovt_bench.tasks.protocol import load_protocol
from tests.benchmark.engine.world import tiny_store
from tests.submissions.tiny_corpus import write_corpus


@pytest.fixture
def workspace(tmp_path):
    tiny_store(tmp_path, "covid-rural")
    write_corpus(tmp_path / "corpora" / "tiny", test=3)
    return tmp_path


def analyze(workspace, *arguments):
    given = ["analyze", *arguments, "--profile", "quick", "--workspace", str(workspace)]
    return CliRunner().invoke(main, given)


def test_all_that_is_prepared_is_analysed_once(workspace):
    result = analyze(workspace, "random-resnet18", "--against", "random-resnet18")
    assert result.exit_code == 0, result.output
    assert "PHANTOM images" in result.output
    assert "effective rank" in result.output
    assert "linear CKA" in result.output
    folder = workspace / "results" / "phantom" / "random-resnet18" / "analysis"
    reports = [EmbeddingReport.model_validate_json(path.read_bytes()) for path in folder.glob("*/*.json")]
    assert {(each.dataset, each.source, each.seed) for each in reports} == {
        ("covid-rural", "dataset", 12345),
        ("tiny", "corpus", 12345),
    }
    assert all(str(folder / each.dataset / each.key) in result.output for each in reports)
    again = analyze(workspace, "random-resnet18", "--against", "random-resnet18")
    assert again.output.replace(" (was there)", "") == result.output
    assert again.output.count(" (was there)") == 2


def test_side_and_normalisation_are_those_of_the_protocol(workspace):
    said = Provenance(normalisation=IMAGENET)
    mine = workspace / "backbones" / "mine"
    save_backbone(mine, random_draw("resnet18", 0), display_name="Mine", provenance=said, onnx=False)
    result = analyze(workspace, "mine", "--corpus", "tiny", "--protocol", "lovt-2026-448")
    assert result.exit_code == 0, result.output
    assert "protocol lovt-2026-448, 128 pixels, normalised as the backbone declares" in result.output
    [path] = (workspace / "results" / "phantom" / "mine" / "analysis" / "tiny").iterdir()
    report = EmbeddingReport.model_validate_json(path.read_bytes())
    side = input_side(load_profile("quick"), load_protocol("lovt-2026-448"), "linear")
    assert (report.protocol, report.image_side, report.normalisation) == ("lovt-2026-448", side, IMAGENET)


def test_one_that_fails_does_not_keep_the_others(workspace):
    with (workspace / "corpora" / "tiny" / "pixels.npy").open("r+b") as file:
        file.truncate(200)
    result = analyze(workspace, "random-resnet18")
    assert result.exit_code == 1
    assert "pixels.npy: content differs from its digest" in result.output
    assert "1 of 2 analyses failed; the others are kept" in result.output
    assert "covid-rural · test" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("no-such-backbone",), "no backbone 'no-such-backbone'"),
        (("random", "--against", "../x"), "is no backbone name"),
        (("random", "--dataset", "covid-rurall"), "did you mean covid-rural?"),
        (("random", "--corpus", "tinny"), "no corpus 'tinny'"),
        (("random", "--dataset", "../covid-rural"), "no dataset '../covid-rural'"),
        (("random", "--pixel-statistics", "0.5", "0"), "--pixel-statistics: std"),
        (("random", "--pixel-statistics", "nan", "0.5"), "--pixel-statistics: mean"),
        (("random-resnet18", "--level", "c9"), "levels: c1, c2, c3, c4, c5"),
    ],
)
def test_bad_input_ends_in_one_sentence(workspace, arguments, words):
    result = analyze(workspace, *arguments)
    assert result.exit_code == 1
    assert words in result.output
    assert "Traceback" not in result.output
    assert not (workspace / "results").exists()


def test_two_protocols_are_refused(workspace):
    result = analyze(workspace, "random", "--protocol", "lovt-2022", "--protocol", "lovt-2026")
    assert result.exit_code == 2
    assert "--protocol is given as lovt-2022 and lovt-2026" in result.output


def test_nothing_prepared_is_said(tmp_path):
    result = analyze(tmp_path, "random")
    assert result.exit_code == 1
    assert "nothing is prepared" in result.output
    assert "lovt-bench data prepare NAME --raw DIR" in result.output
