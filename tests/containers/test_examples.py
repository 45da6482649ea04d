"""The two submissions of docs/examples, run by the real runtime: the contract is enough, our Python is not needed."""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest
import torch

from lovt_bench.benchmark.backbone.folder import read_manifest, save_backbone
from lovt_bench.benchmark.backbone.registry import build
from lovt_bench.benchmark.contract.backbone import Provenance
from lovt_bench.benchmark.contract.run_contract import GIB, Limits
from lovt_bench.benchmark.contract.verdict import Verdict
from lovt_bench.benchmark.runtime.execute import execute
from lovt_bench.benchmark.runtime.pretrain import Pretrained
from lovt_bench.benchmark.runtime.request import Request
from tests.benchmark.runtime.told import Told
from tests.containers import images
from tests.submissions.tiny_corpus import write_corpus

EXAMPLES = images.REPOSITORY / "docs" / "examples"
ALLOWED = {"numpy", "onnx", "pyarrow", "filters", "graph"}


@pytest.fixture(scope="module")
def python_image(engine: docker.DockerClient, base_image: str) -> str:
    """An image with Python and mounted packages, and nothing of this repository."""
    recipe = f"FROM {images.os_image(engine)}\nENV PYTHONPATH={images.SITE}\n"
    engine.images.build(fileobj=io.BytesIO(recipe.encode()), tag="lovt-bench-test-python", rm=True)
    return "lovt-bench-test-python"


@pytest.fixture
def pretrain(
    engine: docker.DockerClient, python_image: str, tmp_path: Path
) -> Callable[..., tuple[Pretrained, Path]]:
    """Build an example and run it in a fresh workspace; returns what the harness says, and the backbone's place."""

    def start(example: str, **changes: Any) -> tuple[Pretrained, Path]:
        tag = f"lovt-bench-test-example-{example}"
        arguments = {"IMAGE": python_image, **({"STACK": "mounted"} if "onnx" in example else {})}
        images.build(engine, "Dockerfile", tag, EXAMPLES / example, **arguments)
        settings: dict[str, Any] = {
            "method": str(EXAMPLES / example), "variant": None, "fraction": None, "profile": "paper", "seed": 7,
            "settings": {}, "name": example, "resume": False, "force": True, "device": "cpu", "devices": None,
            "workers": None, "time_limit": None, "hard_limit": None, "wandb": None, "online_evaluation": True,
            "runtime": "docker", "image": tag, "base_image": "none", "build_network": None, "assets": None,
            "limits": Limits(memory_bytes=GIB, shared_memory_bytes=64 << 20, scratch_bytes=64 << 20, cpus=1, pids=64),
            "workspace": tmp_path, "corpus": lambda need: write_corpus(tmp_path / "corpora" / "tiny"),
            "more_mounts": [images.site_mount()],
        }  # fmt: skip
        request = Request(**{**settings, **changes})
        result = execute(request, Told())
        assert result is not None
        return result, request.root

    return start


def give_weights(workspace: Path, method: str = "given-weights") -> str:
    """Put a ResNet-18 where the shell script looks for it; return its digest."""
    torch.manual_seed(0)
    manifest = save_backbone(
        workspace / "assets" / "given-weights", build("resnet18"), display_name="<b>Best</b>",
        provenance=Provenance(method=method), onnx=False,
    )  # fmt: skip
    assert manifest.weights_sha256 is not None
    return manifest.weights_sha256


def test_a_shell_script_hands_over_given_weights(pretrain: Any, tmp_path: Path) -> None:
    """Weights arrive bit by bit; what the row is called is what submission.yaml says, not the given manifest."""
    digest = give_weights(tmp_path)
    result, root = pretrain("given-weights")
    assert result.verdict.verdict is Verdict.SUCCESS, result.verdict
    manifest = read_manifest(root)
    assert root.name == manifest.name == "given-weights"
    assert manifest.weights_sha256 == digest
    assert manifest.provenance.method == "given-weights"
    assert manifest.display_name == "Given weights (seed 7)"
    assert manifest.provenance.image_digest == result.verdict.image_digest
    assert manifest.provenance.pretraining_data == []


def test_a_shell_script_with_weights_of_another_method_is_refused(pretrain: Any, tmp_path: Path) -> None:
    give_weights(tmp_path, "lovt")
    result, root = pretrain("given-weights")
    assert result.verdict.verdict is Verdict.REJECTED
    assert "says method lovt, the run had given-weights" in result.verdict.message
    assert not root.exists()


def test_a_shell_script_without_weights_says_bad_data(pretrain: Any) -> None:
    result, root = pretrain("given-weights")
    assert (result.verdict.verdict, result.verdict.exit_code) == (Verdict.BAD_DATA, 65)
    assert not root.exists()


def test_a_shell_script_asked_for_settings_says_bad_configuration(pretrain: Any, tmp_path: Path) -> None:
    give_weights(tmp_path)
    result, root = pretrain("given-weights", settings={"learning_rate": "1"})
    assert (result.verdict.verdict, result.verdict.exit_code) == (Verdict.BAD_CONFIGURATION, 64)
    assert not root.exists()


def test_a_method_without_torch_leaves_a_graph_that_is_a_backbone(pretrain: Any) -> None:
    result, root = pretrain("onnx-filters")
    assert result.verdict.verdict is Verdict.SUCCESS, result.verdict
    manifest = read_manifest(root)
    assert manifest.is_graph_only
    assert [level.stride for level in manifest.levels] == [2, 4, 8, 16, 32]
    assert sorted(path.name for path in root.iterdir()) == ["backbone.json", "backbone.onnx"]
    assert manifest.provenance.seed == 7
    again, _ = pretrain("onnx-filters")
    assert again.verdict.verdict is Verdict.SUCCESS
    assert read_manifest(root).onnx_sha256 == manifest.onnx_sha256, "equal corpus and seed, equal bytes"
    other, _ = pretrain("onnx-filters", seed=8, settings={"components": "[2, 2, 2, 2, 2]"})
    assert other.verdict.verdict is Verdict.SUCCESS
    manifest = read_manifest(root)
    assert [level.channels for level in manifest.levels] == [4] * 5
    assert manifest.provenance.hyperparameters == {"components": [2, 2, 2, 2, 2]}, "it states none itself"
    assert manifest.provenance.pretraining_data == ["tiny corpus"]
    assert (manifest.provenance.supervision, manifest.provenance.seed) == ("self", 8)


def test_a_method_without_torch_refuses_settings_that_it_does_not_know(pretrain: Any) -> None:
    result, _ = pretrain("onnx-filters", settings={"learning_rate": "1"})
    assert (result.verdict.verdict, result.verdict.exit_code) == (Verdict.BAD_CONFIGURATION, 64)


def test_the_examples_image_holds_nothing_of_this_repository(
    engine: docker.DockerClient, python_image: str
) -> None:
    names = ["benchmark", "submissions", "tasks", "leaderboard"]
    code = f"import importlib.util as u; print([n for n in {names} if u.find_spec(n)])"
    found = engine.containers.run(
        python_image, ["python", "-c", code], mounts=[images.site_mount()], network_mode="none", remove=True
    )
    assert found.decode().strip() == "[]"


@pytest.mark.parametrize(
    "path",
    sorted(path for path in EXAMPLES.rglob("*.py") if (path.parent / "submission.yaml").is_file()),
    ids=lambda path: path.name,
)
def test_the_examples_import_no_deep_learning_framework_and_nothing_of_ours(path: Path) -> None:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    assert found - set(sys.stdlib_module_names) <= ALLOWED
