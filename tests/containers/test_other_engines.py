"""Engines that give ids another meaning, and a harness that is not root: outputs are written, counted, taken, removed.

Each engine runs an image of a shell and a few tools (`images.build_tiny`), because storage under user namespaces
copies every layer.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from lovt_bench.benchmark.contract.verdict import Verdict
from lovt_bench.benchmark.runtime.doctor_engine import check_engine
from lovt_bench.benchmark.submission.read import SubmissionError
from tests.containers import conftest, images
from tests.containers.attacks import Suspect
from tests.containers.conftest import unavailable
from tests.containers.other_user import run_as_other

GOOD = "mkdir /output/backbone; cp /input/good/* /output/backbone/\n"
FILL = "for i in 1 2 3 4 5 6 7 8 9; do head -c 5000000 /dev/zero > $i; done"
SMALL = {"output_bytes": 20 << 20}

HIDING = {
    "closes its output": f"cd /output; chmod 300 .; {FILL}; sleep 20",
    "closes a folder": f"mkdir /output/d; cd /output/d; chmod 300 .; {FILL}; sleep 20",
    "shows names and no sizes": f"mkdir /output/d; cd /output/d; {FILL}; chmod 400 .; sleep 20",
    "closes and ends well": "mkdir /output/backbone; chmod 000 /output/backbone /output",
    "closes and fails": "mkdir /output/checkpoints; touch /output/checkpoints/x; chmod 000 /output; exit 1",
}


@pytest.fixture(params=["plain", "remapped"])
def one(
    request: pytest.FixtureRequest, engine: docker.DockerClient, monkeypatch: pytest.MonkeyPatch
) -> Iterator[docker.DockerClient]:
    """A client of an engine, which has the small image; DOCKER_HOST names it."""
    if request.param == "remapped":
        socket = os.environ.get("LOVT_BENCH_TEST_REMAPPED")
        if socket is None:
            unavailable(
                "LOVT_BENCH_TEST_REMAPPED names no engine; `.ci/engine start DIR remapped` starts one"
            )
        monkeypatch.setenv("DOCKER_HOST", socket)
    client = docker.from_env(timeout=120)
    if not client.images.list(images.TINY_IMAGE):
        images.build_tiny(client)
    yield client
    client.close()


only_remapped = pytest.mark.parametrize("one", ["remapped"], indirect=True)


@pytest.fixture
def suspect(one: docker.DockerClient, tmp_path: Path) -> Suspect:
    return Suspect(one, images.TINY_IMAGE, tmp_path / "workspace")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user of this machine gets into."""
    if os.getuid() != 0:
        pytest.skip(
            "only root can be another user; a harness that is not root is tested by every other test here"
        )
    with conftest.open_folder() as folder:
        yield folder


@only_remapped
def test_an_output_is_written_taken_over_and_gone_on_with(suspect: Suspect, good: Path) -> None:
    save = "mkdir -p /output/checkpoints/deep; echo state > /output/checkpoints/deep/last; chmod -R go= /output/*;"
    after = suspect(f"{save} exit 75")
    assert after.verdict is Verdict.RESUMABLE, after.log
    script = f"cat /output/checkpoints/deep/last; while read -r ids; do echo $ids; done < /proc/self/uid_map; {GOOD}"
    after = suspect(script, files={"good": good}, resume=True)
    assert after.verdict is Verdict.SUCCESS, after.message + after.log
    state, ids = after.log.splitlines()
    assert state == "state"
    mapped = "100000" if os.getuid() == 0 else "0"
    assert ids.split()[:2] == ["0", mapped], "root's containers stay in their user namespace"
    assert (after.root / "backbone.onnx").read_bytes() == (good / "backbone.onnx").read_bytes()
    assert {path.stat().st_uid for path in after.root.rglob("*")} == {os.getuid()}


@only_remapped
def test_the_doctor_tries_whether_an_output_can_be_written(one: docker.DockerClient, tmp_path: Path) -> None:
    found = {each.subject: each for each in check_engine(images.TINY_IMAGE, True, tmp_path / "absent")}
    assert found["/output"].level == "ok", found["/output"]
    assert "user namespaces" in found["/output"].message
    assert found["limits"].level == "ok", found["limits"]
    assert not list(tmp_path.iterdir())
    assert not one.containers.list(all=True, filters={"ancestor": images.TINY_IMAGE})


@pytest.mark.slow
def test_what_a_harness_that_is_not_root_cannot_look_at_is_a_violation(
    one: docker.DockerClient, good: Path, open_folder: Path
) -> None:
    shutil.copytree(good, open_folder / "good")
    scripts = [{"script": script, "limits": SMALL} for script in HIDING.values()]
    kept = "mkdir /output/checkpoints; echo state > /output/checkpoints/last; exit 75"
    last: list[dict[str, Any]] = [
        {"script": kept},
        {
            "script": f"cat /output/checkpoints/last; {GOOD}",
            "resume": True,
            "files": {"good": str(open_folder / "good")},
        },
    ]
    *hidden, cut_off, taken = run_as_other(images.TINY_IMAGE, open_folder / "other", [*scripts, *last])
    for name, outcome in zip(HIDING, hidden, strict=True):
        assert outcome.verdict == "output-too-large", f"{name}: {outcome}"
        assert "cannot be looked into" in outcome.message or "MiB" in outcome.message, name
        assert not outcome.left, name
    assert (cut_off.verdict, cut_off.left) == ("resumable", ["checkpoints"])
    assert (taken.verdict, taken.log) == ("success", "state\n"), taken


@only_remapped
def test_a_narrow_umask_is_no_verdict_against_a_submission(suspect: Suspect, good: Path) -> None:
    """What is prepared for a container of another user is open to it, and what is not is said before it runs."""
    before = os.umask(0o077)
    try:
        if os.getuid() == 0:
            with pytest.raises(
                SubmissionError, match=r"input cannot be read by user \d+, .* `chmod -R go\+rX .*` lets it"
            ):
                suspect("exit 1")
            (suspect.workspace / "input").chmod(0o755)
        after = suspect(GOOD, files={"good": good})
    finally:
        os.umask(before)
    assert after.verdict is Verdict.SUCCESS, after.message + after.log
