"""Run one of this repository's own methods in a process of its own; keep its backbone if it passes the check.

Contract of a method: `python -m MODULE --input DIR --output DIR --name NAME --seed N [options]` reads the corpus at
`--input` and leaves `backbone/` in `--output`; what else it writes there (checkpoints, logs) is its own and serves
`--resume`. The process has the powers of the caller: code that is not this repository's own needs a container.
What is known better here than there (inputs, seed) is written into the provenance here.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmark.backbone.check import check_backbone
from benchmark.backbone.findings import Finding, failed
from benchmark.backbone.folder import MANIFEST, read_manifest, replace_folder
from benchmark.backbone.model import BackboneError
from benchmark.contract.backbone import BackboneManifest
from benchmark.contract.exit_codes import ExitCode
from benchmark.runtime.inputs import PretrainInputs
from benchmark.runtime.submissions import SubmissionError
from benchmark.workspace import write_text

STATE = "run.json"
"""In the output folder: the digest of the inputs of the run that is there, and whether its backbone was taken."""

OUTPUT_BACKBONE = "backbone"


def is_done(root: Path, inputs: PretrainInputs) -> bool:
    """Return whether the backbone folder at `root` was made from equal inputs."""
    try:
        return read_manifest(root).provenance.inputs_sha256 == inputs.digest()
    except BackboneError:
        return False


def open_output(output: Path, inputs: PretrainInputs, *, resume: bool, force: bool) -> None:
    """Make the output folder ready: empty for a new run, as it is for one that goes on.

    Raises:
        SubmissionError: a run that was cut off lies there and neither `resume` nor `force` is given, or there is
            nothing to resume, or it is a run from other inputs.
    """
    begun = (output / "checkpoints").is_dir()
    state = _read_state(output)
    if resume:
        if not begun:
            raise SubmissionError(f"nothing to resume in {output}; start without --resume")
        if state.get("inputs") not in (None, inputs.digest()):
            raise SubmissionError(
                f"the run in {output} was begun with other code, settings, corpus or seed; give the same ones, "
                "choose another --name, or start anew with --force"
            )
    elif begun and not state.get("taken") and not force:
        raise SubmissionError(
            f"a run that was cut off lies in {output}: --resume goes on with it, --force starts anew"
        )
    elif output.exists():
        shutil.rmtree(output)
    output.mkdir(parents=True, exist_ok=True)
    write_text(output / STATE, json.dumps({"inputs": inputs.digest(), "taken": False}) + "\n")


def pretrain(
    module: str, corpus: Path | None, output: Path, root: Path, inputs: PretrainInputs, options: list[str]
) -> list[Finding]:
    """Run a method and put its backbone at `root`; on an error what lay there stays.

    Args:
        module: Python module of the method.
        corpus: prepared corpus that it reads; None for a method that needs none.
        output: folder that it writes to, made by `open_output`.
        root: backbone folder to make; its last part is the backbone's name.
        inputs: what the run depends on.
        options: further options of its command line.

    Returns:
        The findings of the check of the new backbone.

    Raises:
        SubmissionError: the process failed, or the backbone that it left breaks the contract.
    """
    command = _command(module, corpus, output, root.name, inputs) + options
    code = subprocess.run(command, env=_environment(), check=False).returncode
    if code == ExitCode.RESUMABLE:
        raise SubmissionError("the run was cut off; the same command with --resume goes on")
    if code != ExitCode.DONE:
        raise SubmissionError(f"{module} ended with exit code {code}; its own messages are above")
    if not (output / OUTPUT_BACKBONE).is_dir():
        raise SubmissionError(f"{module} left no folder {OUTPUT_BACKBONE}/ in its output")
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".pretrain.{root.name[:40]}.", dir=root.parent) as scratch:
        taken = Path(scratch).resolve() / root.name
        shutil.copytree(output / OUTPUT_BACKBONE, taken, symlinks=True)
        findings = check_backbone(taken)
        if failed(findings):
            problems = "; ".join(f"{f.subject}: {f.message}" for f in findings if f.level == "error")
            raise SubmissionError(f"the backbone that {module} left breaks the contract: {problems}")
        write_text(taken / MANIFEST, _stamped(read_manifest(taken), inputs).to_json())
        replace_folder(taken, root)
    write_text(output / STATE, json.dumps({"inputs": inputs.digest(), "taken": True}) + "\n")
    shutil.rmtree(output / OUTPUT_BACKBONE)
    return findings


def _command(module: str, corpus: Path | None, output: Path, name: str, inputs: PretrainInputs) -> list[str]:
    command = [
        sys.executable,
        "-m",
        module,
        "--output",
        str(output),
        "--name",
        name,
        "--seed",
        str(inputs.seed),
    ]
    if corpus is not None:
        command += ["--input", str(corpus), "--profile", inputs.profile, "--fraction", repr(inputs.fraction)]
    if inputs.variant is not None:
        command += ["--variant", inputs.variant]
    for key, value in inputs.settings.items():
        command += ["--set", f"{key}={value}"]
    return command


def _environment() -> dict[str, str]:
    """Return this environment; OpenMP threads that wait for each other sleep instead of spinning.

    On two cores with one more busy process, spinning made a training step of ResNet-50 20 times slower.
    """
    return {"OMP_WAIT_POLICY": "passive", **os.environ}


def _stamped(manifest: BackboneManifest, inputs: PretrainInputs) -> BackboneManifest:
    provenance = manifest.provenance.model_copy(
        update={
            "method": inputs.method,
            "variant": inputs.variant,
            "seed": inputs.seed,
            "corpus_sha256": inputs.corpus_sha256,
            "inputs_sha256": inputs.digest(),
        }
    )
    return manifest.model_copy(update={"provenance": provenance})


def _read_state(output: Path) -> dict[str, object]:
    try:
        state = json.loads((output / STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}
