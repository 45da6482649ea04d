"""A method of this repository in a process of its own: the same contract, but with all powers of the caller.

Time, size of the output and log are limited. Memory, CPU and number of processes are not, and nothing is out of reach.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Literal

from lovt_bench.benchmark.contract.run_contract import INITIAL_VARIABLE, PREFIX
from lovt_bench.benchmark.import_root import python_path
from lovt_bench.benchmark.runtime.narrator import Narrator
from lovt_bench.benchmark.runtime.runs import Run
from lovt_bench.benchmark.runtime.supervise import Ended, Exit, Running, Signal, Supervisor

PR_SET_PDEATHSIG = 1


class ProcessRuntime:
    """Runs `python -m MODULE` with this Python."""

    kind: Literal["process"] = "process"
    image_digest: None = None

    def __init__(self, module: str) -> None:
        self.module = module

    def run(self, run: Run, narrator: Narrator) -> Ended:
        command = [sys.executable, "-m", self.module, "--input", str(run.input), "--output", str(run.output)]
        return watched(command, _environment(run), run, narrator, Group)


def watched(
    command: list[str],
    environment: Mapping[str, str],
    run: Run,
    narrator: Narrator,
    started: Callable[[subprocess.Popen[bytes]], Running],
    prepare: Callable[[], object] = lambda: None,
    **options: Any,
) -> Ended:
    """Run a command to its end as a submission; nothing of it is alive afterwards.

    Args:
        command: What runs.
        environment: All of its environment.
        run: What is asked for, and its limits.
        narrator: Reads what it says.
        started: Returns how the process is seen and ended.
        prepare: Called in the new process before the command replaces it.
        options: Further arguments of `subprocess.Popen`.
    """
    dies_with_parent = _end_with_parent()
    # A session of its own: Ctrl-C reaches the harness alone, which then ends the run in good order.
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=lambda: (dies_with_parent(), prepare()),
        **options,
    )
    assert process.stdout is not None
    running = started(process)
    try:
        narrator.read(_chunks(process.stdout))
        ended = Supervisor(running, run.output, run.limits, run.enough).watch()
        run.over(ended)
    finally:
        running.signal("SIGKILL")
        process.wait()
    narrator.end()
    return ended


class Group:
    """A process with all its descendants, which share its group."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def poll(self) -> Exit | None:
        code = self._process.poll()
        return None if code is None else Exit(128 - code if code < 0 else code)

    def signal(self, name: Signal) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.Signals[name])

    def memory(self) -> int | None:
        """Return the peak of the process itself; its resource usage would include the harness it was forked from."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="utf-8")
        except OSError:
            return None
        found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
        return None if found is None else 1024 * int(found[1])


def _end_with_parent() -> Callable[[], object]:
    """Return what lets the kernel kill a process when the harness is killed: two must not write to one output."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)  # Linux alone has it
    return lambda: prctl and prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _environment(run: Run) -> dict[str, str]:
    """Return the caller's environment with the contract's; OMP_NUM_THREADS stays as the caller has set it."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    assets = {}
    if run.assets is not None:
        assets = {"TORCH_HOME": str(run.assets / "torch"), "HF_HOME": str(run.assets / "huggingface")}
    if run.initial is not None:
        assets[INITIAL_VARIABLE] = str(run.initial)
    contract = run.parameters.environment(run.limits.threads)
    asked = {key: value for key, value in contract.items() if key.startswith(PREFIX)}
    return {**contract, **own, **asked, **assets, **run.more_environment, "PYTHONPATH": python_path(own)}


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := os.read(stream.fileno(), 1 << 16):
        yield chunk
