"""Whatever is changed in a backbone folder after it was written, loading it says what."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from lovt_bench.benchmark.backbone import registry
from lovt_bench.benchmark.backbone.folder import load_backbone, save_backbone, write_backbone
from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.place import read_manifest, writing_backbone
from lovt_bench.benchmark.backbone.sources import random_draw
from lovt_bench.benchmark.backbone.weights import weights_digest
from lovt_bench.benchmark.contract.backbone import Provenance
from lovt_bench.benchmark.disk.digest import file_sha256


def rewrite(root: Path, *, digest: bool = True, **fields) -> None:
    """Change manifest fields; with `digest`, make the manifest agree with the weight file."""
    manifest = json.loads((root / "backbone.json").read_text()) | fields
    if digest:
        manifest["weights_sha256"] = file_sha256(root / "backbone.safetensors")
    (root / "backbone.json").write_text(json.dumps(manifest))


def test_round_trip_keeps_every_bit(toy: str, toy_folder: Path) -> None:
    saved, loaded = random_draw(toy, 1), load_backbone(toy_folder)
    assert not loaded.training
    assert saved.state_dict().keys() == loaded.state_dict().keys()
    assert all(torch.equal(saved.state_dict()[key], value) for key, value in loaded.state_dict().items())
    assert weights_digest(loaded) == read_manifest(toy_folder).weights_sha256


def test_options_come_back_and_are_under_the_digest_of_the_weights(toy: str, workspace: Path) -> None:
    digests = []
    for rule in ("last", "quarters"):
        torch.manual_seed(0)
        backbone = registry.build("toy-tokens.it", {"levels": rule})
        root = workspace / "backbones" / rule
        save_backbone(root, backbone, display_name="T", provenance=Provenance(method="t"), onnx=False)
        loaded = load_backbone(root)
        image = torch.randn(1, 3, 64, 64)
        assert loaded.options == {"levels": rule}
        assert torch.equal(loaded(image)[4], backbone.eval()(image)[4])
        digests.append(read_manifest(root).sha256)
    assert digests[0] != digests[1]


def test_options_of_the_manifest_alone_are_not_believed(toy: str, workspace: Path) -> None:
    root = workspace / "backbones" / "tokens"
    backbone = registry.build("toy-tokens.it", {"levels": "last"})
    save_backbone(root, backbone, display_name="T", provenance=Provenance(method="t"), onnx=False)
    rewrite(root, options={"levels": "quarters"})
    with pytest.raises(BackboneError, match=r"the options .* backbone.json says .*quarters"):
        load_backbone(root)
    rewrite(root, options={"levels": "firsts"})
    with pytest.raises(BackboneError, match="one of last, quarters, found 'firsts'"):
        load_backbone(root)


def test_an_architecture_without_options_refuses_them(toy: str, toy_folder: Path) -> None:
    rewrite(toy_folder, options={"levels": "last"})
    with pytest.raises(BackboneError, match="toy takes no options, found levels"):
        load_backbone(toy_folder)


def test_loading_leaves_the_global_generator_alone(toy_folder: Path) -> None:
    before = torch.get_rng_state()
    load_backbone(toy_folder)
    assert torch.equal(before, torch.get_rng_state())


def test_saving_replaces_a_folder_and_leaves_nothing_else(toy: str, toy_folder: Path) -> None:
    (toy_folder / "old.txt").write_text("old")
    other = random_draw(toy, 2)
    save_backbone(
        toy_folder, other, display_name="Other", provenance=Provenance(method="toy", seed=2), onnx=False
    )
    assert [path.name for path in toy_folder.parent.iterdir()] == ["my-toy"]
    assert sorted(path.name for path in toy_folder.iterdir()) == ["backbone.json", "backbone.safetensors"]
    assert read_manifest(toy_folder).weights_sha256 == weights_digest(other)


def write(root: Path, toy: str, *, seed: int, force: bool = False, **more) -> None:
    with writing_backbone(root, force=force, **more) as new:
        write_backbone(
            new,
            random_draw(toy, seed),
            name=root.name,
            display_name="New",
            provenance=Provenance(method="new", seed=seed),
            onnx=False,
        )


def test_a_backbone_from_elsewhere_is_replaced_by_force_alone(toy: str, toy_folder: Path) -> None:
    before = read_manifest(toy_folder)
    with pytest.raises(BackboneError, match="is there already; --force replaces it"):
        write(toy_folder, toy, seed=2)
    assert read_manifest(toy_folder) == before
    write(toy_folder, toy, seed=2, force=True)
    made = read_manifest(toy_folder)
    assert made.provenance.seed == 2
    write(toy_folder, toy, seed=3, own=lambda there: there == made)
    assert read_manifest(toy_folder).provenance.seed == 3
    assert [path.name for path in toy_folder.parent.iterdir()] == ["my-toy"]


@pytest.mark.parametrize("there", ["empty folder", "broken manifest", "file", "dangling link"])
def test_what_nobody_knows_is_nobodys_own(toy: str, workspace: Path, there: str) -> None:
    root = workspace / "x"
    workspace.mkdir()
    if "link" in there:
        root.symlink_to("nowhere")
    elif there == "file":
        root.write_text("mine")
    else:
        root.mkdir()
    if there == "broken manifest":
        (root / "backbone.json").write_text("{}")
    with pytest.raises(BackboneError, match="is there already"):
        write(root, toy, seed=1, own=lambda there: True)
    assert [path.name for path in workspace.iterdir()] == ["x"]


def test_two_writers_of_one_name_come_one_after_the_other(toy: str, workspace: Path) -> None:
    """The second begins while the first is writing; it waits, and finds the first one's backbone."""
    root, began, errors = workspace / "x", threading.Event(), []

    def second() -> None:
        began.set()
        try:
            write(root, toy, seed=2)
        except BackboneError as error:
            errors.append(str(error))

    with writing_backbone(root, force=False) as new:
        thread = threading.Thread(target=second)
        thread.start()
        began.wait()
        write_backbone(
            new,
            random_draw(toy, 1),
            name="x",
            display_name="X",
            provenance=Provenance(method="x"),
            onnx=False,
        )
    thread.join()
    assert read_manifest(root).provenance.method == "x"
    assert errors == [f"{root} is there already; --force replaces it, or choose another name"]


def test_what_appeared_meanwhile_is_not_replaced(toy: str, toy_folder: Path, workspace: Path) -> None:
    """Somebody moved a folder there by hand, without a lock."""
    root = workspace / "x"
    with pytest.raises(BackboneError, match="is there already"), writing_backbone(root, force=False):
        toy_folder.rename(root)
    assert read_manifest(root).name == "my-toy"
    assert [path.name for path in workspace.iterdir() if path.name != "backbones"] == ["x"]


@pytest.mark.parametrize("file", ["backbone.safetensors", "backbone.onnx"])
def test_digests_are_of_what_was_meant_to_be_written(toy: str, tmp_path: Path, file: str) -> None:
    """One of two equal backbones lies on a disk that loses a file."""
    backbone, made = random_draw(toy, 1), {}
    for name in ("kept", "lost"):
        folder = tmp_path / name
        folder.mkdir()
        if name == "lost":
            (folder / file).symlink_to("/dev/null")
        made[name] = write_backbone(
            folder, backbone, name="x", display_name="X", provenance=Provenance(method="x"), side=64
        )
    digest = file_sha256(tmp_path / "kept" / file)
    assert digest in (made["kept"].weights_sha256, made["kept"].onnx_sha256)
    assert (made["lost"].weights_sha256, made["lost"].onnx_sha256) == (
        made["kept"].weights_sha256,
        made["kept"].onnx_sha256,
    )


def test_nan_is_never_written(toy: str, workspace: Path) -> None:
    backbone = random_draw(toy, 1)
    with torch.no_grad():
        backbone.get_parameter("first.weight")[0, 0, 0, 0] = float("nan")
    with pytest.raises(BackboneError, match=r"NaN or infinity in 1 tensors: first\.weight"):
        save_backbone(
            workspace / "x", backbone, display_name="X", provenance=Provenance(method="toy"), onnx=False
        )
    assert not workspace.exists()


def test_changed_weights_are_noticed_by_their_digest(toy_folder: Path) -> None:
    state = load_file(toy_folder / "backbone.safetensors")
    state["first.weight"][0] += 1
    save_file(state, toy_folder / "backbone.safetensors")
    with pytest.raises(BackboneError, match="the weights were changed after export"):
        load_backbone(toy_folder)


def extra(state: dict[str, torch.Tensor]) -> None:
    state["fc.weight"] = torch.zeros(2)


def missing(state: dict[str, torch.Tensor]) -> None:
    del state["norm.running_var"]


def reshaped(state: dict[str, torch.Tensor]) -> None:
    state["first.weight"] = torch.zeros(4, 3, 1, 1)


def halved(state: dict[str, torch.Tensor]) -> None:
    state["first.weight"] = state["first.weight"].half()


def infinite(state: dict[str, torch.Tensor]) -> None:
    state["norm.running_var"][1] = float("inf")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (extra, r"1 tensors are unexpected: fc\.weight"),
        (missing, r"1 tensors are missing: norm\.running_var"),
        (reshaped, r"first\.weight \(expected F32 \[4, 3, 3, 3\], found F32 \[4, 3, 1, 1\]\)"),
        (halved, r"first\.weight \(expected F32 .*, found F16"),
        (infinite, r"NaN or infinity in 1 tensors: norm\.running_var"),
    ],
)
def test_tensors_that_do_not_fit_are_named(toy_folder: Path, change, message: str) -> None:
    """The digest agrees: whoever forged the weights forged the manifest too."""
    state = load_file(toy_folder / "backbone.safetensors")
    change(state)
    save_file(state, toy_folder / "backbone.safetensors")
    rewrite(toy_folder)
    with pytest.raises(BackboneError, match=message):
        load_backbone(toy_folder)


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"\xff" * 64])
def test_a_file_that_is_no_safetensors_is_an_error(toy_folder: Path, content: bytes) -> None:
    (toy_folder / "backbone.safetensors").write_bytes(content)
    rewrite(toy_folder)
    with pytest.raises(BackboneError, match="not a readable safetensors file"):
        load_backbone(toy_folder)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"levels": [{"name": "fine", "channels": 4, "stride": 2}]},
            r"declares the levels .* has fine .*coarse",
        ),
        ({"parameters": 5}, "declares 5 parameters, toy has"),
        ({"architecture": "vgg"}, "unknown architecture 'vgg'"),
        ({"colour": "red"}, "colour: there is no such field"),
        ({"weights_sha256": "abc"}, "weights_sha256: String should match"),
        ({"levels": []}, "levels: List should have at least 1 item"),
    ],
)
def test_wrong_manifest_fields_are_named(toy_folder: Path, fields: dict, message: str) -> None:
    rewrite(toy_folder, digest=False, **fields)
    with pytest.raises(BackboneError, match=message):
        load_backbone(toy_folder)


def test_manifest_that_is_no_json_or_huge_is_an_error(toy_folder: Path) -> None:
    path = toy_folder / "backbone.json"
    path.write_bytes(b"\xff{")
    with pytest.raises(BackboneError, match="does not follow the contract"):
        read_manifest(toy_folder)
    path.write_bytes(b" " * (1 << 20) + b"{}")
    with pytest.raises(BackboneError, match="larger than"):
        read_manifest(toy_folder)


@pytest.mark.parametrize("name", ["backbone.json", "backbone.safetensors"])
def test_links_and_missing_files_are_not_followed(toy_folder: Path, tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    (toy_folder / name).rename(elsewhere)
    with pytest.raises(BackboneError, match=f"holds no {name}"):
        load_backbone(toy_folder)
    (toy_folder / name).symlink_to(elsewhere)
    with pytest.raises(BackboneError, match=f"holds no {name}|{name} is a link"):
        load_backbone(toy_folder)
