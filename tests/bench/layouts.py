"""Weights as libraries leave them, each through `submit` and all 18 tasks. For people to read.

    python -m tests.bench.layouts --workspace DIR [--only NAME] [--dinov2 FOLDER] [--list] [--no-tasks] > table.md

Networks are tiny and random, written by their own libraries. Each is submitted and evaluated by the commands that a
user types, in the profile `quick` on the phantom, with heads of an eighth of their width. What is submitted is compared
with the library's own forward on images of 224 pixels. A row that is done is kept in DIR: started again, the command
goes on. With --no-tasks layouts are submitted and compared alone. docs/layouts.md holds what was measured.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from lovt_bench.benchmark.backbone.folder import load_backbone
from lovt_bench.benchmark.backbone.model import Backbone
from lovt_bench.benchmark.backbone.tokens.model import TokenBackbone
from lovt_bench.benchmark.cli.main import main as lovt_bench
from lovt_bench.benchmark.disk.temporary import write_text
from lovt_bench.benchmark.log import logger
from lovt_bench.tasks.heads import unet, yolov3
from tests.bench.layout_list import Forward, Layout, layouts

DATASETS = {"rsna": 240, "siim": 70, "covid-rural": 70, "object-cxr": 70, "nih-cxr": 70}
"""Images of the phantom by dataset, as in `make demo`."""
SIDE, PROFILE, TASKS, NARROWER = 224, "quick", 18, 8


HEADER = """\
| layout | written by | architecture | levels | furthest from its library | tasks | s |
|---|---|---|---|---:|---:|---:|
"""


@dataclass(frozen=True)
class Row:
    """What became of a layout."""

    layout: str
    library: str
    architecture: str = ""
    levels: str = ""
    difference: float | None = None
    """Largest |ours - theirs| of tokens, or of a level, over the largest |theirs|."""
    tasks: int = 0
    seconds: float = 0
    failed: str = ""

    def line(self) -> str:
        far = "" if self.difference is None else f"{self.difference:.1e}"
        what = f" ({self.failed})" * bool(self.failed)
        cells = (
            self.layout,
            self.library,
            self.architecture,
            self.levels,
            far,
            f"{self.tasks} of {TASKS}{what}",
            f"{self.seconds:.0f}",
        )
        return f"| {' | '.join(cells)} |"


def furthest(backbone: Backbone, forward: Forward) -> float:
    """Return the largest relative difference from the library's own forward."""
    image = torch.randn(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        theirs = forward(image)
        if isinstance(backbone, TokenBackbone):
            ours = [backbone.token_maps(backbone.fitted(image))[-1].flatten(2).transpose(1, 2)]
            theirs = [theirs[0][:, -ours[0].shape[1] :]]
        else:
            levels = backbone(image)
            ours = [levels[stride] for stride in (4, 8, 16, 32)]
    return max(_relative(one, other) for one, other in zip(ours, theirs, strict=True))


def _relative(one: Tensor, other: Tensor) -> float:
    assert one.shape == other.shape
    return float((one - other).abs().max() / other.abs().max())


def tasks_done(workspace: Path, name: str) -> int:
    """Return how many tasks have a final run."""
    files = (workspace / "results").glob(f"*/{name}/*.jsonl")
    lines = [[json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] for file in files]
    return sum(any(record["run"]["phase"] == "final" for record in records) for records in lines)


def call(*words: str, workspace: Path) -> None:
    """Run a command of lovt-bench, what it says beside the table."""
    with redirect_stdout(sys.stderr):
        lovt_bench.main([*words, "--workspace", str(workspace)], standalone_mode=False)


def taken(name: str, layout: Layout, workspace: Path, tasks: bool) -> Row:
    """Return the row of a layout; what fails on the way is in it."""
    start = time.perf_counter()
    row = Row(layout.title, layout.library)
    try:
        folder = workspace / "layouts" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        made = layout.make(folder)
        call(
            "submit",
            name,
            "--weights",
            str(made.weights),
            *made.said,
            "--no-onnx",
            "--force",
            workspace=workspace,
        )
        backbone = load_backbone(workspace / "backbones" / name)
        rule = backbone.rule if isinstance(backbone, TokenBackbone) else "stages"
        row = Row(layout.title, layout.library, backbone.architecture, rule, furthest(backbone, made.forward))
        if tasks:
            how = ("--profile", PROFILE, "--device", "cpu", "--executor", "process")
            call("evaluate", name, *how, workspace=workspace)
    except Exception as error:  # a row of a layout that fails is what the table is for
        logger.exception("%s", name)
        row = Row(**asdict(row) | {"failed": str(error).split("\n")[0][:200]})
    done = tasks_done(workspace, name)
    return Row(**asdict(row) | {"tasks": done, "seconds": time.perf_counter() - start})


def prepare(workspace: Path) -> None:
    """Make the stores of the phantom that are missing."""
    for dataset, images in DATASETS.items():
        if (workspace / "data" / dataset).is_dir():
            continue
        call(
            "data",
            "phantom",
            "--images",
            str(images),
            "--side",
            "384",
            "--dataset",
            dataset,
            workspace=workspace,
        )
        call("data", "prepare", dataset, "--raw", str(workspace / "phantom" / dataset), workspace=workspace)


def narrow_heads() -> None:
    for widths in (unet.WIDTHS, yolov3.WIDTHS):
        for stride in widths:
            widths[stride] = max(2, widths[stride] // NARROWER)


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--only", action="append", metavar="NAME")
    parser.add_argument("--dinov2", type=Path, metavar="FOLDER", help="a DINOv2 ViT-S/14 of save_pretrained")
    parser.add_argument("--list", action="store_true", help="name the layouts and end")
    parser.add_argument("--no-tasks", action="store_true", help="submit and compare, evaluate nothing")
    asked = parser.parse_args(words)
    known = layouts(asked.dinov2)
    if asked.list:
        sys.stdout.writelines(f"{name}: {layout.title}\n" for name, layout in known.items())
        return
    if not asked.no_tasks:
        prepare(asked.workspace)
        narrow_heads()
    sys.stdout.write(HEADER)
    for name in asked.only or known:
        kept = asked.workspace / "rows" / f"{name}.json"
        if kept.is_file() and not asked.no_tasks:
            row = Row(**json.loads(kept.read_text(encoding="utf-8")))
        else:
            row = taken(name, known[name], asked.workspace, not asked.no_tasks)
        if not asked.no_tasks:
            kept.parent.mkdir(parents=True, exist_ok=True)
            write_text(kept, json.dumps(asdict(row)))
        sys.stdout.write(row.line() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
