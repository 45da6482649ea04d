"""How stores and their preparation look in a terminal and in a pipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lovt_bench.benchmark.cli.console import console, progress
from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, DatasetManifest, ImageCounts
from lovt_bench.benchmark.data.folders import dataset_of, store_folders
from lovt_bench.benchmark.data.format import read_manifest
from lovt_bench.benchmark.data.preparers import names
from lovt_bench.benchmark.printable import printable


@contextmanager
def progress_bar(title: str, unit: str = "images") -> Iterator[Callable[[int, int], None]]:
    """Yield a callback (done, total) that draws a bar with the time left on stderr; silent in a pipe."""
    from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn

    columns = (
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        unit,
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with progress(*columns, shown_on=console(err=True)) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def describe(root: Path, manifest: DatasetManifest, notes: bool = True) -> str:
    """Return a few lines about one store."""
    summaries, statistics = manifest.split_summaries, manifest.pixel_statistics
    counts = " / ".join(str(summaries[split].images) for split in SPLIT_NAMES)
    level = f", {manifest.split_level} level" if manifest.split_level else ""
    lines = [
        f"{printable(root)}: {counts} images (train / validation / test)",
        f"  track {manifest.track}, splits {_splits(manifest)}{level}, protocol {manifest.protocol}",
        f"  classes: {', '.join(manifest.classes)}",
        f"  training pixels: mean {statistics.mean:.4f}, std {statistics.std:.4f}",
    ]
    if manifest.has_boxes:
        boxes = " / ".join(
            f"{summaries[split].boxes} on {summaries[split].images_with_boxes}" for split in SPLIT_NAMES
        )
        lines.append(f"  boxes: {boxes} images")
    lines += counts_of(manifest.image_counts)
    lines += [f"  note: {note}" for note in manifest.notes if notes]
    lines += [f"  left out: {one.id} ({one.split}): {one.reason}" for one in manifest.left_out[:5]]
    if len(manifest.left_out) > 5:
        lines.append(f"  left out: {len(manifest.left_out) - 5} more, see dataset.json")
    return "\n".join(lines)


def counts_of(counts: ImageCounts | None) -> list[str]:
    """Return what became of the images of a raw folder in lines; none where that is not known."""
    if counts is None:
        return []
    left_out = counts.found - counts.used
    lines = [f"  raw images: {counts.found} found, {counts.used} used, {left_out} left out"]
    for one in counts.left_out:
        examples = f" ({', '.join(one.examples)}{', …' * (one.images > len(one.examples))})" * bool(
            one.examples
        )
        lines.append(f"    {one.images}: {one.reason}{examples}")
    return [*lines, *(f"    {remark}" for remark in counts.remarks)]


def table(folder: Path) -> str:
    """Return a table of the stores in a data folder; datasets without a store come last."""
    from tabulate import tabulate

    stores = store_folders(folder)
    prepared = {dataset_of(store) for store in stores}
    rows = [_line(store) for store in stores]
    rows += [[name, "not prepared", *[""] * 6] for name in names() if name not in prepared]
    headers = ["store", "track", "splits", *SPLIT_NAMES, "boxes", "protocol"]
    return tabulate(rows, headers=headers, disable_numparse=True)


def _line(root: Path) -> list[str]:
    try:
        manifest = read_manifest(root)
    except ValueError:
        return [root.name, "unreadable", *[""] * 6]
    summaries = [manifest.split_summaries[split] for split in SPLIT_NAMES]
    boxes = str(sum(one.boxes or 0 for one in summaries)) if manifest.has_boxes else "–"
    images = [str(one.images) for one in summaries]
    return [root.name, manifest.track, _splits(manifest), *images, boxes, manifest.protocol]


def _splits(manifest: DatasetManifest) -> str:
    seed = "" if manifest.split_seed is None else f" ({manifest.split_seed})"
    return f"{manifest.splits}{seed}"
