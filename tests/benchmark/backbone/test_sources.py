"""Names become backbones; nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lovt_bench.benchmark.backbone import imagenet
from lovt_bench.benchmark.backbone.convert import from_state_dict
from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.sources import RandomSource, resolve
from lovt_bench.benchmark.backbone.weights import weights_digest
from lovt_bench.benchmark.disk.digest import file_sha256


def test_random_is_a_new_draw_per_seed_and_the_same_for_the_same(workspace: Path) -> None:
    source = resolve("random-resnet18", workspace)
    assert source.drawn_per_run
    digests = [weights_digest(source.load(seed)) for seed in (1, 2, 1)]
    assert digests[0] == digests[2] != digests[1]


def test_random_leaves_the_global_generator_alone(workspace: Path) -> None:
    before = torch.get_rng_state()
    resolve("random-resnet18", workspace).load(5)
    assert torch.equal(before, torch.get_rng_state())


def test_random_is_identified_by_its_rule_not_by_a_draw(workspace: Path) -> None:
    source = resolve("random", workspace)
    assert (source.name, source.display_name, source.architecture) == ("random", "Random", "resnet50")
    assert source.sha256 == RandomSource("resnet50").sha256 != RandomSource("resnet18").sha256
    assert (
        source.sha256 == "04ae36fc66774a4bbace34b5bb54104bf60e5021244db124f75828d2d678fb98"
    )  # a changed rule must change this on purpose


def test_a_folder_gives_its_weights_for_every_seed(toy_folder: Path, workspace: Path) -> None:
    source = resolve("my-toy", workspace)
    assert (source.name, source.display_name, source.architecture) == ("my-toy", "My toy", "toy")
    assert [level.stride for level in source.levels] == [2, 8]
    assert not source.drawn_per_run
    assert weights_digest(source.load(1)) == weights_digest(source.load(2)) == source.sha256


@pytest.mark.parametrize(
    "name", ["../my-toy", "..", "a/b", "", "A", "-x", "x\n", "x" * 65, "/etc", "my-toy/"]
)
def test_names_that_could_lead_elsewhere_are_refused(workspace: Path, name: str) -> None:
    with pytest.raises(BackboneError, match="is no backbone name"):
        resolve(name, workspace)


def test_unknown_name_lists_what_is_there(toy_folder: Path, workspace: Path) -> None:
    with pytest.raises(BackboneError, match=r"no backbone 'nope'.* there: my-toy; .*--weights FILE"):
        resolve("nope", workspace)


def test_a_folder_under_another_name_is_refused(toy_folder: Path, workspace: Path) -> None:
    toy_folder.rename(toy_folder.parent / "better")
    with pytest.raises(BackboneError, match="names the backbone 'my-toy', its folder 'better'"):
        resolve("better", workspace)


def test_imagenet_offline_says_what_to_put_where(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub-home"))
    with pytest.raises(BackboneError) as error:
        resolve("imagenet", workspace)
    place = tmp_path / "hub-home" / "hub" / "checkpoints" / "resnet50-0676ba61.pth"
    assert str(place) in str(error.value)
    assert "https://download.pytorch.org/models/resnet50-0676ba61.pth" in str(error.value)
    assert "SHA-256 begins with 0676ba61" in str(error.value)
    assert not (tmp_path / "hub-home").exists()


def test_another_file_is_not_taken_for_imagenet(tmp_path: Path) -> None:
    """Renaming any weights to the well-known name would give a row *ImageNet* that is none."""
    path = tmp_path / imagenet.FILE
    torch.save({"conv1.weight": torch.zeros(1)}, path)
    with pytest.raises(
        BackboneError, match=r"is not the ImageNet file: its SHA-256 begins with .*another name"
    ):
        imagenet.load_imagenet(path)


def test_imagenet_is_read_in_torchvisions_layout(tmp_path: Path) -> None:
    """With the digest of a stand-in of the same layout; the real file is not part of the repository."""
    from torchvision.models import resnet50

    theirs = resnet50().state_dict()
    path = tmp_path / imagenet.FILE
    torch.save(theirs, path)
    backbone, provenance = imagenet.load_imagenet(path, digests=(file_sha256(path)[:8],))
    assert weights_digest(backbone) == weights_digest(from_state_dict("resnet50", theirs)[0])
    assert provenance.source_sha256 == file_sha256(path)
    assert provenance.notes == ["left out: fc.bias, fc.weight"]
