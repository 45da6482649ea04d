"""How the report of an analysis looks in a terminal."""

from __future__ import annotations

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.contract.embedding_report import (
    Comparison,
    EmbeddingReport,
    GlobalSpace,
    LocalSpace,
    Spread,
)

Row = tuple[str, str, str]


def print_report(report: EmbeddingReport) -> None:
    """Print a report: what was asked, a table of both spaces, a comparison, and what is missing."""
    from tabulate import tabulate

    phantom = " · PHANTOM images" if report.track == "phantom" else ""
    say(
        f"{report.display_name} · {report.dataset} · {report.split}, {report.images} images{phantom}",
        style="bold",
    )
    local = report.local_space
    say(
        f"protocol {report.protocol}, {report.image_side} pixels, normalised "
        f"{'as the backbone declares' if report.normalisation else 'by statistics of pixels'}; "
        f"level {report.level.name}: {local.positions} {'tokens' if report.tokens else 'regions'} of "
        f"{local.dimension} channels; global: their mean; pairs "
        f"{'include' if report.settings.self_pairs else 'exclude'} an embedding with itself; "
        "std is times the root of the channels"
    )
    say(
        tabulate(_rows(local, report.global_space), ["", "local", "global"], disable_numparse=True),
        lines=True,
    )
    if report.comparison is not None:
        title = f"against {report.comparison.display_name}, level {report.comparison.level.name}"
        say(
            tabulate(_compared(report.comparison), [title, "local", "global"], disable_numparse=True),
            lines=True,
        )
    say("Needs text, not measured: " + "; ".join(report.needs_text), style="dim")


def _rows(local: LocalSpace, whole: GlobalSpace) -> list[Row]:
    scale, whole_scale = local.dimension**0.5, whole.dimension**0.5
    return [
        ("std", _number(local.ch_std, scale), _number(whole.ch_std, whole_scale)),
        ("std per image", _spread(local.ch_std_per_sample, scale), ""),
        ("std of centroids", _number(local.ch_std_sample_centroids, scale), ""),
        ("uniformity per image", _spread(local.per_sample_uniformity), ""),
        ("uniformity", "", _number(whole.uniformity)),
        (
            "off-diagonal covariance",
            _power(local.cov_offdiagonal__batch_estimate),
            _power(whole.cov_offdiagonal),
        ),
        ("covariance per image", _power(local.cov_offdiagonal_per_sample.mean), ""),
        ("covariance of centroids", _power(local.cov_offdiagonal_sample_centroids), ""),
        ("distance within an image", _number(local.dist_emb2emb), ""),
        ("distance to the own centroid", _number(local.dist_emb2cent), ""),
        (
            "distance between images",
            _number(local.dist_cent2cent__batch_estimate),
            _number(whole.dist_emb2emb__batch_estimate),
        ),
        ("distance to the mean image", _number(local.dist_cent2dataset), ""),
        ("effective rank", _number(local.effective_rank), _number(whole.effective_rank)),
    ]


def _compared(found: Comparison) -> list[Row]:
    rows: list[Row] = [("linear CKA", _number(found.cka_local), _number(found.cka_global))]
    if found.global_pair is None:
        return [*rows, ("distances: other dimensions", "–", "–")]
    whole, local, sets = found.global_pair, found.local_pair, found.distributions
    rows += [
        ("distance", "", f"{whole.dist:.4f} ± {whole.dist__std:.4f}"),
        (
            "root mean square distance",
            _number(None if local is None else local.sample_rmse),
            _number(whole.rmse),
        ),
    ]
    if local is not None and sets is not None:
        rows += [
            ("least and greatest distance", f"{local.sample_min:.4f} to {local.sample_max:.4f}", ""),
            ("distance of any two regions", _number(sets.emb2emb), ""),
            ("distance to its nearest region", _number(sets.nn_emb2emb_1to2), ""),
            ("distance from its to the nearest", _number(sets.nn_emb2emb_2to1), ""),
            ("assignment", _number(sets.assignment_1to1), ""),
            ("assignment of its own", _number(sets.assignment_2to2), ""),
        ]
    return rows


def _number(value: float | None, scale: float = 1.0) -> str:
    return "–" if value is None else f"{scale * value:.4f}"


def _power(value: float | None) -> str:
    return "–" if value is None else f"{value:.2e}"


def _spread(value: Spread | None, scale: float = 1.0) -> str:
    if value is None:
        return "–"
    return f"{scale * value.mean:.4f}" + ("" if value.std is None else f" ± {scale * value.std:.4f}")
