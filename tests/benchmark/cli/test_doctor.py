"""`lovt-bench doctor` from the outside, on this machine as it is and with things taken away. No engine is needed."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner

from lovt_bench.benchmark.cli.doctor import doctor
from lovt_bench.benchmark.contract.base import Model
from lovt_bench.benchmark.runtime import doctor_engine, doctor_libraries, doctor_workspace
from lovt_bench.benchmark.runtime.doctor import diagnose
from tests.submissions.tiny_corpus import write_corpus


@pytest.fixture(autouse=True)
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/absent.sock")


def findings(*arguments: str) -> tuple[int, dict[str, dict[str, str]]]:
    result = CliRunner().invoke(doctor, ["--json", *arguments])
    told = json.loads(result.stdout)
    levels = [one["level"] for one in told["findings"]]
    assert told["counts"] == {level: levels.count(level) for level in ("ok", "warning", "error")}
    return result.exit_code, {one["subject"]: one for one in told["findings"]}


def test_a_machine_without_engine_data_and_weights_gets_warnings_with_advice_and_ends_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    code, seen = findings("--workspace", str(tmp_path / "new"))
    assert code == 0
    assert {name: seen[name]["level"] for name in ("Python", "torch", "onnxruntime")} == {
        "Python": "ok", "torch": "ok", "onnxruntime": "ok",
    }  # fmt: skip
    for name in ("Docker Engine", "datasets", "corpora", "ImageNet weights"):
        assert seen[name]["level"] == "warning", name
        assert seen[name]["advice"], name
    assert "rsna" in seen["datasets"]["message"]
    assert not (tmp_path / "new").exists(), "looking makes nothing"


def test_prepared_corpora_and_damaged_ones_are_told_apart(tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpora" / "tiny")
    broken = tmp_path / "corpora" / "broken"
    broken.mkdir()
    (broken / "corpus.json").write_text("{}", encoding="utf-8")
    found = list(doctor_workspace.check_prepared(tmp_path, ["rsna"]))
    told = {(one.level, one.subject): one.message for one in found}
    assert told["ok", "corpora"].startswith("tiny (")
    assert "Field required" in told["warning", "corpus broken"]
    assert told["warning", "datasets"] == "not prepared: rsna"


def test_a_workspace_that_is_a_file_is_an_error_and_the_exit_code_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    code, seen = findings("--workspace", str(tmp_path / "file" / "below"))
    assert code == 1
    assert seen["workspace"]["level"] == "error"


@pytest.mark.parametrize(
    ("free", "level"),
    [(30 << 30, "ok"), (10 << 30, "warning"), (100 << 20, "error")],
    ids=["30G", "10G", "100M"],
)
def test_free_disk_decides_the_level(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, level: str
) -> None:
    usage = type(doctor_workspace.shutil.disk_usage(tmp_path))
    monkeypatch.setattr(
        doctor_workspace.shutil, "disk_usage", lambda _: usage(1 << 40, (1 << 40) - free, free)
    )
    (finding,) = doctor_workspace.check_disk(tmp_path)
    assert finding.level == level


def test_packages_are_compared_with_the_pins_and_extras_only_warn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oracle is a distribution of our own: one package as pinned, one too new, one absent, one absent extra."""
    info = tmp_path / "doctored-1.0.dist-info"
    info.mkdir()
    wanted = (
        f"click=={metadata.version('click')}", "pydantic<1", "absent-package>=1", 'absent-too; extra == "pretrain"',
        'never-asked; extra == "wandb"',
    )  # fmt: skip
    lines = [
        "Metadata-Version: 2.4",
        "Name: doctored",
        "Version: 1.0",
        *(f"Requires-Dist: {one}" for one in wanted),
    ]
    (info / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    told = {one.subject: one for one in doctor_libraries.check_packages("doctored")}
    assert {name: one.level for name, one in told.items()} == {
        "packages": "ok", "pydantic": "warning", "absent-package": "error", "absent-too": "warning",
    }  # fmt: skip
    assert told["packages"].message == "1 as pinned"
    assert "doctored[pretrain]" in told["absent-too"].advice


def test_a_check_that_breaks_does_not_hide_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "data").write_text("", encoding="utf-8")
    monkeypatch.setattr(Model, "model_validate_json", None)
    write_corpus(tmp_path / "corpora" / "tiny")
    told = [one for _, one in diagnose(tmp_path, ["rsna"], containers=False)]
    assert any("cannot be looked at: TypeError" in one.message for one in told)
    assert told[-1].subject == "text model"


def test_in_a_pipe_each_line_is_one_line_and_in_a_terminal_none_is_too_wide(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "lovt_bench.benchmark.cli.main",
        "doctor",
        "--workspace",
        str(tmp_path / "new"),
    ]
    piped = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "\x1b" not in piped
    assert all(line.startswith("  ") or not line[0].isspace() for line in piped.splitlines())
    assert sum("not prepared" in line for line in piped.splitlines()) == 1
    leader, follower = pty.openpty()
    environment = {**os.environ, "COLUMNS": "60", "NO_COLOR": "1", "TORCH_HOME": "/t", "TERM": "dumb"}
    process = subprocess.Popen(command, stdout=follower, env=environment)
    os.close(follower)
    shown = b""
    try:
        while piece := os.read(leader, 4096):
            shown += piece
    except OSError:  # Linux's way to say that the other end is closed
        pass
    assert process.wait() == 0
    long = [line for line in shown.decode().splitlines() if len(_plain(line)) > 60 and " " in line.strip()]
    assert not [line for line in long if not any(len(word) > 40 for word in line.split())]


def test_a_limit_that_is_not_reported_is_not_held() -> None:
    held = {limit.key: limit.held for limit in doctor_engine.LIMITS}
    assert all(doctor_engine.held(limit, held) for limit in doctor_engine.LIMITS)
    for limit in doctor_engine.LIMITS:
        for seen in ({**held, limit.key: "open"}, {k: v for k, v in held.items() if k != limit.key}):
            assert [one for one in doctor_engine.LIMITS if not doctor_engine.held(one, seen)] == [limit]


def _plain(line: str) -> str:
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", line)
