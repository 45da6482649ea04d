"""`lovt-bench leaderboard`: what a user types and reads."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.contract.notice import Notice
from lovt_bench.leaderboard.releases.version import read_version
from tests.leaderboard.records import record, runs, write


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["leaderboard", *map(str, arguments)])


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    records = [
        item
        for name, value in (("random", 0.1), ("imagenet", 0.4))
        for task in ("covid_linear", "rsna_frozen_1")
        for item in runs(name, task, [value, value + 0.1])
    ]
    write(tmp_path / "results", records)
    return tmp_path


def test_build_prints_where_the_page_is(workspace: Path) -> None:
    result = call("build", "--workspace", workspace, "--out", workspace / "versions")
    assert result.exit_code == 0, result.output
    page = workspace / "versions" / "dev" / "leaderboard.md"
    assert f"Written: {page}" in result.output
    assert "Phantom (synthetic images)" in result.output
    assert page.is_file()


def test_build_takes_names_from_the_submissions_of_the_repository(workspace: Path) -> None:
    call("build", "--workspace", workspace, "--out", workspace / "versions")
    assert "ImageNet" in (workspace / "versions" / "dev" / "leaderboard.md").read_text()


def test_build_takes_names_from_the_folder_of_submissions_that_the_environment_names(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = workspace / "elsewhere" / "mine"
    folder.mkdir(parents=True)
    (folder / "submission.yaml").write_text(
        "name: mine\ndisplay_name: Declared elsewhere\nsupervision: self\n"
    )
    write(workspace / "results", runs("mine", "covid_linear", [0.3, 0.4]))
    monkeypatch.setenv("LOVT_BENCH_SUBMISSIONS", str(folder.parent))
    call("build", "--workspace", workspace, "--out", workspace / "versions")
    assert "Declared elsewhere" in (workspace / "versions" / "dev" / "leaderboard.md").read_text()


def test_a_password_in_a_declared_address_is_not_published(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = workspace / "elsewhere" / "mine"
    folder.mkdir(parents=True)
    (folder / "submission.yaml").write_text(
        "name: mine\ndisplay_name: Mine\nsupervision: self\npaper: https://me:secret@example.org/p\n"
        "claimed: {covid_linear: {value: 0.5}}\n"
    )
    monkeypatch.setenv("LOVT_BENCH_SUBMISSIONS", str(folder.parent))
    result = call("build", "--workspace", workspace, "--out", workspace / "versions")
    assert "an address holds a user name or password" in result.output
    for path in (workspace / "versions").rglob("*.*"):
        assert not path.is_file() or b"secret" not in path.read_bytes(), path.name


def test_build_and_verify_leave_out_what_was_withdrawn(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a withdrawn row, what others were held against it goes too: these two rows share their weights."""
    shared = record("random").run.backbone_sha256
    write(workspace / "results", runs("copy", "covid_linear", [0.7, 0.8], backbone_sha256=shared))
    notices = [
        Notice(row=name, date="2026-05-02", reason="A copy", decided_by="me") for name in ("copy", "imagnet")
    ]
    call("build", "--workspace", workspace, "--out", workspace / "versions")
    assert "those of copy" in read_version(workspace / "versions").to_json()
    monkeypatch.setattr("lovt_bench.leaderboard.workspace_sources.read_notices", lambda: notices)
    result = call("build", "--workspace", workspace, "--out", workspace / "versions")
    assert "Note: Withdrawn: row copy (2026-05-02, decided by me): A copy." in result.output
    assert "nothing is here of row imagnet (did you mean imagenet?)" in result.output
    board = read_version(workspace / "versions")
    assert {row.id for table in board.tables if table.kind == "runs" for row in table.rows} == {
        "imagenet",
        "random",
    }
    assert "those of copy" not in board.to_json()
    assert call("verify", "dev", "--workspace", workspace, "--out", workspace / "versions").exit_code == 0


def test_one_stranger_s_bad_files_keep_nobody_from_the_board(workspace: Path) -> None:
    results, submissions, backbones = (workspace / name for name in ("results", "submissions", "backbones"))
    write(results, [record("bad", "covid_linear", 0.3)])
    with (results / "phantom" / "bad" / "covid_linear.jsonl").open("ab") as stream:
        stream.write(record("bad").to_json(indent=None).replace('"seconds":1.0', '"seconds":1e308').encode())
        stream.write(b"\xff\xfe\n" + record("bad", seed=2).to_json(indent=None).encode()[:-9])
    os.mkfifo(results / "phantom" / "bad" / "nih_seg_linear.jsonl")
    (results / "phantom" / "bad" / "rsna_frozen_1.jsonl").mkdir()
    for folder in (submissions / "bad", submissions / "worse", backbones / "bad"):
        folder.mkdir(parents=True)
    (submissions / "bad" / "submission.yaml").write_text("a: &a [1]\nb: *a\n")
    (submissions / "worse" / "submission.yaml").write_bytes(b"\xff")
    (backbones / "bad" / "backbone.json").write_text("{}")
    result = call("build", "--workspace", workspace, "--out", workspace / "versions")
    assert result.exit_code == 0, result.output
    (table,) = [table for table in read_version(workspace / "versions").tables if table.kind == "runs"]
    assert {row.id for row in table.rows} == {"random", "imagenet", "bad"}
    for text in (
        "phantom/bad/covid_linear.jsonl, line 2: not a run record: seconds",
        "phantom/bad/covid_linear.jsonl, line 3: not a run record: not UTF-8",
        "phantom/bad/covid_linear.jsonl, line 4: torn off",
        "phantom/bad/nih_seg_linear.jsonl'",
        "phantom/bad/rsna_frozen_1.jsonl'",
        "submissions/bad/submission.yaml, line 2: not plain YAML",
        "submissions/worse/submission.yaml: not UTF-8",
        "backbones/bad/backbone.json",
    ):
        assert result.output.count(text) == 1, (text, result.output)
    assert str(workspace / "submissions") not in "".join(read_version(workspace / "versions").notes)
    (row,) = [row for row in table.rows if row.id == "bad"]
    assert [text[:41] for text in row.contradictions] == [
        "There is no backbone and no declaration o",
        "phantom/bad/covid_linear.jsonl, line 2: n",
        "phantom/bad/covid_linear.jsonl, line 3: n",
    ]


def test_a_keeper_s_own_runs_are_reproduced_and_nobody_else_s(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(workspace / "results", runs("random-resnet18", "covid_linear", [0.3, 0.4], measured_by="us"))
    write(workspace / "results", runs("random-resnet34", "covid_linear", [0.3, 0.4], measured_by="them"))

    def evidence() -> dict[str, str | None]:
        assert call("build", "--workspace", workspace, "--out", workspace / "versions").exit_code == 0
        board = read_version(workspace / "versions")
        return {row.id: row.evidence for row in board.tables[-1].rows}

    assert set(evidence().values()) == {"validated"}, "no keeper is named"
    monkeypatch.setenv("LOVT_BENCH_KEEPER", "us")
    assert {name for name, step in evidence().items() if step == "reproduced"} == {"random-resnet18"}
    assert read_version(workspace / "versions").keeper == "us"


def test_show_prints_tables_that_fit_120_characters(workspace: Path) -> None:
    call("build", "--workspace", workspace, "--out", workspace / "versions")
    result = call("show", "--out", workspace / "versions")
    assert result.exit_code == 0, result.output
    assert max(map(len, result.output.splitlines())) <= 120
    assert "\x1b" not in result.output
    assert "45.0 (too few runs)*" in result.output
    assert "LoVT best on 10 of 18 tasks" in result.output
    assert "…" not in result.output, "a number or name was cut"


def test_show_leaves_published_rows_out_when_asked(workspace: Path) -> None:
    call("build", "--workspace", workspace, "--out", workspace / "versions")
    result = call("show", "--out", workspace / "versions", "--no-published")
    assert "PixelPro" not in result.output
    assert "phantom" in result.output


def test_show_picks_tables_by_part_of_their_id(workspace: Path) -> None:
    call("build", "--workspace", workspace, "--out", workspace / "versions")
    assert "Phantom (" not in call("show", "--out", workspace / "versions", "--table", "published").output
    missing = call("show", "--out", workspace / "versions", "--table", "nothing")
    assert missing.exit_code == 1
    assert "phantom-seeded-demo-lovt-2022" in missing.output


def test_show_before_build_says_what_to_do(tmp_path: Path) -> None:
    result = call("show", "--out", tmp_path)
    assert result.exit_code == 1
    assert "lovt-bench leaderboard build" in result.output


def test_build_without_results_still_writes_the_published_rows(tmp_path: Path) -> None:
    result = call("build", "--workspace", tmp_path, "--out", tmp_path / "versions")
    assert result.exit_code == 0
    assert "lovt-bench evaluate" in result.output
    assert "16 row(s), 18 task(s)" in result.output


def test_a_build_that_stops_leaves_the_old_version(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = workspace / "versions"
    call("build", "--workspace", workspace, "--out", out)
    before = (out / "dev" / "leaderboard.json").read_bytes()
    write(workspace / "results", [record(seed=9)])
    monkeypatch.setenv("LOVT_BENCH_KEEPER", "A B")
    result = call("build", "--workspace", workspace, "--out", out)
    assert (result.exit_code, "LOVT_BENCH_KEEPER is 'A B', expected" in result.output) == (1, True)
    assert (out / "dev" / "leaderboard.json").read_bytes() == before


def test_torn_lines_are_named(workspace: Path) -> None:
    with (workspace / "results" / "phantom" / "random" / "covid_linear.jsonl").open("a") as stream:
        stream.write(record(seed=9).to_json(indent=None)[:40])
    result = call("build", "--workspace", workspace, "--out", workspace / "versions")
    assert result.exit_code == 0
    assert "Note: phantom/random/covid_linear.jsonl, line 3: torn off" in result.output


@pytest.mark.parametrize("arguments", [("--results", "/nowhere"), ("--version", "1.0.0")])
def test_bad_options_are_refused(tmp_path: Path, arguments: tuple[str, str]) -> None:
    assert call("build", "--workspace", tmp_path, "--out", tmp_path, *arguments).exit_code in (1, 2)


def test_a_version_is_released_verified_listed_compared_and_shown(workspace: Path) -> None:
    out = ("--out", workspace / "versions")
    where = (*out, "--workspace", workspace)
    call("build", *where)
    released = call("release", *where, "--note", "The first")
    assert released.exit_code == 0, released.output
    assert "1.0.0 (major). Next: commit" in released.output
    nothing = call("release", *where)
    assert nothing.exit_code == 1
    assert "nothing changed since 1.0.0" in nothing.output
    for version in ("1.0.0", "dev", "--all"):
        verified = call("verify", version, *where)
        assert verified.exit_code == 0, verified.output
        assert "equal byte for byte" in verified.output
    assert call("list", *out).output.splitlines()[0].endswith("First release.")
    assert call("diff", "1.0.0", *out).output == "The same entries.\n"
    assert "LoVT best on 10 of 18 tasks" in call("show", "1.0.0", *out).output
    assert call("site", workspace / "site", *out).exit_code == 0
    assert (workspace / "site" / "1.0.0" / "index.html").is_file()


def test_records_on_own_data_are_committed_only_where_somebody_says_so(tmp_path: Path) -> None:
    """A release is for everybody; rebuilt from what it committed, it has the table of own data."""
    write(tmp_path / "results", runs("random", "covid_linear", [0.1, 0.2], track="own"))
    where = ["--workspace", tmp_path, "--out", tmp_path / "versions"]
    refused = call("release", *where)
    assert refused.exit_code == 1
    assert "2 run records are on own data" in refused.output
    assert not list((tmp_path / "versions").glob("1*"))
    assert call("release", *where, "--with-own-data").exit_code == 0
    assert list((tmp_path / "results").parent.rglob("results/own/lovt-2022/random/covid_linear.jsonl"))
    verified = call("verify", "1.0.0", *where)
    assert verified.exit_code == 0, verified.output


def test_a_touched_release_stops_every_command_and_verify_names_the_place(workspace: Path) -> None:
    out = ("--out", workspace / "versions")
    where = (*out, "--workspace", workspace)
    call("release", *where)
    page = workspace / "versions" / "1.0.0" / "leaderboard.csv"
    page.write_text(page.read_text().replace("imagenet", "lovt", 1))
    for command in (("build", *where), ("release", *where), ("show", "1.0.0", *out)):
        result = call(*command)
        assert result.exit_code == 1
        assert "leaderboard.csv does not match SHA256SUMS" in result.output
    assert "TOUCHED" in call("list", *out).output
    for flags in ((), ("--accept-other-code",)):
        verified = call("verify", "--all", *where, *flags)
        assert verified.exit_code == 1
        assert "touched: leaderboard.csv does not match SHA256SUMS; line" in verified.output


def test_serve_refuses_what_is_not_there_and_a_port_that_is_taken(workspace: Path) -> None:
    out = workspace / "versions"
    assert "lovt-bench leaderboard build" in call("serve", "--out", out).output
    call("build", "--workspace", workspace, "--out", out)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = call("serve", "--out", out, "--port", taken.getsockname()[1])
    assert result.exit_code == 1
    assert "choose another --port" in result.output


def test_rows_whose_backbone_is_another_one_here_are_stale(workspace: Path) -> None:
    """The digests of these records are stand-ins, so that protocol, profile and tasks are others here."""
    call("build", "--workspace", workspace, "--out", workspace / "versions")
    board = read_version(workspace / "versions")
    for row in board.table("phantom-seeded-demo-lovt-2022").rows:
        assert [text.split(" has changed")[0] for text in row.stale] == [
            "Protocol lovt-2022", "Profile demo", "Task rsna_frozen_1", "Task covid_linear",
        ]  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [(), ("build",), ("show",), ("release",), ("verify",), ("diff",), ("list",), ("serve",), ("site",)],
)
def test_help_shows_examples_to_paste(command: tuple[str, ...]) -> None:
    assert "lovt-bench leaderboard " in call(*command, "--help").output


def test_tasks_prints_what_each_task_tells_of_the_published_table(workspace: Path) -> None:
    versions = ("--out", workspace / "versions")
    call("build", "--workspace", workspace, *versions)
    result = call("tasks", "--table", "published", *versions)
    assert result.exit_code == 0, result.output
    assert "rank correlation 0.94 over 16 rows, 0.68 among the best 8" in result.output
    assert "No place is predicted from some of the tasks." in result.output
    result = call("tasks", "--table", "phantom", *versions)
    assert result.exit_code == 1
    assert "what a task tells needs 4 rows and two tasks" in result.output


def test_replicate_says_what_is_missing_and_ends_with_one(workspace: Path) -> None:
    places = ("--workspace", workspace, "--out", workspace / "versions")
    found = call("replicate", *places)
    assert found.exit_code == 1
    assert (
        "not yet replicated on real data: no run of random and imagenet on a public dataset" in found.output
    )
    assert f"The report: {workspace / 'versions' / 'dev' / 'replication.md'}" in found.output
    assert "not yet replicated" in (workspace / "versions" / "dev" / "replication.md").read_text()
    assert "not yet replicated" in call("show", "--out", workspace / "versions").output.split("Percent")[0]
    unprepared = call("replicate", "--run", *places)
    assert unprepared.exit_code == 1
    assert "no real dataset with its official splits is prepared" in unprepared.output
    elsewhere = call("replicate", "--run", "--results", workspace / "results", *places)
    assert elsewhere.exit_code == 2
    assert "--run records in the workspace, --results reads elsewhere" in " ".join(elsewhere.output.split())
