"""`lovt-bench submission` from the outside: what it makes works, what it shows is true, what it refuses is told."""

from __future__ import annotations

import datetime
import importlib.util
import json
import os
import re
import sys
from pathlib import Path

import pytest
import torch
import yaml
from click.testing import CliRunner, Result

from lovt_bench.benchmark.cli.submission import submission
from lovt_bench.benchmark.contract.audit import AUDIT_FILE
from lovt_bench.benchmark.contract.notice import Notice
from lovt_bench.benchmark.contract.submission import Submission
from lovt_bench.benchmark.submission.read import read_folder, submission_names, submissions_root
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.declaration import choose, profile_settings, read_declaration
from lovt_bench.submissions.common.settings import build_settings
from tests.leaderboard.records import digest, runs, write
from tests.submissions.small_runs import fit, small
from tests.submissions.tiny_corpus import write_corpus


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Call in an empty folder with an empty workspace."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOVT_BENCH_WORKSPACE", "workspace")
    monkeypatch.delenv("LOVT_BENCH_SUBMISSIONS", raising=False)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(submission, list(arguments))

    return run


def declare(folder: Path, **changes: object) -> Path:
    """Write a declaration of weights with a backbone in the workspace, and return its folder."""
    name = folder.name
    fields = {
        "name": name,
        "display_name": "Mine",
        "supervision": "self",
        "paper": "https://example.org/p",
        "pretraining_data": ["NIH"],
        "weights": {
            "file": "a.pth",
            "sha256": digest("a.pth"),
            "bytes": 5,
            "url": "https://example.org/a.pth",
            "architecture": "resnet18",
            "backbone_sha256": digest(name),
        },
        "claimed": {"covid_linear": {"value": 0.5}, "nih_seg_linear": {"value": 0.1}},
        "claimed_track": "phantom",
    }
    folder.mkdir(parents=True)
    (folder / "submission.yaml").write_text(yaml.safe_dump(fields | changes))
    root = folder.parents[1] / "backbones" / name
    root.mkdir(parents=True)
    manifest = {
        "name": name,
        "display_name": "Mine",
        "architecture": "resnet18",
        "levels": [{"name": "c5", "channels": 512, "stride": 32}],
        "parameters": 11176512,
        "weights_sha256": digest(name),
        "provenance": {"method": name, "source_sha256": digest("a.pth")},
        "created": "2026-01-01T00:00:00Z",
    }
    (root / "backbone.json").write_text(json.dumps(manifest))
    return folder


def test_a_new_method_passes_its_check(call, tmp_path: Path) -> None:
    result = call("new", "my-method")
    assert result.exit_code == 0, result.output
    files = ["Dockerfile", "README.md", "pretrain.py", "submission.yaml"]
    assert result.stdout.split() == [f"my-method/{file}" for file in files]
    assert "Next: lovt-bench submission check ./my-method" in result.stderr
    checked = call("check", "./my-method")
    assert checked.exit_code == 0, checked.output
    *lines, last = checked.output.splitlines()
    levels = [line.split()[0] for line in lines]
    checks = sum(level in ("ok", "warning") for level in levels)
    assert last.startswith(f"{levels.count('ok')} of {checks} checks ok")
    assert "error" not in last
    again = call("new", "my-method")
    assert again.exit_code == 1
    assert "is there already" in again.output


def test_a_new_method_trains_as_it_stands(call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call("new", "my-method")
    spec = importlib.util.spec_from_file_location("my_method", tmp_path / "my-method" / "pretrain.py")
    assert spec
    assert spec.loader
    method = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "my_method", method)
    spec.loader.exec_module(method)
    declared = read_declaration(tmp_path / "my-method")
    settings = build_settings(method.Settings, [("profile demo", profile_settings(declared, "demo"))])
    assert settings.architecture == "resnet18"
    corpus = Corpus(write_corpus(tmp_path / "corpus", train=8), choose(declared).fraction)
    trained = method.Method(small(method.Settings, batch_size=4, max_epochs=1), corpus)
    before = trained.backbone.state_dict()["conv1.weight"].clone()
    assert fit(trained, tmp_path).epochs == 1
    assert not torch.equal(before, trained.backbone.state_dict()["conv1.weight"])


def test_a_new_declaration_asks_for_what_is_missing(call, tmp_path: Path) -> None:
    (tmp_path / "last epoch=3.ckpt").write_bytes(b"12345")
    result = call("new", "mine", "--weights", "last epoch=3.ckpt", "--pretraining-data", "ChestX-ray14")
    assert result.exit_code == 0, result.output
    declared = read_folder(tmp_path / "mine")
    assert declared.weights is not None
    assert (declared.weights.file, declared.weights.bytes) == ("last_epoch_3.ckpt", 5)
    assert declared.weights.architecture is None
    assert "architecture" not in (tmp_path / "mine" / "submission.yaml").read_text()
    assert declared.pretraining_data == ["nih-chestxray14"]
    checked = call("check", "./mine")
    assert checked.exit_code == 0
    for text in (
        "weights.url: nobody else can get the weights",
        "no backbone was made of them yet",
        "overlapping: rsna, siim, nih-cxr; clean: covid-rural, object-cxr",
    ):
        assert text in checked.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("new", "../x"), "is no name"),
        (("new", "lovt"), "the name lovt is taken"),
        (("new", "random-x"), "the name random-x is taken"),
        (("new", "imagenet"), "the name imagenet is taken"),
        (("new", "x.verdict"), "not ending like a file of the harness"),
        (("new", "nul"), "is no name"),
        (("new", "x", "--weights", "absent.pth"), "no weight file: absent.pth is not there"),
        (("new", "x", "--supervision", "self"), "go with --weights"),
        (("new", "x", "--pretraining-data", "chexprt"), "did you mean chexpert"),
        (("check", "./absent"), "no submission './absent': no such folder"),
        (("check",), "expected NAME_OR_DIR, or --all"),
        (("check", "lovtt"), "no submission 'lovtt' (did you mean lovt?); there: "),
        (("new", "a-b", "--into", str(submissions_root())), "a-b can be none; take a_b"),
        (("check", "absent"), "no submission 'absent'"),
        (("show", "absent\x1b[2J"), "no submission, backbone or result 'absent[2J'"),
    ],
)
def test_mistakes_end_in_a_sentence_and_make_nothing(
    call, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = call(*arguments)
    assert result.exit_code in (1, 2)
    assert message in result.output
    assert "\x1b" not in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "other"}, "name: 'other', but the folder is 'mine'"),
        ({"display_name": "LOVT"}, "reads like 'LoVT' of the submission lovt"),
        ({"display_name": "LoVT (100 %)"}, "reads like 'LoVT' of the submission lovt"),
        ({"display_name": "\u0412\u0423O\u041b"}, "mixes the alphabets of"),
        ({"display_name": "\u0412\u0423O\u216c"}, "roman numeral fifty"),
        ({"display_name": "\ua4e1\ua4f3\ua4e6\ua4d4"}, "reads like 'LoVT' of the submission lovt"),
        ({"display_name": "LoVT."}, "reads like 'LoVT' of the submission lovt"),
        ({"display_name": "Mine \u2020"}, "dagger"),
        ({"display_name": "<b>x</b>"}, "plain text on one line"),
        ({"pretraining_data": ["our clinic"]}, "write 'other: our clinic'"),
        ({"pretraining_data": ["none", "NIH"]}, "nih-chestxray14 are declared too"),
        ({"claimed": {"covid_lineer": {"value": 0.5}}}, "no task covid_lineer"),
        ({"claimed": {"covid_linear": {"value": 46}}}, "less than or equal to 1"),
        ({"claimed": {"covid_linear": {"value": True}}}, "value: Input should be a valid number"),
        ({"claimed": {"covid_linear": {"value": "0.5"}}}, "value: Input should be a valid number"),
        ({"claimed": {"covid_linear": {"value": 0.5, "interval95": 1e308}}}, "less than or equal to 1"),
        ({"claimed": {"covid_linear": {"value": float("nan")}}}, ".nan is no number of JSON"),
        ({"profiles": {"demo": {"since": datetime.date(2020, 1, 1)}}}, "is a date to YAML"),
        ({"profiles": {"demo": {"blob": b"x"}}}, "tag tag:yaml.org,2002:binary"),
        ({"name": "mine.verdict"}, "not ending like a file of the harness"),
        ({"paper": "javascript:alert(1)"}, "paper: "),
        ({"xyz": 1}, "xyz: there is no such field; known: schema_version, name"),
        ({"module": "submissions.lovt.pretrain"}, "not both"),
    ],
)
def test_what_is_wrong_in_a_declaration_is_named(
    call, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    declare(tmp_path / "workspace" / "submissions" / "mine", **changes)
    result = call("check", "./workspace/submissions/mine")
    assert result.exit_code == 1
    assert message in result.output


def test_a_name_that_looks_like_another_of_the_workspace_is_refused(call, tmp_path: Path) -> None:
    """Else a table would show two rows that nobody can tell apart."""
    declare(tmp_path / "workspace" / "submissions" / "first", display_name="Our Model v1")
    assert call("check", "first").exit_code == 0
    declare(tmp_path / "workspace" / "submissions" / "second", display_name="our m\u00f6del Vl")
    result = call("check", "second")
    assert result.exit_code == 1
    assert "reads like 'Our Model v1' of the submission first" in result.output
    broken = tmp_path / "workspace" / "submissions" / "third"
    broken.mkdir()
    (broken / "submission.yaml").write_text("{")
    assert "reads like" in call("check", "second").output, "what cannot be read hides nothing else"


def test_weights_and_backbone_must_be_those_declared(call, tmp_path: Path) -> None:
    folder = declare(tmp_path / "workspace" / "submissions" / "mine")
    assert call("check", "mine").exit_code == 0
    (folder / "a.pth").write_bytes(b"other")
    (folder / "link").symlink_to("/etc/passwd")
    manifest = tmp_path / "workspace/backbones/mine/backbone.json"
    manifest.write_text(manifest.read_text().replace(digest("mine"), digest("x")))
    result = call("check", "mine")
    assert result.exit_code == 1
    for text in ("a.pth: SHA-256", "backbone: the workspace has", "link: is a link"):
        assert text in result.output


TRAP = "from pathlib import Path\nPath({mark!r}).touch()\n"


def test_nothing_of_a_submission_is_run(call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not its packages, nor what Python, pytest, make or an installer would carry out in its folder."""
    mark = tmp_path / "it ran"
    root = tmp_path / "submissions"
    call("new", "mine", "--into", str(root))
    for place in (root, root / "mine", root / "mine" / "deep"):
        place.mkdir(exist_ok=True)
        for file in (
            "__init__.py",
            "__main__.py",
            "conftest.py",
            "sitecustomize.py",
            "usercustomize.py",
            "setup.py",
        ):
            (place / file).write_text(TRAP.format(mark=str(mark)))
        (place / "trap.pth").write_text(f"import pathlib; pathlib.Path({str(mark)!r}).touch()\n")
        (place / "Makefile").write_text(f"$(shell touch '{mark}')\n")
        (place / "pyproject.toml").write_text("[project.entry-points.pytest11]\nx = 'mine'\n")
    (root / "mine" / "deep" / "train.py").write_text(TRAP.format(mark=str(mark)))
    declared = root / "mine" / "submission.yaml"
    declared.write_text(declared.read_text() + "module: submissions.mine.deep.train\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(root))
    before = set(sys.modules)
    assert call("check", str(root / "mine")).exit_code == 0
    declared.write_text(declared.read_text().replace("deep.train", "deep.absent"))
    assert "there is no submissions.mine.deep.absent" in call("check", str(root / "mine")).output
    declared.write_text(declared.read_text().replace("mine.deep.absent", "lovt.pretrain"))
    assert call("check", str(root / "mine")).exit_code == 0
    monkeypatch.setenv("LOVT_BENCH_SUBMISSIONS", str(root))
    for command in (("list",), ("list", "--json"), ("show", "mine"), ("show", "mine", "--json")):
        assert call(*command).exit_code == 0
    assert not mark.exists()
    assert not {name for name in set(sys.modules) - before if name.partition(".")[0] in ("mine", "deep")}
    assert not {name for name in set(sys.modules) - before if name.startswith("lovt_bench.submissions.mine")}


def test_pipes_devices_and_endless_files_stop_nobody(call, tmp_path: Path) -> None:
    call("new", "mine")
    folder = tmp_path / "mine"
    for file in ("Dockerfile", "README.md"):
        (folder / file).unlink()
        os.mkfifo(folder / file)
    os.mkfifo(folder / ".dockerignore")
    os.mkfifo(folder / AUDIT_FILE)
    result = call("check", "./mine")
    assert result.exit_code == 1
    for text in (
        "Dockerfile: is no plain file",
        ".dockerignore: is no plain file",
        "audit.json: is no plain file",
    ):
        assert text in result.output
    for file in ("Dockerfile", ".dockerignore"):
        (folder / file).unlink()
        (folder / file).symlink_to("/dev/zero")
    assert ".dockerignore: is a link" in call("check", "./mine").output
    for file in ("Dockerfile", ".dockerignore"):
        (folder / file).unlink()
        with (folder / file).open("wb") as stream:
            stream.truncate(1 << 40)
    assert "Dockerfile: is larger than 65536 bytes" in call("check", "./mine").output


def test_weights_too_large_for_a_folder_are_not_read(call, tmp_path: Path) -> None:
    folder = declare(tmp_path / "workspace" / "submissions" / "mine")
    with (folder / "a.pth").open("wb") as stream:
        stream.truncate(1 << 40)
    result = call("check", "mine")
    assert "files: 1048576 MiB, at most 64" in result.output
    assert "SHA-256" not in result.output.replace("backbone: resnet18, SHA-256", "")


def test_a_small_claim_is_asked_about(call, tmp_path: Path) -> None:
    claims = {"covid_linear": {"value": 0.00165}, "nih_seg_linear": {"value": 0.1}}
    declare(tmp_path / "workspace" / "submissions" / "mine", claimed=claims)
    result = call("check", "mine")
    assert result.exit_code == 0
    assert "covid_linear: below 1 % (value: 0.00165 is 0.165 %)" in result.output


def test_our_own_submissions_pass_without_a_warning_about_what_they_bring(call) -> None:
    result = call("check", "--all")
    assert result.exit_code == 0, result.output
    headings = [line[:-1] for line in result.output.splitlines() if line.endswith(":")]
    assert headings == submission_names(submissions_root())
    assert "warning  " not in result.output


def test_show_takes_a_folder_and_what_lies_here(call, tmp_path: Path) -> None:
    call("new", "mine", "--into", str(tmp_path))
    for given in ("mine", "./mine", str(tmp_path / "mine")):
        assert re.search(r"description +Predicts by which of four", call("show", given).output), given


def test_list_is_a_table_for_other_programs(call, tmp_path: Path) -> None:
    declare(tmp_path / "workspace" / "submissions" / "mine")
    header, *lines = [line.split("\t") for line in call("list").stdout.splitlines()]
    assert header[:4] == ["name", "kind", "supervision", "evidence"]
    by_name = {line[0]: line for line in lines}
    assert set(by_name) == {*submission_names(submissions_root()), "mine"}
    assert by_name["mine"][1:5] == ["weights", "self", "validated", "2/5"]
    assert by_name["lovt"][1:5] == ["method", "text", "–", "5/5"]


def test_a_declaration_that_is_wrong_hides_no_other(call, tmp_path: Path) -> None:
    declare(tmp_path / "workspace" / "submissions" / "mine")
    (tmp_path / "workspace" / "submissions" / "broken").mkdir()
    (tmp_path / "workspace" / "submissions" / "broken" / "submission.yaml").write_text("a: [\n")
    result = call("list")
    assert result.exit_code == 0
    assert "mine\tweights" in result.stdout
    assert "left out: " in result.stderr
    assert "broken/submission.yaml, line 2: not plain YAML" in result.stderr


def test_no_character_of_a_stranger_steers_a_reader_of_json(call, tmp_path: Path) -> None:
    """The value stays what it was; only how it is written keeps the terminal's direction and cursor."""
    odd = "a\u202eb\u2066c\x7fd\x9be\u200bf\U000e0041g\ufeff h\u00e9 \u80f8"
    declare(tmp_path / "workspace" / "submissions" / "mine", description=odd, licence=odd)
    shown = call("show", "mine", "--json").stdout
    assert all(line.isprintable() for line in shown.splitlines())
    assert json.loads(shown)["submission"]["licence"] == odd
    assert "h\u00e9 \u80f8" in shown
    assert all(line.isprintable() for line in call("show", "mine").output.splitlines())


def test_records_that_contradict_themselves_are_refused(call, tmp_path: Path) -> None:
    declare(tmp_path / "workspace" / "submissions" / "mine")
    results = write(tmp_path / "workspace" / "results", runs("mine", "covid_linear", [0.3, 0.5]))
    good = call("check", "mine")
    assert (good.exit_code, "ok       run records: 2 of them" in good.output) == (0, True), good.output
    write(results, [*runs("copy", "covid_linear", [0.3, 0.5])])
    with (results / "phantom" / "mine" / "covid_linear.jsonl").open("a") as stream:
        stream.write("{}\n")
    bad = call("check", "mine")
    assert bad.exit_code == 1
    for text in (
        "phantom: covid_linear: Runs are, number by number, those of copy.",
        "phantom: phantom/mine/covid_linear.jsonl, line 3: not a run record",
    ):
        assert f"error    run records: {text}" in bad.output


def test_show_of_a_canary_has_its_own_row_with_and_without_a_method_beside(call, tmp_path: Path) -> None:
    results = write(tmp_path / "workspace" / "results", runs("lovt-constant", "covid_linear", [0.2, 0.3]))
    for records in ([], runs("lovt", "covid_linear", [0.5, 0.6])):
        write(results, records)
        found = json.loads(call("show", "lovt-constant", "--json").stdout)
        assert [row["id"] for row in found["tables"][0]["rows"]] == ["lovt-constant"]
    (table,) = json.loads(call("show", "lovt", "--json").stdout)["tables"]
    assert [row["id"] for row in table["rows"]] == ["lovt"]
    assert not table.get("controls")


def test_show_sets_claims_beside_what_was_measured(
    call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(tmp_path / "workspace" / "submissions" / "mine")
    monkeypatch.setenv("LOVT_BENCH_KEEPER", "board")
    mine = runs("mine", "covid_linear", [0.3, 0.5], measured_by="board")
    records = [*mine, *runs("other", "covid_linear", [0.9])]
    write(tmp_path / "workspace" / "results", records)
    result = call("show", "mine")
    assert result.exit_code == 0, result.output
    for text in (
        "evidence           reproduced",
        "declared in        workspace/submissions/mine",
        "overlapping  nih-cxr",
        "it is the same dataset (confirmed; https://arxiv.org/abs/1705.02315).",
        "difference −10.0",
        "not measured here",
    ):
        assert text in result.output
    assert str(tmp_path) not in result.output
    found = json.loads(call("show", "mine", "--json").stdout)
    (cell,) = found["tables"][0]["rows"][0]["cells"]
    assert cell["claimed"]["difference"] == pytest.approx(-0.1)
    assert [row["id"] for row in found["tables"][0]["rows"]] == ["mine"]


def test_show_and_list_know_what_was_withdrawn(call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(tmp_path / "workspace" / "submissions" / "mine")
    monkeypatch.setenv("LOVT_BENCH_KEEPER", "board")
    mine = runs("mine", "covid_linear", [0.3, 0.5], measured_by="board")
    better = runs("other", "covid_linear", [0.9], measured_by="board")
    write(tmp_path / "workspace" / "results", [*mine, *better])
    notices = [
        Notice(row="other", date="2026-05-02", reason="A copy", decided_by="me"),
        Notice(row="mine", state="disputed", date="2026-05-02", reason="In doubt", decided_by="me"),
    ]
    assert json.loads(call("show", "mine", "--json").stdout)["tables"][0]["rows"][0].get("disputed") is None
    monkeypatch.setattr("lovt_bench.leaderboard.submission_view.read_notices", lambda: notices)
    (row,) = json.loads(call("show", "mine", "--json").stdout)["tables"][0]["rows"]
    assert "In doubt" in row["disputed"][0]
    monkeypatch.setattr(
        "lovt_bench.leaderboard.submission_view.read_notices",
        lambda: [notices[0].model_copy(update={"row": "mine"})],
    )
    assert json.loads(call("show", "mine", "--json").stdout)["tables"] == []
    # Its runs showed that it was reproduced; what is left are its weights.
    (line,) = [one for one in json.loads(call("list", "--json").stdout) if one["name"] == "mine"]
    assert line["evidence"] == "validated"


def test_an_audit_worsens_a_mark_and_never_betters_it(call, tmp_path: Path) -> None:
    folder = declare(tmp_path / "workspace" / "submissions" / "mine", pretraining_data=["MIMIC-CXR"])

    def split(matched: int) -> dict[str, dict[str, int]]:
        return {"train": {"images": 100, "matched": matched}}

    report = {
        "algorithm": 1,
        "hashes": [{"name": "phash", "bits": 64, "threshold": 6}],
        "corpus": {"images": 10, "unreadable": 0, "hashes_sha256": digest("corpus")},
        "datasets": [
            {
                "dataset": name,
                "track": "public",
                "dataset_sha256": digest(name),
                "hashes_sha256": digest(name),
                "splits": split(matched),
                "corpus_matched": matched,
            }
            for name, matched in (("rsna", 0), ("siim", 1), ("nih-cxr", 50))
        ],
        "created": "2026-01-01T00:00:00Z",
    }
    (folder / AUDIT_FILE).write_text(json.dumps(report))
    shown = call("show", "mine").output
    assert "near copies of 50 of 100 images" in shown
    marks = {
        item["dataset"]: item["mark"]
        for item in json.loads(call("show", "mine", "--json").stdout)["description"]["overlaps"]["public"]
    }
    assert marks == {
        "rsna": "clean",
        "siim": "unknown",
        "nih-cxr": "overlapping",
        "covid-rural": "clean",
        "object-cxr": "clean",
        **dict.fromkeys(["vindr-cxr", "chestx-det", "tbx11k", "chexlocalize", "jsrt"], "clean"),
    }
    assert (
        "ok       audit.json: 10 images of the corpus, near copies in siim, nih-cxr"
        in call("check", "mine").output
    )
    (folder / AUDIT_FILE).write_text("{}")
    assert "lovt-bench audit" in call("show", "mine").output
    checked = call("check", "mine")
    assert checked.exit_code == 1, "a pull request with it would break the board"
    assert (
        "audit.json is no audit report: it does not follow the contract: algorithm: Field required"
        in checked.output
    )


def test_data_names_what_may_be_declared(call) -> None:
    lines = [line.split("\t") for line in call("data").stdout.splitlines()]
    by_name = {line[0]: line for line in lines}
    assert by_name["mimic-cxr"][3] == "clean on all 5 datasets"
    assert "RSNA" in by_name["rsna-pneumonia"][4]


def test_old_declarations_stay_valid() -> None:
    old = {"name": "x", "display_name": "X", "supervision": "text", "pretraining_data": ["MIMIC-CXR"]}
    assert Submission.model_validate(old).claimed == {}
