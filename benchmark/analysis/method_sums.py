"""All metrics of what a method makes of images and reports, taken in batch by batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from lovt_bench.benchmark.analysis import within
from lovt_bench.benchmark.analysis.attending import attention_values, retrieval_values
from lovt_bench.benchmark.analysis.distances import Distances
from lovt_bench.benchmark.analysis.pairs import GlobalPairSums, ImageMeans, pair_values, set_values
from lovt_bench.benchmark.analysis.spaces import GlobalSpaceSums, LocalSpaceSums, spread
from lovt_bench.benchmark.backbone.analysis_file import AnalysisFile
from lovt_bench.benchmark.contract.embedding_report import (
    AnalysisSettings,
    AttentionRows,
    LocalDistributions,
    LocalPair,
    MethodSpaces,
    Retrieval,
)
from lovt_bench.submissions.common.cross_attention import Attended
from lovt_bench.submissions.common.image_text.parts import Inside

_Sums = TypeVar("_Sums")


class MethodSums:
    """The spaces and pairs of one method.

    Args:
        device: Where to compute.
        folder: Where files of centroids lie; they have no names and end with this object.
        settings: What the user chose.
    """

    def __init__(self, device: torch.device, folder: Path, settings: AnalysisSettings) -> None:
        self._device, self._folder, self._settings = device, folder, settings
        self._local: dict[str, LocalSpaceSums] = {}
        self._whole: dict[str, GlobalSpaceSums] = {}
        self._pairs: dict[str, GlobalPairSums] = {}
        self._means: dict[str, ImageMeans] = defaultdict(ImageMeans)
        self._of_mean: dict[str, list[float]] = defaultdict(list)
        self._distances: dict[str, Distances] = defaultdict(Distances)
        self._weighted = self._texts = False

    def add(self, inside: Inside) -> None:
        """Take in what the method says of a batch."""
        image, report = inside.image, inside.report
        weights = None if image.weights is None else image.weights.double()
        self._weighted |= weights is not None
        self._add_whole("yg_a", image.pooled)
        self._add_whole("zg_a", inside.zg_a)
        all_regions = torch.ones(image.regions.shape[:2], dtype=torch.bool, device=image.regions.device)
        self._add_local("zl_a", inside.zl_a, all_regions, weights)
        self._add_centroids("zl_a_avg", inside.zl_a, all_regions)
        if report is None:
            return
        self._texts = True
        of_sentences = None if report.weights is None else report.weights.double()
        self._weighted |= of_sentences is not None
        self._add_local("yl_b", report.sentences, report.mask, of_sentences)
        self._add_whole("yg_b", report.pooled)
        self._add_whole("zg_b", inside.zg_b)
        if inside.zg_a is not None and inside.zg_b is not None:
            a, b = inside.zg_a.double(), inside.zg_b.double()
            self._add_pair("zg_a;zg_b", a, b)
            self._distances["zg_a;zg_b"].add(a, b)
        self._add_local("zl_b", inside.zl_b, report.mask, of_sentences)
        self._add_centroids("zl_b_avg", inside.zl_b, report.mask)
        if inside.zl_a is not None and inside.zl_b is not None:
            self._add_sets(inside.zl_a, inside.zl_b, all_regions, report.mask, weights, of_sentences)
            if inside.attended is not None:
                sides = (all_regions, weights), (report.mask, of_sentences)
                self._add_attended(inside.zl_a, inside.zl_b, inside.attended, *sides)

    def _add_whole(self, name: str, x: Tensor | None, scaled: bool = True) -> None:
        if x is not None:
            sums = _made(
                self._whole,
                name,
                lambda: GlobalSpaceSums(x.shape[-1], self._device, self._settings.self_pairs, scaled),
            )
            sums.add(x.double())

    def _add_local(self, name: str, x: Tensor | None, mask: Tensor, weights: Tensor | None = None) -> None:
        if x is not None:
            sums = _made(
                self._local,
                name,
                lambda: LocalSpaceSums(x.shape[-1], self._device, self._folder, self._settings.self_pairs),
            )
            sums.add(x.double(), mask, weights)

    def _add_centroids(self, name: str, x: Tensor | None, mask: Tensor) -> None:
        if x is not None:
            self._add_whole(name, within.centroids(within.unit(x.double()), mask), scaled=False)

    def _add_pair(self, name: str, x: Tensor, y: Tensor, scaled: bool = True) -> None:
        widths = x.shape[-1], y.shape[-1]
        _made(self._pairs, name, lambda: GlobalPairSums(widths, self._device, scaled)).add(x, y)

    def _add_sets(
        self,
        regions: Tensor,
        sentences: Tensor,
        all_regions: Tensor,
        mask: Tensor,
        weights: Tensor | None,
        of_sentences: Tensor | None,
    ) -> None:
        """Take in projected regions and sentences as two sets in one space."""
        a, b = within.unit(regions.double()), within.unit(sentences.double())
        self._add_local("zl_a&b", torch.cat([a, b], 1), torch.cat([all_regions, mask], 1))
        centres = within.centroids(a, all_regions), within.centroids(b, mask)
        self._add_pair("zl_a_avg;zl_b_avg", *centres, scaled=False)
        both = None if weights is None or of_sentences is None else (weights, of_sentences)
        padded = self._settings.padded_sentences
        self._means["zl_a||zl_b"].add(set_values(a, all_regions, b, mask, both, padded))

    def _add_attended(
        self,
        regions: Tensor,
        sentences: Tensor,
        attended: Attended,
        of_regions: tuple[Tensor, Tensor | None],
        of_sentences: tuple[Tensor, Tensor | None],
    ) -> None:
        """Take in regions and sentences beside what the other side says of each."""
        for own, other, mine, theirs, (mask, weights) in (
            ("zl_a", "zl_b2a", regions, attended.regions, of_regions),
            ("zl_b", "zl_a2b", sentences, attended.sentences, of_sentences),
        ):
            self._distances[f"{own};{other}"].add(mine[mask].double(), theirs[mask].double())
            x, y = within.unit(mine.double()), within.unit(theirs.double())
            self._means[f"{own};{other}"].add(pair_values(x, y, mask, weights))
            self._means[f"{own}->{other}"].add(retrieval_values(x, y, mask, weights))
            self._means[f"{other}->{own}"].add(retrieval_values(y, x, mask, weights))
        for name, rows, (mask, _) in (
            ("b2a", attended.region_probabilities, of_regions),
            ("a2b", attended.sentence_probabilities, of_sentences),
        ):
            values = attention_values(rows.double(), mask)
            self._of_mean[name] += values.pop("of_mean").tolist()
            self._means[name].add(values)

    def metrics(self, file: AnalysisFile) -> MethodSpaces:
        """Return the metrics of all that was taken in.

        Raises:
            ValueError: Fewer than two studies.
        """
        means = dict(self._means)
        sets = means.pop("zl_a||zl_b", None)
        return MethodSpaces.model_validate(
            {
                "method": file.header.method,
                "analysis_sha256": file.sha256,
                "text_model": file.header.text.name if self._texts else None,
                "learnt_weights": self._weighted,
                "global_spaces": {name: sums.metrics() for name, sums in self._whole.items()},
                "local_spaces": {name: sums.metrics() for name, sums in self._local.items()},
                "global_pairs": {name: sums.metrics() for name, sums in self._pairs.items()},
                "local_pairs": {name: each.model(LocalPair) for name, each in means.items() if ";" in name},
                "alignment": {
                    name: found for name, each in self._distances.items() if (found := each.metrics())
                },
                "distributions": None if sets is None else sets.model(LocalDistributions),
                "retrieval": {name: each.model(Retrieval) for name, each in means.items() if "->" in name},
                "attention": {
                    name: means[name].model(AttentionRows, entropy_of_mean=spread(of))
                    for name, of in self._of_mean.items()
                },
            }
        )


def _made(there: dict[str, _Sums], name: str, make: Callable[[], _Sums]) -> _Sums:
    if name not in there:
        there[name] = make()
    return there[name]
