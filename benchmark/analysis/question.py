"""What an analysis is asked: which backbone, images and settings, what all numbers depend on, what has no answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch

from lovt_bench.benchmark.analysis.corpus_store import CorpusStudies
from lovt_bench.benchmark.analysis.embeddings import level_of
from lovt_bench.benchmark.analysis.text_model import TextModelMissingError, text_model_folder
from lovt_bench.benchmark.backbone.analysis_file import AnalysisFile, open_analysis
from lovt_bench.benchmark.backbone.sources import BackboneSource, FolderSource
from lovt_bench.benchmark.contract.analysis_file import ANALYSIS_FILE
from lovt_bench.benchmark.contract.backbone import FeatureLevel
from lovt_bench.benchmark.contract.base import digest_of
from lovt_bench.benchmark.contract.dataset import SplitName
from lovt_bench.benchmark.contract.declared_facts import Normalisation
from lovt_bench.benchmark.contract.embedding_report import ANALYSIS, AnalysisSettings, Source
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.submissions.common.image_text.features import VERSION

_VERSION = 3
"""Raise when the same question would get other numbers."""

_BEHIND = 1
"""Raise when it would get more, or other ones, of what a method makes of images and reports."""

SPLIT: SplitName = "test"


@dataclass(frozen=True)
class Question:
    """What is to be analysed.

    Attributes:
        source: The backbone.
        other: A backbone to compare it with.
        kind: What `store` is made from.
        dataset_sha256: Identity of the dataset or the corpus.
        store: The images.
        most_images: How many of the split are looked at; None: all.
        level: Name of the level; None: the deepest of each backbone.
        seed: Of draws.
        side: Side of the network input in pixels.
        half: Whether features are stored in half precision.
        protocol: Name of the protocol that side, precision and normalisation follow.
        declared: Whether images are normalised as each backbone declares it; else by statistics of pixels.
        device: Where to compute.
        workspace: Root of the workspace.
        studies: Reports and labels of the corpus's test split.
        file: `analysis.safetensors` of the source (`analysis_file_of`).
    """

    source: BackboneSource
    kind: Source
    dataset_sha256: str
    store: ImageStore
    side: int
    half: bool
    device: torch.device
    workspace: Path
    seed: int
    protocol: str
    declared: bool = False
    other: BackboneSource | None = None
    most_images: int | None = None
    level: str | None = None
    studies: CorpusStudies | None = None
    file: AnalysisFile | None = None
    settings: AnalysisSettings = field(default_factory=AnalysisSettings)

    @property
    def images(self) -> int:
        """Images that are looked at."""
        there = len(self.store.rows(SPLIT))
        return there if self.most_images is None else min(there, self.most_images)

    def level_of(self, source: BackboneSource) -> FeatureLevel:
        """Return the level that is looked at; raises ValueError where there is none."""
        return level_of(source, self.level)

    def drawn(self, source: BackboneSource) -> int | None:
        """Return the seed of a backbone that is drawn; None for any other."""
        return self.seed if source.drawn_per_run else None

    def normalisation(self, source: BackboneSource) -> Normalisation | None:
        """Return what a backbone declares, where that counts; None: by statistics of pixels."""
        return source.normalisation if self.declared and self.settings.pixel_statistics is None else None

    @cached_property
    def method(self) -> AnalysisFile | None:
        """The source's method, where it takes what is looked at."""
        return None if self.no_method else self.file

    @cached_property
    def no_method(self) -> str | None:
        """Why nothing is measured behind the backbone; None where it is."""
        if self.file is None:
            return f"beside {self.source.name} lies no {ANALYSIS_FILE}"
        if self.source.tokens is not None:
            return "the regions that the method learnt from are not the tokens that are looked at"
        if self.level_of(self.source) != self.source.levels[-1]:
            return "the method takes the deepest level only"
        return None

    @property
    def reports(self) -> tuple[tuple[str, ...], ...] | None:
        """Sentences of each study; None where there are none."""
        return None if self.studies is None else self.studies.reports or None

    @cached_property
    def no_text(self) -> str | None:
        """Why the method says nothing of reports; None where it does, or where nothing is measured behind the backbone.

        Raises:
            ValueError: The folder that the user names for the text model is none.
        """
        if self.method is None:
            return None
        if self.reports is None:
            return f"{self.store.manifest.name} has no reports"
        try:
            text_model_folder(self.method.header.text)
        except TextModelMissingError as error:
            return str(error)
        return None

    @cached_property
    def key(self) -> str:
        """Digest of all that the numbers depend on."""
        backbones = [
            [
                each.sha256,
                self.drawn(each),
                self.level_of(each).model_dump(mode="json"),
                stated and stated.digest(),
            ]
            for each in (self.source, self.other)
            if each is not None
            for stated in [self.normalisation(each)]
        ]
        return digest_of(
            {
                "version": _VERSION,
                "protocol": self.protocol,
                "backbones": backbones,
                "dataset": self.store.manifest.identity(),
                "split": SPLIT,
                "images": self.images,
                "side": self.side,
                "half": self.half,
                "device": self.device.type,
                "settings": self.settings.model_dump(mode="json"),
                "method": None
                if self.method is None
                else [self.method.sha256, self.no_text is None, VERSION, _BEHIND],
            }
        )

    @property
    def path(self) -> Path:
        """Where the report belongs."""
        manifest = self.store.manifest
        folder = self.workspace / "results" / manifest.track / self.source.name
        return folder / ANALYSIS / manifest.name / f"{self.key}.json"


def check(question: Question) -> None:
    """Raise ValueError where the question has no answer, before anything is computed."""
    for source in filter(None, (question.source, question.other)):
        question.level_of(source)
        if source.fixed_side not in (None, question.side):
            raise ValueError(
                f"backbone {source.name} takes images of {source.fixed_side} pixels only, the profile has "
                f"{question.side} under {question.protocol}; choose another"
            )
    name = question.store.manifest.name
    if question.images == 0:
        raise ValueError(f"the {SPLIT} split of {name} is empty: there is nothing to analyse")
    if question.images == 1:
        raise ValueError(
            f"the {SPLIT} split of {name} has 1 image; how embeddings vary between images takes at least 2"
        )


def analysis_file_of(source: BackboneSource) -> AnalysisFile | None:
    """Return the method's file beside a backbone; None where there is none.

    Raises:
        BackboneError: It is not what the contract says, or of another backbone.
    """
    return open_analysis(source.root, source.manifest) if isinstance(source, FolderSource) else None
