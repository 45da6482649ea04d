"""Reports of `lovt-bench analyze` beside run records: `<track>/<backbone>/analysis/<dataset>/<key>.json`.

No number of the board depends on them: a file that is broken, a link, or of another backbone is passed over with a
note.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from lovt_bench.benchmark.contract.base import is_name
from lovt_bench.benchmark.contract.embedding_facts import EmbeddingFacts, EmbeddingQuestion
from lovt_bench.benchmark.contract.embedding_report import (
    ANALYSIS,
    AnalysisSettings,
    EmbeddingReport,
    GlobalSpace,
    LocalPairName,
    LocalSpace,
    MethodSpaces,
    Spread,
)
from lovt_bench.benchmark.contract.leaderboard import Row, Table
from lovt_bench.benchmark.contract.model_file import ModelFileError, read_model
from lovt_bench.leaderboard.board.declared import Complain
from lovt_bench.leaderboard.errors import LeaderboardError

_ALIGNED: Mapping[str, LocalPairName] = {
    "alignment.regions": "zl_a;zl_b2a",
    "alignment.sentences": "zl_b;zl_a2b",
}

MOST_REPORTS = 200
"""Of one backbone; a hundred would be every dataset at twenty levels."""


def read_facts(results: Path, track: str, backbone: str, complain: Complain) -> list[EmbeddingFacts]:
    """Return what is known of the embeddings of a backbone, one for each question and weights, sorted.

    Of several reports that differ in the feature level the deepest counts; of several draws the least seed.

    Args:
        results: Folder of run records.
        track: Of the images.
        backbone: Its name.
        complain: Is told of what is not valid.
    """
    folder = results / track / backbone / ANALYSIS
    if not is_name(backbone) or any(
        part.is_symlink() for part in (folder, folder.parent, folder.parent.parent)
    ):
        return []
    paths = sorted(path for path in folder.glob("*/*.json") if not path.parent.is_symlink())
    if len(paths) > MOST_REPORTS:
        complain(
            LeaderboardError(
                f"{folder}: {len(paths)} reports, expected at most {MOST_REPORTS}; the rest is left out"
            )
        )
    best: dict[tuple[str, str], EmbeddingReport] = {}
    for report in sorted(_reports(paths[:MOST_REPORTS], track, backbone, complain), key=_order):
        best.setdefault((question_of(report).digest(), report.backbone_sha256), report)
    return [facts_of(best[key]) for key in sorted(best)]


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
        reference_options=list(_options(report.settings)),
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
    )


def shared_questions(
    facts: Mapping[str, Sequence[EmbeddingFacts]],
) -> list[tuple[EmbeddingQuestion, dict[str, EmbeddingFacts]]]:
    """Return the questions that all of the named backbones answer, those with the defaults first."""
    found: dict[str, dict[str, EmbeddingFacts]] = {}
    for name, items in facts.items():
        for item in items:
            found.setdefault(item.question.digest(), {}).setdefault(name, item)
    shared = [
        (next(iter(all_.values())).question, all_) for all_ in found.values() if len(all_) == len(facts)
    ]
    return sorted(shared, key=lambda item: (item[0].reference_options, item[0].dataset, item[0].digest()))


def with_embeddings(table: Table, facts: Mapping[str, Sequence[EmbeddingFacts]]) -> Table:
    """Return a table of runs with what analyses found in the embeddings of its rows: of the weights that ran, alone.

    Args:
        table: The table.
        facts: By name of the backbone.
    """
    if not facts:
        return table

    def known(row: Row) -> Row:
        found = [
            item
            for item in facts.get(row.id, ())
            if item.backbone_sha256 == row.backbone_sha256
            and (item.question.track, item.question.protocol) == (table.track, table.protocol)
            and not item.question.reference_options
        ]
        return row.model_copy(update={"embeddings": found}) if found else row

    return table.model_copy(update={"rows": [known(row) for row in table.rows]})


def _reports(
    paths: Iterable[Path], track: str, backbone: str, complain: Complain
) -> Iterator[EmbeddingReport]:
    for path in paths:
        try:
            report = read_model(path, EmbeddingReport)
        except (OSError, ModelFileError) as error:
            complain(LeaderboardError(f"{error}. Make it again with `lovt-bench analyze`, or remove it"))
            continue
        if (report.backbone, report.track, report.key) == (backbone, track, path.stem):
            yield report
        else:
            complain(
                LeaderboardError(f"{path} is the report of another backbone or question, not of its place")
            )


def _order(report: EmbeddingReport) -> tuple[int, int, str]:
    return -report.level.stride, report.seed or 0, report.key


def _options(settings: AnalysisSettings) -> Iterator[str]:
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
    for key, name in _ALIGNED.items():
        if local_pair := found.local_pairs.get(name):
            values[key] = local_pair.sample_rmse
            values[f"{key}.least"], values[f"{key}.most"] = local_pair.sample_min, local_pair.sample_max
    return values


def _spread(key: str, value: Spread | None, scale: float = 1.0) -> dict[str, float | None]:
    if value is None:
        return {}
    return {key: value.mean * scale, f"{key}.std": None if value.std is None else value.std * scale}
