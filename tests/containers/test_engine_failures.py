"""The engine or the harness fails, not the submission: retried, not counted, nothing left behind."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import textwrap
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from lovt_bench.benchmark.contract.verdict import Verdict
from lovt_bench.benchmark.runtime.image import build_image, find_image
from lovt_bench.benchmark.runtime.leftovers import OWNER, owner, remove_leftovers
from lovt_bench.benchmark.runtime.supervise import Supervisor
from lovt_bench.benchmark.submission.read import SubmissionError
from tests.conftest import REPOSITORY
from tests.containers.attacks import NAME, Suspect
from tests.containers.flaky import FlakyEngine


@pytest.fixture
def flaky(
    engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FlakyEngine]:
    """A socket that DOCKER_HOST names from here on."""
    real = engine.api.base_url
    path = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
    if not path.startswith("/"):
        pytest.skip(f"the engine answers at {real}, not at a socket of this machine")
    proxy = FlakyEngine(tmp_path_factory.mktemp("engine") / "docker.sock", path)
    monkeypatch.setenv("DOCKER_HOST", proxy.url)
    yield proxy
    proxy.close()


@pytest.mark.parametrize("request_line", [b"/containers/create", b"/start", b"/attach"])
def test_a_run_is_tried_again_when_the_engine_fails(
    suspect: Suspect, flaky: FlakyEngine, request_line: bytes
):
    flaky.fail(request_line, 2)
    after = suspect("exit 7")
    assert (after.verdict, after.result.verdict.exit_code) == (Verdict.FAILED, 7)
    assert after.result.verdict.attempts == 3


def test_an_engine_that_goes_on_failing_is_not_the_submissions_fault(suspect: Suspect, flaky: FlakyEngine):
    flaky.fail(b"/start", 10)
    after = suspect("exit 7")
    assert after.verdict is Verdict.INFRASTRUCTURE
    assert not after.result.verdict.counts
    assert "no space left on device" in after.message
    assert "tried 3 times" in after.message
    assert flaky.failed == 3


def test_a_connection_that_breaks_is_not_noticed(suspect: Suspect, flaky: FlakyEngine):
    """Named: a question to the engine is asked again before a run is given up."""
    flaky.fail(b"/json", 2, drop=True)
    after = suspect("sleep 1; exit 7")
    assert after.result.verdict.exit_code == 7
    assert after.result.verdict.attempts == 1


def test_a_signal_that_the_engine_refuses_is_not_taken_for_sent(suspect: Suspect, flaky: FlakyEngine):
    flaky.fail(b"/kill", 1)
    after = suspect("trap 'exit 75' TERM; while :; do sleep 0.05; done", limits={"seconds": 1})
    assert flaky.failed == 1
    assert after.result.verdict.attempts == 2
    assert after.result.verdict.exit_code == 75


def test_a_run_that_the_engine_lost_is_removed_before_the_next_attempt(suspect: Suspect, flaky: FlakyEngine):
    """The engine answers nothing while a container runs, and is back later: two must not write to one output."""
    began: list[float] = []

    def back(_: float) -> None:
        began.append(time.monotonic())
        flaky.failures = 0

    def gone() -> None:
        flaky.fail(b" /v1", 1000, drop=True)

    once_it_runs(suspect, gone)
    script = (
        "mkdir -p /output/checkpoints; cd /output/checkpoints; echo x$LOVT_BENCH_RESUME >> attempts; "
        "[ $(wc -l < attempts) = 2 ] || sleep 60; cat attempts; exit 9"
    )
    after = suspect(script, wait=back)
    assert began
    assert after.result.verdict.attempts == 2
    assert after.result.verdict.exit_code == 9
    assert after.log.split() == ["x", "x1"], "the second attempt is told to go on"


def once_it_runs(suspect: Suspect, act: Callable[[], None]) -> None:
    """Act when the script has made /output/checkpoints and the harness watches it: engines take their time to start."""
    begun = suspect.workspace / "pretraining" / NAME / "checkpoints"
    harness = threading.get_ident()

    def watched() -> bool:
        frames = traceback.walk_stack(sys._current_frames()[harness])
        return any(frame.f_code is Supervisor.watch.__code__ for frame, _ in frames)

    def wait() -> None:
        if wait_until(lambda: begun.exists() and watched()):
            act()

    threading.Thread(target=wait, daemon=True).start()


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_removes_the_container(suspect: Suspect):
    once_it_runs(suspect, interrupt)
    with pytest.raises(KeyboardInterrupt):
        suspect("trap '' TERM; mkdir /output/checkpoints; sleep 60")
    assert not suspect.engine.containers.list(all=True, filters={"label": f"{OWNER}={owner()}"})


def test_ctrl_c_lets_a_method_save(suspect: Suspect):
    once_it_runs(suspect, interrupt)
    after = suspect(
        "trap 'echo saved > /output/checkpoints/last; exit 75' TERM; mkdir /output/checkpoints; "
        "while :; do sleep 0.1; done",
        limits={"grace_seconds": 10},
    )
    assert after.verdict is Verdict.RESUMABLE
    assert (after.workspace / "pretraining" / "suspect" / "checkpoints" / "last").read_text() == "saved\n"
    again = suspect("cat /output/checkpoints/last; echo resume $LOVT_BENCH_RESUME; exit 1", resume=True)
    assert again.log.splitlines() == ["saved", "resume 1"]


def test_containers_of_a_killed_harness_are_removed_before_the_next_run(
    suspect: Suspect, engine: docker.DockerClient, tmp_path: Path
):
    code = f"""
        import docker
        from pathlib import Path
        from tests.containers.attacks import NAME, Suspect
        Suspect(docker.from_env(), {suspect.image!r}, Path({str(tmp_path / "other")!r}))("sleep 60")
    """
    harness = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], cwd=REPOSITORY)

    def left() -> list[str]:
        found = engine.containers.list(filters={"label": OWNER})
        return [one.id for one in found if f" {harness.pid} " in one.labels[OWNER]]

    wait_for(lambda: bool(left()))
    remove_leftovers(engine)
    assert left(), "a living harness keeps its container"
    harness.kill()
    harness.wait()
    remove_leftovers(engine)
    assert not left()


def test_a_container_of_a_harness_in_another_pid_namespace_is_left_alone(
    suspect: Suspect, engine: docker.DockerClient
):
    """Two harnesses in containers share an engine, a host name and process numbers, and see nothing of each other."""
    code = "from lovt_bench.benchmark.runtime.leftovers import owner; print(owner())"
    inside = ["unshare", "--pid", "--fork", "--mount-proc"] + ["--map-root-user"] * (os.getuid() != 0)
    label = subprocess.run(
        [*inside, sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY
    ).stdout.strip()
    container = engine.containers.create(suspect.image, labels={OWNER: label})
    try:
        remove_leftovers(engine)
        assert container.id in {one.id for one in engine.containers.list(all=True)}
    finally:
        container.remove(force=True)


def wait_until(condition: Callable[[], bool]) -> bool:
    """Return whether a condition has become true within a minute."""
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.1)
    return False


def wait_for(condition: Callable[[], bool]) -> None:
    if not wait_until(condition):
        pytest.fail("nothing happened for a minute")


def build(engine: docker.DockerClient, folder: Path, recipe: str, heard: list[str]) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(recipe)
    tag = f"lovt-bench-test-recipe-{os.getpid()}"
    return build_image(engine, folder, "Dockerfile", tag, network="none", listener=heard.append).digest


def test_an_image_is_built_with_its_log_and_named_by_digest(
    engine: docker.DockerClient, base_image: str, tmp_path: Path
):
    heard: list[str] = []
    digest = build(engine, tmp_path, f"FROM {base_image}\nRUN printf 'one\\033[1mtwo\\n'\n", heard)
    assert digest.startswith("sha256:")
    assert "onetwo" in heard
    assert find_image(engine, digest).digest == digest
    engine.images.remove(digest, force=True)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ("RUN exit 3", "returned a non-zero code: 3"),
        ("COPY absent /x", "absent"),
        ("NONSENSE", "unknown instruction"),
        ("VOLUME /data", "declares volumes"),
    ],
)
def test_a_recipe_that_fails_says_why_and_leaves_no_container(
    engine: docker.DockerClient, base_image: str, tmp_path: Path, steps: str, message: str
):
    before = {one.id for one in engine.containers.list(all=True)}
    with pytest.raises(SubmissionError, match=message):
        build(engine, tmp_path, f"FROM {base_image}\n{steps}\n", [])
    left = {one.id for one in engine.containers.list(all=True, filters={"ancestor": base_image})} - before
    assert not left


def test_a_recipe_without_end_is_stopped_and_leaves_no_container(
    engine: docker.DockerClient, base_image: str, tmp_path: Path
):
    """Its step says nothing, so that nothing but the clock can end it."""
    step = f"sleep 1{secrets.randbelow(10**6):06}"  # tells it from containers of tests at the same time
    (tmp_path / "Dockerfile").write_text(f"FROM {base_image}\nRUN {step}\n")
    with pytest.raises(SubmissionError, match=r"longer than 0\.05 minutes and was stopped"):
        build_image(engine, tmp_path, "Dockerfile", "lovt-bench-test-endless", network="none", seconds=3)
    wait_for(lambda: not any(step in one["Command"] for one in engine.api.containers(all=True, trunc=False)))
    assert engine.ping(), "the client is still of use"


def test_an_entry_point_that_is_not_there_is_the_submissions_fault(
    engine: docker.DockerClient, base_image: str, tmp_path: Path
):
    digest = build(engine, tmp_path / "recipe", f'FROM {base_image}\nENTRYPOINT ["/absent"]\n', [])
    after = Suspect(engine, digest, tmp_path / "workspace")("")
    assert after.verdict is Verdict.FAILED
    assert after.result.verdict.exit_code == 127
    assert "/absent" in after.log
    engine.images.remove(digest, force=True)
