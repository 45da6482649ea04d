"""Reports of analyses in a line: `report("mine", std=0.5)`; a test overrides what it is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lovt_bench.benchmark.contract.backbone import FeatureLevel
from lovt_bench.benchmark.contract.embedding_report import (
    AnalysisSettings,
    EmbeddingReport,
    GlobalSpace,
    LocalSpace,
    Spread,
)
from tests.leaderboard.records import digest


def local_space(std: float, dimension: int = 100) -> LocalSpace:
    """Return a local space whose standard deviation times the root of the dimension is `std`."""
    root = dimension**0.5
    return LocalSpace(
        dimension=dimension,
        positions=4,
        ch_std=std / root,
        ch_std_per_sample=Spread(mean=0.9 * std / root, std=0.1 * std / root),
        ch_std_sample_centroids=0.3 * std / root,
        per_sample_uniformity=Spread(mean=-2.0, std=0.1),
        dist_emb2cent=0.5,
        dist_emb2emb=0.7,
        dist_cent2cent__batch_estimate=0.2,
        dist_cent2dataset=0.1,
        cov_offdiagonal_per_sample=Spread(mean=1e-5, std=1e-6),
        cov_offdiagonal__batch_estimate=2e-5,
        cov_offdiagonal_sample_centroids=3e-7,
        effective_rank=10 * std,
    )


def global_space(std: float, dimension: int = 100) -> GlobalSpace:
    """Return a global space whose standard deviation times the root of the dimension is `std`."""
    return GlobalSpace(
        dimension=dimension,
        ch_std=std / dimension**0.5,
        uniformity=-1.0,
        dist_emb2emb__batch_estimate=0.5,
        cov_offdiagonal=4e-5,
        effective_rank=5.0,
    )


def report(backbone: str, std: float = 0.5, dataset: str = "rsna", **changes: Any) -> EmbeddingReport:
    """Return a report of a backbone of the test records (`records.record`)."""
    fields: dict[str, Any] = {
        "backbone": backbone,
        "display_name": backbone,
        "architecture": "resnet50",
        "backbone_sha256": digest(backbone),
        "seed": None,
        "source": "dataset",
        "dataset": dataset,
        "dataset_sha256": digest(dataset),
        "track": "phantom",
        "split": "test",
        "images": 24,
        "protocol": "lovt-2022",
        "image_side": 64,
        "level": FeatureLevel(name="c5", channels=100, stride=32),
        "tokens": False,
        "batch": 32,
        "precision": "float16",
        "device_kind": "cpu",
        "feature_library": None,
        "settings": AnalysisSettings(),
        "local_space": local_space(std),
        "global_space": global_space(std / 2),
        "seconds": 1.0,
        "peak_host_bytes": None,
        "peak_device_bytes": None,
        "finished": "2026-01-02T03:04:05Z",
        **changes,
    }
    parts = (
        backbone,
        dataset,
        fields["level"].name,
        fields["images"],
        fields["settings"],
        fields["backbone_sha256"],
    )
    return EmbeddingReport(key=digest(repr(parts)), **fields)


def write_report(results: Path, item: EmbeddingReport) -> Path:
    """Write a report where it belongs and return its file."""
    path = results / item.track / item.backbone / "analysis" / item.dataset / f"{item.key}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(item.to_json())
    return path
