"""What `lovt-bench submission test` does with a method, in a folder that vanishes: draw, rehearse, evaluate."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.backbone.sources import resolve
from lovt_bench.benchmark.cli.pretrain_view import Terminal
from lovt_bench.benchmark.contract.corpus import MASKED_CORPUS, CorpusManifest
from lovt_bench.benchmark.contract.submission import CorpusNeed
from lovt_bench.benchmark.data.corpus.mimic_cxr import list_mimic_cxr
from lovt_bench.benchmark.data.corpus.phantom_masks import Drawing
from lovt_bench.benchmark.data.corpus.phantom_masks import draw_corpus as draw_masked
from lovt_bench.benchmark.data.corpus.prepare import prepare as prepare_corpus
from lovt_bench.benchmark.data.open_store import open_store
from lovt_bench.benchmark.data.patient_key import patient_key
from lovt_bench.benchmark.data.phantom.generate import write_phantom
from lovt_bench.benchmark.data.phantom.layout import Settings
from lovt_bench.benchmark.data.prepare import prepare as prepare_store
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.engine.device.choice import choose_device
from lovt_bench.benchmark.engine.evaluate import evaluate
from lovt_bench.benchmark.engine.plan.evaluation import Evaluation, TaskResult
from lovt_bench.benchmark.log import logger
from lovt_bench.benchmark.malloc import keep_freed_memory
from lovt_bench.benchmark.runtime.execute import execute
from lovt_bench.benchmark.runtime.rehearsal_proof import Proof
from lovt_bench.benchmark.runtime.request import Request, limits_of
from lovt_bench.benchmark.submission.read import Found
from lovt_bench.tasks.profile import load_profile
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_tasks

STUDIES, IMAGES, SIDE = 40, 40, 128
"""Of the corpus, of each image store, and of every drawing in pixels."""
TASKS = {"covid_linear": "covid-rural", "rsna_frozen_100": "rsna"}
"""A linear segmentation and a detection, and their datasets."""
PROFILE = "quick"


@dataclass(frozen=True)
class Trial:
    """One method, tried once.

    Attributes:
        found: The method.
        place: An empty folder; it becomes a workspace.
        workspace: The user's: its `assets`, and the backbones that `initial_weights` names; it is not written.
        variant: Configuration; None: the first.
        profile: `demo`, or `paper`.
        settings: Key and text of each `--set`.
        seed: Seed of the training.
    """

    found: Found
    place: Path
    workspace: Path
    variant: str | None
    profile: str
    settings: dict[str, str]
    seed: int

    def draw_corpus(self) -> str:
        """Draw and prepare what the method learns from; return it in words.

        Raises:
            DataError: It cannot be written.
        """
        corpora = self.place / "corpora"
        if self.found.submission.corpus == "masks":
            return _words(draw_masked(corpora, Drawing(STUDIES, SIDE, 0)).manifest)
        raw = self.place / "phantom" / "mimic-cxr"
        write_phantom(raw, Settings("mimic-cxr", 0, STUDIES, SIDE), None)
        return _words(prepare_corpus(list_mimic_cxr(raw), corpora).manifest)

    def rehearse(
        self,
        runtime: Literal["auto", "docker", "process"],
        base_image: str | None,
        build_network: str | None,
        minutes: float,
    ) -> list[str]:
        """Build, train, stop, go on, export, check, and compare with an unbroken run; each step is shown.

        Returns:
            Steps that ended with a warning.

        Raises:
            SubmissionError: A step failed; what, was shown.
            BackboneError, EngineError, StoppedError: As of a pre-training.
        """
        terminal = _Noting()
        assets = self.workspace / "assets"
        execute(
            Request(
                method=str(self.found.folder),
                variant=self.variant,
                fraction=None,
                profile=self.profile,
                seed=self.seed,
                settings=self.settings,
                name=None,
                resume=False,
                force=False,
                device="cpu",
                devices=None,
                workers=0,
                time_limit=None,
                hard_limit=minutes,
                wandb=None,
                online_evaluation=False,
                runtime=runtime,
                image=None,
                base_image=base_image,
                build_network=build_network,
                limits=limits_of(None, None, None, None, 1, None, None, minutes),
                assets=assets if assets.is_dir() else None,
                workspace=self.place,
                corpus=self._corpus,
                rehearse=True,
                proof=Proof(self._keep),
                backbones_of=self.workspace,
            ),
            terminal,
        )
        return terminal.warned

    def draw_tasks(self) -> str:
        """Draw and prepare the images of the two tasks; return them in words.

        Raises:
            DataError: They cannot be written.
        """
        protocol, level = load_protocol(), logger.level
        logger.setLevel(logging.ERROR)  # that splits are drawn is no news here
        try:
            for dataset in TASKS.values():
                raw = self.place / "phantom" / dataset
                write_phantom(raw, Settings(dataset, 0, IMAGES, SIDE), None)
                prepare_store(
                    dataset, raw, self.place / "data", protocol, patient_key=partial(patient_key, self.place)
                )
        finally:
            logger.setLevel(level)
        return f"{IMAGES} synthetic images each of {' and '.join(TASKS.values())}"

    def evaluate(self) -> Finding:
        """Take the backbone of the unbroken run through the two tasks."""
        keep_freed_memory()
        (root,) = (self.place / "backbones").iterdir()
        evaluation = Evaluation(
            source=resolve(root.name, self.place),
            specs=[spec for spec in load_tasks() if spec.id in TASKS],
            stores={dataset: self._store(dataset) for dataset in TASKS.values()},
            protocol=load_protocol(),
            profile=load_profile(PROFILE),
            workspace=self.place,
            device=choose_device("cpu"),
            masks=False,
        )
        results = evaluate(evaluation)
        words = ", ".join(map(_result, results))
        if any(result.status != "done" for result in results):
            return Finding(
                "error", "evaluate", words, "expected a number of each task; the first lines say why"
            )
        return Finding("ok", "evaluate", f"{words} (profile {PROFILE}: says nothing about the method)")

    def _store(self, dataset: str) -> ImageStore:
        return open_store(self.place / "data" / dataset)

    def _corpus(self, need: CorpusNeed) -> Path:
        return self.place / "corpora" / (MASKED_CORPUS if need == "masks" else "mimic-cxr")

    def _keep(self, backbone: Path) -> None:
        shutil.copytree(backbone, self.place / "backbones" / backbone.name)


class _Noting(Terminal):
    """A terminal that takes note of steps that ended with a warning."""

    def __init__(self) -> None:
        self.warned: list[str] = []

    def finding(self, finding: Finding, seconds: float, lines: Sequence[str]) -> None:
        if finding.level == "warning":
            self.warned.append(finding.subject)
        super().finding(finding, seconds, lines)


def _words(manifest: CorpusManifest) -> str:
    train = manifest.splits["train"]
    return f"{train.studies} synthetic studies to learn from, {train.images} images"


def _result(result: TaskResult) -> str:
    if result.status != "done":
        return f"{result.spec.id}: {result.reason or result.status}"
    values = [record.test[result.spec.metric] for record in result.records]
    return f"{result.spec.id} {100 * sum(values) / len(values):.1f} %"
