"""A process runs under the same contract: environment, exit codes, time limit, size of the output, Ctrl-C."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.run_contract import Limits, RunParameters
from lovt_bench.benchmark.runtime.narrator import Narrator
from lovt_bench.benchmark.runtime.process import ProcessRuntime
from lovt_bench.benchmark.runtime.runs import Run
from lovt_bench.benchmark.runtime.supervise import Ended

Runner = Callable[..., tuple[Ended, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Run a text as a Python module; returns how it ended and its log."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("LOVT_BENCH_VARIANT", "of-the-caller")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    output = tmp_path / "output"
    output.mkdir()

    def start(code: str, **limits: float) -> tuple[Ended, str]:
        (tmp_path / "a_method.py").write_text(code)
        parameters = RunParameters(
            name="toy", seed=7, fraction=0.5, profile="demo", device="cpu", settings={"a": 1}
        )
        given = Run(
            parameters,
            tmp_path,
            output,
            limits=Limits.model_validate({"grace_seconds": 1, "cpus": 8, **limits}),
        )
        with Narrator(lambda _: None, tmp_path / "log", 10_000) as narrator:
            ended = ProcessRuntime("a_method").run(given, narrator)
        return ended, (tmp_path / "log").read_text()

    return start


def test_it_is_told_what_a_container_is_told(run: Runner, tmp_path: Path):
    ended, log = run(
        "import os, sys; print(sys.argv[1:]);"
        "print({k: v for k, v in os.environ.items() if k.startswith('LOVT_BENCH')}, os.environ['OMP_NUM_THREADS'])"
    )
    assert ended.exit is not None
    assert ended.exit.code == 0
    arguments, environment = log.splitlines()
    assert arguments == str(["--input", str(tmp_path), "--output", str(tmp_path / "output")])
    assert "'LOVT_BENCH_SEED': '7'" in environment
    assert "'LOVT_BENCH_SETTINGS': '{\"a\": 1}'" in environment
    assert "of-the-caller" not in environment, "settings in the caller's environment are not the run's"
    assert environment.endswith("} 1"), "a caller that limits threads keeps its limit"


@pytest.mark.parametrize(
    ("code", "expected"), [("raise SystemExit(75)", 75), ("import os; os.kill(os.getpid(), 9)", 137)]
)
def test_exit_codes_and_signals(run: Runner, code: str, expected: int):
    ended, _ = run(code)
    assert ended.exit is not None
    assert ended.exit.code == expected
    assert ended.stopped is None


def test_time_and_memory_are_measured(run: Runner):
    ended, _ = run("import time; x = bytearray(80 << 20); time.sleep(2)")
    assert ended.peak_memory is not None
    assert 80 << 20 < ended.peak_memory < 200 << 20
    assert 2 <= ended.seconds < 8


def test_the_time_limit_ends_it_and_its_children(run: Runner, tmp_path: Path):
    code = (
        "import signal, time, subprocess, sys\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "code = 'import signal as s, time; s.signal(15, s.SIG_IGN); time.sleep(60)'\n"
        "child = subprocess.Popen([sys.executable, '-c', code])\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)"
    )
    ended, _ = run(code, seconds=1.5)
    assert ended.stopped == "time"
    assert ended.exit is not None
    assert ended.exit.code == 137
    child = int((tmp_path / "pid").read_text())
    wait_for(lambda: gone(child))


def test_it_ends_with_a_harness_that_is_killed(run: Runner, tmp_path: Path):
    """It would go on alone, and write to the output of the next run."""
    pid = tmp_path / "pid"
    if (harness := os.fork()) == 0:
        with suppress(BaseException):
            run(f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)")
        os._exit(1)
    wait_for(lambda: pid.exists() and bool(pid.read_text()))
    os.kill(harness, signal.SIGKILL)
    os.waitpid(harness, 0)
    wait_for(lambda: gone(int(pid.read_text())))


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("nothing happened for ten seconds")


def gone(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or ") Z" in state.read_text()


def test_a_large_output_ends_it(run: Runner, tmp_path: Path):
    code = (
        f"import time\nfor i in range(1000):\n    open(f'{tmp_path}/output/{{i}}', 'wb').write(bytes(100_000))\n"
        "    time.sleep(0.01)"
    )
    ended, _ = run(code, output_bytes=1 << 20)
    assert ended.stopped == "output"
    assert "more than 1 MiB" in ended.detail


def test_ctrl_c_ends_it_in_good_order(run: Runner):
    """The process is asked by SIGTERM, as by a time limit, and its own exit code is kept."""
    code = (
        "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(75))\n"
        "print('ready', flush=True)\ntime.sleep(30)"
    )
    threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    ended, _ = run(code)
    assert ended.stopped == "interrupt"
    assert ended.exit is not None
    assert ended.exit.code == 75
    assert ended.seconds < 10
