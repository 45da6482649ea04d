"""What is measured of a batch: regions of the backbone's level, and what a method makes of them and of reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from lovt_bench.benchmark.analysis.batch_statistics import BatchStatisticsSource
from lovt_bench.benchmark.analysis.embeddings import Embeddings, open_embeddings
from lovt_bench.benchmark.analysis.method import Method
from lovt_bench.benchmark.analysis.question import SPLIT, Question
from lovt_bench.benchmark.analysis.report_store import ReportStore
from lovt_bench.benchmark.backbone.sources import BackboneSource
from lovt_bench.benchmark.engine.inputs.extraction import cache_of
from lovt_bench.submissions.common.image_text.features import ReportFeatures
from lovt_bench.submissions.common.image_text.parts import Inside


@dataclass(frozen=True)
class Batch:
    """Images of a batch, in order."""

    regions: Tensor
    """(B, R, D) float64, not scaled."""
    inside: Inside | None
    """What the method says of them, float32; None where nothing is known of one."""


@dataclass(frozen=True)
class Features:
    """All features that a question is about."""

    question: Question
    embeddings: Embeddings
    method: Method | None
    stored: ReportStore | None
    """Features of reports; None where the method says nothing of them."""
    folder: Path
    """Where those of images are stored."""

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the regions."""
        height, width = self.embeddings.rows.array.shape[2:]
        return int(height), int(width)

    def batch(self, first: int) -> Batch:
        """Return the batch that begins with an image."""
        regions = self.embeddings.batch(first)
        if self.method is None:
            return Batch(regions, None)
        return Batch(regions, self.method(regions, self._report(first, len(regions), self.method)))

    def _report(self, first: int, images: int, method: Method) -> ReportFeatures | None:
        reports = self.question.reports
        if reports is None or self.stored is None:
            return None
        chosen = reports[first : first + images]
        return self.stored.batch(first, chosen, lambda: method.encode_reports(chosen))


def open_features(question: Question, advance: Callable[[int], None] = lambda images: None) -> Features:
    """Return the features of the question's source; those of images are computed first where they are not stored.

    Args:
        question: What is looked at.
        advance: Called with the number of images done after each batch that is computed.

    Raises:
        ValueError: Features are not finite, or the text model that is here is another one.
    """
    # First what may be missing: features of images take long.
    file, manifest = question.method, question.store.manifest
    method = None if file is None else Method(file, question.device, text=question.no_text is None)
    folder, embeddings = open_images(question, question.source, advance)
    stored = None
    if file is not None and question.no_text is None:
        root = question.workspace / "features"
        stored = ReportStore(root, manifest.name, file.sha256, manifest.identity(), question.device)
    return Features(question, embeddings, method, stored, folder)


def open_images(
    question: Question, source: BackboneSource, advance: Callable[[int], None]
) -> tuple[Path, Embeddings]:
    """Return the stored features of a backbone, and where they lie."""
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
    return cache.folder, open_embeddings(
        cache, asked, question.seed, level, SPLIT, question.images, question.device, advance
    )
