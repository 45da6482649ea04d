"""The numbers of an analysis that are compared, taken from its report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lovt_bench.benchmark.contract.embedding_alignment import AlignmentName
from lovt_bench.benchmark.contract.embedding_facts import EmbeddingFacts, EmbeddingQuestion
from lovt_bench.benchmark.contract.embedding_report import (
    EmbeddingReport,
    GlobalSpace,
    LocalSpace,
    MethodSpaces,
    Spread,
)

ALIGNED: Mapping[AlignmentName, str] = {
    "zg_a;zg_b": "alignment.global",
    "zl_a;zl_b2a": "alignment.regions",
    "zl_b;zl_a2b": "alignment.sentences",
}
"""The property that says how far the two vectors of a pair lie apart."""


def question_of(report: EmbeddingReport) -> EmbeddingQuestion:
    """Return what another report must share so that the two can be compared."""
    return EmbeddingQuestion(
        source=report.source,
        dataset=report.dataset,
        dataset_sha256=report.dataset_sha256,
        track=report.track,
        images=report.images,
        image_side=report.image_side,
        protocol=report.protocol,
        reference_options=list(_options(report)),
    )


def facts_of(report: EmbeddingReport) -> EmbeddingFacts:
    """Return the numbers of a report that are compared."""
    values = {
        **_local("image", report.local_space),
        **_global("image.global", report.global_space),
        **(_method(report.method) if report.method else {}),
    }
    return EmbeddingFacts(
        question=question_of(report),
        key=report.key,
        backbone_sha256=report.backbone_sha256,
        level=report.level.name,
        positions=report.local_space.positions,
        values={key: value for key, value in values.items() if value is not None},
        alignment=report.method.alignment if report.method else {},
    )


def _options(report: EmbeddingReport) -> Iterator[str]:
    settings = report.settings
    if report.shallower:
        yield f"level {report.level.name}"
    if settings.self_pairs:
        yield "self-pairs"
    if settings.train_mode:
        yield "train mode"
    if settings.pixel_statistics is not None:
        yield f"pixel statistics {settings.pixel_statistics.mean:g}, {settings.pixel_statistics.std:g}"


def _local(side: str, space: LocalSpace) -> dict[str, float | None]:
    root = space.dimension**0.5
    return {
        f"{side}.std": space.ch_std * root,
        **_spread(f"{side}.std_within", space.ch_std_per_sample, root),
        f"{side}.std_centroids": space.ch_std_sample_centroids * root,
        **_spread(f"{side}.uniformity_within", space.per_sample_uniformity),
        f"{side}.cov": space.cov_offdiagonal__batch_estimate,
        **_spread(f"{side}.cov_within", space.cov_offdiagonal_per_sample),
        f"{side}.cov_centroids": space.cov_offdiagonal_sample_centroids,
        f"{side}.rank": space.effective_rank,
    }


def _global(key: str, space: GlobalSpace) -> dict[str, float | None]:
    return {
        f"{key}_std": space.ch_std * space.dimension**0.5,
        f"{key}_uniformity": space.uniformity,
        f"{key}_cov": space.cov_offdiagonal,
        f"{key}_rank": space.effective_rank,
    }


def _method(found: MethodSpaces) -> dict[str, float | None]:
    """Return what a method makes of the features, and how far image and report are apart."""
    values: dict[str, float | None] = {}
    if space := found.global_spaces.get("yg_a"):
        values |= _global("image.pooled", space)
    if space := found.global_spaces.get("yg_b"):
        values |= _global("report.global", space)
    if local := found.local_spaces.get("yl_b"):
        values |= _local("report", local)
    if found.distributions:
        values["assignment.regions"] = found.distributions.assignment_1to1
        values["assignment.sentences"] = found.distributions.assignment_2to2
    if pair := found.global_pairs.get("zg_a;zg_b"):
        values |= {"alignment.global": pair.dist, "alignment.global.std": pair.dist__std}
    return values | {ALIGNED[name]: local_pair.sample_rmse for name, local_pair in found.local_pairs.items()}


def _spread(key: str, value: Spread | None, scale: float = 1.0) -> dict[str, float | None]:
    if value is None:
        return {}
    return {key: value.mean * scale, f"{key}.std": None if value.std is None else value.std * scale}
