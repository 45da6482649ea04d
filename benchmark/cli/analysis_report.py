"""How the report of an analysis looks in a terminal."""

from __future__ import annotations

from lovt_bench.benchmark.cli.analysis_method import print_method
from lovt_bench.benchmark.cli.analysis_numbers import as_number, as_power, as_spread
from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.contract.embedding_report import (
    Comparison,
    EmbeddingReport,
    GlobalSpace,
    LocalSpace,
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
    if report.method is not None:
        print_method(report.method)
    if report.needs_text:
        say("\n".join(f"Not measured: {each}" for each in report.needs_text), style="dim", lines=True)


def _rows(local: LocalSpace, whole: GlobalSpace) -> list[Row]:
    scale, whole_scale = local.dimension**0.5, whole.dimension**0.5
    return [
        ("std", as_number(local.ch_std, scale), as_number(whole.ch_std, whole_scale)),
        ("std per image", as_spread(local.ch_std_per_sample, scale), ""),
        ("std of centroids", as_number(local.ch_std_sample_centroids, scale), ""),
        ("uniformity per image", as_spread(local.per_sample_uniformity), ""),
        ("uniformity", "", as_number(whole.uniformity)),
        (
            "off-diagonal covariance",
            as_power(local.cov_offdiagonal__batch_estimate),
            as_power(whole.cov_offdiagonal),
        ),
        ("covariance per image", as_power(local.cov_offdiagonal_per_sample.mean), ""),
        ("covariance of centroids", as_power(local.cov_offdiagonal_sample_centroids), ""),
        ("distance within an image", as_number(local.dist_emb2emb), ""),
        ("distance to the own centroid", as_number(local.dist_emb2cent), ""),
        (
            "distance between images",
            as_number(local.dist_cent2cent__batch_estimate),
            as_number(whole.dist_emb2emb__batch_estimate),
        ),
        ("distance to the mean image", as_number(local.dist_cent2dataset), ""),
        ("effective rank", as_number(local.effective_rank), as_number(whole.effective_rank)),
    ]


def _compared(found: Comparison) -> list[Row]:
    rows: list[Row] = [("linear CKA", as_number(found.cka_local), as_number(found.cka_global))]
    if found.global_pair is None:
        return [*rows, ("distances: other dimensions", "–", "–")]
    whole, local, sets = found.global_pair, found.local_pair, found.distributions
    rows += [
        ("distance", "", f"{whole.dist:.4f} ± {whole.dist__std:.4f}"),
        (
            "root mean square distance",
            as_number(None if local is None else local.sample_rmse),
            as_number(whole.rmse),
        ),
    ]
    if local is not None and sets is not None:
        rows += [
            ("least and greatest distance", f"{local.sample_min:.4f} to {local.sample_max:.4f}", ""),
            ("distance of any two regions", as_number(sets.emb2emb), ""),
            ("distance to its nearest region", as_number(sets.nn_emb2emb_1to2), ""),
            ("distance from its to the nearest", as_number(sets.nn_emb2emb_2to1), ""),
            ("assignment", as_number(sets.assignment_1to1), ""),
            ("assignment of its own", as_number(sets.assignment_2to2), ""),
        ]
    return rows
