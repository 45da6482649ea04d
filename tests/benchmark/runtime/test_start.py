"""A training that starts from a backbone of the workspace: given to the run, recorded, and its data declared."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from lovt_bench.benchmark.backbone.folder import save_backbone
from lovt_bench.benchmark.backbone.place import read_manifest
from lovt_bench.benchmark.backbone.sources import random_draw
from lovt_bench.benchmark.contract.backbone import BackboneManifest, InitialBackbone, Provenance
from lovt_bench.benchmark.contract.run_contract import RunParameters
from lovt_bench.benchmark.runtime.runs import Run
from lovt_bench.benchmark.runtime.start import Start, start_of
from lovt_bench.benchmark.submission.read import SubmissionError
from lovt_bench.leaderboard.board.lineage import overlaps
from lovt_bench.leaderboard.board.provenance import provenance_texts
from tests.benchmark.runtime.own_method import write_method


def backbone(workspace: Path, name: str, *data: str, seed: int = 1) -> BackboneManifest:
    """Put a backbone that declares data into a workspace."""
    return put(workspace, name, Provenance(method="x", pretraining_data=list(data)), seed)


def put(workspace: Path, name: str, provenance: Provenance, seed: int = 1) -> BackboneManifest:
    return save_backbone(
        workspace / "backbones" / name,
        random_draw("resnet18", seed),
        display_name=name,
        provenance=provenance,
        onnx=False,
    )


def test_a_name_is_a_backbone_of_the_workspace_with_what_it_has_seen(tmp_path: Path) -> None:
    manifest = backbone(tmp_path, "first", "NIH ChestX-ray14", "MIMIC-CXR")
    assert start_of({"initial_weights": "first"}, tmp_path, own=True, supervision="self") == Start(
        ("NIH ChestX-ray14", "MIMIC-CXR"),
        tmp_path / "backbones" / "first",
        InitialBackbone(name="first", sha256=manifest.sha256),
    )


def test_what_a_backbone_does_not_declare_is_unknown(tmp_path: Path) -> None:
    backbone(tmp_path, "silent")
    seen = start_of({"initial_weights": "silent"}, tmp_path, own=True, supervision="self").pretraining_data
    assert {mark.mark for mark in overlaps(["MIMIC-CXR"], ["rsna"])} == {"clean"}
    assert {mark.mark for mark in overlaps(["MIMIC-CXR", *seen], ["rsna"])} == {"unknown"}


@pytest.mark.parametrize(
    ("settings", "own", "expected"),
    [
        ({}, True, Start()),
        ({"initial_weights": "random"}, True, Start()),
        ({"initial_weights": "imagenet"}, True, Start(("ImageNet-1k",))),
        ({"initial_weights": "/weights/mine.pt"}, True, Start()),
        ({"initial_weights": 3}, True, Start()),
        ({"initial_weights": "its-own-word"}, False, Start()),
    ],
)
def test_what_the_harness_does_not_know_is_the_methods(
    settings: dict[str, object], own: bool, expected: Start, tmp_path: Path
) -> None:
    assert start_of(settings, tmp_path, own=own, supervision="self") == expected


def test_a_name_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    backbone(tmp_path, "first")
    with pytest.raises(
        SubmissionError, match=r"initial_weights=frist: no backbone 'frist'.*did you mean first"
    ):
        start_of({"initial_weights": "frist"}, tmp_path, own=True, supervision="self")


def test_weights_that_were_changed_are_refused(tmp_path: Path) -> None:
    backbone(tmp_path, "first")
    path = tmp_path / "backbones" / "first" / "backbone.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(SubmissionError, match="not the file that its manifest was written for"):
        start_of({"initial_weights": "first"}, tmp_path, own=True, supervision="self")


def test_what_a_chain_of_backbones_learned_from_is_noted_and_shown(tmp_path: Path) -> None:
    labels = InitialBackbone(name="chexpert", sha256=64 * "a", supervision=["labels"])
    between = Provenance(method="simclr", supervision="self", initial=labels)
    put(tmp_path, "first", between)
    start = start_of({"initial_weights": "first"}, tmp_path, own=True, supervision="self").backbone
    assert start is not None
    assert start.supervision == ["self", "labels"]
    made = put(tmp_path, "second", Provenance(method="simclr", supervision="self", initial=start))
    shown = provenance_texts(made)["Initial weights"]
    assert shown == f"first ({start.sha256[:16]}), supervision: labels, then self"


@pytest.mark.parametrize(("name", "said"), [("first", "control"), ("phantom_masks", None)])
def test_only_a_control_starts_from_a_control(
    name: str, said: Literal["control"] | None, tmp_path: Path
) -> None:
    put(tmp_path, name, Provenance(method="x", supervision=said))
    given = {"initial_weights": name}
    with pytest.raises(SubmissionError, match="found those of a control"):
        start_of(given, tmp_path, own=False, supervision="self")
    assert start_of(given, tmp_path, own=False, supervision="control").backbone is not None


def test_a_container_finds_it_read_only_at_a_fixed_place(tmp_path: Path) -> None:
    parameters = RunParameters(name="mine", seed=1, fraction=1, profile="paper", device="cpu")
    run = Run(parameters, tmp_path, tmp_path)
    given = replace(run, initial=tmp_path)
    assert [*run.folders(), ("/initial", tmp_path.resolve(), True)] == sorted(
        given.folders(), key=lambda mount: mount[0] == "/initial"
    )
    assert given.environment() == {**run.environment(), "LOVT_BENCH_INITIAL": "/initial"}


GOES_ON = """
import json, os, shutil
given = Path(os.environ["LOVT_BENCH_INITIAL"])
shutil.copytree(given, output / "backbone")
path = output / "backbone" / "backbone.json"
said = json.loads(path.read_text())
path.write_text(json.dumps({**said, "provenance": {}}))
"""


@pytest.mark.slow
def test_the_new_manifest_names_it_and_lineage_follows(tmp_path: Path) -> None:
    environment = write_method(tmp_path / "methods", GOES_ON, pretraining_data=["none"])
    workspace = tmp_path / "workspace"
    first = backbone(workspace, "first", "NIH ChestX-ray14")

    def pretrain(*more: str) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-m",
            "lovt_bench.benchmark.cli.main",
            "pretrain",
            "mine",
            "--runtime",
            "process",
        ]
        command += ["--device", "cpu", "--workspace", str(workspace), "--set", "initial_weights=first", *more]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, **environment}
        )

    done = pretrain("--name", "second")
    assert done.returncode == 0, done.stdout + done.stderr
    made = read_manifest(workspace / "backbones" / "second")
    assert made.provenance.initial == InitialBackbone(name="first", sha256=first.sha256)
    assert made.provenance.hyperparameters["initial_weights"] == "first"
    assert made.provenance.pretraining_data == ["NIH ChestX-ray14"]
    assert provenance_texts(made)["Initial weights"] == f"first ({first.sha256[:16]})"
    marks = {
        mark.dataset: mark.mark for mark in overlaps(made.provenance.pretraining_data, ["rsna", "object-cxr"])
    }
    assert marks == {"rsna": "overlapping", "object-cxr": "clean"}
    assert "is there already" in pretrain("--name", "second").stdout
    backbone(workspace, "first", "NIH ChestX-ray14", seed=2)
    again = pretrain("--name", "second")
    assert again.returncode == 1
    assert "initial weights was" in again.stderr.replace("\n", " "), again.stderr
