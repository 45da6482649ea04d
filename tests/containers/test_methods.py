"""This repository's own methods in containers, from the command line's request to a backbone that can be ranked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import docker
import pytest
from click.testing import CliRunner

from lovt_bench.benchmark.backbone.folder import load_backbone, read_manifest
from lovt_bench.benchmark.backbone.sources import resolve
from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.contract.corpus import CorpusManifest
from lovt_bench.benchmark.contract.run_contract import GIB, MIB, Limits
from lovt_bench.benchmark.contract.verdict import Verdict
from lovt_bench.benchmark.runtime.execute import execute
from lovt_bench.benchmark.runtime.leftovers import OWNER, owner
from lovt_bench.benchmark.runtime.outputs import RECORDS
from lovt_bench.benchmark.runtime.pretrain import Pretrained
from lovt_bench.benchmark.runtime.request import Request
from tests.benchmark.engine.world import tiny_store
from tests.benchmark.runtime.told import Told
from tests.containers import images
from tests.submissions.tiny_corpus import write_corpus

SETTINGS = {
    "image_side": "32",
    "batch_size": "4",
    "max_epochs": "1",
    "projection_hidden": "32",
    "projection_dim": "16",
}
LIMITS = Limits(
    memory_bytes=3 * GIB, cpus=1, pids=128, shared_memory_bytes=256 * MIB, seconds=300, reserve_bytes=0
)

Ask = Callable[..., tuple[Pretrained | None, list[str]]]


@pytest.fixture
def ask(engine: docker.DockerClient, base_image: str, tmp_path: Path) -> Ask:
    """Ask for a run of LoVT as the command line does; returns the result and what was said."""
    write_corpus(tmp_path / "corpora" / "tiny", train=8)

    def execute_request(**changes: object) -> tuple[Pretrained | None, list[str]]:
        fields: dict[str, object] = {
            "method": "lovt", "variant": None, "fraction": None, "profile": "demo", "seed": 5,
            "settings": SETTINGS, "name": "lovt", "resume": False, "force": False, "device": "cpu", "devices": None,
            "workers": 0, "time_limit": None, "hard_limit": None, "wandb": None, "online_evaluation": False,
            "runtime": "docker", "image": None, "base_image": base_image, "build_network": "none",
            "limits": LIMITS, "assets": None, "workspace": tmp_path,
            "corpus": lambda need: tmp_path / "corpora" / "tiny", "more_mounts": [images.site_mount()],
            "tags": "lovt-bench-test", **changes,
        }  # fmt: skip
        told = Told()
        result = execute(Request(**fields), told)  # type: ignore[arg-type]
        assert not engine.containers.list(all=True, filters={"label": f"{OWNER}={owner()}"})
        return result, told.lines

    return execute_request


def lovt_bench(workspace: Path, *arguments: str) -> str:
    result = CliRunner().invoke(main, [*arguments, "--workspace", str(workspace)])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.slow
def test_lovt_pretrains_in_its_container_and_is_ranked(ask: Ask, engine: docker.DockerClient, tmp_path: Path):
    result, said = ask()
    log = (tmp_path / "pretraining" / RECORDS / "lovt.log").read_text()
    assert result is not None
    assert result.verdict.verdict is Verdict.SUCCESS, result.verdict.message + log
    assert said[0].startswith("runtime: docker ")
    assert "8 studies of tiny corpus" in log
    assert '"event":"epoch"' in log

    root = tmp_path / "backbones" / "lovt"
    manifest = read_manifest(root)
    found = manifest.provenance
    corpus = CorpusManifest.model_validate_json((tmp_path / "corpora" / "tiny" / "corpus.json").read_bytes())
    assert (manifest.name, found.method, found.supervision) == ("lovt", "lovt", "text")
    assert re.fullmatch(r"LoVT \(demo, seed 5, settings [0-9a-f]{8}\)", manifest.display_name)
    assert (found.seed, found.profile, found.variant, found.fraction) == (5, "demo", "100", 1.0)
    assert found.corpus_sha256 == corpus.identity()
    assert found.image_digest == engine.images.get("lovt-bench-test-lovt").id
    assert found.pretraining_data == ["ImageNet-1k", "MIMIC-III", "tiny corpus"]
    assert found.notes == [
        "declared, but not named by this run among the data that it read: ImageNet-1k, MIMIC-III (notes)"
    ]
    assert found.settings == SETTINGS
    assert found.hyperparameters["image_side"] == 32
    assert found.peak_memory_bytes is not None
    assert 200 * MIB < found.peak_memory_bytes < LIMITS.memory_bytes
    assert found.seconds == pytest.approx(result.verdict.seconds, abs=0.1)
    assert load_backbone(root).architecture == "resnet18"
    assert resolve("lovt", tmp_path).sha256 == manifest.sha256
    assert {path.name for path in (tmp_path / "pretraining" / "lovt").iterdir()} == {"checkpoints", "logs"}

    again, said = ask()
    assert again is None
    assert "made from the same inputs" in said[0]

    tiny_store(tmp_path, "covid-rural", images=48)
    assert "PHANTOM images" in lovt_bench(
        tmp_path, "evaluate", "lovt", "--profile", "quick", "--tasks", "covid_linear"
    )
    lovt_bench(tmp_path, "leaderboard", "build", "--out", str(tmp_path / "versions"))
    page = (tmp_path / "versions" / "dev" / "leaderboard.md").read_text()
    assert "LoVT" in page


@pytest.mark.slow
def test_one_method_starts_in_its_container_from_the_backbone_of_another(ask: Ask, tmp_path: Path) -> None:
    """MGCA from random weights, then DenseCL from MGCA's backbone, which its container sees as /initial."""
    small = {key: SETTINGS[key] for key in ("image_side", "batch_size", "max_epochs")}
    first, _ = ask(method="mgca", name="first", settings=small | {"initial_weights": "random"})
    assert first is not None
    assert first.verdict.verdict is Verdict.SUCCESS, first.verdict.message
    second, _ = ask(method="densecl", name="second", settings=small | {"initial_weights": "first"})
    log = (tmp_path / "pretraining" / RECORDS / "second.log").read_text()
    assert second is not None
    assert second.verdict.verdict is Verdict.SUCCESS, second.verdict.message + log
    start, made = (read_manifest(tmp_path / "backbones" / name) for name in ("first", "second"))
    assert made.provenance.initial is not None
    assert (made.provenance.initial.name, made.provenance.initial.sha256) == ("first", start.sha256)
    assert set(start.provenance.pretraining_data or ()) <= set(made.provenance.pretraining_data or ())
    assert start.sha256 != made.sha256


@pytest.mark.slow
def test_a_mistake_in_the_settings_is_the_methods_own_verdict(ask: Ask, tmp_path: Path):
    result, _ = ask(settings={"width": "3"})
    assert result is not None
    assert result.verdict.verdict is Verdict.BAD_CONFIGURATION
    assert result.verdict.exit_code == 64
    assert "there is no setting 'width'" in (tmp_path / "pretraining" / RECORDS / "lovt.log").read_text()
    assert not (tmp_path / "backbones" / "lovt").exists()
    verdict = json.loads((tmp_path / "pretraining" / RECORDS / "lovt.verdict.json").read_text())
    assert verdict["verdict"] == "bad-configuration"
