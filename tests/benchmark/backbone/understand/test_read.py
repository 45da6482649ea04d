"""Files: what is read, and what is refused before anything of it could run."""

from __future__ import annotations

import json
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.understand.guard import is_graph
from lovt_bench.benchmark.backbone.understand.read import read_checkpoint
from lovt_bench.benchmark.backbone.understand.trunk import understand_file
from tests.benchmark.backbone.graphs import pyramid, saved
from tests.benchmark.backbone.understand import wild

SMALL = {"a": torch.arange(6.0).reshape(2, 3)}


class Bomb:
    """Unpickled without care, this makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("name", ["w.pth.tar", "w.ckpt", "w.bin", "weights", "w.safetensors", "old.pt"])
def test_the_content_decides_not_the_ending(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "w.safetensors":
        save_file(SMALL, path)
    else:
        torch.save(SMALL, path, _use_new_zipfile_serialization=name != "old.pt")
    found = read_checkpoint(path)
    assert isinstance(found, dict)
    assert torch.equal(found["a"], SMALL["a"])


@pytest.mark.parametrize(
    "length", [0x80, 0x0280, 0x4B50, 0x3C3C], ids=["pickle", "pickle 2", "zip", "web page"]
)
def test_the_length_of_a_header_is_no_other_format(tmp_path: Path, length: int) -> None:
    """One safetensors file in 32 begins with the byte of a pickle."""
    header = json.dumps({"a": entry([2], 0, 8)}).encode().ljust(length)
    (tmp_path / "w.safetensors").write_bytes(struct.pack("<Q", length) + header + struct.pack("<2f", 1, 2))
    found = read_checkpoint(tmp_path / "w.safetensors")
    assert isinstance(found, dict)
    assert found["a"].tolist() == [1, 2]


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("where", ["beside", "inside"])
def test_a_pickle_that_runs_code_is_refused_and_does_not_run(
    tmp_path: Path, where: str, legacy: bool
) -> None:
    trace, path = tmp_path / "trace", tmp_path / "bad.pth"
    content = {"state_dict": wild.state(), "x": Bomb(trace)} if where == "beside" else Bomb(trace)
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(BackboneError, match=r"asks for pathlib\.Path\.touch, which could run code.*Nothing"):
        understand_file(path, "resnet18")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Bomb(trace)))
    with pytest.raises(BackboneError, match=r"plain\.pt"):
        understand_file(tmp_path / "plain.pt", "resnet18")
    assert not trace.exists()


def safetensors_file(path: Path, entries: dict[str, object], payload: int) -> Path:
    header = json.dumps(entries).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(payload))
    return path


def entry(shape: list[int], start: int, end: int) -> dict[str, object]:
    return {"dtype": "F32", "shape": shape, "data_offsets": [start, end]}


@pytest.mark.parametrize(
    "entries",
    [
        {"a": entry([2], 0, 8), "b": entry([2], 4, 12)},
        {"a": entry([2], 0, 8), "b": entry([1], 4, 8)},
        {"a": entry([50_000, 50_000], 0, 12)},
        {"a": entry([50_000, 50_000], 0, 10_000_000_000)},
        {"a": entry([3], 0, 400)},
    ],
    ids=["overlap", "inside another", "claims 10 GB", "claims 10 GB and says so", "beyond the end"],
)
def test_lying_headers_of_safetensors_are_refused(tmp_path: Path, entries: dict[str, object]) -> None:
    path = safetensors_file(tmp_path / "x.safetensors", entries, 12)
    with pytest.raises(BackboneError, match=r"not a readable safetensors file.*copy it or save it again"):
        read_checkpoint(path)


@pytest.mark.parametrize("name", ["x.pth", "x.safetensors"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_truncated_files_are_refused(tmp_path: Path, name: str, share: float) -> None:
    path = tmp_path / name
    big = {"a": torch.zeros(1000)}
    if name == "x.pth":
        torch.save(big, path)
    else:
        save_file(big, path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(BackboneError, match=r"not a readable .* cut off"):
        read_checkpoint(path)


def test_a_zip_bomb_is_refused_unopened(tmp_path: Path) -> None:
    torch.save(SMALL, tmp_path / "good.pt")
    with (
        zipfile.ZipFile(tmp_path / "good.pt") as good,
        zipfile.ZipFile(tmp_path / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as bomb,
    ):
        for item in good.infolist():
            bomb.writestr(item.filename, good.read(item))
        bomb.writestr("archive/data/9", bytes(50_000_000))
    with pytest.raises(BackboneError, match=r"refused: it holds compressed entries.*can unpack to any size"):
        read_checkpoint(tmp_path / "bomb.pt")


def scripted(path: Path) -> None:
    """torch.jit.save compresses what it writes beside tensors; that is not what is wrong with it."""
    torch.jit.save(torch.jit.script(torch.nn.Linear(3, 2)), str(path))


def exported(path: Path) -> None:
    torch.export.save(torch.export.export(torch.nn.Linear(3, 2), (torch.zeros(1, 3),)), str(path))


def arrays(path: Path) -> None:
    np.savez_compressed(path, weight=np.ones((2, 3), np.float32), bias=np.zeros(2, np.float32))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("write", "name", "message"),
    [
        (scripted, "w.pt", r"a TorchScript archive, which is code"),
        (exported, "w.pt2", r"a program of torch\.export"),
        (arrays, "w.npz", r"a NumPy archive"),
    ],
)
def test_the_advice_can_be_followed_by_who_has_only_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None], name: str, message: str
) -> None:
    write(tmp_path / name)
    with pytest.raises(BackboneError, match=message) as error:
        read_checkpoint(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    exec(str(error.value).split("`")[1], {"FILE": name})
    found = read_checkpoint(tmp_path / "weights.safetensors")
    assert isinstance(found, dict)
    assert {key: tuple(tensor.shape) for key, tensor in found.items()} == {"weight": (2, 3), "bias": (2,)}


def test_an_archive_of_several_files_is_told_apart(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("run/best.pth", b"-")
    with pytest.raises(
        BackboneError, match=r"torch\.save did not write; it holds run/best\.pth\. Unpack it first"
    ):
        read_checkpoint(tmp_path / "w.zip")
    with tarfile.open(tmp_path / "w.tar", "w") as tar:
        tar.add(tmp_path / "w.zip", "w.zip")
    with pytest.raises(BackboneError, match=r"a tar archive\. Unpack it first"):
        read_checkpoint(tmp_path / "w.tar")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.pt", b"", "x.pt is empty: copy or download it again"),
        (
            "x.pt",
            b"epoch,loss\n1,0.5\n",
            "neither a PyTorch nor a safetensors file .it begins with b'epoch,lo'",
        ),
        ("x.pt", b"<!DOCTYPE html>", "a web page"),
        ("x.h5", b"\x89HDF\r\n", "an HDF5 file"),
        ("x.gz", b"\x1f\x8b\x08", "compressed with gzip. Unpack it first"),
        ("x.pt", b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        ("x.npy", b"\x93NUMPY\x01", "a NumPy array"),
        ("x.onnx", b"\x08\x08\x12\x07pytorch", "an ONNX graph; here weights are expected"),
        ("x.pt", b"PK\x03\x04 but no archive", "not a readable PyTorch file.*cut off"),
        ("x.pt", b"\x80\x02 but no pickle", "not a readable PyTorch file|refused"),
        ("x.safetensors", b"{}", "not a readable safetensors file"),
    ],
)
def test_other_files_are_recognised(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BackboneError, match=message):
        read_checkpoint(tmp_path / name)


def test_no_file_and_a_folder_are_no_checkpoint(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent\x1b[31m.pt"):
        with pytest.raises(BackboneError, match="no weight file") as error:
            read_checkpoint(path)
        assert str(error.value).isprintable()


@pytest.mark.parametrize("name", ["GOOD.ONNX", "graph", "graph.pth", "graph.onnx.download"])
def test_a_graph_is_known_by_its_content(tmp_path: Path, name: str) -> None:
    path = saved(pyramid(), tmp_path / name)
    assert is_graph(path)
    with pytest.raises(BackboneError, match="an ONNX graph; here weights are expected"):
        read_checkpoint(path)


def test_weights_are_no_graph_whatever_they_are_called(tmp_path: Path) -> None:
    torch.save(SMALL, tmp_path / "new.onnx")
    torch.save(SMALL, tmp_path / "old.onnx", _use_new_zipfile_serialization=False)
    save_file(SMALL, tmp_path / "other.ONNX")
    for path in tmp_path.iterdir():
        assert not is_graph(path)
        assert isinstance(read_checkpoint(path), dict)
    save_file(SMALL, tmp_path / "UPPER.SAFETENSORS")
    assert isinstance(read_checkpoint(tmp_path / "UPPER.SAFETENSORS"), dict)
