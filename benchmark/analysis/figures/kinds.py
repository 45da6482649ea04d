"""Kinds of figures of features, by the name that `--only` takes."""

from __future__ import annotations

from collections.abc import Callable

from lovt_bench.benchmark.analysis.figures.feature_maps import colour_figures
from lovt_bench.benchmark.analysis.figures.figure import Figures
from lovt_bench.benchmark.analysis.figures.smoothness import smoothness_figures
from lovt_bench.benchmark.analysis.figures.subject import Subject
from lovt_bench.benchmark.analysis.figures.text import text_figures
from lovt_bench.benchmark.analysis.figures.tsne import tsne_figures
from lovt_bench.benchmark.analysis.figures.weights import attention_figures, weight_figures

OF_FEATURES: dict[str, Callable[[Subject], Figures]] = {
    "tsne": tsne_figures,
    "smoothness": smoothness_figures,
    "features": colour_figures,
}
"""What is drawn of a backbone on the test images of a dataset or corpus."""

OF_METHOD: dict[str, Callable[[Subject], Figures]] = {
    "text": text_figures,
    "weights": weight_figures,
    "attention": attention_figures,
}
"""What is drawn of the method behind a backbone; its question must have one."""
