"""How what a method makes of images and reports looks in a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from lovt_bench.benchmark.cli.analysis_numbers import as_number, as_power, as_spread
from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.contract.embedding_report import MethodSpaces

ORDER = ("yg_a", "zl_a", "zl_a_avg", "zg_a", "yl_b", "yg_b", "zl_b", "zl_b_avg", "zg_b", "zl_a&b")


def print_method(method: MethodSpaces) -> None:
    """Print a table of spaces, and one of what lies between them."""
    from tabulate import tabulate

    text = "no reports" if method.text_model is None else f"text model {method.text_model}"
    say(
        f"behind the backbone: {method.method}, {text}; a image, b report, y features, z projections",
        lines=True,
    )
    head = ["space", "std", "per image", "centroids", "uniformity", "covariance", "effective rank"]
    say(tabulate(list(_spaces(method)), head, disable_numparse=True), lines=True)
    if rows := list(_between(method)):
        say(tabulate(rows, ["between them", "", "weighted"], disable_numparse=True), lines=True)


def _spaces(method: MethodSpaces) -> Iterator[list[str]]:
    whole, local = dict(method.global_spaces), dict(method.local_spaces)
    for name in ORDER:
        if found := local.get(name):  # type: ignore[call-overload]
            scale = found.dimension**0.5
            yield [
                name,
                as_number(found.ch_std, scale),
                as_spread(found.ch_std_per_sample, scale),
                as_number(found.ch_std_sample_centroids, scale),
                as_spread(found.per_sample_uniformity),
                as_power(found.cov_offdiagonal__batch_estimate),
                as_number(found.effective_rank),
            ]
        elif one := whole.get(name):  # type: ignore[call-overload]
            std = as_number(one.ch_std, one.dimension**0.5)
            rest = as_number(one.uniformity), as_power(one.cov_offdiagonal), as_number(one.effective_rank)
            yield [name, std, "", "", *rest]


def _between(method: MethodSpaces) -> Iterator[list[str]]:
    for whole, pair in method.global_pairs.items():
        yield [f"{whole} distance", f"{pair.dist:.4f} ± {pair.dist__std:.4f}", ""]
    for local_name, local in method.local_pairs.items():
        yield [
            f"{local_name} rms distance",
            as_number(local.sample_rmse),
            as_number(local.sample_rmse__weighted),
        ]
    if (sets := method.distributions) is not None:
        yield ["zl_a||zl_b distance", as_number(sets.emb2emb), as_number(sets.emb2emb__weighted)]
        yield ["region to its nearest sentence", as_number(sets.nn_emb2emb_1to2), ""]
        yield ["sentence to its nearest region", as_number(sets.nn_emb2emb_2to1), ""]
        yield ["modality assignment of regions", as_number(sets.assignment_1to1), ""]
        yield ["modality assignment of sentences", as_number(sets.assignment_2to2), ""]
    for way, found in method.retrieval.items():
        yield [f"{way} top 1", as_number(found.top_1), as_number(found.top_1__weighted)]
        yield [f"{way} mean rank", as_number(found.rank), as_number(found.rank__weighted)]
    for side, rows in method.attention.items():
        yield [f"{side} entropy of a row", as_number(rows.entropy), ""]
        yield [f"{side} entropy of the mean row", as_spread(rows.entropy_of_mean), ""]
