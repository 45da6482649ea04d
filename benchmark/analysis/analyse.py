"""From a backbone and a dataset to a report: one pass over stored features."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import torch

from lovt_bench.benchmark.analysis.batch_statistics import BatchStatisticsSource
from lovt_bench.benchmark.analysis.embeddings import Embeddings, level_of, open_embeddings
from lovt_bench.benchmark.analysis.moments import Moments
from lovt_bench.benchmark.analysis.pairs import GlobalPairSums, LocalPairSums
from lovt_bench.benchmark.analysis.spaces import GlobalSpaceSums, LocalSpaceSums
from lovt_bench.benchmark.backbone.model import BATCH
from lovt_bench.benchmark.backbone.sources import BackboneSource
from lovt_bench.benchmark.contract.backbone import FeatureLevel
from lovt_bench.benchmark.contract.base import digest_of
from lovt_bench.benchmark.contract.dataset import SplitName
from lovt_bench.benchmark.contract.declared_facts import Normalisation
from lovt_bench.benchmark.contract.embedding_report import (
    ANALYSIS,
    AnalysisSettings,
    Comparison,
    EmbeddingReport,
    Source,
)
from lovt_bench.benchmark.contract.made_with import WORDS_LIMIT
from lovt_bench.benchmark.contract.model_file import ModelFileError, read_model
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.disk.temporary import write_text
from lovt_bench.benchmark.engine.device.usage import UsageMeter
from lovt_bench.benchmark.engine.inputs.extraction import cache_of
from lovt_bench.benchmark.engine.inputs.feature_cache import FeatureCache
from lovt_bench.benchmark.log import logger

_VERSION = 2
"""Raise when the same question would get other numbers."""

SPLIT: SplitName = "test"

NEEDS_TEXT = [
    "spaces of the report (yl_b, yg_b) and of projections (zl_a, zl_b, zl_a&b, zl_a_avg, zl_b_avg, zg_a, zg_b)",
    "alignment of image and report (zl_a||zl_b, zl_a_avg;zl_b_avg, zl_a;zl_b2a, zl_b;zl_a2b, zg_a;zg_b)",
    "modality assignment, retrieval, attention",
    "means weighted by region",
]
"""What of analysis.md section 3 an image encoder alone cannot have."""


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


def report_of(
    question: Question, advance: Callable[[int], None] = lambda images: None
) -> tuple[EmbeddingReport, bool]:
    """Return the report, and whether it was there already; a new one is written.

    Args:
        question: What is to be analysed.
        advance: Called with the number of images done after each batch.

    Raises:
        ValueError: The question has no answer; the message says why in one sentence.
    """
    check(question)
    try:
        found = read_model(question.path, EmbeddingReport)
        if found.key == question.key:
            return found, True
        logger.warning("%s is another report than its name says; made again", question.path)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except ModelFileError as error:
        logger.warning("%s; made again", error)
    report = analyse(question, advance)
    write_text(question.path, report.to_json())
    return report, False


def analyse(question: Question, advance: Callable[[int], None] = lambda images: None) -> EmbeddingReport:
    """Compute a report. Arguments and errors are those of `report_of`."""
    start, meter = time.monotonic(), UsageMeter(question.device)
    cache, embeddings = open_features(question, question.source, advance)
    pair = None if question.other is None else _Pair(question, question.other, embeddings, advance)
    width, settings = embeddings.level.channels, question.settings
    local = LocalSpaceSums(width, question.device, cache.folder, settings.self_pairs)
    whole = GlobalSpaceSums(width, question.device, settings.self_pairs)
    for first in range(0, question.images, BATCH):
        x = embeddings.batch(first)
        local.add(x, _all(x))
        whole.add(x.mean(1))
        if pair is not None:
            pair.add(first, x)
        advance(len(x))
    manifest, usage = question.store.manifest, meter.read()
    return EmbeddingReport(
        key=question.key,
        backbone=question.source.name,
        display_name=question.source.display_name,
        architecture=question.source.architecture,
        backbone_sha256=question.source.sha256,
        seed=question.drawn(question.source),
        source=question.kind,
        dataset=manifest.name,
        dataset_sha256=question.dataset_sha256,
        track=manifest.track,
        split=SPLIT,
        images=question.images,
        protocol=question.protocol,
        image_side=question.side,
        normalisation=question.normalisation(question.source),
        level=embeddings.level,
        tokens=question.source.tokens is not None,
        batch=BATCH,
        precision="float16" if question.half else "float32",
        device_kind="cuda" if question.device.type == "cuda" else "cpu",
        feature_library=(embeddings.library or "")[:WORDS_LIMIT] or None,
        settings=settings,
        local_space=local.metrics(),
        global_space=whole.metrics(),
        comparison=None if pair is None else pair.comparison(local, whole),
        needs_text=NEEDS_TEXT,
        seconds=round(time.monotonic() - start, 3),
        peak_host_bytes=usage.peak_host_bytes,
        peak_device_bytes=usage.peak_device_bytes,
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
    )


class _Pair:
    """The other backbone of a comparison, on the same images."""

    def __init__(
        self,
        question: Question,
        other: BackboneSource,
        embeddings: Embeddings,
        advance: Callable[[int], None],
    ) -> None:
        self._question, self._other, device = question, other, question.device
        _, self._embeddings = open_features(question, other, advance)
        widths = embeddings.level.channels, self._embeddings.level.channels
        same = embeddings.positions == self._embeddings.positions
        self._local = LocalPairSums(widths, device) if same else None
        self._whole = GlobalPairSums(widths, device)
        self._moments = [Moments(widths[1], device) for _ in range(2)]

    def add(self, first: int, x: torch.Tensor) -> None:
        """Take in the batch that begins at an image; `x` is what the first backbone says (B, N, D)."""
        y = self._embeddings.batch(first)
        self._whole.add(x.mean(1), y.mean(1))
        self._moments[0].add_rows(y.mean(1))
        if self._local is not None:
            self._local.add(x, y, _all(x))
            self._moments[1].add_rows(y.flatten(0, 1))

    def comparison(self, local: LocalSpaceSums, whole: GlobalSpaceSums) -> Comparison:
        distances = None if self._local is None else self._local.metrics()
        return Comparison(
            backbone=self._other.name,
            display_name=self._other.display_name,
            backbone_sha256=self._other.sha256,
            seed=self._question.drawn(self._other),
            level=self._embeddings.level,
            normalisation=self._question.normalisation(self._other),
            cka_global=self._whole.cka(whole.raw, self._moments[0]),
            cka_local=None if self._local is None else self._local.cka(local.raw, self._moments[1]),
            global_pair=self._whole.metrics(),
            local_pair=None if distances is None else distances[0],
            distributions=None if distances is None else distances[1],
        )


def _all(x: torch.Tensor) -> torch.Tensor:
    """Return the mask of an image encoder: every position is there."""
    return torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)


def open_features(
    question: Question, source: BackboneSource, advance: Callable[[int], None]
) -> tuple[FeatureCache, Embeddings]:
    """Return the stored features of a backbone on the question's images, computed first where they are not there."""
    settings, store = question.settings, question.store
    if settings.pixel_statistics is not None:
        changed = store.manifest.model_copy(update={"pixel_statistics": settings.pixel_statistics})
        store = replace(store, manifest=changed)
    asked = BatchStatisticsSource(source) if settings.train_mode else source
    cache = cache_of(
        question.workspace / "features",
        asked,
        question.seed,
        store,
        side=question.side,
        half=question.half,
        device=question.device,
        normalisation=question.normalisation(source),
        # An exported graph has batch norm as in evaluation.
        library="torch" if settings.train_mode else None,
    )
    level = question.level_of(source)
    return cache, open_embeddings(
        cache, asked, question.seed, level, SPLIT, question.images, question.device, advance
    )
