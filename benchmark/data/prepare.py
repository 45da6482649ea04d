"""Raw files to image store: one pass over the images, on all cores, resumable, with nothing half-written.

The store appears under its name only when it is complete. Every image is opened once; pixel statistics
come from the same pass. Memory does not grow with the number of images but for two to three kilobytes each
(what the label files and the journal say of it).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, DatasetManifest, LeftOut
from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.benchmark.data import format as fmt
from lovt_bench.benchmark.data.errors import DamagedStoreError, DataError
from lovt_bench.benchmark.data.folders import folder_for, give_way
from lovt_bench.benchmark.data.inventory import counted, grouped, relative_name
from lovt_bench.benchmark.data.needed import lacking, lacking_of_splits
from lovt_bench.benchmark.data.open_store import open_store
from lovt_bench.benchmark.data.own.objects import object_remarks
from lovt_bench.benchmark.data.partial import Partial, partial_store
from lovt_bench.benchmark.data.people import split_level
from lovt_bench.benchmark.data.plan import Plan, make_plan
from lovt_bench.benchmark.data.pool import map_chunks, workers_for
from lovt_bench.benchmark.data.preparers import dataset
from lovt_bench.benchmark.data.process import Row, process_chunk
from lovt_bench.benchmark.data.remarks import Remarks
from lovt_bench.benchmark.data.samples import Preparer
from lovt_bench.benchmark.data.seal import seal
from lovt_bench.benchmark.data.statistics import split_statistics
from lovt_bench.benchmark.data.work import clear
from lovt_bench.benchmark.disk.leftovers import remove, sweep
from lovt_bench.benchmark.disk.temporary import new_folder
from lovt_bench.benchmark.log import logger

SHOWN = 10
"""Bad images that a message names before it counts the rest."""

SKIPPED = "cannot be used (--skip-bad)"

Progress = Callable[[int, int], None]
"""Called with (images done, images in all)."""


@dataclass(frozen=True)
class PreparedStore:
    """The outcome: where the store is, what it holds, and whether it was there already."""

    root: Path
    manifest: DatasetManifest
    found: bool


def prepare(
    name: str | Preparer,
    raw: Path,
    data_folder: Path,
    protocol: Protocol,
    *,
    patient_key: Callable[[], bytes],
    splits_dir: Path | None = None,
    skip_bad: bool = False,
    workers: int | None = None,
    force: bool = False,
    on_progress: Progress = lambda done, total: None,
) -> PreparedStore:
    """Make the image store of a dataset from its raw files, where the protocol's stores belong (`folders.py`).

    A store of another protocol is left alone. One that was damaged since counts as not there.

    Args:
        name: Of a dataset, or a dataset that is no file of `preparers/`.
        raw: Folder of the raw files (docs/data.md).
        patient_key: Returns the key of the hashes that stand for patients (`patient_key.py`); asked once there is work.
        splits_dir: Folder with `train.csv`, `validation.csv`, `test.csv`; None draws seeded splits.
        skip_bad: Leave out images that cannot be used, and list them in `dataset.json`.
        workers: Processes; by default one per core.
        force: Prepare again even where the sources are unchanged.

    Raises:
        DataError: Something is wrong with the files; rows done so far are kept for the next call.
    """
    preparer = dataset(name) if isinstance(name, str) else name
    name = preparer.name
    try:
        plan = make_plan(preparer, raw, splits_dir, protocol.data)
    except DataError as error:
        raise DataError(f"{lacking_of_splits(name, raw, splits_dir)}{error}") from error
    target = folder_for(data_folder, name, protocol.data)
    sweep(data_folder)
    give_way(target, name, protocol.data.digest())
    if not force and (manifest := _already(target, plan, skip_bad)):
        clear(target)
        return PreparedStore(target, manifest, found=True)
    for note in plan.notes:
        logger.info(note)
    bad = {place: sample.problem for place, sample in enumerate(plan.samples) if sample.problem}
    if bad and not skip_bad:
        said = complaint(list(bad.values()), len(plan.samples))
        raise DataError(lacking(name, raw, plan.ids()) + said)
    side, classes = protocol.data.image_side, len(preparer.classes)
    with partial_store(target, plan.sources_sha256, len(plan.samples), side, classes, patient_key()) as work:
        run = partial(process_chunk, preparer, protocol.data)
        pending = [
            (place, sample)
            for place, sample in enumerate(plan.samples)
            if place not in bad and place not in work.done
        ]
        total, listed, remarks = len(plan.samples) - len(bad), len(bad), Remarks()
        on_progress(len(work.done), total)
        with (
            workers_for(len(pending), workers) as pool,
            closing(map_chunks(run, pending, pool)) as results,
        ):
            for result in results:
                rows = [(place, row) for place, row in result if isinstance(row, Row)]
                work.put(rows)
                for place, row in rows:
                    remarks.add(relative_name(plan.samples[place].image, raw), row.remarks)
                problems = {place: row for place, row in result if isinstance(row, str)}
                bad |= problems
                if problems and not skip_bad:
                    raise DataError(complaint(list(problems.values()), len(plan.samples)))
                on_progress(len(work.done) + len(bad) - listed, total)
        remarks.log()
        manifest = _finish(work, plan, bad, target, protocol, preparer, raw)
    return PreparedStore(target, manifest, found=False)


def complaint(problems: Sequence[str], total: int) -> str:
    """Return what is wrong with images in lines, the first few in full, and what to do."""
    lines = [
        f"{len(problems)} of {total} images cannot be used:",
        *(f"  {problem}" for problem in problems[:SHOWN]),
    ]
    if len(problems) > SHOWN:
        lines.append(f"  … and {len(problems) - SHOWN} more")
    lines.append("Mend the files and call again (images done are kept), or leave these out with --skip-bad")
    return "\n".join([*lines, "(published splits then no longer count as official)."])


def _already(target: Path, plan: Plan, skip_bad: bool) -> DatasetManifest | None:
    """Return the manifest of the store if it was made from the same sources and is whole."""
    try:
        manifest = fmt.read_manifest(target)
        if manifest.sources_sha256 != plan.sources_sha256 or (manifest.left_out and not skip_bad):
            return None
        return open_store(target).manifest
    except FileNotFoundError:
        return None
    except DamagedStoreError as error:
        logger.warning("%s. It is prepared again now", error.problem)
        return None


def _finish(
    work: Partial,
    plan: Plan,
    bad: dict[int, str],
    target: Path,
    protocol: Protocol,
    preparer: Preparer,
    raw: Path,
) -> DatasetManifest:
    """Seal the finished rows and put the store in its place."""
    rows = [place for place in range(len(plan.samples)) if place not in bad]
    columns = _columns(work, rows)
    split_of = [plan.split_of[place] for place in rows]
    notes, splits = list(plan.notes), plan.splits
    left_out = [
        LeftOut(id=plan.samples[place].id, split=plan.split_of[place], reason=_portable(bad[place], raw))
        for place in sorted(bad)
    ]
    if left_out:
        notes.append(f"{len(left_out)} images were left out by --skip-bad.")
        if splits == "official":
            splits = "given"
            notes.append("The split files are the published ones, but images are missing: not official.")
    if empty := [split for split in SPLIT_NAMES if split not in split_of]:
        problems = complaint(list(bad.values()), len(plan.samples))
        raise DataError(f"no usable image is left in {', '.join(empty)}. {problems}")
    train = np.array(split_of) == "train"
    statistics = split_statistics(
        np.array(columns.pop("mean"))[train], np.array(columns.pop("variance"))[train]
    )
    boxes, box_classes = columns.pop("boxes"), columns.pop("classes")
    samples = [plan.samples[place] for place in rows]
    index = pd.DataFrame(
        {
            "id": [sample.id for sample in samples],
            "split": split_of,
            "source": [relative_name(sample.image, raw) for sample in samples],
            **columns,
        }
    ).astype(fmt.PERSON_TYPES)
    remarks = [*plan.remarks, *(object_remarks(index, boxes, preparer.classes) if plan.masks_from else [])]
    with new_folder(target) as folder:
        manifest = seal(
            folder,
            arrays=work.deliver(folder, rows),
            index=index,
            boxes=boxes if preparer.has_boxes else None,
            box_classes=box_classes if preparer.has_boxes else None,
            name=preparer.name,
            track=plan.track,
            splits=splits,
            split_seed=plan.split_seed,
            split_level=split_level(index, plan.patients_known),
            classes=list(preparer.classes),
            pixel_statistics=statistics,
            protocol=protocol.name,
            data_protocol_sha256=protocol.data.digest(),
            notes=notes,
            left_out=left_out,
            image_counts=counted(
                plan.found,
                len(rows),
                [*plan.left_out, *([grouped(SKIPPED, [one.id for one in left_out])] if left_out else [])],
                remarks,
            ),
            masks_from=plan.masks_from,
            image_side=protocol.data.image_side,
            sources_sha256=plan.sources_sha256,
        )
    remove(work.files.folder)
    return manifest


def _columns(work: Partial, rows: Sequence[int]) -> dict[str, list[Any]]:
    """Return what is known of the rows by column; boxes as float (n, 4), classes as int64 (n,)."""
    names = ("mean", "variance", "source_sha256", "height", "width", "boxes", "classes", *fmt.PERSON_COLUMNS)
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for place in rows:
        known = work.known(place)
        known["boxes"] = np.array(known["boxes"], dtype=np.float32).reshape(-1, 4)
        known["classes"] = np.array(known["classes"], dtype=np.int64)
        known["lesion_areas"] = np.array(known["lesion_areas"], dtype=np.float32)
        for name in names:
            columns[name].append(known[name])
    return columns


def _portable(message: str, raw: Path) -> str:
    """Return a message without the machine's own paths."""
    return message.replace(f"{raw}/", "")
