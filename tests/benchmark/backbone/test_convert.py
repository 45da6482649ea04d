"""Weight files from outside: what fits is taken, what does not is named, what could run is refused."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from lovt_bench.benchmark.backbone.convert import from_state_dict, read_state_dict
from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.sources import random_draw


@pytest.fixture
def state(toy: str) -> dict[str, torch.Tensor]:
    return dict(random_draw(toy, 3).state_dict())


class Bomb:
    """Unpickled without care, this makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def test_a_pickle_that_runs_code_is_refused_and_does_not_run(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    torch.save({"conv1.weight": torch.zeros(1), "payload": Bomb(trace)}, tmp_path / "bad.pth")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Bomb(trace)))
    for name in ("bad.pth", "plain.pt"):
        with pytest.raises(BackboneError, match=r"refused: its pickle asks for pathlib.* could run code"):
            read_state_dict(tmp_path / name)
    assert not trace.exists()


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".safetensors"])
def test_plain_state_dicts_are_read(tmp_path: Path, state: dict[str, torch.Tensor], suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    if suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    found = read_state_dict(path)
    assert found.keys() == state.keys()
    assert all(torch.equal(found[key], state[key]) for key in state)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"state_dict": {"a": torch.zeros(1)}, "epoch": 3},
            "not a plain state dict: epoch, state_dict are no",
        ),
        ([torch.zeros(1)], "holds list, expected a state dict"),
        ({}, "holds dict, expected a state dict"),
    ],
)
def test_checkpoints_of_other_kinds_are_named(tmp_path: Path, content: object, message: str) -> None:
    torch.save(content, tmp_path / "x.pt")
    with pytest.raises(BackboneError, match=message):
        read_state_dict(tmp_path / "x.pt")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.pt", b"PK\x03\x04 but no archive", "not a readable PyTorch file"),
        ("x.bin", b"PK\x03\x04 but no archive", "not a readable PyTorch file"),
        ("x.safetensors", b"but no header", "not a readable safetensors"),
        ("x.pt", b"\x80\x02 but no pickle", "not a readable PyTorch file|refused"),
    ],
)
def test_broken_files_are_errors(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BackboneError, match=message):
        read_state_dict(tmp_path / name)
    with pytest.raises(BackboneError, match="no weight file"):
        read_state_dict(tmp_path / "absent.pt")


def test_prefix_classifier_and_dtype_are_taken_care_of(toy: str, state: dict[str, torch.Tensor]) -> None:
    given = {f"module.{key}": value for key, value in state.items()} | {"module.fc.weight": torch.zeros(2)}
    given["module.first.weight"] = given["module.first.weight"].double()
    del given["module.norm.num_batches_tracked"]
    backbone, notes = from_state_dict(toy, given)
    assert all(torch.equal(backbone.state_dict()[key], value) for key, value in state.items())
    assert notes == [
        "prefix 'module.' removed from all keys",
        "left out: fc.weight",
        "torch.float64 converted to float32",
        "1 missing num_batches_tracked set to 0",
    ]


def test_keys_that_do_not_fit_are_named(toy: str, state: dict[str, torch.Tensor]) -> None:
    del state["second.bias"]
    state["third.bias"] = torch.zeros(2)
    state["first.bias"] = torch.zeros(5)
    with pytest.raises(BackboneError) as error:
        from_state_dict(toy, state)
    for part in (
        "missing: second.bias",
        "unexpected: third.bias",
        "first.bias (expected F32 [4], found F32 [5])",
    ):
        assert part in str(error.value)


def test_nan_is_named(toy: str, state: dict[str, torch.Tensor]) -> None:
    state["first.bias"] = torch.full((4,), float("nan"))
    with pytest.raises(BackboneError, match=r"NaN or infinity in 1 tensors: first\.bias"):
        from_state_dict(toy, state)
