"""Broken and hostile files through the real command: refused, with what to do, in bounded memory, leaving nothing."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from onnx import TensorProto, helper
from safetensors.torch import save_file
from torch import Tensor

from lovt_bench.benchmark.cli.main import main
from tests.benchmark.backbone.understand import wild

MEMORY_LIMIT = 256 << 20
"""Bytes that a refusal may add to this process; the bombs claim or unpack to gigabytes."""


def saved(change: Callable[[dict[str, Tensor]], object]) -> Callable[[Path], None]:
    """Return what writes a PyTorch file of a ResNet-18 that was changed."""

    def write(path: Path) -> None:
        tensors = {name: tensor.clone() for name, tensor in wild.state().items()}
        torch.save({"state_dict": change(tensors) or tensors}, path)

    return write


def cut(path: Path) -> None:
    torch.save(wild.state(), path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def cut_safetensors(path: Path) -> None:
    save_file(wild.state(), path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def code(path: Path) -> None:
    class Touch:
        def __reduce__(self):
            return (Path.touch, (path.parent / "ran",))

    torch.save({"state_dict": wild.state(), "x": Touch()}, path)


def zip_bomb(path: Path) -> None:
    """Half a gigabyte of zeros in 2 MB, as an entry of an archive that is a checkpoint otherwise."""
    stream = io.BytesIO()
    torch.save({"a": torch.ones(3)}, stream)
    zeros = bytes(1 << 24)
    with (
        zipfile.ZipFile(stream) as good,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bomb,
    ):
        for item in good.infolist():
            bomb.writestr(item.filename, good.read(item))
        with bomb.open("archive/data/9", "w", force_zip64=True) as entry:
            for _ in range(32):
                entry.write(zeros)


def overlapping_zip(path: Path) -> None:
    """Many names for one stretch of bytes: what unpacks to far more than the file is."""
    torch.save({"a": torch.ones(250_000)}, path)
    with zipfile.ZipFile(path, "a") as archive:
        big = max(archive.infolist(), key=lambda entry: entry.file_size)
        for number in range(2_000):
            twin = zipfile.ZipInfo(f"{big.filename}{number}")
            twin.header_offset, twin.file_size, twin.compress_size = (
                big.header_offset,
                big.file_size,
                big.file_size,
            )
            twin.CRC = big.CRC
            archive.filelist.append(twin)
            archive.NameToInfo[twin.filename] = twin
        archive._didModify = True  # type: ignore[attr-defined]


def claimed_storage(path: Path) -> None:
    """The old format: a pickle says how long a storage is before a byte of it is read."""
    stream = io.BytesIO()
    torch.save({"conv1.weight": torch.zeros(123_457)}, stream, _use_new_zipfile_serialization=False)
    honest = b"J" + struct.pack("<i", 123_457)
    assert honest in stream.getvalue()
    path.write_bytes(stream.getvalue().replace(honest, b"J" + struct.pack("<i", 2**31 - 1)))


def claimed_shape(path: Path) -> None:
    """10 GB by its shape, one number by its storage."""
    torch.save({"conv1.weight": torch.zeros(1).expand(50_000, 50_000), "bn1.weight": torch.ones(64)}, path)


def safetensors(entries: dict[str, tuple[list[int], int, int]], payload: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        described = {
            name: {"dtype": "F32", "shape": shape, "data_offsets": [start, end]}
            for name, (shape, start, end) in entries.items()
        }
        header = json.dumps(described).encode()
        path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(payload))

    return write


def external_onnx(path: Path) -> None:
    """A graph whose weights are in a file of the reader's machine."""
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4, 3, 1, 1])
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="../../../etc/passwd")
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, "h", "w"])
    level = helper.make_tensor_value_info("c1", TensorProto.FLOAT, ["n", 4, "h", "w"])
    node = helper.make_node("Conv", ["image", "w"], ["c1"], strides=[4, 4])
    graph = helper.make_graph([node], "g", [image], [level], [weight])
    path.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]).SerializeToString()
    )


def statistics(tensors: dict[str, Tensor]) -> object:
    return {name: tensor for name, tensor in tensors.items() if "running_" not in name}


def transposed(tensors: dict[str, Tensor]) -> object:
    return {name: t.permute(2, 3, 1, 0).contiguous() if t.ndim == 4 else t for name, t in tensors.items()}


def nan(tensors: dict[str, Tensor]) -> None:
    tensors["layer3.0.conv1.weight"][0, 0, 0, 0] = float("nan")


def deep(path: Path) -> None:
    content: object = {"conv1.weight": torch.zeros(3)}
    for _ in range(20):
        content = {"x": content}
    torch.save(content, path)


def two(tensors: dict[str, Tensor]) -> object:
    return wild.below("encoder_q.", tensors) | wild.below("encoder_k.", wild.state(seed=1))


BROKEN: dict[str, tuple[str, Callable[[Path], object], tuple[str, ...]]] = {
    "truncated": ("w.pth", cut, ("not a readable PyTorch file", "cut off", "copy it again")),
    "truncated safetensors": ("w.safetensors", cut_safetensors, ("not a readable safetensors", "copy it")),
    "wrong depth": (
        "w.pth",
        lambda path: torch.save(wild.state("resnet34"), path),
        ("fits resnet34: pass --arch",),
    ),
    "transposed": ("w.pth", saved(transposed), ("expected [", "another order", "(out, in, height, width)")),
    "no statistics": ("w.pth", saved(statistics), ("bn1.running_mean", "buffers", "save model.state_dict()")),
    "pickle with code": (
        "w.pth",
        code,
        ("asks for pathlib.Path.touch", "Nothing of it was run", "safetensors"),
    ),
    "zip bomb": ("w.pth", zip_bomb, ("refused", "can unpack to any size", "zip -0")),
    "overlapping zip": (
        "w.pth",
        overlapping_zip,
        ("refused", "claim more than", "ask whoever made the file"),
    ),
    "claimed storage": ("w.pth", claimed_storage, ("not a readable PyTorch file", "copy it again")),
    "claimed shape": ("w.pth", claimed_shape, ("no trunk of resnet18", "conv1.weight")),
    "safetensors overlap": (
        "w.safetensors",
        safetensors({"a": ([2], 0, 8), "b": ([2], 4, 12)}, 12),
        ("not a readable safetensors file", "save it again"),
    ),
    "safetensors of 10 GB": (
        "w.safetensors",
        safetensors({"conv1.weight": ([50_000, 50_000], 0, 10_000_000_000)}, 12),
        ("not a readable safetensors file", "compare its size"),
    ),
    "safetensors header of an exabyte": (
        "w.safetensors",
        lambda path: path.write_bytes(struct.pack("<Q", 1 << 60) + b"{}"),
        ("not a readable safetensors file", "save it again"),
    ),
    "ONNX with external data": (
        "w.onnx",
        external_onnx,
        ("keeps weights in another file", "save_as_external_data=False"),
    ),
    "empty": ("w.pth", lambda path: path.write_bytes(b""), ("is empty", "download it again")),
    "text": (
        "w.pth",
        lambda path: path.write_text("epoch,loss\n1,0.5\n"),
        ("neither a PyTorch nor", "is it the right one"),
    ),
    "NaN": ("w.pth", saved(nan), ("NaN", "layer3.0.conv1.weight", "before the training diverged")),
    "two encoders": ("w.pth", saved(two), ("2 encoders fit", "--encoder state_dict.encoder_q", "encoder_k")),
    "array": ("w.npy", lambda path: np.save(path, np.zeros(3)), ("a NumPy array, one without a name",)),
    "no file": ("w.pth", lambda path: None, ("no weight file", "is not there")),
    "pipe": ("w.pth", os.mkfifo, ("no weight file", "is no plain file")),
    "pipe as graph": ("w.onnx", os.mkfifo, ("no weight file", "is no plain file")),
    "twenty dictionaries deep": ("w.pth", deep, ("the file holds no tensors", "nested deeper than 16")),
}


def submit(workspace: Path, weights: Path, name: str = "mine") -> Result:
    arguments = ["submit", name, "--weights", str(weights), "--workspace", str(workspace)]
    of_weights = [] if weights.suffix == ".onnx" else ["--arch", "resnet18", "--no-onnx"]
    return CliRunner().invoke(main, [*arguments, *of_weights])


def resident(key: str) -> int:
    """Return bytes of this process from the kernel: `VmRSS` now, `VmHWM` at most."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(f"{key}:"))


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_with_what_to_do_and_leaves_nothing(case: str, tmp_path: Path) -> None:
    name, write, words = BROKEN[case]
    write(tmp_path / name)
    before = {path.name for path in tmp_path.iterdir()}
    reset = Path("/proc/self/clear_refs")
    try:
        reset.write_text("5")  # the kernel forgets the peak
        base: int | None = resident("VmRSS")
    except OSError:
        base = None
    result = submit(tmp_path / "workspace", tmp_path / name)
    if base is not None:
        assert resident("VmHWM") - base < MEMORY_LIMIT
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    for word in words:
        assert word in result.output
    assert "Traceback" not in result.output
    assert {path.name for path in tmp_path.iterdir()} == before


def test_names_that_are_taken_or_paths_are_refused(tmp_path: Path) -> None:
    weights, workspace = tmp_path / "w.pth", tmp_path / "workspace"
    torch.save(wild.state(), weights)
    for name in ("../mine", "a/b", "/tmp/mine", "..", "Mine", "-x y"):
        result = CliRunner().invoke(
            main, ["submit", "--weights", str(weights), "--workspace", str(workspace), "--", name]
        )
        assert result.exit_code == 1, result.output
        assert "is no backbone name" in result.output, name
        assert not workspace.exists()
    assert submit(workspace, weights).exit_code == 0
    made = (workspace / "backbones" / "mine" / "backbone.json").read_bytes()
    taken = submit(workspace, weights)
    assert taken.exit_code == 1
    assert "is there already; --force replaces it, or choose another name" in taken.output
    assert (workspace / "backbones" / "mine" / "backbone.json").read_bytes() == made
