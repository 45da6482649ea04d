"""What `lovt-bench why` is told of two rows: from run records, predictions and image stores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import click

from lovt_bench.benchmark.analysis.overlay import Marks, picture, png
from lovt_bench.benchmark.cli.console import note
from lovt_bench.benchmark.cli.over_images import distinct_runs
from lovt_bench.benchmark.cli.scored_rows import ScoredRows, table_title
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.engine.record.image_scores import ScoredImages
from lovt_bench.benchmark.engine.record.marks import Marked, marked
from lovt_bench.benchmark.engine.record.rescore import stored_predictions
from lovt_bench.leaderboard.board.embeddings import read_facts, shared_questions
from lovt_bench.leaderboard.show.properties import question_titles, side_by_side
from lovt_bench.leaderboard.show.why import Why, WhyImage, WhyTask
from lovt_bench.leaderboard.statistics.audit import distinct
from lovt_bench.leaderboard.statistics.difference import (
    Side,
    TaskDifference,
    corrected,
    scores_alone,
    task_difference,
)
from lovt_bench.leaderboard.statistics.difference_words import most, sentences
from lovt_bench.leaderboard.statistics.images import NoImageIntervalError
from lovt_bench.tasks.registry import load_tasks


@dataclass(frozen=True)
class Pictures:
    """What may be drawn."""

    wanted: bool
    licensed: bool
    """Also images of licensed datasets, into a file that stays with who has the licence."""


@dataclass(frozen=True)
class _Pair:
    """Both rows on a task."""

    first: ScoredImages
    second: ScoredImages

    @property
    def shown(self) -> tuple[RunRecord, RunRecord]:
        """The runs that pictures show: of the least seed that both rows have, else the first of each."""
        seeds = [{record.run.seed: record for record in cell.records} for cell in (self.first, self.second)]
        common = sorted(seeds[0].keys() & seeds[1].keys())
        if common:
            return seeds[0][common[0]], seeds[1][common[0]]
        return self.first.records[0], self.second.records[0]


def gather(scored: ScoredRows, names: tuple[str, str], count: int, pictures: Pictures) -> Why:
    """Return what puts the one row above the other.

    Args:
        scored: Their cells.
        names: The rows.
        count: Images of a task for each row.
        pictures: What may be drawn.
    """
    pairs, left_out = _pairs(scored, names)
    found = []
    for task, pair in pairs.items():
        try:
            found.append(task_difference(task, _side(pair.first), _side(pair.second), pair.first.people))
        except NoImageIntervalError as error:
            left_out.append((task, str(error)))
    if not found:
        reasons = "; ".join(f"{task}: {text}" for task, text in left_out) or "they have no task in common"
        raise click.ClickException(
            f"no task of {names[0]} and {names[1]} can be compared by its images ({reasons}); their means are "
            f"compared by: lovt-bench leaderboard compare {names[0]} {names[1]}"
        )
    found = corrected(found)
    specs = {spec.id: spec for spec in load_tasks(workspace=scored.stores.workspace)}
    datasets = {item.task: specs[item.task].dataset for item in found}
    return Why(
        names=names,
        table=table_title(scored.key),
        phantom=scored.key.track == "phantom",
        tasks=[_task(scored, specs[item.task], item, pairs[item.task], count, pictures) for item in found],
        sentences=sentences(found, names, datasets),
        properties=_properties(scored, list(pairs.values()), names),
        left_out=left_out,
    )


def _properties(
    scored: ScoredRows, pairs: Sequence[_Pair], names: tuple[str, str]
) -> dict[str, list[tuple[str, str, str]]]:
    """Return what analyses found in the embeddings of both, by what they were measured on."""
    weights = [
        {record.run.backbone_sha256 for pair in pairs for record in cell(pair).records}
        for cell in (attrgetter("first"), attrgetter("second"))
    ]
    facts = {
        name: [
            item
            for item in read_facts(scored.results, scored.key.track, name, note)
            if item.backbone_sha256 in own and item.question.protocol == scored.key.protocol
        ]
        for name, own in zip(names, weights, strict=True)
    }
    shared = shared_questions(facts)
    titles = question_titles({question.digest(): question for question, _ in shared})
    return {
        titles[question.digest()]: side_by_side(*(answers[name].values for name in names))
        for question, answers in shared
    }


def _pairs(scored: ScoredRows, names: tuple[str, str]) -> tuple[dict[str, _Pair], list[tuple[str, str]]]:
    pairs, left_out = {}, list(scored.left_out)
    said = {task for task, _ in left_out}
    for task, cells in scored.by_task().items():
        missing = [name for name in names if name not in cells]
        if not missing and len({(cell.edition, cell.metric) for cell in cells.values()}) == 1:
            pairs[task] = _Pair(cells[names[0]], cells[names[1]])
        elif not missing:
            left_out.append((task, "the two were measured on different stores or tasks"))
        elif task not in said:
            left_out.append((task, f"there is nothing to compare of {', '.join(missing)}"))
    return pairs, left_out


def _side(cell: ScoredImages) -> Side:
    runs = [(record.test[record.metric], record.run.seed) for record in cell.records]
    return Side(distinct(runs), distinct_runs(cell))


def _task(
    scored: ScoredRows, spec: TaskSpec, item: TaskDifference, pair: _Pair, count: int, pictures: Pictures
) -> WhyTask:
    places = most(item.of_images, count)
    drawn: list[tuple[str, ...]] = []
    note = ""
    if pictures.wanted and scored.key.track != "phantom" and not pictures.licensed:
        note = "Images of licensed datasets are not drawn."
    elif pictures.wanted:
        try:
            drawn = _drawn(scored, pair, places)
        except ValueError as error:
            note = f"No pictures: a file of predictions {error}."
    rows = scored.stores.run(pair.first.records[0]).rows
    images = [
        WhyImage(
            row=int(rows[place]),
            difference=float(item.of_images[place]),
            first=scores_alone(distinct_runs(pair.first), place),
            second=scores_alone(distinct_runs(pair.second), place),
            pictures=drawn[at] if drawn else (),
        )
        for at, place in enumerate(places)
    ]
    seeds = tuple(record.run.seed for record in pair.shown) if drawn else ()
    return WhyTask(item, spec.title, spec.dataset, spec.metric_label, images, seeds, note)


def _drawn(scored: ScoredRows, pair: _Pair, places: Sequence[int]) -> list[tuple[str, ...]]:
    """Return for each image the truth and both predictions. Raises PredictionError or NoStoreError."""
    sides = []
    for record in pair.shown:
        run = scored.stores.run(record)
        sides.append(marked(run, stored_predictions(run, scored.results), places))
    return [
        (_picture(first, None), _picture(first, first), _picture(second, second))
        for first, second in zip(*sides, strict=True)
    ]


def _picture(image: Marked, found: Marked | None) -> str:
    predicted = None if found is None else Marks(found.found_mask, found.found_boxes)
    return png(picture(image.image, Marks(image.truth_mask, image.truth_boxes), predicted))
