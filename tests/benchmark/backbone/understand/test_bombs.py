"""Small files that would hang, fill the memory or crash whoever reads them, through the function that submit calls."""

from __future__ import annotations

import json
import pickle
import struct
import zipfile
from pathlib import Path

import pytest
import torch

from lovt_bench.benchmark.backbone import apart
from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.understand.read import read_checkpoint
from lovt_bench.benchmark.backbone.understand.trunk import understand, understand_file
from tests.benchmark.backbone.understand import wild

LEGACY = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})
"""What precedes the content of a file of torch before version 1.6."""


def archive(path: Path, content: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", content)
        file.writestr("archive/version", "3\n")
    return path


def legacy(path: Path, content: bytes) -> Path:
    path.write_bytes(b"".join(pickle.dumps(each, 2) for each in LEGACY) + content + pickle.dumps([], 2))
    return path


def nested_key(depth: int) -> bytes:
    """A dictionary whose key is a tuple of twice the same tuple, and so on: its hash takes 2^depth steps."""
    steps = b"".join(b"h" + bytes([k]) + b"\x86q" + bytes([k + 1]) for k in range(depth))
    return b"\x80\x02})q\x00" + steps + b"K\x01s."


def deep_key(depth: int) -> bytes:
    """A tuple in a tuple in a tuple: its hash calls itself until the stack ends."""
    return b"\x80\x02})" + b"\x85" * depth + b"K\x01s."


@pytest.mark.parametrize("write", [archive, legacy])
def test_a_file_that_takes_for_ever_ends_in_a_sentence(
    write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "READ_SECONDS", 1.0)
    path = write(tmp_path / "w.pth", nested_key(60))
    message = r"w\.pth is refused: reading it took more than 1 s of computing.*Save the image encoder's state"
    with pytest.raises(BackboneError, match=message):
        understand_file(path, "resnet18")


def test_a_file_that_crashes_its_reader_ends_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match=r"w\.pth is refused: reading it broke off"):
        understand_file(archive(tmp_path / "w.pth", deep_key(500_000)), "resnet18")


def test_dictionaries_that_hold_themselves_come_to_an_end() -> None:
    content: dict[str, object] = {"model": wild.state()}
    content["self"] = [content, (content,)]
    assert understand(content, "resnet18").report.encoder == "model"


def test_strides_and_shared_storages_are_no_part_of_what_is_taken(tmp_path: Path) -> None:
    """One number as every weight, and a billion of it beside."""
    one = torch.ones(1)
    state = {
        name: one.expand(tensor.shape) if tensor.is_floating_point() else tensor
        for name, tensor in wild.state().items()
    }
    torch.save({**state, "fc.weight": one.expand(10**9, 10**3)}, tmp_path / "w.pth")
    assert (tmp_path / "w.pth").stat().st_size < 100_000
    found = understand_file(tmp_path / "w.pth", "resnet18").state
    assert all(bool((tensor == 1).all()) for name, tensor in found.items() if "num_batches" not in name)
    assert len({tensor.data_ptr() for tensor in found.values()}) == len(found)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensor: tensor.to("meta"), "is on the device meta"),
        (lambda tensor: tensor.to_sparse(), "layout sparse_coo"),
        (lambda tensor: tensor.to(torch.complex64), r"holds torch\.complex64"),
        (lambda tensor: tensor.to(torch.float8_e4m3fn), r"holds torch\.float8"),
    ],
)
def test_tensors_without_plain_values_are_named(tmp_path: Path, change, message: str) -> None:
    state = {name: change(t) if t.is_floating_point() else t for name, t in wild.state().items()}
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(BackboneError, match=rf"conv1\.weight.*{message}"):
        understand(read_checkpoint(tmp_path / "w.pth"), "resnet18")


def header(path: Path, content: bytes, *, length: int | None = None) -> Path:
    path.write_bytes(struct.pack("<Q", len(content) if length is None else length) + content + bytes(8))
    return path


ENTRY = json.dumps({"dtype": "F32", "shape": [1], "data_offsets": [0, 4]})


@pytest.mark.parametrize(
    ("content", "length", "message"),
    [
        (b"{}", 10**9, "claims 1,000,000,000 bytes"),
        (f'{{"a":{ENTRY},"a":{ENTRY}}}'.encode(), None, "'a' is given twice"),
        (f'{{"__metadata__":{{"a":"1","a":"2"}},"a":{ENTRY}}}'.encode(), None, "'a' is given twice"),
        (b'{"a":' + b"[" * 1_000_000, None, "not a readable safetensors file"),
        (b'{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}', None, "overflow"),
    ],
    ids=["long", "twice", "metadata twice", "deep", "overflow"],
)
def test_headers_that_lie_or_contradict_themselves_are_refused(
    tmp_path: Path, content: bytes, length: int | None, message: str
) -> None:
    with pytest.raises(BackboneError, match=message):
        read_checkpoint(header(tmp_path / "w.safetensors", content, length=length))


def test_what_a_file_says_of_itself_reaches_nobodys_terminal(tmp_path: Path) -> None:
    torch.save(wild.below("\x1b[31m\u202eencoder.", wild.state()), tmp_path / "w.pth")
    notes = understand_file(tmp_path / "w.pth", "resnet18").report.notes()
    assert all(note.isprintable() for note in notes)
    assert "read at encoder" in notes[0]
