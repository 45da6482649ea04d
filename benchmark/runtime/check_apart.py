"""The check of a backbone in a process apart, with little memory and time: it parses what somebody hostile wrote.

`python -m benchmark.runtime.check_apart FOLDER` is that process; it writes the findings as JSON.
"""

from __future__ import annotations

import json
import math
import os
import resource
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter

from benchmark.backbone.findings import Finding
from benchmark.contract.run_contract import GIB, PREFIX
from benchmark.contract.untrusted import clean_text

MEMORY = 6 * GIB
"""Of data, beside three times the size of the files (read, converted, run); torch and onnxruntime take 0.8 GiB."""
SECONDS = 600
ANSWER_LIMIT = 1 << 20
FINDINGS = TypeAdapter(list[Finding])


def check_apart(root: Path, *, memory: int = MEMORY, seconds: float = SECONDS) -> list[Finding]:
    """Return the findings of `check_backbone`, or one error where the check itself did not end well.

    Args:
        root: a backbone folder that nobody else can write to.
        memory: bytes of data that the process may have beside three times the size of the files.
        seconds: time until it is killed.
    """
    sizes = sum(path.stat().st_size for path in root.iterdir())
    command = [
        sys.executable,
        "-m",
        __name__,
        str(root.resolve()),
        str(memory + 3 * sizes),
        str(math.ceil(seconds)),
    ]
    try:
        done = subprocess.run(
            command,
            env=_environment(),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return [_broken(f"did not end within {seconds:g} s")]
    try:
        if done.returncode:
            raise ValueError(f"exit code {done.returncode}")
        return FINDINGS.validate_json(done.stdout[:ANSWER_LIMIT])
    except ValueError:
        last = clean_text(done.stderr[-2000:].decode("utf-8", errors="replace").strip().split("\n")[-1], 200)
        return [
            _broken(f"broke off ({last or f'exit code {done.returncode}'}): out of memory, or a damaged file")
        ]


def _environment() -> dict[str, str]:
    """Return this environment without settings, with this repository in front, and no GPU to break."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    path = os.pathsep.join([str(Path(__file__).resolve().parents[2]), *filter(None, [own.get("PYTHONPATH")])])
    return {**own, "PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}


def _broken(what: str) -> Finding:
    return Finding("error", "check", f"the check of the files {what}", "")


def _main(folder: str, memory: str, seconds: str) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (int(memory), int(memory)))
    from benchmark.backbone.check import check_backbone

    # What is parsed from here on can write no file of any size; libraries try out a temporary folder with a few bytes.
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
    sys.stdout.write(
        json.dumps(
            [
                {key: clean_text(value) for key, value in asdict(finding).items()}
                for finding in check_backbone(Path(folder))
            ]
        )
    )


if __name__ == "__main__":
    _main(*sys.argv[1:])
