"""Reports of `lovt-bench analyze` beside run records: `<track>/<backbone>/analysis/<dataset>/<key>.json`.

No number of the board depends on them: a file that is broken, a link, or of another backbone is passed over with a
note.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from lovt_bench.benchmark.contract.base import is_name
from lovt_bench.benchmark.contract.embedding_facts import EmbeddingFacts, EmbeddingQuestion
from lovt_bench.benchmark.contract.embedding_report import ANALYSIS, EmbeddingReport
from lovt_bench.benchmark.contract.leaderboard import Row, Table
from lovt_bench.benchmark.contract.model_file import ModelFileError, read_model
from lovt_bench.leaderboard.board.declared import Complain
from lovt_bench.leaderboard.board.embedding_numbers import facts_of
from lovt_bench.leaderboard.errors import LeaderboardError

MOST_REPORTS = 200
"""Of one backbone; a hundred would be every dataset at twenty levels."""


def read_facts(results: Path, track: str, backbone: str, complain: Complain) -> list[EmbeddingFacts]:
    """Return what is known of the embeddings of a backbone, one for each question and weights, sorted.

    Where several reports differ in the feature level alone, the deepest counts; of several draws the least seed; then
    what has a method beside the backbone, then the newest.

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
    found = sorted(
        _reports(paths[:MOST_REPORTS], track, backbone, complain),
        key=lambda item: (item[0].finished, item[0].key),
        reverse=True,
    )
    best: dict[tuple[str, str], EmbeddingFacts] = {}
    for _, facts in sorted(found, key=lambda item: _order(item[0])):
        best.setdefault((facts.question.digest(), facts.backbone_sha256), facts)
    return [best[key] for key in sorted(best)]


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
) -> Iterator[tuple[EmbeddingReport, EmbeddingFacts]]:
    for path in paths:
        try:
            report = read_model(path, EmbeddingReport)
        except (OSError, ModelFileError) as error:
            complain(LeaderboardError(f"{error}. Make it again with `lovt-bench analyze`, or remove it"))
            continue
        if (report.backbone, report.track, report.key) != (backbone, track, path.stem):
            complain(
                LeaderboardError(f"{path} is the report of another backbone or question, not of its place")
            )
            continue
        try:
            yield report, facts_of(report)
        except (ValueError, OverflowError):
            complain(
                LeaderboardError(
                    f"{path} has numbers that no analysis gives, too large to be compared. Make it again with "
                    "`lovt-bench analyze`, or remove it"
                )
            )


def _order(report: EmbeddingReport) -> tuple[int, int, bool]:
    return -report.level.stride, report.seed or 0, report.method is None
