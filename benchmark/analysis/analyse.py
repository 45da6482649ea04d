"""From a backbone and a dataset to a report: one pass over stored features."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import torch

from lovt_bench.benchmark.analysis.embeddings import Embeddings, level_of
from lovt_bench.benchmark.analysis.features import open_features, open_images
from lovt_bench.benchmark.analysis.method_sums import MethodSums
from lovt_bench.benchmark.analysis.missing import missing
from lovt_bench.benchmark.analysis.moments import Moments
from lovt_bench.benchmark.analysis.pairs import GlobalPairSums, LocalPairSums
from lovt_bench.benchmark.analysis.question import SPLIT, Question, check
from lovt_bench.benchmark.analysis.spaces import GlobalSpaceSums, LocalSpaceSums
from lovt_bench.benchmark.backbone.model import BATCH
from lovt_bench.benchmark.backbone.sources import BackboneSource
from lovt_bench.benchmark.contract.embedding_report import Comparison, EmbeddingReport
from lovt_bench.benchmark.contract.made_with import WORDS_LIMIT
from lovt_bench.benchmark.contract.model_file import ModelFileError, read_model
from lovt_bench.benchmark.disk.temporary import write_text
from lovt_bench.benchmark.engine.device.usage import UsageMeter
from lovt_bench.benchmark.log import logger


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
    features = open_features(question, advance)
    embeddings = features.embeddings
    pair = None if question.other is None else _Pair(question, question.other, embeddings, advance)
    width, settings = embeddings.level.channels, question.settings
    local = LocalSpaceSums(width, question.device, features.folder, settings.self_pairs)
    whole = GlobalSpaceSums(width, question.device, settings.self_pairs)
    behind = MethodSums(question.device, features.folder, settings)
    for first in range(0, question.images, BATCH):
        batch = features.batch(first)
        x = batch.regions
        inside = batch.inside
        weights = None if inside is None or inside.image.weights is None else inside.image.weights.double()
        local.add(x, _all(x), weights)
        whole.add(x.mean(1))
        if inside is not None:
            behind.add(inside)
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
        shallower=embeddings.level != level_of(question.source, None),
        tokens=question.source.tokens is not None,
        batch=BATCH,
        precision="float16" if question.half else "float32",
        device_kind="cuda" if question.device.type == "cuda" else "cpu",
        feature_library=(embeddings.library or "")[:WORDS_LIMIT] or None,
        settings=settings,
        local_space=local.metrics(),
        global_space=whole.metrics(),
        method=None if question.method is None else behind.metrics(question.method),
        comparison=None if pair is None else pair.comparison(local, whole),
        needs_text=missing(question),
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
        _, self._embeddings = open_images(question, other, advance)
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
