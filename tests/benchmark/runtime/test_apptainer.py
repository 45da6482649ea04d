"""Apptainer's command line, and what a run makes of its answers.

Debian 12 has no Apptainer, so CI has none. The hostile suite runs on the real one (`.ci/with-apptainer`); here a
stand-in answers as Apptainer 1.4.5 did.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from lovt_bench.benchmark.contract.run_contract import Limits, RunParameters
from lovt_bench.benchmark.runtime.apptainer import ApptainerRuntime, binds, environment, find_program
from lovt_bench.benchmark.runtime.choose_runtime import choose_runtime
from lovt_bench.benchmark.runtime.doctor_apptainer import check_apptainer
from lovt_bench.benchmark.runtime.engine import EngineError
from lovt_bench.benchmark.runtime.narrator import Narrator
from lovt_bench.benchmark.runtime.runs import Run
from lovt_bench.benchmark.runtime.sif import Sif, archive_digest, find_sif
from lovt_bench.benchmark.runtime.supervise import Ended
from lovt_bench.benchmark.submission.read import SubmissionError
from tests.containers.conftest import open_folder

NO_CGROUPS = (
    "FATAL:   container creation failed: while applying cgroups config: cannot use cgroups - cannot use systemd "
    "cgroups manager, systemd not running as init on this host"
)
STAND_IN = """#!/bin/bash
# Refuses what REFUSED names; runs the script INSIDE for an image's own start script.
for word; do [ "$word" != "$REFUSED" ] || { echo "$SAID" >&2; exit 255; }; done
case $2 in
  run) echo "told $*"; eval "$INSIDE" ;;
  exec) while [ "$1" != sh ]; do shift; done; exec "$@" ;;
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


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Ended, str]]:
    """Run a script as a submission, and return how it ended and its log."""
    (folder / "input").mkdir(mode=0o755)
    (folder / "output").mkdir()

    def start(inside: str, refused: str = "-", said: str = "", **limits: float) -> tuple[Ended, str]:
        for name, value in (("INSIDE", inside), ("REFUSED", refused), ("SAID", said)):
            monkeypatch.setenv(name, value)
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
    ended, log = run("ulimit -c; ulimit -n; env | grep ^APPTAINERENV_LOVT_BENCH_SEED")
    assert ended.exit is not None
    assert ended.exit.code == 0
    told, core, files, seed = log.splitlines()
    assert told == (
        "told --silent run --containall --no-eval --no-home --home /tmp --no-mount bind-paths --net --network none "
        f"--hostname submission --pwd / --memory {1 << 30} --memory-swap {1 << 30} --cpus 1.5 --pids-limit 512 "
        f"--mount type=bind,src={folder}/input,dst=/input,ro --mount type=bind,src={folder}/output,dst=/output "
        f"{folder}/image.sif"
    )
    assert (core, files, seed) == ("0", str(Limits().open_files), "APPTAINERENV_LOVT_BENCH_SEED=7")


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
    helper = Path("/proc", log.splitlines()[1])
    deadline = time.monotonic() + 10
    while helper.is_dir() and " Z " not in (helper / "stat").read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not helper.is_dir() or " Z " in (helper / "stat").read_text()


def test_a_caller_opens_no_folder_by_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """APPTAINER_BIND=/ would show every submission the machine, APPTAINER_WRITABLE_TMPFS let it write anywhere."""
    for name in ("APPTAINER_BIND", "SINGULARITY_BIND", "APPTAINERENV_X", "APPTAINER_WRITABLE_TMPFS"):
        monkeypatch.setenv(name, "/")
    monkeypatch.setenv("APPTAINER_TMPDIR", "/scratch")
    told = {"LOVT_BENCH_SETTINGS": '{"a": "1,$(id)"}', "HOME": "/tmp"}
    found = {key: value for key, value in environment(told).items() if "APPTAINER" in key or "SINGUL" in key}
    assert found == {"APPTAINER_TMPDIR": "/scratch", "APPTAINERENV_LOVT_BENCH_SETTINGS": '{"a": "1,$(id)"}'}


def test_a_folder_of_any_name_is_one_folder() -> None:
    """Apptainer splits a mount as a line of CSV: a comma or a quote in a name must not add an option."""
    name = '/data/a,dst=/etc,"b":c'
    _, option = binds([("/input", Path(name), True)])
    assert next(csv.reader([option])) == ["type=bind", f"src={name}", "dst=/input", "ro"]


# --- images


def write_archive(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def test_an_image_of_an_archive_is_named_as_docker_names_it(tmp_path: Path) -> None:
    config = b'{"os": "linux"}'
    manifest = json.dumps([{"Config": "blobs/sha256/x", "Layers": []}]).encode()
    archive = write_archive(tmp_path / "a.tar", {"manifest.json": manifest, "blobs/sha256/x": config})
    assert archive_digest(archive) == hashlib.sha256(config).hexdigest()


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"manifest.json": b"[]"},
        {"manifest.json": b'[{"Config": "a"}, {"Config": "b"}]'},
        {"manifest.json": b'[{"Config": "a"}]'},
        {"manifest.json": b'[{"Config": 3}]'},
        {"manifest.json": b'{"Config": "a"}'},
        {"manifest.json": b"[" * 100_000},
        {"manifest.json": b"[" + b" " * (9 << 20) + b"]"},
    ],
    ids=["empty", "no image", "two", "no configuration", "a number", "no list", "deep", "large"],
)
def test_an_archive_that_is_none_is_refused(tmp_path: Path, files: dict[str, bytes]) -> None:
    archive = write_archive(tmp_path / "a.tar", files)
    with pytest.raises(SubmissionError, match="neither a SIF file nor a Docker archive of one image"):
        find_sif("false", archive, tmp_path, lambda line: None)


def test_a_file_of_the_users_is_named_by_its_content(tmp_path: Path) -> None:
    file = tmp_path / "a.sif"
    file.write_bytes(b"#!/usr/bin/env run-singularity\n\0SIF_MAGIC\0" + bytes(99))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert find_sif("false", file, tmp_path, lambda line: None) == Sif(file, f"sha256:{digest}")


def test_what_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    files = {"manifest.json": b'[{"Config": "a"}]', "a": b"{}"}
    archive = write_archive(tmp_path / "a:b.tar", files)
    with pytest.raises(SubmissionError, match=r"Apptainer made no image of .*a:b\.tar"):
        find_sif("false", archive, tmp_path / "images", lambda line: None)
    assert not list((tmp_path / "images").iterdir())


@pytest.mark.usefixtures("folder")
def test_without_an_image_it_is_said_how_to_get_one(tmp_path: Path) -> None:
    asked = SimpleNamespace(runtime="apptainer", wandb=None, image=None)
    with pytest.raises(
        SubmissionError, match="builds no image: build it where a Docker Engine is, `docker save"
    ):
        choose_runtime(asked, None, True, lambda line: None)  # type: ignore[arg-type]
