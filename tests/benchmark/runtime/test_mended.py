"""A bug in the last line does not cost the training: what was trained is exported once the method is mended."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lovt_bench import submissions
from lovt_bench.benchmark.backbone.folder import read_manifest
from lovt_bench.benchmark.contract.verdict import Verdict
from lovt_bench.benchmark.runtime.interruption import StoppedError
from lovt_bench.benchmark.submission.read import SubmissionError
from tests.benchmark.runtime.own_method import write_method
from tests.benchmark.runtime.test_filing import Caller, write_backbone

METHOD = """
import os, shutil
checkpoint = output / "checkpoints" / "weights"
if not checkpoint.exists():
    with open(os.environ["RUNS"], "a") as runs:
        runs.write("trained ")
    shutil.copytree(os.environ["GOOD"], checkpoint)
print("accepts", os.environ.get("LOVT_BENCH_ACCEPT_CHANGES"))
"""
EXPORT = METHOD + 'shutil.copytree(checkpoint, output / "backbone")\n'
CRASH = METHOD + "raise ValueError('a bug in the last line')\n"
WRONG = EXPORT + '(output / "backbone" / "notes.txt").touch()\n'


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good") / "good"
    write_backbone(folder, 1)
    return folder


@pytest.fixture
def write(
    tmp_path: Path, methods: Path, good: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Make `mine` a method of a script."""
    monkeypatch.setenv("PYTHONPATH", write_method(methods, "")["PYTHONPATH"])
    monkeypatch.setattr(submissions, "__path__", [str(methods), *submissions.__path__])
    monkeypatch.setenv("GOOD", str(good))
    monkeypatch.setenv("RUNS", str(tmp_path / "runs"))
    head = (methods / "mine" / "pretrain.py").read_text()

    def put(script: str) -> None:
        (methods / "mine" / "pretrain.py").write_text(head + script)

    return put


@pytest.fixture
def call(tmp_path: Path) -> Caller:
    return Caller(tmp_path / "workspace", tmp_path / "runs")


@pytest.mark.parametrize(
    ("script", "verdict", "said"),
    [
        (CRASH, Verdict.FAILED, "ended with exit code 1"),
        (WRONG, Verdict.REJECTED, "backbone/ holds 'notes.txt'"),
    ],
)
def test_once_mended_it_is_exported_from_its_checkpoint(
    call: Caller, write: Callable[[str], None], script: str, verdict: Verdict, said: str
) -> None:
    write(script)
    first = call()
    assert first is not None
    assert first.verdict.verdict is verdict
    assert said in first.verdict.message
    assert (
        "--resume goes on, with --resume --accept-changes once code or settings are changed"
        in first.verdict.message
    )
    assert first.verdict.resumable
    write(EXPORT)
    for resume in (False, True):
        with pytest.raises(
            SubmissionError, match=r"since it began, code was \w{12}, is \w{12}[.:].*--accept-changes"
        ):
            call(resume=resume)
    done = call(resume=True, accept_changes=True)
    assert done is not None
    assert done.verdict.verdict is Verdict.SUCCESS, done.verdict.message
    assert call.count == 1, "it trained again"
    assert "accepts 1" in (call.output.parent / ".runs" / "mine.log").read_text()
    provenance = read_manifest(call.root).provenance
    assert len(provenance.begun_with) == 1
    assert provenance.inputs_sha256 not in (None, *provenance.begun_with)
    assert any("began with other inputs" in finding.message for finding in done.findings)
    assert call() is None, "it is done"


def test_a_rejected_run_without_checkpoints_begins_anew(call: Caller, write: Callable[[str], None]) -> None:
    write("(output / 'backbone').mkdir()")
    done = call()
    assert done is not None
    assert done.verdict.verdict is Verdict.REJECTED
    assert done.verdict.message.endswith("left no checkpoints to go on with; the same command begins anew")
    assert not done.verdict.resumable


def test_the_same_code_goes_on_and_what_is_not_kept_of_its_output_is_named(
    call: Caller, write: Callable[[str], None]
) -> None:
    fails_once = "if not os.environ.get('LOVT_BENCH_RESUME'): raise ValueError\n"
    extra = "".join(f"(output / 'plot{n}.png').write_bytes(bytes(5000))\n" for n in range(6))
    folder = "(output / 'more\\x1b[1m').mkdir()\n(output / 'more\\x1b[1m' / 'a').touch()\n(output / 'logs').mkdir()\n"
    write(EXPORT + fails_once + extra + folder)
    first = call()
    assert first is not None
    assert first.verdict.verdict is Verdict.FAILED
    done = call(resume=True)
    assert done is not None
    assert done.verdict.verdict is Verdict.SUCCESS
    assert "accepts None" in (call.output.parent / ".runs" / "mine.log").read_text()
    assert read_manifest(call.root).provenance.begun_with == []
    (named,) = [finding for finding in done.findings if finding.subject == "output"]
    assert named.level == "warning"
    assert named.message.startswith("removed more, plot0.png, plot1.png, plot2.png, plot3.png and 2 more (")
    assert "files and folders: 8, on disk " in named.message
    assert sorted(path.name for path in call.output.iterdir()) == ["checkpoints", "logs"]


def test_a_call_that_is_stopped_before_its_run_says_so(
    call: Caller, write: Callable[[str], None], methods: Path
) -> None:
    write(EXPORT)

    def corpus(need: str) -> Path:
        raise KeyboardInterrupt

    declared = methods / "mine" / "submission.yaml"
    fields = json.loads(declared.read_text())
    declared.write_text(json.dumps({**fields, "corpus": "images", "variants": {"100": {}}}))
    with pytest.raises(StoppedError, match="stopped before a run began; the same command begins again"):
        call(corpus=corpus)
