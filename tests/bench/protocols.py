"""What each entry of a corrected protocol changes: lovt-2022 with that entry, and with all of them. For people to read.

    python -m tests.bench.protocols --raw RAW --workspace WORKSPACE [--tasks TASKS] [--entries ENTRIES] > table.md

RAW holds folders of raw files, named by their datasets: `lovt-bench data phantom --out RAW` writes them. Only an entry
that can change a task is tried on it. Heads are narrow and trainings short: the numbers show that an entry works, and
can justify none. What was measured already is not measured again. docs/protocol-2026.md holds what was measured.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from statistics import fmean, stdev

import torch

from lovt_bench.benchmark.backbone.sources import resolve
from lovt_bench.benchmark.contract.profile import Profile
from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.data.open_store import open_store
from lovt_bench.benchmark.data.patient_key import patient_key
from lovt_bench.benchmark.data.prepare import prepare
from lovt_bench.benchmark.engine.evaluate import evaluate
from lovt_bench.benchmark.engine.plan.evaluation import Evaluation
from lovt_bench.tasks.protocol import differences, load_protocol
from lovt_bench.tasks.registry import select_tasks

PUBLISHED = load_protocol("lovt-2022")
TASKS = (
    "covid_linear,rsna_seg_linear_100,nih_seg_linear,object_seg_linear_100,rsna_frozen_100,object_frozen_100,"
    "covid_unet_frozen,rsna_finetune_100,covid_unet_finetune"
)
PROFILE = Profile(
    name="protocols",
    title="For effects of entries",
    image_side=64,
    image_sides={"linear": 128, "yolov3": 96},
    max_train_images=48,
    max_validation_images=24,
    max_test_images=48,
    max_batch_size=4,
    max_epochs={"linear": 20, "yolov3": 8, "unet": 8, "fine-tuned": 6},
    max_patience=12,
    max_warm_up_steps=4,
    max_learning_rates={"linear": 2, "yolov3": 1, "unet": 1, "fine-tuned": 1},
    learning_rates={"yolov3": (1e-3,), "unet": (1e-3,), "fine-tuned": (1e-3,)},
    max_runs=3,
    head_width_divisor=8,
)
OF_DATASETS = {
    "data.eight_bit_rounding": PUBLISHED.data.equalised,
    "data.jpeg_quality": list(PUBLISHED.data.jpeg_quality),
    "data.dicom_values": ["rsna", "siim"],
    "data.object_cxr_*": ["object-cxr"],
    "data.nih_*": ["nih-cxr"],
    "data.split_unit": ["rsna"],
    "data.full_mask_reads_as": ["rsna", "nih-cxr", "object-cxr"],
}
OF_BOXES = ("yolo.*", "metrics.map_*", "metrics.froc_*", "data.object_cxr_boxes")
OF_MASKS = ("data.object_cxr_[!b]*", "data.full_mask_reads_as")
OF_FINE_TUNED = ("optimisation.fine_tune_*",)
NONE_OF_ITS_OWN = ("metrics.beside",)
"""It adds numbers and changes none."""


def can_change(entry: str, spec: TaskSpec) -> bool:
    """Return whether an entry can change the reported number of a task."""

    def named(patterns: Sequence[str]) -> bool:
        return any(fnmatchcase(entry, pattern) for pattern in patterns)

    datasets = next((those for pattern, those in OF_DATASETS.items() if fnmatchcase(entry, pattern)), None)
    return not (
        named(NONE_OF_ITS_OWN)
        or (datasets is not None and spec.dataset not in datasets)
        or (named(OF_BOXES) and spec.target != "boxes")
        or (named(OF_MASKS) and spec.target != "masks")
        or (named(OF_FINE_TUNED) and spec.backbone != "fine-tuned")
        or (entry.startswith("metrics.froc") and spec.metric != "froc")
        or (entry.startswith("metrics.map") and spec.metric != "mAP")
    )


def with_entry(entry: str, value: object) -> Protocol:
    """Return the published protocol with one entry changed, under a name of its own."""
    section, _, name = entry.partition(".")
    changed = getattr(PUBLISHED, section).model_copy(update={name: value})
    return PUBLISHED.model_copy(update={"name": f"{PUBLISHED.name}+{entry}", section: changed})


def measured(
    protocol: Protocol, spec: TaskSpec, backbone: str, raw: Path, workspace: Path
) -> list[float] | None:
    """Return the test metric of each run in per cent; None where the task failed."""
    made = prepare(
        spec.dataset,
        raw / spec.dataset,
        workspace / "data",
        protocol,
        patient_key=partial(patient_key, workspace),
        workers=1,
    )
    (result,) = evaluate(
        Evaluation(
            source=resolve(backbone, workspace),
            specs=[spec],
            stores={spec.dataset: open_store(made.root)},
            protocol=protocol,
            profile=PROFILE,
            workspace=workspace,
            device=torch.device("cpu"),
        )
    )
    values = [100 * record.test[spec.metric] for record in result.records]
    return values if result.status == "done" else None


def rows(
    corrected: Protocol,
    specs: Sequence[TaskSpec],
    entries: Sequence[str],
    backbone: str,
    raw: Path,
    workspace: Path,
) -> Iterator[tuple[str, list[str]]]:
    """Yield the name of a protocol's variant and a cell for each task."""
    score = partial(measured, backbone=backbone, raw=raw, workspace=workspace)
    base = {spec.id: score(PUBLISHED, spec) for spec in specs}
    yield (
        f"`{PUBLISHED.name}`",
        [
            "failed" if (found := base[s.id]) is None else f"{fmean(found):.1f} ± {stdev(found):.1f}"
            for s in specs
        ],
    )
    variants = {
        f"`{entry}`": (entry, with_entry(entry, value))
        for entry, (_, value) in differences(PUBLISHED, corrected).items()
        if any(fnmatchcase(entry, pattern) for pattern in entries)
    }
    for name, (entry, protocol) in (variants | {f"all (`{corrected.name}`)": ("all", corrected)}).items():
        cells = []
        for spec in specs:
            before = base[spec.id]
            after = score(protocol, spec) if entry == "all" or can_change(entry, spec) else []
            if after == []:
                cells.append("")
            else:
                cells.append(
                    "failed" if after is None or before is None else f"{fmean(after) - fmean(before):+.1f}"
                )
        yield name, cells


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--raw", type=Path, required=True)
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--tasks", default=TASKS)
    parser.add_argument("--entries", default="*", help="Patterns with commas between.")
    parser.add_argument("--protocol", default="lovt-2026")
    parser.add_argument("--backbone", default="random-resnet18")
    given = parser.parse_args()
    specs = [spec for spec in select_tasks([given.tasks]) if (given.raw / spec.dataset).is_dir()]
    lines = rows(
        load_protocol(given.protocol),
        specs,
        given.entries.split(","),
        given.backbone,
        given.raw,
        given.workspace,
    )
    out = sys.stdout.write
    out(
        "| protocol | "
        + " | ".join(f"`{spec.id}`" for spec in specs)
        + " |\n|---|"
        + "---:|" * len(specs)
        + "\n"
    )
    for name, cells in lines:
        out(f"| {name} | " + " | ".join(cells) + " |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
