"""Preparing raw images, against bare decoding, and against that and the arithmetic that the protocol asks for.

One image in this process, and a whole dataset on all cores.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from pathlib import Path

from lovt_bench.benchmark.data.phantom.generate import write_phantom
from lovt_bench.benchmark.data.phantom.layout import Settings, layouts
from lovt_bench.benchmark.data.plan import make_plan
from lovt_bench.benchmark.data.preparers import dataset
from lovt_bench.benchmark.data.process import process
from lovt_bench.tasks.protocol import load_protocol
from tests.bench.decoding import arithmetic, worked
from tests.bench.machine import Machine
from tests.bench.measure import paired
from tests.bench.rows import Row

PROTOCOL = load_protocol("lovt-2022")
SIDE, IMAGES, ROUNDS = 1024, 8, 8
REST = 1.1
"""What the harness may take over decoding and the protocol's arithmetic."""
IMAGE, WHOLE = "Preparing an image, one core", "Preparing a dataset, all cores"
BARE = "What that arithmetic takes alone, one core"
COPIES = 50
"""How often each RSNA file is prepared in the measurement on all cores."""
KINDS = {
    "rsna": "DICOM",
    "siim": "DICOM, run lengths",
    "nih-cxr": "PNG, equalised, eight masks",
    "object-cxr": "JPEG, equalised, stored through a JPEG",
}


def measure(machine: Machine, folder: Path) -> list[Row]:
    """Prepare images of each kind one by one, then a dataset as a whole."""
    rows = [row for name in KINDS for row in _one_by_one(folder, name)]
    return [*rows, *_on_all_cores(folder)]


def _one_by_one(folder: Path, name: str) -> list[Row]:
    """Compare with decoding alone, and with decoding and the protocol's own arithmetic; show what that takes."""
    raw = folder / name
    images = max(IMAGES, layouts()[name].minimum)
    write_phantom(raw, Settings(name, seed=0, images=images, side=SIDE), None)
    preparer = dataset(name)
    plan = make_plan(preparer, raw, None, PROTOCOL.data)
    samples = [sample for sample in plan.samples if sample.problem is None][:IMAGES]
    steps = arithmetic(name, PROTOCOL.data)
    # Each step is measured with what comes before it: an equalised image makes a larger JPEG.
    ways = {"decoding": 0} | {step: count for count, step in enumerate(steps, start=1)}
    total = dict.fromkeys([*ways, "here"], 0.0)
    for sample in samples:
        work: dict[str, Callable[[], object]] = {
            way: partial(worked, sample.image, list(steps.values())[:count]) for way, count in ways.items()
        }
        work["here"] = partial(process, sample, preparer, PROTOCOL.data)
        for way, seconds in paired(work, ROUNDS).items():
            total[way] += seconds
    bare = [total[way] for way in ways]
    alone = [bare[0], *(after - before for before, after in pairwise(bare))]
    kind = f"{name}: {KINDS[name]}"
    return [
        Row(IMAGE, kind, "ms an image", len(samples), bare[0], total["here"], note="bare: decoding"),
        Row(
            IMAGE,
            kind,
            "ms an image",
            len(samples),
            bare[-1],
            total["here"],
            limit=REST,
            note=f"bare: {_and(ways)}",
        ),
        *(
            Row(BARE, f"{name}: {way}", "ms an image", len(samples), None, each)
            for way, each in zip(ways, alone, strict=True)
        ),
    ]


def _and(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}"


def _on_all_cores(folder: Path) -> list[Row]:
    """Prepare copies of the RSNA images in a process of its own; worker processes start within the time, always."""
    raw = folder / "rsna"
    _multiply(raw)
    command = [sys.executable, "-m", "tests.bench.dataset", str(raw), str(folder / "data")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    shutil.rmtree(folder / "data")
    work = f"rsna: {found['images']} images, processes and store included"
    bare = {"decoding": None, f"{_and(['decoding', *arithmetic('rsna', PROTOCOL.data)])}": REST}
    return [
        Row(
            WHOLE,
            work,
            "images",
            found["images"],
            found[key],
            found["here"],
            limit=limit,
            note=f"bare: {note}",
        )
        for key, (note, limit) in zip(("decoding", "with arithmetic"), bare.items(), strict=True)
    ]


def _multiply(raw: Path) -> None:
    """Give every image of an RSNA folder further names."""
    labels = raw / "stage_2_train_labels.csv"
    header, *lines = labels.read_text().splitlines()
    copies = []
    for copy in range(COPIES):
        for line in lines:
            patient, _, rest = line.partition(",")
            copies.append(f"{patient}x{copy},{rest}")
            target = raw / "stage_2_train_images" / f"{patient}x{copy}.dcm"
            if not target.exists():
                target.hardlink_to(raw / "stage_2_train_images" / f"{patient}.dcm")
    labels.write_text("\n".join([header, *copies]) + "\n")
