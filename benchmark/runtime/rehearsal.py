"""A pre-training rehearsed: begun, stopped, gone on with, exported and checked, in a folder that vanishes.

The runs are real ones, by the same runtime, judged and taken over by the same code; they see a small corpus and leave
nothing.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from lovt_bench.benchmark.backbone.findings import Finding, failed
from lovt_bench.benchmark.contract.events import Event, LogLine
from lovt_bench.benchmark.contract.run_contract import OUTPUT_CHECKPOINTS, Limits
from lovt_bench.benchmark.contract.verdict import Verdict
from lovt_bench.benchmark.disk.temporary import scratch_folder
from lovt_bench.benchmark.disk.words import explain
from lovt_bench.benchmark.runtime import rehearsal_stages as stages
from lovt_bench.benchmark.runtime.engine import Kind
from lovt_bench.benchmark.runtime.inputs import PretrainInputs
from lovt_bench.benchmark.runtime.narrator import Narrator
from lovt_bench.benchmark.runtime.outcome import decide
from lovt_bench.benchmark.runtime.output_size import Usage, free_bytes, measure
from lovt_bench.benchmark.runtime.outputs import Outputs, remove_tree
from lovt_bench.benchmark.runtime.pretrain import pretrain
from lovt_bench.benchmark.runtime.rehearsal_heard import Heard
from lovt_bench.benchmark.runtime.rehearsal_proof import Proof, compared
from lovt_bench.benchmark.runtime.rehearsal_stages import Attempt
from lovt_bench.benchmark.runtime.runs import Run, Runtime
from lovt_bench.benchmark.runtime.stamp import Known
from lovt_bench.benchmark.runtime.supervise import Ended
from lovt_bench.benchmark.submission.read import SubmissionError

TIME_LIMIT_SHARE = 1 / 5
"""Share of a rehearsal's time that a method is told as its limit: it may know limits though it knows no rehearsals."""

LINES = 20
"""Last lines of a log that are shown when something failed."""
FULL = (errno.ENOSPC, errno.EDQUOT)

Role = Literal["stopped", "resumed", "unbroken"]

Show = Callable[[Finding, float, Sequence[str]], None]
"""Gets a finding, the seconds of its stage, and the last lines of the log where it is an error of a run."""


@dataclass(frozen=True)
class Small:
    """A small corpus."""

    identity: str
    words: str
    """What it is, for people."""


@dataclass
class Rehearsal:
    """One rehearsal; `hold` is to be called once.

    Attributes:
        runtime: How it runs.
        run: The real run.
        known: What the harness writes into the real backbone's manifest.
        inputs: What the real run depends on.
        place: A path beside which the scratch folder is made, on the file system of real outputs.
        seconds: That its runs may take together.
        fill: Writes a small corpus into an empty folder; None for a method that reads none.
        show: Shows what was found, as it happens.
        proof: Asks for one more run, which is not stopped, and compares weights; None: without.
    """

    runtime: Runtime
    run: Run
    known: Known
    inputs: PretrainInputs
    place: Path
    seconds: float
    fill: Callable[[Path], Small] | None
    show: Show
    proof: Proof | None = None
    found: list[Finding] = field(default_factory=list)
    _since: float = field(default_factory=time.monotonic)
    _spent: float = 0.0
    _before: Heard | None = None

    def hold(self) -> list[Finding]:
        """Run all stages until one fails, and return what was found; nothing is left on the disk.

        Raises:
            KeyboardInterrupt: It was stopped by Ctrl-C or SIGTERM.
            OSError: With a path: the workspace cannot be written.
        """
        with ExitStack() as stack:
            scratch = stack.enter_context(scratch_folder(self.place))
            # What a container wrote may belong to others, or be closed.
            stack.callback(_empty, scratch)
            try:
                self._stages(scratch)
            except SubmissionError as error:
                self._report(Finding("error", "start", str(error)))
            except OSError as error:
                if error.errno not in FULL:
                    raise
                self._report(Finding("error", "space", explain(error)))
        return self.found

    def _stages(self, scratch: Path) -> None:
        given = scratch / "input"
        given.mkdir()
        if self.fill is not None:
            try:
                small = self.fill(given)
            except SubmissionError as error:
                self._report(Finding("error", "corpus", str(error)))
                return
            self.known = replace(self.known, fraction=1.0, corpus_sha256=small.identity)
            self._report(Finding("ok", "corpus", small.words))
        for path in (scratch, given, *given.iterdir()):
            path.chmod(0o755 if path.is_dir() else 0o644)
        outputs = Outputs(scratch / "pretraining" / self.known.name)
        root = scratch / "backbones" / self.known.name
        first = self._attempt(outputs, root, given, "stopped")
        stopped = first.asked and first.resumable and not first.finished
        if self.proof is not None:
            self._before = first.heard
        if stopped and not failed(self.found):
            self._attempt(outputs, root, given, "resumed")
        if self.proof is not None and not failed(self.found):
            whole = Outputs(scratch / "unbroken" / self.known.name)
            place = scratch / "whole" / self.known.name
            self._attempt(whole, place, given, "unbroken")
            if not failed(self.found):
                self._report(compared(root if stopped else None, place, learns=self.fill is not None))
                self.proof.keep(place)

    def _attempt(self, outputs: Outputs, root: Path, given: Path, role: Role) -> Attempt:
        outputs.open(self.inputs, resume=role == "resumed", force=False)
        left = max(self.seconds - self._spent, 1.0)
        limits = self.run.limits.model_copy(update={"seconds": left})
        budget = TIME_LIMIT_SHARE * self.seconds / 60
        told: dict[str, Any] = {
            "rehearsal": True,
            "resume": role == "resumed",
            # The small corpus is what the method learns from, all of it.
            "fraction": 1.0,
            "time_limit": min(budget, self.run.parameters.time_limit or budget),
        }
        if self.proof is not None:  # runs that are compared are equally long, whatever the machine
            told |= {"rehearsal_epochs": self.proof.epochs, "time_limit": None}
        settled = _Settled(outputs.folder / OUTPUT_CHECKPOINTS, limits)
        enough: Callable[[], bool] = settled if role == "stopped" else lambda: False
        run = replace(
            self.run,
            parameters=self.run.parameters.model_copy(update=told),
            input=given,
            output=outputs.folder,
            limits=limits,
            # Weights & Biases is loaded where it is asked for, and hears nothing.
            more_environment={**self.run.more_environment, "WANDB_MODE": "disabled"},
            enough=enough,
        )
        heard = Heard(time.monotonic())
        attempt = Attempt(
            Verdict.INFRASTRUCTURE, "", Ended(None), heard, False, limits, self.runtime.kind != "process"
        )

        def hear(event: Event | LogLine) -> None:
            heard.hear(event, time.monotonic())
            if role != "unbroken":
                resume = role == "resumed"
                self._report_all(
                    stages.while_it_runs(heard, self._reported(), resume=resume, before=self._before)
                )

        def over(ended: Ended, lines: list[str]) -> None:
            nonlocal attempt
            if ended.stopped == "interrupt":
                raise KeyboardInterrupt
            word, message = decide(ended, resumable=outputs.resumable)
            attempt = replace(
                attempt,
                verdict=word,
                message=message,
                ended=ended,
                resumable=outputs.resumable,
                lines=lines,
            )
            if role == "unbroken":
                if not attempt.finished:
                    self._report(stages.failure(attempt, "unbroken"), lines)
                return
            judged = (
                stages.second_run(attempt, self._reported(), self._before)
                if role == "resumed"
                else stages.first_run(attempt, self._reported())
            )
            self._report_all(judged, lines)
            if attempt.finished:
                self._report(Finding("ok", "export", "exit code 0"))

        done = pretrain(_Told(self.runtime, over), run, root, outputs, self.inputs, self.known, hear)
        self._spent += done.verdict.seconds
        if done.verdict.verdict is Verdict.INFRASTRUCTURE and not failed(self.found):
            self._report(Finding("error", "start", done.verdict.message))
        elif attempt.finished and (role != "unbroken" or done.verdict.verdict is not Verdict.SUCCESS):
            self._report_all(stages.checked(done.verdict, done.findings))
            kept = _bytes(outputs.folder) + _bytes(root)
            self._report(stages.space(free_bytes(outputs.folder), kept, self.run.limits))
        return attempt

    def _reported(self) -> set[str]:
        return {each.subject for each in self.found}

    def _report_all(self, findings: Iterable[Finding], lines: Sequence[str] = ()) -> None:
        for finding in findings:
            self._report(finding, lines)

    def _report(self, finding: Finding, lines: Sequence[str] = ()) -> None:
        now = time.monotonic()
        self.found.append(finding)
        self.show(finding, now - self._since, lines if finding.level == "error" else ())
        self._since = now


class _Told:
    """A runtime that tells how a run ended before its output is looked at."""

    def __init__(self, runtime: Runtime, over: Callable[[Ended, list[str]], None]) -> None:
        self._runtime, self._over = runtime, over

    @property
    def kind(self) -> Kind:
        return self._runtime.kind

    @property
    def image_digest(self) -> str | None:
        return self._runtime.image_digest

    def run(self, run: Run, narrator: Narrator) -> Ended:
        ended = self._runtime.run(run, narrator)
        self._over(ended, narrator.last(LINES)[-LINES:])
        return ended


class _Settled:
    """Whether checkpoints lie there and have not grown since it was asked the last time."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder, self._limits = folder, limits
        self._before: Usage | None = None

    def __call__(self) -> bool:
        before, self._before = self._before, measure(self._folder, self._limits)
        return self._before.files > 0 and self._before == before


def _empty(folder: Path) -> None:
    for path in list(folder.iterdir()):
        remove_tree(path)


def _bytes(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*")) if folder.is_dir() else 0
