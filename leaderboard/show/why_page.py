"""The page of `lovt-bench why`: one file, no script."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from lovt_bench.leaderboard.show.plots.chart import filled
from lovt_bench.leaderboard.show.plots.difference import difference_chart
from lovt_bench.leaderboard.show.plots.figure import WIDTH, chart_svg
from lovt_bench.leaderboard.show.why import (
    DATASET_HEAD,
    RUN_HEAD,
    TASK_HEAD,
    Why,
    WhyTask,
    by_row,
    dataset_lines,
    image_sentence,
    image_text,
    run_lines,
    shown_runs,
    task_lines,
)

CHART = (
    "Point: difference of the means. Bar: 95 % on these test images under other training seeds (Welch). Line: 95 % for "
    "other images of the same source and other training seeds. Neither is corrected."
)
PICKED = (
    "The difference of an image is what it adds: its pseudo-value of the jackknife, which for a mean over images of "
    "one class is the difference of its two scores. For other metrics the mean of these values is near the difference "
    "of the rows, not equal to it. Images are picked after looking at all of them: they show what happens, and test "
    "nothing."
)


def why_html(why: Why) -> str:
    """Return a page of one file: no script, no request elsewhere. Equal contents give equal text."""
    return _template().render(
        why=why,
        tasks=task_lines(why),
        task_head=TASK_HEAD,
        runs=run_lines(why),
        run_head=RUN_HEAD,
        datasets=dataset_lines(why),
        dataset_head=(
            *DATASET_HEAD[:2],
            f"{why.names[0]} higher",
            f"{why.names[1]} higher",
            DATASET_HEAD[-1],
        ),
        chart=_chart(why.tasks) if why.tasks else "",
        chart_text=CHART,
        picked=PICKED,
        spread=image_sentence,
        caption=lambda image, names: f"Image {image_text(image, names)}",
        by_row=by_row,
        shown=shown_runs,
    )


def _chart(tasks: Sequence[WhyTask]) -> str:
    rows = [
        {
            "id": task.difference.task,
            "name": task.title,
            "value": 100 * task.difference.value,
            "seeds": None if task.difference.seeds is None else 100 * task.difference.seeds,
            "images": None
            if task.difference.over_images is None
            else 100 * task.difference.over_images.half_width(),
        }
        for task in tasks
    ]
    return chart_svg(filled(difference_chart(), rows, WIDTH))


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("lovt_bench.leaderboard.show", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("why.html.j2")
