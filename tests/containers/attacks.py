"""A submission that does what a test tells it to, and everything that has to be true after it."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import docker
import pytest

from lovt_bench.benchmark.backbone.folder import save_backbone
from lovt_bench.benchmark.backbone.sources import random_draw
from lovt_bench.benchmark.contract.backbone import Provenance
from lovt_bench.benchmark.contract.events import Event, LogLine
from lovt_bench.benchmark.contract.run_contract import MIB, Limits, RunParameters
from lovt_bench.benchmark.contract.verdict import Verdict
from lovt_bench.benchmark.runtime.apptainer import ApptainerRuntime
from lovt_bench.benchmark.runtime.apptainer_command import find_program
from lovt_bench.benchmark.runtime.container import ContainerRuntime, not_limited
from lovt_bench.benchmark.runtime.engine import connect, product
from lovt_bench.benchmark.runtime.gpus import Given
from lovt_bench.benchmark.runtime.inputs import PretrainInputs
from lovt_bench.benchmark.runtime.leftovers import OWNER, owner
from lovt_bench.benchmark.runtime.outputs import RECORDS, Outputs
from lovt_bench.benchmark.runtime.pretrain import Pretrained, pretrain
from lovt_bench.benchmark.runtime.runs import Run, Runtime
from lovt_bench.benchmark.runtime.sif import Sif
from lovt_bench.benchmark.runtime.stamp import Known

NAME = "suspect"
SMALL = Limits(
    memory_bytes=96 * MIB,
    cpus=1.0,
    pids=32,
    scratch_bytes=8 * MIB,
    shared_memory_bytes=8 * MIB,
    output_bytes=160 * MIB,
    output_files=200,
    seconds=20,
    grace_seconds=1,
    log_bytes=20_000,
    weights_bytes=150 * MIB,
    reserve_bytes=0,
)
INPUTS = PretrainInputs(
    method="suspect", method_sha256="m", seed=1, variant=None, fraction=1.0, profile="paper", settings={},
    corpus_sha256=None,
)  # fmt: skip
KNOWN = Known(
    name=NAME, display_name="Suspect", method="suspect", variant=None, profile="paper", fraction=None, seed=1,
    corpus_sha256=None, inputs_sha256=INPUTS.digest(), pretraining_data=("declared",), image_digest=None,
    seconds=0.0, peak_memory_bytes=None, hyperparameters={"noise": 0.6},
)  # fmt: skip


def build_suspect(engine: docker.DockerClient, base: str, tag: str) -> str:
    """Build an image that runs the shell script in the variable ATTACK, and return its digest."""
    recipe = f'FROM {base}\nENTRYPOINT ["sh", "-c", "exec sh -ec \\"$ATTACK\\""]\n'.encode()
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(recipe)
        archive.addfile(entry, io.BytesIO(recipe))
    context.seek(0)
    image, _ = engine.images.build(fileobj=context, custom_context=True, tag=tag, rm=True)
    return str(image.id)


def write_good(folder: Path) -> Path:
    """Write a backbone that nothing is wrong with but its names and costs (ResNet-18 at 64 pixels)."""
    provenance = Provenance(
        method=KNOWN.method, seed=KNOWN.seed, seconds=1e9, peak_memory_bytes=1, pretraining_data=["none"]
    )
    save_backbone(
        folder,
        random_draw("resnet18", 3),
        display_name="<b>Winner</b>",
        provenance=provenance,
        side=64,
        name="lovt",
    )
    return folder


@dataclass
class Aftermath:
    """What there is after an attack."""

    result: Pretrained
    workspace: Path
    heard: list[Event | LogLine] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        return self.result.verdict.verdict

    @property
    def message(self) -> str:
        return self.result.verdict.message

    @property
    def root(self) -> Path:
        return self.workspace / "backbones" / NAME

    @property
    def log(self) -> str:
        return (self.workspace / "pretraining" / RECORDS / f"{NAME}.log").read_text()


@dataclass(frozen=True)
class Suspect:
    """Runs scripts as submissions."""

    engine: docker.DockerClient
    image: str
    workspace: Path
    gpus: Given | None = None
    sif: Sif | None = None
    """The same image for Apptainer, which runs it then."""

    def needs(self, rule: str) -> None:
        """Skip what a runtime here does not hold: docs/contract.md says which and why."""
        if rule in self.lacks:
            pytest.skip(f"{rule}: not held by {'Apptainer' if self.sif else 'this engine'} here")

    @cached_property
    def lacks(self) -> frozenset[str]:
        """Rules of the contract that are not held here."""
        if self.sif is not None:
            # As this machine has it: no systemd, so no cgroups for users.
            return frozenset({"memory", "processes", "size of /tmp", "/dev and noexec", "seccomp"})
        info = self.engine.info()
        # Podman does not learn that the kernel killed something unless it has cgroup v2.
        silent = product(self.engine).startswith("podman") and info.get("CgroupVersion") == "1"
        return frozenset([*not_limited(info), *["word of the kernel"] * silent])

    @property
    def word_of_memory(self) -> Verdict:
        """What a run ends in that the kernel killed for want of memory."""
        return Verdict.FAILED if "word of the kernel" in self.lacks else Verdict.OUT_OF_MEMORY

    def runtime(self) -> Runtime:
        if self.sif is not None:
            return ApptainerRuntime(find_program(), self.sif)
        return ContainerRuntime(connect, self.image, gpus=self.gpus)

    def __call__(
        self,
        script: str,
        *,
        files: Mapping[str, Path] | None = None,
        limits: Mapping[str, object] | None = None,
        resume: bool = False,
        wait: Callable[[float], None] = lambda seconds: None,
    ) -> Aftermath:
        """Run a script in a container, and check that nothing of it is left but what may be.

        Args:
            script: Text for `sh -e`; /input holds `files`.
            files: Name in /input, and the file or folder to copy there.
            limits: Differences from SMALL.
            resume: Whether to go on with what lies in the output.
            wait: Called between attempts on an engine that failed.
        """
        given = self.workspace / "input"
        given.mkdir(parents=True, exist_ok=True)
        for name, source in (files or {}).items():
            (shutil.copytree if source.is_dir() else shutil.copy)(source, given / name)
        for path in given.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        outputs = Outputs(self.workspace / "pretraining" / NAME)
        outputs.open(INPUTS, resume=resume, force=True)
        heard: list[Event | LogLine] = []
        parameters = RunParameters(
            name=NAME, seed=1, fraction=1.0, profile="paper", device="cpu", resume=resume
        )
        run = Run(
            parameters=parameters,
            input=given,
            output=outputs.folder,
            limits=SMALL.model_copy(update=dict(limits or {})),
            more_environment={"ATTACK": script},
        )
        volumes = {volume.id for volume in self.engine.volumes.list()}
        result = pretrain(
            self.runtime(), run, self.workspace / "backbones" / NAME, outputs,
            INPUTS, KNOWN, heard.append, wait=wait,
        )  # fmt: skip
        self.assert_clean(result)
        assert {volume.id for volume in self.engine.volumes.list()} == volumes
        return Aftermath(result, self.workspace, heard)

    def assert_clean(self, result: Pretrained) -> None:
        """Check that no container is left, and no file where none belongs."""
        assert not self.engine.containers.list(all=True, filters={"label": f"{OWNER}={owner()}"})
        backbones = self.workspace / "backbones"
        there = [path.name for path in backbones.iterdir()] if backbones.exists() else []
        success = result.verdict.verdict is Verdict.SUCCESS
        assert there == ([NAME] if success else []), there
        output = self.workspace / "pretraining" / NAME
        if output.exists():
            assert {path.name for path in output.iterdir()} <= {"checkpoints", "logs"}
            assert output.stat().st_mode & 0o777 == 0o700
        assert result.verdict.counts is (result.verdict.verdict is not Verdict.INFRASTRUCTURE)
