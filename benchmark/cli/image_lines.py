"""Intervals over images and strata as lines of JSON and tables of the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from tabulate import tabulate

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.engine.record.image_scores import ScoredImages
from lovt_bench.leaderboard.statistics.hypotheses import holm
from lovt_bench.leaderboard.statistics.images import ImageInterval
from lovt_bench.leaderboard.statistics.strata import Stratum
from lovt_bench.leaderboard.statistics.summary import normal_half_width
from lovt_bench.tasks.weighted import Weighted


def interval_line(
    cell: ScoredImages, distinct: Sequence[Weighted], interval: ImageInterval, *, alone: bool
) -> dict[str, Any]:
    """Return what is said of a cell by its distinct runs, or of its difference to another row's."""
    return {
        "task": cell.task,
        "metric": cell.metric,
        "runs": len(cell.runs),
        "effective_runs": len(distinct),
        "images": cell.runs[0].images,
        "patients": None if cell.people is None else len(set(cell.people)),
        **_numbers(interval),
        **({"interval95_normal": _published(distinct)} if alone else {"p": _known(interval.p)}),
    }


def corrected_lines(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return lines of differences with p-values corrected over all of them; lines of scores as they are."""
    if not all("p" in line for line in lines):
        return list(lines)
    p = holm(np.array([math.nan if line["p"] is None else line["p"] for line in lines]))
    return [{**line, "p_holm": _known(one)} for line, one in zip(lines, p.tolist(), strict=True)]


def _published(runs: Sequence[Weighted]) -> float | None:
    """Return the half-width that the published study gives: other seeds alone, 1.96 standard errors."""
    whole = np.ones((1, runs[0].images))
    return normal_half_width([float(run.values(whole)[0]) for run in runs])


def _numbers(interval: ImageInterval) -> dict[str, float]:
    return {
        "value": interval.value,
        "interval95": interval.half_width(),
        "share_of_seeds": interval.seeds,
    }


def _known(p: float) -> float | None:
    return None if math.isnan(p) else p


def stratum_line(item: Stratum) -> dict[str, Any]:
    """Return what is said of a stratum."""
    return {
        "task": item.task,
        "property": item.trait,
        "level": item.level,
        "images": item.images,
        "score": None if item.score is None else _numbers(item.score),
        "gap": None if item.gap is None else {**_numbers(item.gap), "p": _known(item.gap.p)},
        "p_holm": item.p,
        "flagged": item.flagged,
        "classes_left_out": list(item.left_out),
        "text": item.text,
    }


def tell_intervals(lines: Sequence[dict[str, Any]], row: str, against: str | None) -> None:
    """Print lines as a table."""
    if not lines:
        return
    what = f"{row} less {against}, in percent points" if against else f"{row}, in percent"
    say(f"{what}: mean ± half-width of the 95 % interval for other images of the same source and other seeds")
    rows = [
        [
            line["task"],
            line["metric"],
            f"{100 * line['value']:{'+' if against else ''}.1f} ± {100 * line['interval95']:.1f}",
            f"{100 * line['share_of_seeds']:.0f} %",
            line["effective_runs"],
            line["images"],
            "—" if line["patients"] is None else line["patients"],
            _shown(line["p_holm"]) if against else f"± {100 * line['interval95_normal']:.1f}",
        ]
        for line in lines
    ]
    headers = [
        "task",
        "metric",
        "mean",
        "of seeds",
        "runs",
        "images",
        "patients",
        "p (Holm)" if against else "published",
    ]
    aligned = ["left", "left", *["right"] * (len(headers) - 2)]
    say(tabulate(rows, headers, tablefmt="simple", colalign=aligned, disable_numparse=True), lines=True)


def _shown(p: float | None) -> str:
    return "—" if p is None else f"{p:.2g}"


def tell_strata(found: Sequence[Stratum]) -> None:
    """Print strata as a table."""
    if not found:
        return

    def shown(interval: ImageInterval | None, sign: str = "") -> str:
        if interval is None:
            return "—"
        return f"{100 * interval.value:{sign}.1f} ± {100 * interval.half_width():.1f}"

    def said(item: Stratum) -> str:
        left_out = f"without {', '.join(item.left_out)}" if item.left_out else ""
        return "; ".join(filter(None, ["differs" if item.flagged else item.text, left_out]))

    rows = [
        [
            item.task,
            item.trait,
            item.level,
            item.images,
            shown(item.score),
            shown(item.gap, "+"),
            _shown(item.p),
            said(item),
        ]
        for item in found
    ]
    headers = ["task", "property", "stratum", "images", "score", "gap", "p (Holm)", ""]
    aligned = ["left", "left", "left", "right", "right", "right", "right", "left"]
    say(tabulate(rows, headers, tablefmt="simple", colalign=aligned, disable_numparse=True), lines=True)
    tested = sum(item.p is not None for item in found)
    flagged = sum(item.flagged for item in found)
    say(f"{flagged} of {tested} gaps differ from 0 at 5 % (Holm over all of them).")
