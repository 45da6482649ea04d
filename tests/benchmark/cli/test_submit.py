"""`lovt-bench submit` from the outside: what it says, what it writes, what it refuses."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from safetensors.torch import save_file

from lovt_bench.benchmark.backbone.folder import load_backbone, read_manifest
from lovt_bench.benchmark.backbone.understand.folders import open_weights
from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.contract.submission import ClaimedNumber
from lovt_bench.benchmark.submission.draft import declaration_content, declaring
from lovt_bench.benchmark.submission.read import read_folder
from tests.benchmark.backbone.understand import wild


@pytest.fixture
def call(tmp_path: Path):
    """Submit to an empty workspace, a ResNet-18 without a graph."""

    def run(*arguments: str, name: str = "mine") -> Result:
        return CliRunner(env={"LOVT_BENCH_WORKSPACE": str(tmp_path / "workspace")}).invoke(
            main, ["submit", name, "--arch", "resnet18", "--no-onnx", *arguments]
        )

    return run


@pytest.fixture
def moco(tmp_path: Path) -> str:
    torch.save(wild.moco_v2(), tmp_path / "moco.pth.tar")
    return str(tmp_path / "moco.pth.tar")


def test_a_checkpoint_becomes_a_declared_backbone_and_copies_are_refused(
    call, moco: str, tmp_path: Path
) -> None:
    declared = (
        "--display-name",
        "My method",
        "--paper",
        "https://example.org/p",
        "--pretraining-data",
        "NIH",
    )
    result = call("--weights", moco, *declared)
    assert result.exit_code == 0, result.output
    for line in (
        "encoder     resnet18, found at state_dict.module.encoder_q",
        "matched     120 tensors, all that the trunk needs",
        "dropped     state_dict.module.encoder_q.fc.* (2 tensors), state_dict.module.queue",
        "missing     none",
        "unexpected  none",
        "converted   nothing",
        "Next: lovt-bench evaluate mine",
    ):
        assert line in result.output
    root = tmp_path / "workspace" / "backbones" / "mine"
    loaded = load_backbone(root).state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in wild.trunk().items())
    manifest = read_manifest(root)
    assert manifest.display_name == "My method"
    assert str(manifest.provenance.paper) == "https://example.org/p"
    assert manifest.provenance.pretraining_data == ["nih-chestxray14"]
    assert manifest.provenance.notes[0].startswith("trunk of resnet18 read at state_dict.module.encoder_q: ")

    taken = call("--weights", moco)
    assert taken.exit_code == 1
    assert "is there already; --force replaces it" in taken.output
    copy = call("--weights", moco, name="other")
    assert copy.exit_code == 1
    assert "are those of the backbone mine, value by value" in copy.output
    assert "other is not written" in copy.output
    assert not (root.parent / "other").exists()
    assert call("--weights", moco, "--allow-findings", name="other").exit_code == 0


def test_a_folder_is_declared_by_its_name_and_the_digest_of_its_files(call, tmp_path: Path) -> None:
    folder = tmp_path / "resnet"
    folder.mkdir()
    save_file(wild.state(), folder / "model.safetensors")
    (folder / "config.json").write_text('{"architecture": "resnet18"}')
    result = call("--weights", str(folder))
    assert result.exit_code == 0, result.output
    manifest = read_manifest(tmp_path / "workspace" / "backbones" / "mine")
    assert manifest.provenance.source_sha256 == open_weights(folder).sha256()
    assert manifest.provenance.notes[0] == "read from resnet: model.safetensors, config.json"
    declared = read_folder(tmp_path / "workspace" / "submissions" / "mine").weights
    assert declared is not None
    assert (declared.file, declared.sha256) == ("resnet", manifest.provenance.source_sha256)
    (folder / "config.json").write_text('{"architecture": "resnet18d"}')
    assert "mine is declared with weights of SHA-256" in call("--weights", str(folder)).output


def test_what_is_declared_lies_beside_and_is_not_asked_again(call, moco: str, tmp_path: Path) -> None:
    """Who reproduces a row from its weights need not repeat what its submitter declared."""
    claimed = tmp_path / "results.csv"
    claimed.write_text("task,percent,interval95\ncovid_linear,46.3,0.2\n")
    said = (
        "--supervision", "self", "--weights-url", "https://example.org/moco.pth.tar", "--claimed", str(claimed),
        "--pretraining-data", "ChestX-ray14", "--pretraining-data", "other: our clinic", "--display-name", "MoCo",
    )  # fmt: skip
    result = call("--weights", moco, *said)
    assert result.exit_code == 0, result.output
    folder = tmp_path / "workspace" / "submissions" / "mine"
    assert f"{folder / 'submission.yaml'}: the declaration" in result.output
    declared = read_folder(folder)
    assert declared.weights is not None
    assert (declared.weights.file, declared.weights.bytes) == ("moco.pth.tar", Path(moco).stat().st_size)
    assert (
        declared.weights.backbone_sha256
        == read_manifest(tmp_path / "workspace" / "backbones" / "mine").sha256
    )
    assert declared.pretraining_data == ["nih-chestxray14", "other: our clinic"]
    assert declared.claimed == {"covid_linear": ClaimedNumber(value=0.463, interval95=0.002)}

    shutil.move(folder, tmp_path / "cloned" / "mine")
    elsewhere = ("--submissions", str(tmp_path / "cloned"))
    again = call("--weights", moco, "--force", *elsewhere)
    assert again.exit_code == 0, again.output
    assert read_folder(tmp_path / "cloned" / "mine") == declared
    assert read_manifest(tmp_path / "workspace" / "backbones" / "mine").display_name == "MoCo"

    other = tmp_path / "other.safetensors"
    save_file(wild.trunk(seed=1), other)
    shutil.rmtree(tmp_path / "workspace")
    refused = call("--weights", str(other), *elsewhere)
    assert "mine is declared with weights of SHA-256" in refused.output
    assert not (tmp_path / "workspace").exists()
    replaced = call("--weights", str(other), "--force", *elsewhere)
    assert replaced.exit_code == 0, replaced.output
    assert read_folder(tmp_path / "cloned" / "mine").claimed == {}, (
        "claims are of the weights they were made with"
    )


def test_another_encoder_of_the_declared_file_is_refused(call, tmp_path: Path) -> None:
    """A row's name stands for one backbone: the same file and another `--encoder` would rank other weights under it."""
    path, claimed = tmp_path / "two.pth", tmp_path / "results.csv"
    torch.save(wild.below("student.", wild.trunk()) | wild.below("teacher.", wild.trunk(seed=1)), path)
    claimed.write_text("task,percent\ncovid_linear,46.3\n")
    whole = ("--weights", str(path), "--claimed", str(claimed), "--paper", "https://example.org/p")
    assert call(*whole, "--encoder", "student").exit_code == 0
    workspace = tmp_path / "workspace"
    declared = read_folder(workspace / "submissions" / "mine")
    shutil.rmtree(workspace / "backbones")

    refused = call("--weights", str(path), "--encoder", "teacher")
    assert refused.exit_code == 1
    assert declared.weights is not None
    assert declared.weights.backbone_sha256 is not None
    for words in (declared.weights.backbone_sha256[:16], "of this file, found is", "--encoder", "--force"):
        assert words in refused.output
    assert not (workspace / "backbones" / "mine").exists()
    assert read_folder(workspace / "submissions" / "mine") == declared

    assert call("--weights", str(path), "--encoder", "teacher", "--force").exit_code == 0
    replaced = read_folder(workspace / "submissions" / "mine")
    assert replaced.weights is not None
    assert replaced.weights.backbone_sha256 == read_manifest(workspace / "backbones" / "mine").sha256
    assert replaced.weights.backbone_sha256 != declared.weights.backbone_sha256
    assert (replaced.paper, replaced.claimed) == (declared.paper, {})


def test_a_place_that_takes_no_declaration_is_told_before_anything_is_written(
    call, moco: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file" / "below", tmp_path / "dangling"):
        (tmp_path / "dangling").unlink(missing_ok=True)
        (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
        result = call("--weights", moco, "--submissions", str(place))
        assert result.exit_code == 1
        assert isinstance(result.exception, SystemExit)
        assert "no declaration can be written to" in result.output
        assert "--submissions" in result.output
        assert not (tmp_path / "workspace").exists()


def test_a_workspace_that_cannot_be_written_is_told_in_a_sentence(call, moco: str, tmp_path: Path) -> None:
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "backbones").write_text("")
    result = call("--weights", moco)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert f"Error: {tmp_path / 'workspace' / 'backbones'}" in result.output
    assert "move" in result.output
    assert not list((tmp_path / "workspace" / "submissions").iterdir())


def test_a_backbone_that_is_declared_under_another_name_is_refused(call, moco: str, tmp_path: Path) -> None:
    """The other submitter's weights need not be here: a pull request brought the declaration alone."""
    assert call("--weights", moco, name="first").exit_code == 0
    shutil.rmtree(tmp_path / "workspace" / "backbones")
    bare = tmp_path / "bare.safetensors"
    save_file(wild.trunk(), bare)
    again = call("--weights", str(bare), name="second")
    assert again.exit_code == 1
    assert "second is not written: first declares the same backbone" in again.output
    assert not (tmp_path / "workspace" / "backbones").exists()
    assert call("--weights", str(bare), "--allow-findings", name="second").exit_code == 0


def test_two_encoders_are_told_apart_by_the_option(call, tmp_path: Path) -> None:
    path = tmp_path / "two.safetensors"
    save_file(wild.below("student.", wild.trunk()) | wild.below("teacher.", wild.trunk(seed=1)), path)
    result = call("--weights", str(path))
    assert result.exit_code == 1
    assert "--encoder student (120 tensors); --encoder teacher (120 tensors)" in result.output
    assert call("--weights", str(path), "--encoder", "teacher").exit_code == 0
    loaded = load_backbone(tmp_path / "workspace" / "backbones" / "mine").state_dict()
    assert torch.equal(loaded["conv1.weight"], wild.trunk(seed=1)["conv1.weight"])


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("../mine", (), "is no backbone name"),
        ("imagenet", (), "choose another name"),
        ("random-best", (), "the name random-best is kept"),
        ("lovt", (), "lovt is a method ("),
        ("mine", ("--arch", "vgg"), "unknown architecture 'vgg'"),
        ("mine", ("--paper", "no address"), "the declaration does not fit: paper: "),
        ("mine", ("--weights-url", "file:///etc/passwd"), "the declaration does not fit: weights.url: "),
        ("mine", ("--pretraining-data", "mimc-cxr"), "did you mean mimic-cxr?"),
        (
            "mine",
            ("--pretraining-data", "none", "--pretraining-data", "NIH"),
            "nih-chestxray14 are declared too",
        ),
        ("mine", ("--claimed", "absent.csv"), "absent.csv cannot be read"),
        (
            "mine",
            ("--display-name", "l o v t"),
            "the display name 'l o v t' reads like 'LoVT' of the submission",
        ),
        ("mine", ("--display-name", "L\u043eVT"), "mixes the alphabets of T (Latin) and \u043e (Cyrillic)"),
        ("mine", ("--display-name", "My\u3164"), "it holds U+3164, which shows nothing"),
        ("mine", ("--display-name", "a\x1b[2J"), "are plain text on one line"),
    ],
)
def test_mistakes_end_in_a_sentence_and_write_nothing(
    call, moco: str, tmp_path: Path, name: str, arguments: tuple[str, ...], message: str
) -> None:
    result = call("--weights", moco, *arguments, name=name)
    assert result.exit_code == 1
    assert message in result.output
    assert isinstance(result.exception, SystemExit)
    assert not (tmp_path / "workspace").exists()


@pytest.mark.slow
def test_of_two_at_once_one_finds_the_name_taken(tmp_path: Path) -> None:
    """Each declares its own paper: backbone and declaration that stay are of one of them."""
    began = []
    for seed in (0, 1):
        weights = tmp_path / f"{seed}.pth"
        torch.save(wild.trunk(seed=seed), weights)
        command = [
            sys.executable, "-m", "lovt_bench.benchmark.cli.main", "submit", "mine", "--weights", str(weights),
            "--no-onnx", "--arch", "resnet18", "--paper", f"https://example.org/{seed}",
            "--workspace", str(tmp_path / "ws"),
        ]  # fmt: skip
        began.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    said = [process.communicate()[0] for process in began]
    codes = [process.returncode for process in began]
    assert sorted(codes) == [0, 1], said
    assert "is there already; --force replaces it" in said[codes.index(1)]
    manifest, declared = (
        read_manifest(tmp_path / "ws/backbones/mine"),
        read_folder(tmp_path / "ws/submissions/mine"),
    )
    assert str(manifest.provenance.paper) == str(declared.paper) == f"https://example.org/{codes.index(0)}"
    assert declared.weights is not None
    assert declared.weights.backbone_sha256 == manifest.sha256
    left = {path.name for path in (tmp_path / "ws").rglob("*")}
    assert left == {
        "backbones",
        "submissions",
        "mine",
        "backbone.json",
        "backbone.safetensors",
        "submission.yaml",
    }


def test_backbone_and_declaration_change_both_or_neither(call, moco: str, tmp_path: Path) -> None:
    declaration = tmp_path / "workspace" / "submissions" / "mine" / "submission.yaml"
    declaration.mkdir(parents=True)
    assert call("--weights", moco).exit_code == 1
    assert not list((tmp_path / "workspace" / "backbones").glob("*"))
    assert [path.name for path in declaration.parent.iterdir()] == ["submission.yaml"]


@pytest.mark.parametrize("before", [None, b"name: mine\n"])
def test_a_declaration_is_put_back_where_the_backbone_cannot_be(tmp_path: Path, before: bytes | None) -> None:
    folder = tmp_path / "submissions" / "mine"
    if before is not None:
        folder.mkdir(parents=True)
        (folder / "submission.yaml").write_bytes(before)

    def write() -> None:
        with declaring(folder):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "submission.yaml").write_bytes(b"name: mine\npaper: https://example.org\n")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write()
    assert folder.exists() == (before is not None)
    assert declaration_content(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == (["mine"] if before else [])


def test_the_report_says_what_tensors_cannot_tell(call, moco: str, tmp_path: Path) -> None:
    result = call("--weights", moco)
    said = "tensors alone cannot tell resnet18 from timm.resnetblur18 (if it is one, say so with --arch"
    assert f"ambiguous   {said}" in result.output
    notes = read_manifest(tmp_path / "workspace" / "backbones" / "mine").provenance.notes
    assert any(note.startswith(said) for note in notes)
