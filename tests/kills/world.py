"""A small workspace, the commands that fill it, and what must be equal however often they were killed."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torchvision

from lovt_bench.benchmark.data import patient_key
from lovt_bench.benchmark.disk.digest import file_sha256
from lovt_bench.benchmark.disk.intact import VERIFIED
from tests.benchmark.executor.found import results

Command = tuple[str, ...]

DATASET_KEYS = ("files", "split_summaries", "sources_sha256", "data_protocol_sha256")

OF_THE_MOMENT = ("seconds", "peak_host_bytes", "finished")
"""What another report of the same has otherwise."""


def write_weights(root: Path) -> None:
    """Write a checkpoint of a ResNet-18."""
    torch.manual_seed(0)
    torch.save(torchvision.models.resnet18(weights=None).state_dict(), root / "weights.pth")


def commands(root: Path, workspace: Path) -> Iterator[Command]:
    """Yield every command that writes, in an order in which each finds what it needs.

    All workspaces hash patients with one key: their indexes are compared.
    """
    workspace.mkdir(exist_ok=True)
    (workspace / patient_key.FILE).write_text("0" * (2 * patient_key.BYTES))
    phantom = workspace / "phantom"
    for name in ("rsna", "mimic-cxr"):
        yield ("data", "phantom", "--dataset", name, "--images", "40", "--side", "128")
    yield ("data", "prepare", "rsna", "--raw", str(phantom / "rsna"))
    yield ("data", "prepare", "rsna", "--raw", str(phantom / "rsna"), "--force")
    yield ("corpus", "prepare", "mimic-cxr", "--raw", str(phantom / "mimic-cxr"))
    yield ("backbone", "export", "random", "--seed", "1", "--no-onnx")
    yield ("backbone", "export", "random", "--seed", "1", "--no-onnx", "--force")
    yield (
        *("submit", "mine", "--weights", str(root / "weights.pth"), "--arch", "resnet18"),
        *("--no-onnx", "--allow-findings", "--pretraining-data", "none", "--force"),
    )
    yield (
        *(
            "pretrain",
            "byol",
            "--name",
            "byol",
            "--runtime",
            "process",
            "--profile",
            "demo",
            "--no-online-evaluation",
        ),
        *("--set", "image_side=32", "--set", "hidden=16", "--set", "max_epochs=3"),
    )
    yield ("audit", "--corpus", str(workspace / "corpora" / "mimic-cxr"), "--attach", "mine")
    yield ("evaluate", "mine", "--profile", "quick", "--tasks", "rsna_seg_linear_100")
    yield ("evaluate", "byol", "--profile", "quick", "--tasks", "rsna_frozen_100", "--executor", "local")
    yield ("analyze", "mine", "--profile", "quick", "--dataset", "rsna", "--corpus", "mimic-cxr")
    yield ("leaderboard", "build", "--out", str(workspace / "versions"))


def state(workspace: Path) -> dict[str, Any]:
    """Return what a workspace holds, without times, costs and paths."""
    found: dict[str, Any] = {"records": results(workspace)}
    for path in sorted(workspace.glob("data/*/dataset.json")):
        manifest = json.loads(path.read_text())
        found[f"data/{path.parent.name}"] = {
            key: manifest[key] for key in DATASET_KEYS if key != "sources_sha256"
        }
    for path in sorted(workspace.glob("corpora/*/corpus.json")):
        found[f"corpora/{path.parent.name}"] = json.loads(path.read_text())["files"]
    for path in sorted(workspace.glob("backbones/*/backbone.safetensors")):
        found[f"backbones/{path.parent.name}"] = file_sha256(path)
    for path in sorted(workspace.glob("phantom/*/phantom.json")):
        found[f"phantom/{path.parent.name}"] = json.loads(path.read_text())["files_sha256"]
    for path in sorted(workspace.glob("results/*/*/analysis/*/*.json")):
        report = json.loads(path.read_text())
        found[f"analysis/{path.name}"] = {
            name: value for name, value in report.items() if name not in OF_THE_MOMENT
        }
    for path in sorted(workspace.glob("versions/*/leaderboard.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            rows = [{k: v for k, v in row.items() if k != "cost_seconds"} for row in csv.DictReader(stream)]
        found[f"versions/{path.parent.name}"] = rows
    return found


def left_behind(workspace: Path, before: set[str]) -> set[str]:
    """Return the names of files and folders that an undisturbed workspace does not hold."""
    return names(workspace) - before


def names(workspace: Path) -> set[str]:
    """Return relative names of everything in a workspace that is not named by a digest or a time.

    Which files were read of late depends on the clock; logs of a run that goes on bear the time of each start.
    """
    return {
        path.relative_to(workspace).as_posix()
        for path in workspace.rglob("*")
        if path.name != VERIFIED and "logs" not in path.relative_to(workspace).parts
    }
