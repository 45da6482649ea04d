"""Whether scores of a stranger's records follow from the boxes and counts beside them, as far as can be told here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from lovt_bench.benchmark.backbone.findings import Finding, Level
from lovt_bench.benchmark.contract.prediction_file import PredictionFile
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.engine.record.prediction_reading import (
    MissingPredictionsError,
    PredictionError,
    read_predictions,
)
from lovt_bench.benchmark.engine.record.recount import recounted
from lovt_bench.benchmark.engine.record.rescore import Rescored, Stores, rescore
from lovt_bench.leaderboard.releases.predictions import LARGEST
from lovt_bench.tasks.registry import load_task

SHOWN = 5
"""Runs that are named."""
_SUBJECT = "scores"
_OUTCOMES: dict[str, tuple[Level, str, str]] = {
    "equal": ("ok", "follow, to the bit, from boxes, counts and the images here", ""),
    "counted": ("ok", "follow from their counts", ""),
    "boxes": (
        "warning",
        "have boxes, which cannot be scored without the images",
        "repeat this review where the image stores are",
    ),
    "large": ("warning", "have more boxes than a pull request brings", "repeat some of these runs"),
    "missing": (
        "error",
        "have no boxes or counts beside them, so nothing says that they were run",
        "`lovt-bench submission pack` brings them from the workspace that ran them",
    ),
}


def score_findings(
    records: Collection[RunRecord], committed: Mapping[str, tuple[Path, PredictionFile]], data: Path
) -> Iterator[Finding]:
    """Yield what scoring runs anew gives.

    Args:
        records: Of one submission.
        committed: By key of a run, the predictions that came with it, and what is expected of their file.
        data: Folder of image stores; without the store of a run its counts alone are looked at.
    """
    counted: Counter[str] = Counter()
    wrong = []
    for one in rescore(records, data / "none", Stores(data), committed):
        outcome, said = _outcome(one, committed)
        counted[outcome] += 1
        if outcome == "wrong":
            run = one.record.run
            wrong.append(f"{run.task}, seed {run.seed}: {said}")
    for text in wrong[:SHOWN]:
        yield Finding("error", _SUBJECT, text, "remove the record; `lovt-bench evaluate` repeats the run")
    if len(wrong) > SHOWN:
        yield Finding("error", _SUBJECT, f"and {len(wrong) - SHOWN} more runs")
    for outcome, (level, text, advice) in _OUTCOMES.items():
        if number := counted[outcome]:
            yield Finding(level, _SUBJECT, f"{number} final runs {text}", advice)


def _outcome(one: Rescored, committed: Mapping[str, tuple[Path, PredictionFile]]) -> tuple[str, str]:
    """Return what is known of a run: `equal`, `counted`, `boxes`, `large`, `missing` or `wrong`, and what is wrong."""
    if one.outcome == "equal":
        return "equal", ""
    if one.record.predictions is None or one.record.key not in committed:
        return _left_out(one.record), ""
    if one.outcome != "no store":
        return "wrong", one.text
    path, expected = committed[one.record.key]
    try:
        said = recounted(one.record, read_predictions(path, expected, one.record.key))
    except MissingPredictionsError:
        return "missing", ""
    except (PredictionError, ValueError) as error:
        return "wrong", f"its predictions: {error}"
    if said is None:
        return "boxes", ""
    return ("wrong", " ".join(said)) if said else ("counted", "")


def _left_out(record: RunRecord) -> str:
    """Return `large` where `submission pack` itself leaves the predictions of a run out: counts are small."""
    kept = record.predictions
    return (
        "large"
        if kept and kept.bytes > LARGEST and load_task(record.run.task).target == "boxes"
        else "missing"
    )
