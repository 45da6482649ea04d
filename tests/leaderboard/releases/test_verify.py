"""A version is rebuilt from its own inputs, and whatever was done to it is told apart."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.leaderboard import Leaderboard
from lovt_bench.leaderboard.board.stale import Current
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.releases import verify as verification
from lovt_bench.leaderboard.releases.differences import first_difference
from lovt_bench.leaderboard.releases.folder import folder_problems
from lovt_bench.leaderboard.releases.release import build_development, release
from lovt_bench.leaderboard.releases.site import write_site
from lovt_bench.leaderboard.releases.sources import Sources
from lovt_bench.leaderboard.releases.tools import code_sha256
from lovt_bench.leaderboard.releases.verify import Verification, released_runs, verify
from lovt_bench.leaderboard.releases.version import read_version, sum_problems
from lovt_bench.leaderboard.show.examples import read_examples
from lovt_bench.leaderboard.show.rendering import SUMS, digest
from lovt_bench.tasks import head as head_module
from tests.leaderboard.records import digest as digest_of
from tests.leaderboard.records import record, runs
from tests.leaderboard.sources import sources, two_rows

REPOSITORY = Path(__file__).resolve().parents[3]
VERSION = "1.0.0"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder of versions with one release, whose workspace is gone."""
    freeze(tmp_path / "versions", sources(tmp_path / "workspace", two_rows()))
    (tmp_path / "workspace").rename(tmp_path / "elsewhere")
    return tmp_path / "versions"


def freeze(out: Path, given: Sources) -> Path:
    return release(out, given, date="2026-05-01").folder


def told(found: Verification) -> set[tuple[str, str]]:
    return {(problem.kind, problem.name) for problem in found.problems}


def forge(out: Path, name: str, old: str, new: str, *, sums: bool = False) -> None:
    """Change a file of the release, and if asked SHA256SUMS and the list of versions with it."""
    path = out / VERSION / name
    before = path.read_bytes()
    assert old.encode() in before
    path.write_bytes(before.replace(old.encode(), new.encode(), 1))
    if sums:
        record_of_sums = out / VERSION / SUMS
        listed = digest(record_of_sums.read_bytes())
        record_of_sums.write_text(
            record_of_sums.read_text().replace(digest(before), digest(path.read_bytes()))
        )
        index = out / "versions.json"
        index.write_text(index.read_text().replace(listed, digest(record_of_sums.read_bytes())))


def test_a_release_rebuilds_byte_for_byte_without_its_workspace(out: Path) -> None:
    found = verify(out, VERSION)
    assert found.identical, found.problems
    assert found.files > 8
    assert found.inputs == len(read_version(out, VERSION).inputs) == 5


def test_every_record_is_named_by_its_key_and_the_digest_of_its_line(out: Path) -> None:
    listed = json.loads((out / VERSION / "inputs" / "records.json").read_text())["records"]
    given = [item for item in two_rows() if (item.submission, item.run.task) == ("random", "covid_linear")]
    assert listed["phantom/lovt-2022/random/covid_linear.jsonl"] == {
        item.key: digest(item.to_json(indent=None).removesuffix("\n").encode()) for item in given
    }
    assert len(listed) == 4


def test_later_releases_rebuild_with_their_changes_and_append(tmp_path: Path, out: Path) -> None:
    before = contents(out / "results")
    more = [
        *two_rows(),
        *runs("new", "covid_linear", [0.5, 0.6]),
        record("random", seed=9, phase="tune", test={}),
    ]
    freeze(out, sources(tmp_path / "more", more))
    assert verify(out, "1.1.0").identical
    assert verify(out, VERSION).identical
    after = contents(out / "results")
    grown = {name for name in after if before.get(name) != after[name]}
    assert grown == {
        "phantom/lovt-2022/new/covid_linear.jsonl",
        "phantom/lovt-2022/random/covid_linear.jsonl",
    }
    assert all(after[name].startswith(content) for name, content in before.items())
    assert folder_problems(out) == {}


def test_a_run_that_was_repeated_stands_beside_the_first_one(tmp_path: Path, out: Path) -> None:
    """Its key is the same: each release takes the line that it names."""
    freeze(out, sources(tmp_path / "again", two_rows(better=0.6)))
    assert verify(out, VERSION).identical
    assert verify(out, "1.1.0").identical
    path = "phantom/lovt-2022/imagenet/covid_linear.jsonl"
    keys = [json.loads(line)["key"] for line in contents(out / "results")[path].splitlines()]
    assert len(keys) == 4
    assert len(set(keys)) == 2


def test_records_of_two_protocols_lie_in_two_folders(tmp_path: Path) -> None:
    odd = runs("random", "covid_linear", [0.2, 0.3], protocol="../../odd")
    other = runs("random", "covid_linear", [0.2, 0.3], protocol="lovt-2030")
    out = tmp_path / "versions"
    freeze(out, sources(tmp_path / "workspace", [*two_rows(), *other, *odd]))
    assert {name.split("/")[1] for name in contents(out / "results")} == {
        "lovt-2022", "lovt-2030", f"protocol-{digest_of('lovt-2022')[:12]}",
    }  # fmt: skip
    found = verify(out, VERSION)
    assert found.identical, found.problems


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_torn_lines_links_and_hostile_names_rebuild_too(tmp_path: Path) -> None:
    """What reading leaves out stands in notes; a rebuild has no links to find, and must still say so."""
    results = tmp_path / "workspace" / "results"
    given = sources(tmp_path / "workspace", two_rows())
    (results / "phantom" / "link").symlink_to(results / "phantom" / "random")
    with (results / "phantom" / "random" / "covid_linear.jsonl").open("a") as stream:
        stream.write(record(seed=9).to_json(indent=None)[:40])
    given = sources(tmp_path / "workspace", [])
    freeze(tmp_path / "versions", given)
    assert len(read_version(tmp_path / "versions", VERSION).notes) == 2
    assert verify(tmp_path / "versions", VERSION).identical


@pytest.mark.parametrize("attributes", [False, True], ids=["git turns line ends", "as this repository"])
def test_a_clone_that_turns_line_ends_verifies_what_was_released(
    out: Path, tmp_path: Path, attributes: bool
) -> None:
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    place = Path("leaderboard/versions")
    (origin / place).parent.mkdir(parents=True)
    shutil.copytree(out, origin / place, ignore=shutil.ignore_patterns("results"))
    shutil.copytree(out / "results", origin / "leaderboard" / "results")
    if attributes:
        shutil.copy(REPOSITORY / ".gitattributes", origin)
    git(origin, "init", "-q")
    git(origin, "-c", "core.safecrlf=false", "add", "-A")
    git(origin, "commit", "-q", "-m", "x")
    git(tmp_path, "clone", "-q", "-c", "core.autocrlf=true", str(origin), str(clone))
    turned = b"\r\n" in (clone / place / VERSION / "leaderboard.md").read_bytes()
    assert turned is not attributes
    found = verify(clone / place, VERSION)
    assert found.identical, found.problems
    assert folder_problems(clone / place) == {}
    write_site(clone / place, tmp_path / "site")
    assert (tmp_path / "site" / VERSION / SUMS).read_bytes() == (out / VERSION / SUMS).read_bytes()
    assert sum_problems(tmp_path / "site" / VERSION) == {}
    page = clone / place / VERSION / "leaderboard.md"
    page.write_bytes(page.read_bytes() + b"\r\n")
    assert told(verify(clone / place, VERSION)) == {("touched", "leaderboard.md")}


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True)


def test_a_stale_row_stays_stale_when_the_workspace_is_another(tmp_path: Path) -> None:
    now = Current(backbones={"random": digest_of("trained again")})
    freeze(tmp_path / "versions", sources(tmp_path / "workspace", two_rows(), current=now))
    board = read_version(tmp_path / "versions", VERSION)
    assert {row.id: bool(row.stale) for row in board.tables[0].rows} == {"imagenet": False, "random": True}
    assert verify(tmp_path / "versions", VERSION).identical


def test_a_touched_file_is_named_with_its_first_differing_place(out: Path) -> None:
    forge(out, "leaderboard.csv", "imagenet", "imagenot")
    found = verify(out, VERSION)
    assert told(found) == {("touched", "leaderboard.csv")}
    assert "line 2: found" in found.problems[0].text
    assert not found.explained
    with pytest.raises(LeaderboardError, match=r"leaderboard\.csv does not match.*history"):
        read_version(out, VERSION)


def test_a_better_number_in_the_source_of_truth_is_found(out: Path) -> None:
    forge(out, "leaderboard.json", '"mean": 0.5', '"mean": 0.9')
    (problem,) = verify(out, VERSION).problems
    assert (problem.kind, problem.name) == ("touched", "leaderboard.json")
    assert "tables[0].rows[0].cells[0].summary.mean: found 0.9, rebuilt 0.5" in problem.text


def test_a_forger_who_rewrites_all_sums_is_found_by_the_records(out: Path) -> None:
    """Sums and the list of versions agree; only rebuilding shows that the records never gave this."""
    forge(out, "leaderboard.json", '"mean": 0.5', '"mean": 0.9', sums=True)
    found = verify(out, VERSION)
    assert told(found) == {("differs", "leaderboard.json")}
    assert not found.explained


def test_added_and_missing_files_and_links_are_named(out: Path) -> None:
    (out / VERSION / "assets" / "extra.js").write_text("alert(1)")
    (out / VERSION / "leaderboard.md").unlink()
    assert told(verify(out, VERSION)) == {("touched", "assets/extra.js"), ("touched", "leaderboard.md")}
    (out / VERSION / "leaderboard.md").symlink_to("/etc/hostname")
    assert ("touched", "") in told(verify(out, VERSION))


def harm_records(out: Path, path: Path, harm: str) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    if harm == "edited":
        path.write_bytes(
            path.read_bytes().replace(b'"test":{"opacity_dice":0.4', b'"test":{"opacity_dice":0.9')
        )
        assert path.read_bytes().splitlines(keepends=True) != lines
    elif harm == "truncated":
        path.write_bytes(b"".join(lines)[:-9])
    elif harm == "missing":
        path.unlink()
    elif harm == "folder is a link":
        path.parent.rename(out / "moved")
        path.parent.symlink_to(out / "moved")
    else:
        path.rename(out / "moved.jsonl")
        path.symlink_to(out / "moved.jsonl")


@pytest.mark.parametrize("harm", ["edited", "truncated", "missing", "link", "folder is a link"])
def test_a_missing_or_changed_record_is_told_from_a_touched_file(out: Path, harm: str) -> None:
    name = "phantom/lovt-2022/imagenet/covid_linear.jsonl"
    harm_records(out, out / "results" / name, harm)
    (kind, _), *_ = told(verify(out, VERSION))
    assert kind == "record"
    assert ("record", name) in told(verify(out, VERSION))
    with pytest.raises(LeaderboardError):
        released_runs(out, VERSION)
    with pytest.raises(LeaderboardError):
        write_site(out, out.parent / "site")


def test_more_lines_other_order_and_other_line_ends_change_no_release(out: Path) -> None:
    path = out / "results" / "phantom" / "lovt-2022" / "imagenet" / "covid_linear.jsonl"
    lines = path.read_bytes().splitlines()
    more = record("imagenet", seed=9).to_json(indent=None).encode()
    path.write_bytes(b"\r\n".join([*reversed(lines), more]))
    assert verify(out, VERSION).identical
    assert list(folder_problems(out)) == []  # a run that no release names waits for one


@pytest.mark.parametrize("harm", ["row", "protocol", "no record", "key"])
def test_a_forger_who_lists_a_record_of_another_place_is_found(out: Path, harm: str) -> None:
    """Lists, sums and committed lines agree; what a line says of itself does not."""
    place = "phantom/lovt-2022/imagenet/covid_linear.jsonl"
    path = out / "results" / place
    if harm == "no record":
        line = b"{}"
    else:
        other = record("random" if harm == "row" else "imagenet", seed=12345)
        if harm == "protocol":
            other = record("imagenet", seed=12345, protocol="lovt-2030")
        line = other.to_json(indent=None).removesuffix("\n").encode()
        if harm == "key":
            line = line.replace(b'"seed":12345', b'"seed":12346')
    first = two_rows()[4].to_json(indent=None).removesuffix("\n").encode()
    assert first in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(first, line))
    forge(out, "inputs/records.json", digest(first), digest(line), sums=True)
    assert sum_problems(out / VERSION) == {}
    found = verify(out, VERSION)
    assert told(found) == {("record", place)}
    assert not found.explained


@pytest.mark.parametrize(
    "path",
    ["../../x.jsonl", "phantom/lovt-2022/../covid_linear.jsonl", "phantom/a/b/c.json", "/etc/a/b/c.jsonl"],
)
def test_a_list_of_records_leads_nowhere_else(out: Path, path: str) -> None:
    forge(out, "inputs/records.json", "phantom/lovt-2022/imagenet/covid_linear.jsonl", path, sums=True)
    (problem,) = verify(out, VERSION).problems
    assert problem.kind == "differs"
    assert "inputs/records.json is missing or broken" in problem.text


@pytest.mark.parametrize("name", ["inputs/frozen.json", "inputs/records.json"])
def test_a_touched_input_is_named(out: Path, name: str) -> None:
    forge(out, name, '"schema_version": 1', '"schema_version": 2')
    assert told(verify(out, VERSION)) == {("touched", name)}


def test_the_longest_name_of_a_task_rebuilds(tmp_path: Path) -> None:
    unknown = runs("random", "t" * 64, [0.5, 0.5])
    freeze(tmp_path / "versions", sources(tmp_path / "workspace", [*two_rows(), *unknown]))
    assert verify(tmp_path / "versions", VERSION).identical


def test_inputs_cannot_lead_out_of_the_folder(out: Path) -> None:
    """A version from a stranger names its inputs; one called `../../x` is neither read nor written."""
    path = out / VERSION / "leaderboard.json"
    board = json.loads(path.read_text())
    board["inputs"][0]["path"] = "../../../../tmp/x"
    path.write_text(json.dumps(board))
    (problem,) = verify(out, VERSION).problems
    assert "rebuilt 'frozen.json'" in problem.text


def test_other_libraries_and_other_code_explain_a_difference(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    render = verification.release_files

    def otherwise(*arguments: object) -> dict[str, bytes]:
        return {**render(*arguments), "leaderboard.md": b"another rendering\n"}  # type: ignore[arg-type]

    monkeypatch.setattr(verification, "release_files", otherwise)
    assert ("differs", "leaderboard.md") in told(verify(out, VERSION))
    tools = verification.tools()
    monkeypatch.setattr(verification, "tools", lambda: {**tools, "numpy": "99.0"})
    found = verify(out, VERSION)
    assert told(found) == {("tools", "leaderboard.md")}
    assert "(here 99.0)" in found.problems[0].text
    monkeypatch.setattr(verification, "code_sha256", lambda: "0" * 64)
    found = verify(out, VERSION)
    assert told(found) == {("code", "leaderboard.md")}
    assert found.explained
    assert not found.identical


def test_what_heads_say_of_themselves_is_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their labels stand in tables; task files are inputs."""
    folder = tmp_path / "tasks"
    shutil.copytree(Path(head_module.__file__).parent, folder)
    monkeypatch.setattr("lovt_bench.tasks.head.__file__", str(folder / "head.py"))
    before = code_sha256()
    head = folder / "heads" / "unet.py"
    head.write_text(head.read_text().replace('label="', 'label="My '))
    assert code_sha256() != before
    shutil.copy(REPOSITORY / "tasks" / "heads" / "unet.py", head)
    next((folder / "specs").glob("*.yaml")).unlink()
    assert code_sha256() == before


def test_other_numbers_are_never_explained_by_other_code(out: Path) -> None:
    """A forger who has rewritten all sums would claim, in build.json, that other code made the version."""
    forge(out, "build.json", '"code_sha256": "', '"code_sha256": "f00d', sums=True)
    content = (out / VERSION / "build.json").read_text()
    forge(out, "build.json", content, re.sub(r"f00d(\w{60})\w{4}", r"f00d\1", content), sums=True)
    assert verify(out, VERSION).identical
    forge(out, "leaderboard.md", "imagenet", "ImageNet", sums=True)
    assert told(verify(out, VERSION)) == {("code", "leaderboard.md")}
    forge(out, "leaderboard.json", '"mean": 0.5', '"mean": 0.9', sums=True)
    found = verify(out, VERSION)
    assert told(found) == {("differs", "leaderboard.md"), ("differs", "leaderboard.json")}
    assert "imagenet, rsna_frozen_1" in found.problems[0].text
    assert not found.explained


def test_a_touched_release_does_not_hide_the_one_after_it(tmp_path: Path, out: Path) -> None:
    freeze(out, sources(tmp_path / "more", [*two_rows(), *runs("new", "covid_linear", [0.5, 0.6])]))
    forge(out, "leaderboard.md", "imagenet", "ImageNet")
    found = verify(out, "1.1.0")
    assert told(found) == {("before", "changes.json")}
    assert found.files > 8


def test_a_touched_file_is_never_explained_by_other_code(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "code_sha256", lambda: "0" * 64)
    forge(out, "leaderboard.md", "imagenet", "imagenot")
    assert not verify(out, VERSION).explained


def test_dev_is_verified_against_the_workspace(tmp_path: Path) -> None:
    out = tmp_path / "versions"
    given = sources(tmp_path / "a", two_rows())
    build_development(out, given)
    assert verify(out, "dev", given).identical
    found = verify(out, "dev", sources(tmp_path / "b", two_rows(better=0.6)))
    assert ("inputs", "phantom/lovt-2022/imagenet/covid_linear.jsonl") in told(found)
    assert not found.explained


def example(key: str, png: str = PNG) -> str:
    image = {"id": "1", "png": png}
    fields = {"submission": "random", "task": "covid_linear", "track": "phantom", "run_key": key}
    return json.dumps({**fields, "images": [image]})


def test_examples_of_runs_that_are_here_are_inputs_of_a_release(tmp_path: Path) -> None:
    path = tmp_path / "workspace" / "examples" / "phantom" / "random" / "covid_linear.json"
    path.parent.mkdir(parents=True)
    path.write_text(example(two_rows()[0].key))
    freeze(tmp_path / "versions", sources(tmp_path / "workspace", two_rows()))
    board: Leaderboard = read_version(tmp_path / "versions", VERSION)
    assert "examples/phantom/random/covid_linear.json" in {file.path for file in board.inputs}
    path.unlink()
    assert verify(tmp_path / "versions", VERSION).identical


@pytest.mark.parametrize(
    "content",
    [
        example("0" * 64),
        example(two_rows()[0].key, "PHN2Zz4="),
        example(two_rows()[0].key, "?"),
        "{",
        "x" * 2**21,
    ],
    ids=["of another run", "no PNG", "no base64", "no JSON", "huge"],
)
def test_examples_that_do_not_belong_are_passed_over(tmp_path: Path, content: str) -> None:
    path = tmp_path / "phantom" / "random" / "covid_linear.json"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert read_examples(tmp_path, two_rows()) == ({}, {})


@pytest.mark.parametrize(
    ("name", "found", "expected", "place"),
    [
        ("a.json", b'{"a": [1, {"b": 2}]}', b'{"a": [1, {"b": 3}]}', "a[1].b: found 2, rebuilt 3"),
        ("a.json", b'{"a": 1}', b'{"a": 1.0}', "a: found 1, rebuilt 1.0"),
        ("a.json", b"[1]", b"[1, 2]", ": 1 entries, rebuilt 2"),
        ("a.json", b'{"a":1}', b'{"a": 1}', "line 1: found"),
        ("a.md", b"x\ny\n", b"x\nz\n", "line 2: found 'y', rebuilt 'z'"),
        ("a.md", b"x\n", b"x\ny", "line 2: found '', rebuilt 'y'"),
        ("a.png", b"\xff\x00\x01", b"\xff\x00\x02", "byte 2 of 3, rebuilt 3"),
        ("a.png", b"\xff\x00", b"\xff\x00\x02", "byte 2 of 2, rebuilt 3"),
    ],
)
def test_the_first_differing_place(name: str, found: bytes, expected: bytes, place: str) -> None:
    assert place in first_difference(name, found, expected)


def test_a_difference_far_along_a_long_line_is_shown() -> None:
    text = first_difference("a.js", b"x" * 5000 + b"old", b"x" * 5000 + b"new")
    assert "old" in text
    assert "new" in text
    assert len(text) < 300


def test_an_input_document_of_an_older_schema_keeps_its_digest(tmp_path: Path) -> None:
    """A field that the document's model gains later must not make every old release differ."""
    given = sources(tmp_path / "workspace", two_rows())
    older = json.loads(given.files["frozen.json"])
    del older["current"]
    freeze(tmp_path / "versions", sources(tmp_path / "b", two_rows(), document=json.dumps(older).encode()))
    assert verify(tmp_path / "versions", VERSION).identical
