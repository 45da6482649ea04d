"""Folders of weights, made by the libraries that leave them, and folders that somebody bent."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import torch
import torch.distributed.checkpoint as dcp
from safetensors.torch import load_file, save_file
from transformers import ResNetConfig, ResNetModel

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.understand import folders
from lovt_bench.benchmark.backbone.understand.folders import open_weights
from lovt_bench.benchmark.backbone.understand.read import read_all
from lovt_bench.benchmark.backbone.understand.trunk import understand_file
from lovt_bench.benchmark.disk.digest import file_sha256
from tests.benchmark.backbone.understand import wild

ONE, TWO = {"a": torch.arange(6.0)}, {"b": torch.ones(2, 3)}


@pytest.fixture(scope="module")
def resnet() -> ResNetModel:
    """A small network of transformers."""
    return ResNetModel(
        ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic")
    )


def shards(folder: Path, *, pickled: bool = False) -> Path:
    """Write two shards and their index."""
    folder.mkdir(parents=True, exist_ok=True)
    base, ending = ("pytorch_model", "bin") if pickled else ("model", "safetensors")
    where: dict[str, str] = {}
    for number, part in enumerate((ONE, TWO), 1):
        name = f"{base}-{number:05d}-of-00002.{ending}"
        torch.save(part, folder / name) if pickled else save_file(part, folder / name)
        where |= dict.fromkeys(part, name)
    (folder / f"{base}.{ending}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))
    return folder


@pytest.mark.parametrize("size", ["5GB", "6KB"], ids=["one file", "shards"])
def test_what_save_pretrained_leaves_is_read(tmp_path: Path, resnet: ResNetModel, size: str) -> None:
    resnet.save_pretrained(tmp_path, max_shard_size=size)
    found = open_weights(tmp_path)
    assert found.kind == "transformers"
    assert found.config is not None
    assert found.config["model_type"] == "resnet"
    assert (len(found.files) > 1) == (found.index is not None) == (size == "6KB")
    content = read_all(found.files, found.index).value
    assert isinstance(content, dict)
    wanted = {
        name: tensor for path in tmp_path.glob("*.safetensors") for name, tensor in load_file(path).items()
    }
    assert content.keys() == wanted.keys() == resnet.state_dict().keys()
    assert all(torch.equal(content[name], tensor) for name, tensor in resnet.state_dict().items())


def test_a_sharded_folder_becomes_a_backbone(tmp_path: Path) -> None:
    names = list(wild.state())
    for number, part in enumerate((names[:60], names[60:]), 1):
        torch.save(
            {name: wild.state()[name] for name in part}, tmp_path / f"pytorch_model-{number:05d}-of-00002.bin"
        )
    where = {name: f"pytorch_model-{1 + (place >= 60):05d}-of-00002.bin" for place, name in enumerate(names)}
    index = tmp_path / "pytorch_model.bin.index.json"
    index.write_text(json.dumps({"weight_map": where}))
    found = understand_file(tmp_path, "resnet18").state
    assert all(torch.equal(found[name], tensor) for name, tensor in wild.trunk().items())
    assert open_weights(index).files == open_weights(tmp_path).files


def test_the_digest_is_that_of_the_lines_of_sha256sum(tmp_path: Path) -> None:
    shards(tmp_path)
    (tmp_path / "config.json").write_text('{"architecture": "vit_small_patch16_224", "num_classes": 0}')
    (tmp_path / "README.md").write_text("not part of it")
    found = open_weights(tmp_path)
    assert found.kind == "timm"
    names = sorted(path.name for path in (*found.files, *found.extras))
    lines = subprocess.run(["sha256sum", *names], cwd=tmp_path, capture_output=True, check=True).stdout
    assert found.sha256() == hashlib.sha256(lines).hexdigest()
    (tmp_path / "config.json").write_text('{"architecture": "vit_small_patch16_224", "num_classes": 1}')
    assert open_weights(tmp_path).sha256() != hashlib.sha256(lines).hexdigest()
    save_file(ONE, tmp_path / "alone.safetensors")
    assert open_weights(tmp_path / "alone.safetensors").sha256() == file_sha256(
        tmp_path / "alone.safetensors"
    )


@pytest.mark.parametrize("weights", ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"])
def test_a_folder_of_open_clip_is_known_by_its_configuration(tmp_path: Path, weights: str) -> None:
    config = {"model_cfg": {"vision_cfg": {"timm_model_name": "vit_base_patch16_224"}}, "preprocess_cfg": {}}
    (tmp_path / "open_clip_config.json").write_text(json.dumps(config))
    (tmp_path / weights).write_bytes(b"-")
    found = open_weights(tmp_path)
    assert (found.kind, found.config, found.files[0].name) == ("open_clip", config, weights)
    # A folder of both libraries: the standard name belongs to config.json.
    (tmp_path / "config.json").write_text('{"architecture": "vit_base_patch16_224"}')
    (tmp_path / "model.safetensors").write_bytes(b"-")
    found = open_weights(tmp_path)
    assert (found.kind, found.files[0].name) == ("timm", "model.safetensors")
    assert weights in found.notes[0]
    (tmp_path / "model.safetensors").unlink()
    shards(tmp_path)
    found = open_weights(tmp_path)
    assert (found.kind, len(found.files)) == ("timm", 2)


def test_one_shard_alone_says_where_the_others_are(tmp_path: Path) -> None:
    one = shards(tmp_path) / "model-00001-of-00002.safetensors"
    with pytest.raises(BackboneError, match=rf"is shard 1 of 2.*index lies beside it.*--weights {tmp_path}"):
        open_weights(one)
    (tmp_path / "model.safetensors.index.json").unlink()
    with pytest.raises(BackboneError, match=r"expected beside it: model\.safetensors\.index\.json"):
        open_weights(one)
    with pytest.raises(BackboneError, match=r"holds 2 of 2 shards and no model\.safetensors\.index\.json"):
        open_weights(tmp_path)


def test_several_files_are_listed_and_one_is_taken(tmp_path: Path) -> None:
    torch.save(ONE, tmp_path / "last.ckpt")
    assert open_weights(tmp_path).files[0].name == "last.ckpt"
    torch.save(ONE, tmp_path / "best.ckpt")
    with pytest.raises(BackboneError, match=r"2 files.*--weights \S+/best\.ckpt; --weights \S+/last\.ckpt"):
        open_weights(tmp_path)


def test_a_folder_without_weights_says_what_was_expected_and_found(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "flax_model.msgpack").write_bytes(b"-")
    with pytest.raises(
        BackboneError, match=r"expected model\.safetensors.*found config\.json, flax_model\.msgpack"
    ):
        open_weights(tmp_path)


def indexed(folder: Path, content: object) -> None:
    (folder / "model.safetensors.index.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"a": "../model-00001-of-00002.safetensors"}, r"names \.\./model.*its own folder"),
        ({"a": "/etc/passwd"}, r"names /etc/passwd"),
        ({"a": ".."}, r"names \.\."),
        ({"a": "sub/x.safetensors"}, r"names sub/x"),
        ({"a": "x\0.safetensors"}, r"names x"),
        ({"a": "x" * 300}, r"names x+….*the name of a file in its own folder"),
        ({"a": "ü" * 128}, r"names ü+.*its own folder"),
        ({"a": "\ud800"}, r"1 of them are not in"),
        ({"a": "model-00003-of-00002.safetensors"}, r"1 of them are not in .*model-00003"),
        ({}, "no index of shards"),
        ({"a": 1}, "no index of shards"),
        ([], "no index of shards"),
    ],
)
def test_an_index_leads_nowhere_else(tmp_path: Path, names: object, message: str) -> None:
    shards(tmp_path / "in")
    indexed(tmp_path / "in", {"weight_map": names})
    with pytest.raises(BackboneError, match=message):
        open_weights(tmp_path / "in")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "holds no JSON object"),
        ("{", "is no JSON"),
        ('{"a": 1, "a": 2}', "'a' is given twice"),
        ('{"a": NaN}', "NaN is no number"),
        ("[" * 100_000, "is no JSON"),
        ('{"a": "' + "x" * folders.CONFIG_LIMIT + '"}', "is larger than"),
    ],
    ids=["list", "cut off", "twice", "NaN", "deep", "large"],
)
def test_a_configuration_is_read_strictly(tmp_path: Path, text: str, message: str) -> None:
    save_file(ONE, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(BackboneError, match=message):
        open_weights(tmp_path)


def test_shards_that_contradict_their_index_or_each_other_are_refused(tmp_path: Path) -> None:
    found = open_weights(shards(tmp_path / "missing"))
    names = {"a": "model-00001-of-00002.safetensors", "c": "model-00002-of-00002.safetensors"}
    indexed(found.path, {"weight_map": names})
    with pytest.raises(BackboneError, match=r"1 tensors that are not in the files it says: c"):
        read_all(found.files, found.index)
    found = open_weights(shards(tmp_path / "twice"))
    save_file(ONE | TWO, found.files[1])
    with pytest.raises(BackboneError, match=r"a lies in model-00001\S+ and in model-00002"):
        read_all(found.files, found.index)
    found = open_weights(shards(tmp_path / "nested", pickled=True))
    torch.save({"state_dict": TWO}, found.files[1])
    with pytest.raises(BackboneError, match="is no shard"):
        read_all(found.files, found.index)


def test_links_lead_nowhere_else(tmp_path: Path) -> None:
    save_file(ONE, tmp_path / "secret.safetensors")
    for folder, target in (
        ("out", "../secret.safetensors"),
        ("nowhere", "absent"),
        ("inside", "other.safetensors"),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "model.safetensors").symlink_to(target)
    with pytest.raises(BackboneError, match="a link that leads out of the folder"):
        open_weights(tmp_path / "out")
    with pytest.raises(BackboneError, match="a link to nowhere"):
        open_weights(tmp_path / "nowhere")
    shutil.copy(tmp_path / "secret.safetensors", tmp_path / "inside" / "other.safetensors")
    assert open_weights(tmp_path / "inside").files
    (tmp_path / "inside" / "config.json").symlink_to("/etc/passwd")
    with pytest.raises(BackboneError, match=r"config\.json is refused: it is a link"):
        open_weights(tmp_path / "inside")


def test_what_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "SIZE_LIMIT", 100)
    shards(tmp_path)
    with pytest.raises(BackboneError, match=r"bytes of weights, at most 100 are read"):
        open_weights(tmp_path)


@pytest.mark.filterwarnings("ignore")
def test_a_distributed_checkpoint_names_its_command(tmp_path: Path) -> None:
    dcp.save({"model": wild.trunk()}, checkpoint_id=tmp_path / "step")
    message = r"format_utils dcp_to_torch \S+/step whole\.pth, then pass --weights whole\.pth"
    with pytest.raises(BackboneError, match=message):
        open_weights(tmp_path / "step")


@pytest.mark.parametrize(
    "files",
    [
        ["zero_to_fp32.py", "latest", "global_step3/mp_rank_00_model_states.pt"],
        ["latest", "global_step3/zero_pp_rank_0_mp_rank_00_model_states.pt"],
        ["mp_rank_00_model_states.pt", "zero_pp_rank_0_mp_rank_00_optim_states.pt"],
    ],
)
def test_a_checkpoint_of_deepspeed_names_its_command(tmp_path: Path, files: list[str]) -> None:
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(b"-")
    with pytest.raises(BackboneError, match=rf"python -m deepspeed\.utils\.zero_to_fp32 {tmp_path} whole"):
        open_weights(tmp_path)


@pytest.mark.parametrize(
    ("file", "message"),
    [("adapter_config.json", "merge_and_unload"), ("saved_model.pb", "tf2onnx")],
)
def test_other_folders_are_named(tmp_path: Path, file: str, message: str) -> None:
    (tmp_path / file).write_text("{}")
    with pytest.raises(BackboneError, match=message):
        open_weights(tmp_path)
