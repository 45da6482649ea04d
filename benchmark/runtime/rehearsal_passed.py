"""Which rehearsals passed, noted beside the states of the runs."""

from __future__ import annotations

from pathlib import Path

from lovt_bench.benchmark.contract.base import digest_of
from lovt_bench.benchmark.disk.temporary import write_text
from lovt_bench.benchmark.runtime.inputs import PretrainInputs
from lovt_bench.benchmark.runtime.outputs import RECORDS, Outputs
from lovt_bench.benchmark.runtime.runs import Runtime


def identity(inputs: PretrainInputs, runtime: Runtime, device: str) -> str:
    """Return what a rehearsal is of: equal ones need not be held again."""
    return digest_of([inputs.digest(), runtime.kind, runtime.image_digest, device])


def is_rehearsed(outputs: Outputs, identity: str) -> bool:
    """Return whether an equal rehearsal passed before."""
    try:
        return _note(outputs).read_text(encoding="utf-8").strip() == identity
    except (OSError, UnicodeDecodeError):
        return False


def remember(outputs: Outputs, identity: str) -> None:
    """Note that a rehearsal passed."""
    write_text(_note(outputs), identity + "\n")


def _note(outputs: Outputs) -> Path:
    # No other file there ends so, and a backbone may be called anything before the dot.
    return outputs.folder.parent / RECORDS / f"{outputs.folder.name}.rehearsed"
