"""`hf:ORG/NAME` from a cache laid out by hand as huggingface_hub lays it out; nothing leaves this machine."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest
import torch
from huggingface_hub import constants
from huggingface_hub.errors import LocalEntryNotFoundError, RemoteEntryNotFoundError
from safetensors.torch import save

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.understand.folders import open_weights
from lovt_bench.benchmark.backbone.understand.hub import given_weights
from lovt_bench.benchmark.backbone.understand.read import read_all

COMMIT, OTHER = "1" * 40, "2" * 40
WEIGHTS = save({"a": torch.arange(6.0)})
CONFIG = json.dumps({"model_type": "dinov2"}).encode()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of acme/rad in a cache: blobs, and a snapshot of links to them."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    model = tmp_path / "models--acme--rad"
    snapshot(model, COMMIT, {"config.json": CONFIG, "model.safetensors": WEIGHTS})
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text(COMMIT)
    return model


def snapshot(model: Path, commit: str, files: dict[str, bytes]) -> Path:
    folder = model / "snapshots" / commit
    folder.mkdir(parents=True, exist_ok=True)
    (model / "blobs").mkdir(exist_ok=True)
    for number, (name, content) in enumerate(files.items()):
        (model / "blobs" / f"{commit[0]}{number}").write_bytes(content)
        (folder / name).symlink_to(f"../../blobs/{commit[0]}{number}")
    return folder


@pytest.mark.parametrize("address", ["hf:acme/rad", "hf:acme/rad@main", f"hf:acme/rad@{COMMIT}"])
def test_a_model_in_the_cache_is_pinned_to_its_commit(cache: Path, address: str) -> None:
    found = given_weights(address)
    assert found.name == found.address == f"hf:acme/rad@{COMMIT}"
    assert (found.kind, found.config) == ("transformers", {"model_type": "dinov2"})
    content = read_all(found.files).value
    assert isinstance(content, dict)
    assert content["a"].tolist() == list(range(6))
    assert found.sha256() == open_weights(cache / "snapshots" / COMMIT).sha256()


def test_what_is_not_in_the_cache_says_the_command(cache: Path) -> None:
    with pytest.raises(BackboneError) as error:
        given_weights("hf:acme/other@v1")
    assert (
        "acme/other@v1 is not in the Hub's cache, and it could not be downloaded (HF_HUB_OFFLINE is set)"
        in str(error.value)
    )
    assert "`hf download acme/other --revision v1 --local-dir other`" in str(error.value)
    assert "pass --weights other" in str(error.value)


def test_a_snapshot_without_weights_is_completed_or_says_what_it_lacks(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot(cache, OTHER, {"config.json": CONFIG})
    with pytest.raises(
        BackboneError,
        match=r"holds no weights.*Where there is a network: `hf download acme/rad --revision 2222",
    ):
        given_weights(f"hf:acme/rad@{OTHER}")
    asked: list[list[str]] = []

    def download(model: str, *, revision: str, allow_patterns: list[str]) -> str:
        asked.append(allow_patterns)
        if "pytorch_model.bin" in allow_patterns:
            torch.save({"a": torch.ones(1)}, cache / "blobs" / "bin")
            (cache / "snapshots" / OTHER / "pytorch_model.bin").symlink_to("../../blobs/bin")
        return str(cache / "snapshots" / revision)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    found = given_weights(f"hf:acme/rad@{OTHER}")
    assert found.files[0].name == "pytorch_model.bin"
    assert [any(name.endswith((".bin", ".py")) for name in patterns) for patterns in asked] == [False, True]
    assert not any(name.endswith(".py") or name == "*" for patterns in asked for name in patterns)


def test_weights_alone_in_the_cache_are_no_other_network_than_the_whole_commit(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `hf_hub_download(model, "model.safetensors")` leaves them."""
    folder = snapshot(cache, OTHER, {"model.safetensors": WEIGHTS})
    address = f"hf:acme/rad@{OTHER}"
    message = (
        r"without its configuration \(config\.json\).*\(HF_HUB_OFFLINE is set\).*hf download acme/rad --rev"
    )
    with pytest.raises(BackboneError, match=message):
        given_weights(address)

    def download(_model: str, name: str, *, revision: str) -> str:
        assert revision == OTHER
        if name == "config.json":
            snapshot(cache, OTHER, {name: CONFIG})
        return str(folder / name)

    with monkeypatch.context() as patched:
        patched.setattr(huggingface_hub, "hf_hub_download", download)
        assert given_weights(address).config == {"model_type": "dinov2"}
    (folder / "config.json").unlink()
    # What the library notes where a model has no such file.
    (cache / ".no_exist" / OTHER).mkdir(parents=True)
    (cache / ".no_exist" / OTHER / "config.json").touch()
    with pytest.raises(BackboneError, match=r"without its configuration \(open_clip_config\.json\)"):
        given_weights(address)
    (cache / ".no_exist" / OTHER / "open_clip_config.json").touch()
    assert given_weights(address).kind == "folder"


def test_a_model_without_a_configuration_is_taken_once_that_is_known(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot(cache, OTHER, {"model.safetensors": WEIGHTS})
    asked: list[str] = []
    answer: Any = SimpleNamespace(headers={}, request=None)

    def download(_model: str, name: str, *, revision: str) -> str:
        asked.append(name)
        raise RemoteEntryNotFoundError(f"no {name} at {revision}", response=answer)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    found = given_weights(f"hf:acme/rad@{OTHER}")
    assert (found.kind, found.config, asked) == ("folder", None, ["config.json", "open_clip_config.json"])


def test_without_a_network_the_sentence_says_so(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(*_args: object, **_named: object) -> str:
        raise LocalEntryNotFoundError("An error happened") from ConnectionError("Name or service not known")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    with pytest.raises(BackboneError, match=r"could not be downloaded \(ConnectionError\)"):
        given_weights("hf:acme/other")


@pytest.mark.parametrize(
    "address",
    ["hf:", "hf:rad", "hf:acme/rad@", "hf:../../etc", "hf:acme/rad@../x", "hf:acme/rad@a b", "hf:a/b/c"],
)
def test_what_is_no_address_says_how_one_looks(address: str) -> None:
    with pytest.raises(BackboneError, match="expected hf:ORG/NAME"):
        given_weights(address)


def test_links_of_a_snapshot_lead_to_the_blobs_of_their_model_alone(cache: Path) -> None:
    other = snapshot(cache.with_name("models--acme--private"), OTHER, {"model.safetensors": WEIGHTS})
    folder = snapshot(cache, OTHER, {"config.json": CONFIG})
    (folder / "model.safetensors").symlink_to(other.resolve() / "model.safetensors")
    with pytest.raises(BackboneError, match="a link that leads out of the folder"):
        open_weights(folder)


def test_the_place_of_a_model_in_the_cache_says_its_address(cache: Path) -> None:
    with pytest.raises(BackboneError, match=r"--weights hf:acme/rad, or the folder of one revision"):
        open_weights(cache)
