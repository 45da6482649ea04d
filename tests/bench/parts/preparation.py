"""Preparing raw images, against bare decoding: one image in this process, and a whole dataset on all cores."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from lovt_bench.benchmark.data.phantom.generate import write_phantom
from lovt_bench.benchmark.data.phantom.layout import Settings, layouts
from lovt_bench.benchmark.data.plan import make_plan
from lovt_bench.benchmark.data.preparers import dataset
from lovt_bench.benchmark.data.process import process
from lovt_bench.tasks.protocol import load_protocol
from tests.bench.decoding import bare_and_jpeg, bare_dicom, bare_image
from tests.bench.machine import Machine
from tests.bench.measure import paired
from tests.bench.rows import Row

PROTOCOL = load_protocol("lovt-2022")
SIDE, IMAGES, ROUNDS = 1024, 8, 8
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
    return [*rows, _on_all_cores(folder)]


def _one_by_one(folder: Path, name: str) -> list[Row]:
    raw = folder / name
    images = max(IMAGES, layouts()[name].minimum)
    write_phantom(raw, Settings(name, seed=0, images=images, side=SIDE), None)
    preparer = dataset(name)
    plan = make_plan(preparer, raw, None, PROTOCOL.data)
    samples = [sample for sample in plan.samples if sample.problem is None][:IMAGES]
    decoders: dict[str, Callable[[Path], object]] = {
        "decoding": bare_dicom if samples[0].image.suffix == ".dcm" else bare_image
    }
    if name in PROTOCOL.data.jpeg_quality:
        decoders["decoding and the protocol's JPEG"] = bare_and_jpeg
    total = dict.fromkeys([*decoders, "here"], 0.0)
    for sample in samples:
        work: dict[str, Callable[[], object]] = {
            key: partial(decode, sample.image) for key, decode in decoders.items()
        }
        work["here"] = partial(process, sample, preparer, PROTOCOL.data)
        for key, seconds in paired(work, ROUNDS).items():
            total[key] += seconds
    return [
        Row(
            "Preparing an image, one core",
            f"{name}: {KINDS[name]}",
            "ms an image",
            len(samples),
            total[key],
            total["here"],
            limit=1.3,
            note=f"bare: {key}",
        )
        for key in decoders
    ]


def _on_all_cores(folder: Path) -> Row:
    """Prepare copies of the RSNA images in a process of its own; worker processes start within the time, in both."""
    raw = folder / "rsna"
    _multiply(raw)
    command = [sys.executable, "-m", "tests.bench.dataset", str(raw), str(folder / "data")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    shutil.rmtree(folder / "data")
    return Row(
        "Preparing a dataset, all cores",
        f"rsna: {found['images']} images, processes and store included",
        "images",
        found["images"],
        found["bare"],
        found["here"],
        limit=1.3,
    )


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
