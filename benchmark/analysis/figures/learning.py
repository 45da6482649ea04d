"""Learning curves of the final runs of each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lovt_bench.benchmark.analysis.figures.figure import Drawn, Figures, LeftOut
from lovt_bench.benchmark.analysis.figures.runs import Cell
from lovt_bench.leaderboard.show.plots.chart import filled
from lovt_bench.leaderboard.show.plots.curves import curve_chart
from lovt_bench.leaderboard.show.plots.figure import WIDTH, chart_svg
from lovt_bench.leaderboard.show.plots.theme import SERIES, Spec

_MOST = len(SERIES)
"""Curves of a chart: as many as there are looks."""

Curve = Sequence[tuple[int, float]]
"""Epochs, from 0 as in records, and values."""


def curve_figures(cell: Cell) -> Figures:
    """Yield the validation metric of a task's runs, and the losses of the first."""
    yield _metric(cell)
    yield _losses(cell)


def _metric(cell: Cell) -> Drawn | LeftOut:
    name, spec = cell.file("curves"), cell.spec
    what = f"validation {spec.metric_label if spec.monitor == spec.metric else spec.monitor}"
    curves = {
        f"seed {record.run.seed}": [
            (log.epoch, log.monitor) for log in record.history if log.monitor is not None
        ]
        for record in cell.records[:_MOST]
    }
    if not any(curves.values()):
        return LeftOut(name, "its records keep no epochs")
    more = [f"The first {_MOST} of {len(cell.records)} runs."] if len(cell.records) > _MOST else []
    best = ", ".join(
        f"{record.best_epoch} (seed {record.run.seed})"
        for record in cell.records[:_MOST]
        if record.best_epoch is not None
    )
    return Drawn(
        name=name,
        title=f"{cell.title}: {what}",
        source=cell.source_line,
        track=cell.records[0].track,
        body=curve_svg(curves, f"{what}, %", 100),
        notes=[*([f"Best epochs, whose weights are tested: {best}."] if best else []), *more],
    )


def _losses(cell: Cell) -> Drawn | LeftOut:
    name, record = cell.file("losses"), cell.records[0]
    curves = {
        "training": [(log.epoch, log.train_loss) for log in record.history if log.train_loss is not None],
        "validation": [
            (log.epoch, log.validation_loss) for log in record.history if log.validation_loss is not None
        ],
    }
    if not any(curves.values()):
        return LeftOut(name, "its records keep no losses")
    return Drawn(
        name=name,
        title=f"{cell.title}: loss",
        source=f"{cell.source_line} · seed {record.run.seed}",
        track=record.track,
        body=curve_svg(curves, "loss", 1),
    )


def curve_svg(curves: Mapping[str, Curve], title: str, factor: int) -> str:
    """Return a chart of curves by name as SVG; empty ones are left out.

    Args:
        curves: Epochs and values.
        title: Of the values.
        factor: What they are shown times.
    """
    rows: list[Spec] = [
        {"id": name, "name": name, "epochs": [at for at, _ in curve], "values": [value for _, value in curve]}
        for name, curve in curves.items()
        if curve
    ]
    return chart_svg(filled(curve_chart(title, factor), rows, WIDTH))
