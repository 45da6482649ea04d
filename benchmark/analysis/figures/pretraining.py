"""The losses of the pre-training that made a backbone, from the logs that it left (docs/methods.md)."""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from lovt_bench.benchmark.analysis.figures.figure import Drawn, LeftOut
from lovt_bench.benchmark.analysis.figures.learning import curve_svg
from lovt_bench.benchmark.backbone.place import read_manifest
from lovt_bench.benchmark.contract.plain_file import read_plain
from lovt_bench.benchmark.contract.pretraining_data import vocabulary

_LIMIT = 256 << 20
"""Bytes of one log."""

_LOSSES = {"training": ("train/loss_epoch", "train/loss"), "validation": ("val/loss",)}
"""Columns of each curve; the first that is there counts."""


def pretraining_figure(root: Path, logs: Path) -> Drawn | LeftOut | None:
    """Return training and validation loss by epoch; None of a backbone that was not pre-trained here.

    Args:
        root: Folder of the backbone.
        logs: Folder with one folder for each start of the run, numbered, with a `metrics.csv`.
    """
    if not logs.is_dir() or (known := read_manifest(root)).provenance.inputs_sha256 is None:
        return None
    try:
        found = _losses(logs)
    except (ValueError, OSError, KeyError, csv.Error) as error:
        return LeftOut("pretraining", f"the logs in {logs} cannot be read: {str(error)[:200]}")
    curves = {name: sorted(values.items()) for name, values in found.items() if values}
    if not curves:
        return LeftOut("pretraining", f"the logs in {logs} keep no losses")
    data = known.provenance.pretraining_data
    return Drawn(
        name="pretraining",
        title="Pre-training: loss",
        source=f"{known.display_name} ({root.name}) · {', '.join(data)}",
        track="phantom" if any(map(_is_synthetic, data)) else "public",
        body=curve_svg(curves, "loss", 1),
        notes=["Means over the steps of an epoch that were logged."],
    )


def _is_synthetic(data: str) -> bool:
    known = vocabulary()
    name = known.find(data)
    return name is not None and known.datasets[name].kind == "synthetic"


def _losses(logs: Path) -> dict[str, dict[int, float]]:
    """Return by curve and epoch the mean of what was logged; of an epoch that was begun twice, the second time."""
    found: dict[str, dict[int, float]] = {name: {} for name in _LOSSES}
    starts = [each for each in logs.iterdir() if each.name.isdecimal()] if logs.is_dir() else []
    for start in sorted(starts, key=lambda each: int(each.name)):
        values: dict[tuple[str, int], list[float]] = defaultdict(list)
        try:
            for name, epoch, value in _logged(start / "metrics.csv"):
                values[name, epoch].append(value)
        except FileNotFoundError:
            continue  # cut off before its first step was logged
        for (name, epoch), each in values.items():
            found[name][epoch] = math.fsum(each) / len(each)
    return found


def _logged(path: Path) -> Iterator[tuple[str, int, float]]:
    """Yield curve, epoch and value of each whole line that has both; what is not finite is left out.

    A run that was cut off may leave a last line without its end, and in it half a number.
    """
    content = read_plain(path, _LIMIT)
    lines = csv.DictReader(io.StringIO(content[: content.rfind(b"\n") + 1].decode()))
    there = set(lines.fieldnames or ())
    columns = {name: next((each for each in known if each in there), None) for name, known in _LOSSES.items()}
    for line in lines:
        for name, column in columns.items():
            text, epoch = line[column] if column else None, line["epoch"]
            if text and epoch and math.isfinite(value := float(text)):
                yield name, int(epoch), value
