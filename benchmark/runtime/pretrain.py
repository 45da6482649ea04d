"""Run one of this repository's own methods in a process of its own; keep its backbone if it passes the check.

Contract of a method: `python -m MODULE --input DIR --output DIR --seed N [--set KEY=VALUE …]` reads
the corpus at `--input` and leaves a backbone folder at `--output`. The process has the powers of the caller:
code that is not this repository's own needs a container. What is known better here than there (inputs, seed,
wall-clock time) is written into the provenance here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmark.backbone.check import check_backbone
from benchmark.backbone.findings import Finding, failed
from benchmark.backbone.folder import MANIFEST, read_manifest, replace_folder
from benchmark.backbone.model import BackboneError
from benchmark.contract.backbone import BackboneManifest
from benchmark.runtime.inputs import PretrainInputs
from benchmark.runtime.submissions import SubmissionError
from benchmark.workspace import write_text


def is_done(root: Path, inputs: PretrainInputs) -> bool:
    """Return whether the backbone folder at `root` was made from equal inputs."""
    try:
        return read_manifest(root).provenance.inputs_sha256 == inputs.digest()
    except BackboneError:
        return False


def pretrain(module: str, corpus: Path, root: Path, inputs: PretrainInputs) -> list[Finding]:
    """Run a method and put its backbone at `root`; on an error what lay there stays.

    Args:
        module: Python module of the method.
        corpus: folder that it reads.
        root: backbone folder to make; its last part is the backbone's name.
        inputs: what the run depends on.

    Returns:
        The findings of the check of the new backbone.

    Raises:
        SubmissionError: the process failed, or the folder that it left breaks the contract.
    """
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".pretrain.{root.name[:40]}.", dir=root.parent) as scratch:
        output = Path(scratch).resolve() / root.name
        started = time.monotonic()
        command = _command(module, corpus, output, inputs)
        code = subprocess.run(command, env=_environment(), check=False).returncode
        seconds = time.monotonic() - started
        if code != 0:
            raise SubmissionError(f"{module} ended with exit code {code}; its own messages are above")
        findings = check_backbone(output)
        if failed(findings):
            problems = "; ".join(f"{f.subject}: {f.message}" for f in findings if f.level == "error")
            raise SubmissionError(f"the backbone that {module} left breaks the contract: {problems}")
        manifest = _stamped(read_manifest(output), inputs, seconds)
        write_text(output / MANIFEST, manifest.to_json())
        replace_folder(output, root)
    return findings


def _command(module: str, corpus: Path, output: Path, inputs: PretrainInputs) -> list[str]:
    command = [sys.executable, "-m", module, "--input", str(corpus.resolve()), "--output", str(output)]
    command += ["--seed", str(inputs.seed)]
    for key, value in inputs.settings.items():
        command += ["--set", f"{key}={value}"]
    return command


def _environment() -> dict[str, str]:
    """Return this environment; OpenMP threads that wait for each other sleep instead of spinning.

    On two cores with one more busy process, spinning made a training step of ResNet-50 20 times slower.
    """
    return {"OMP_WAIT_POLICY": "passive", **os.environ}


def _stamped(manifest: BackboneManifest, inputs: PretrainInputs, seconds: float) -> BackboneManifest:
    provenance = manifest.provenance.model_copy(
        update={
            "method": inputs.method,
            "seed": inputs.seed,
            "corpus_sha256": inputs.corpus_sha256,
            "inputs_sha256": inputs.digest(),
            "seconds": round(seconds, 1),
        }
    )
    return manifest.model_copy(update={"provenance": provenance})
