"""Apptainer's command line, and what a run makes of its answers.

Debian 12 has no Apptainer, so CI has none. The hostile suite runs on the real one (`.ci/with-apptainer`); here a
stand-in answers as Apptainer 1.4.5 did.
"""

from __future__ import annotations

import csv
import os
import shlex
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from lovt_bench.benchmark.contract.run_contract import Limits, RunParameters
from lovt_bench.benchmark.runtime.apptainer import ApptainerRuntime
from lovt_bench.benchmark.runtime.apptainer_command import binds, environment, find_program
from lovt_bench.benchmark.runtime.choose_runtime import choose_runtime
from lovt_bench.benchmark.runtime.doctor_apptainer import check_apptainer
from lovt_bench.benchmark.runtime.engine import EngineError
from lovt_bench.benchmark.runtime.narrator import Narrator
from lovt_bench.benchmark.runtime.runs import Run
from lovt_bench.benchmark.runtime.sif import Sif
from lovt_bench.benchmark.runtime.supervise import Ended
from lovt_bench.benchmark.submission.read import SubmissionError
from tests.containers.conftest import open_folder

NO_CGROUPS = (
    "FATAL:   container creation failed: while applying cgroups config: cannot use cgroups - cannot use systemd "
    "cgroups manager, systemd not running as init on this host"
)
STAND_IN = """#!/bin/bash
# Refuses what REFUSED names; runs the script INSIDE for an image's own start script, and TRIED for any other command.
. "${0%/*}/answers"
for word; do [ "$word" != "$REFUSED" ] || { echo "$SAID" >&2; exit 255; }; done
case $2 in
  run) echo "told $*"; eval "$INSIDE" ;;
  exec) [ -z "$TRIED" ] || { eval "$TRIED"; exit; }
    while [ "$1" != sh ]; do shift; done; exec "$@" ;;
esac
"""


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that everybody gets into, with the stand-in, which is on the PATH."""
    with open_folder() as found:
        (found / "apptainer").write_text(STAND_IN)
        (found / "apptainer").chmod(0o755)
        monkeypatch.setenv("PATH", f"{found}{os.pathsep}{os.environ['PATH']}")
        yield found


def answer(folder: Path, **given: str) -> None:
    """Tell the stand-in what to do; Apptainer gets too little of the caller's environment for that."""
    said = {"refused": "-", "said": "", "inside": ":", "tried": ""} | given
    lines = [f"{name.upper()}={shlex.quote(value)}\n" for name, value in said.items()]
    (folder / "answers").write_text("".join(lines))
    (folder / "answers").chmod(0o644)


@pytest.fixture
def run(folder: Path) -> Callable[..., tuple[Ended, str]]:
    """Run a script as a submission, and return how it ended and its log."""
    (folder / "input").mkdir(mode=0o755)
    (folder / "output").mkdir()

    def start(inside: str, refused: str = "-", said: str = "", **limits: float) -> tuple[Ended, str]:
        answer(folder, inside=inside, refused=refused, said=said)
        parameters = RunParameters(name="toy", seed=7, fraction=1, profile="demo", device="cpu")
        small = Limits.model_validate({"grace_seconds": 5, "memory_bytes": 1 << 30, "cpus": 1.5, **limits})
        given = Run(parameters, folder / "input", folder / "output", limits=small)
        with Narrator(lambda _: None, folder / "log", 10_000) as narrator:
            ended = ApptainerRuntime(find_program(), Sif(folder / "image.sif", "sha256:0")).run(
                given, narrator
            )
        return ended, (folder / "log").read_text()

    return start


def test_where_it_is_not_installed_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="no `apptainer` is on the PATH; `module load apptainer`"):
        find_program()
    assert not list(check_apptainer(None, True, tmp_path))


def test_a_container_is_shut_and_limited(run: Callable[..., tuple[Ended, str]], folder: Path) -> None:
    ended, log = run("ulimit -c; ulimit -n; ulimit -f; id -u; env | grep ^APPTAINERENV_LOVT_BENCH_SEED")
    assert ended.exit is not None
    assert ended.exit.code == 0
    told, core, files, largest, user, seed = log.splitlines()
    assert told == (
        "told --silent run --containall --no-eval --no-home --home /tmp --no-mount bind-paths --net --network none "
        f"--hostname submission --pwd / --memory {1 << 30} --memory-swap {1 << 30} --cpus 1.5 --pids-limit 512 "
        f"--mount type=bind,src={folder}/input,dst=/input,ro --mount type=bind,src={folder}/output,dst=/output "
        f"{folder}/image.sif"
    )
    assert (core, files, seed) == ("0", str(Limits().open_files), "APPTAINERENV_LOVT_BENCH_SEED=7")
    assert (int(largest), int(user)) == (Limits().output_bytes // 1024, os.getuid() or 1000)


def test_where_the_site_gives_no_cgroups_a_run_goes_on_and_says_so(
    run: Callable[..., tuple[Ended, str]], caplog: pytest.LogCaptureFixture
) -> None:
    ended, log = run("kill -9 $$", "--memory", NO_CGROUPS)
    assert "--memory" not in log
    assert "Apptainer does not limit memory, CPUs and processes here" in caplog.text
    assert ended.exit is not None
    assert (ended.exit.code, ended.exit.oom_killed) == (137, False)


def test_what_the_kernel_killed_within_limits_ran_out_of_memory(
    run: Callable[..., tuple[Ended, str]],
) -> None:
    ended, _ = run("kill -9 $$")
    assert ended.exit is not None
    assert (ended.exit.code, ended.exit.oom_killed) == (137, True)


def test_a_site_where_no_container_starts_is_no_fault_of_a_submission(
    run: Callable[..., tuple[Ended, str]],
) -> None:
    with pytest.raises(EngineError, match=r"starts no container of .*image\.sif: FATAL: +no user namespaces"):
        run(":", "--containall", "INFO: at it\nFATAL:   no user namespaces")


def test_the_polite_signal_comes_once_and_its_exit_code_counts(run: Callable[..., tuple[Ended, str]]) -> None:
    ended, log = run("trap 'echo asked; exit 75' TERM; while :; do sleep 0.05; done", seconds=0.5)
    assert ended.stopped == "time"
    assert ended.exit is not None
    assert ended.exit.code == 75
    assert log.count("asked") == 1


def test_what_serves_the_image_ends_with_a_killed_container(run: Callable[..., tuple[Ended, str]]) -> None:
    """Apptainer's FUSE process is in a session of its own; with Apptainer killed, nobody ends it."""
    ended, log = run(
        "setsid sleep 60 & echo $!; trap '' TERM; while :; do sleep 0.05; done",
        seconds=0.5,
        grace_seconds=0.2,
    )
    assert ended.exit is not None
    assert ended.exit.code == 137
    assert_ends(int(log.splitlines()[1]))


def test_what_serves_the_image_ends_where_apptainer_was_killed_from_outside(
    run: Callable[..., tuple[Ended, str]],
) -> None:
    ended, log = run("setsid sleep 60 & echo $!; sleep 1; kill -9 $$")
    assert ended.exit is not None
    assert ended.exit.code == 137
    assert_ends(int(log.splitlines()[1]))


def assert_ends(pid: int) -> None:
    helper = Path("/proc", str(pid))
    deadline = time.monotonic() + 10
    while helper.is_dir() and " Z " not in (helper / "stat").read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not helper.is_dir() or " Z " in (helper / "stat").read_text()


def test_a_caller_opens_no_folder_by_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """APPTAINER_BIND=/ would show every submission the machine, APPTAINER_WRITABLE_TMPFS let it write anywhere."""
    for name in ("APPTAINER_BIND", "SINGULARITY_BIND", "APPTAINERENV_X", "APPTAINER_WRITABLE_TMPFS"):
        monkeypatch.setenv(name, "/")
    monkeypatch.setenv("APPTAINER_TMPDIR", "/scratch")
    for name in ("HTTPS_PROXY", "https_proxy", "all_proxy", "WANDB_API_KEY"):
        monkeypatch.setenv(name, "http://me:secret@proxy:1")
    told = {"LOVT_BENCH_SETTINGS": '{"a": "1,$(id)"}', "HOME": "/tmp"}
    found = environment(told)
    assert "secret" not in str(found)
    found = {key: value for key, value in found.items() if "APPTAINER" in key or "SINGUL" in key}
    assert found == {"APPTAINER_TMPDIR": "/scratch", "APPTAINERENV_LOVT_BENCH_SETTINGS": '{"a": "1,$(id)"}'}


def test_a_folder_of_any_name_is_one_folder() -> None:
    """Apptainer splits a mount as a line of CSV: a comma or a quote in a name must not add an option."""
    name = '/data/a,dst=/etc,"b":c'
    _, option = binds([("/input", Path(name), True)])
    assert next(csv.reader([option])) == ["type=bind", f"src={name}", "dst=/input", "ro"]


@pytest.mark.usefixtures("folder")
def test_without_an_image_it_is_said_how_to_get_one(tmp_path: Path) -> None:
    asked = SimpleNamespace(runtime="apptainer", wandb=None, image=None)
    with pytest.raises(
        SubmissionError, match="builds no image: build it where a Docker Engine is, `docker save"
    ):
        choose_runtime(asked, None, True, lambda line: None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "level"),
    [(137, "ok"), (255, "warning")],
    ids=["killed by the kernel", "Apptainer's own failure"],
)
def test_doctor_says_what_is_held(folder: Path, code: int, level: str) -> None:
    """Apptainer ends with 255 where it cannot start a container: that shows no limit."""
    (folder / "images").mkdir()
    (folder / "images" / "a.sif").touch()
    report = "echo root=held; echo network=open; echo cpu=50000; echo pids=held"
    answer(folder, tried=f'case "$*" in *"--memory {32 << 20} "*) exit {code} ;; esac; {report}')
    _, held, not_held = check_apptainer(None, True, folder)
    found = {
        name: each.level for each in (held, not_held) for name in each.message.partition(": ")[2].split(", ")
    }
    assert found["memory"] == level
    assert found["read-only root"] == found["CPU"] == found["processes"] == "ok"
    assert found["no network"] == found["seccomp"] == "warning"


@pytest.mark.parametrize(("device", "line"), [("auto", "GPU: none, the CPU is used"), ("cuda", "GPU: all")])
def test_it_is_said_which_device_is_used(folder: Path, device: str, line: str) -> None:
    image = folder / "a.sif"
    image.write_bytes(b"#!/usr/bin/env run-singularity\n\0SIF_MAGIC\0")
    asked = SimpleNamespace(
        runtime="apptainer", wandb=None, image=str(image), workspace=folder, device=device, base_image="base",
        build_network=None,
    )  # fmt: skip
    said: list[str] = []
    choose_runtime(asked, None, True, said.append)  # type: ignore[arg-type]
    assert said[-1].startswith(line)
    assert said[-2].startswith("--base-image and --build-network are for an image that is built")
