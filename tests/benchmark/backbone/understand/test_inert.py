"""Pickles with objects: tensors come out, nothing runs, and payload is named. Oracle: torch's own reader."""

from __future__ import annotations

import argparse
import collections
import dataclasses
import datetime
import enum
import functools
import io
import os
import pathlib
import pickle
import struct
import sys
import types
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lightning.fabric.utilities.data import AttributeDict
from torch import Tensor

from lovt_bench.benchmark.backbone import apart
from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.understand.flatten import flatten
from lovt_bench.benchmark.backbone.understand.read import read_checkpoint, read_content
from lovt_bench.benchmark.backbone.understand.trunk import understand_file
from tests.benchmark.backbone.understand import wild
from tests.benchmark.backbone.understand.test_bombs import LEGACY, archive, legacy

ONE = torch.arange(6.0).reshape(2, 3)


class Colour(enum.Enum):
    RED = "red"


class Outer:
    @dataclasses.dataclass
    class Inner:
        lr: float = 0.5


class Easy(dict):
    """As EasyDict, addict and ConfigDict: a dictionary whose entries are attributes, too."""

    def __init__(self, **values: Any) -> None:
        super().__init__(values)
        self.__dict__.update(values)


class Reducing:
    """Built again by a function of the training code."""

    def __reduce__(self):
        return (made_again, (1, "a"), {"x": 2})


def made_again(*_args: object) -> Reducing:
    raise AssertionError("nothing of a file is called")


def in_itself() -> list[object]:
    made: list[object] = []
    made.append(made)
    return made


OBJECTS: dict[str, tuple[Callable[[], object], object]] = {
    "Namespace": (lambda: argparse.Namespace(lr=0.1, arch="vit_small"), {"lr": 0.1, "arch": "vit_small"}),
    "numpy scalar": (lambda: np.float64(71.2), 71.2),
    "numpy whole number": (lambda: np.int64(-3), -3),
    "path": (lambda: pathlib.PurePosixPath("/data/x"), ["/", "data", "x"]),
    "datetime": (lambda: datetime.datetime(2024, 1, 2), None),
    "defaultdict": (lambda: collections.defaultdict(list, a=[1]), {"a": [1]}),
    "OrderedDict": (lambda: collections.OrderedDict(a=1), {"a": 1}),
    "Counter": (lambda: collections.Counter("aab"), {"a": 2, "b": 1}),
    "deque": (lambda: collections.deque([1, 2]), [1, 2]),
    "set": (lambda: {7}, [7]),
    "size": (lambda: torch.Size((2, 3)), [2, 3]),
    "type of numbers": (lambda: torch.float16, "torch.float16"),
    "device": (lambda: torch.device("cpu"), "cpu"),
    "AttributeDict": (lambda: AttributeDict(lr=1), {"lr": 1}),
    "dictionary with attributes": (lambda: Easy(lr=1), {"lr": 1}),
    "member of an enum": (lambda: Colour.RED, "red"),
    "class in a class": (lambda: Outer.Inner(), {"lr": 0.5}),
    "function": (lambda: made_again, f"{__name__}.made_again"),
    "built by a function": (lambda: Reducing(), {"x": 2}),
    "partial": (lambda: functools.partial(made_again, 1), [f"{__name__}.made_again", [1], {}, None]),
    "bytes": (lambda: b"abc", None),
    "complex": (lambda: 1j, [0.0, 1.0]),
    "large number": (lambda: 1 << 80, 1 << 80),
    "log in memory": (lambda: io.StringIO("ab"), ["ab", "\n", 0, None]),
    "bytes in memory": (lambda: io.BytesIO(b"ab"), [None, 0, None]),
    "list in itself": (lambda: in_itself(), ...),
}


@pytest.mark.parametrize("old", [False, True], ids=["archive", "before 1.6"])
@pytest.mark.parametrize("name", OBJECTS)
def test_objects_beside_tensors_become_plain_values(tmp_path: Path, name: str, old: bool) -> None:
    make, expected = OBJECTS[name]
    content = {"state_dict": {"w": ONE}, "x": make()}
    torch.save(content, tmp_path / "w.pth", _use_new_zipfile_serialization=not old)
    found = read_checkpoint(tmp_path / "w.pth")
    assert isinstance(found, dict)
    assert torch.equal(found["state_dict"]["w"], ONE)
    if expected is ...:
        assert found["x"][0] is found["x"]
    else:
        assert found["x"] == expected


def test_arrays_of_numpy_are_tensors_and_of_the_same_values(tmp_path: Path) -> None:
    arrays = {
        "f": np.asfortranarray(np.arange(6.0, dtype=np.float32).reshape(2, 3)),
        "big": np.arange(3, dtype=">f8"),
        "half": np.ones(2, np.float16),
        "none": np.zeros((0, 4), np.int64),
        "point": np.array(2.5),
    }
    strange = {
        "text": np.array(["a"]),
        "objects": np.array([None], object),
        "when": np.array(["2024"], "M8[D]"),
    }
    torch.save(arrays | strange, tmp_path / "w.pth")
    (tmp_path / "w.pkl").write_bytes(pickle.dumps({"model": arrays | strange}, protocol=5))
    (tmp_path / "old.pkl").write_bytes(pickle.dumps({"model": arrays}, protocol=2))
    for name in ("w.pth", "w.pkl", "old.pkl"):
        found = flatten(read_checkpoint(tmp_path / name)).tensors
        assert {key.rpartition(".")[2] for key in found} == set(arrays)
        for key, tensor in found.items():
            wanted = arrays[key.rpartition(".")[2]]
            assert np.array_equal(tensor.numpy(), wanted), key
            assert tensor.numpy().dtype == wanted.dtype.newbyteorder("=")


def test_a_pickle_of_python_2_is_read(tmp_path: Path) -> None:
    """As Caffe2's and Detectron's: text and data are strings of bytes."""
    content = (
        b"\x80\x02}U\x05blobs}U\x07conv1_wcnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01K\x02\x85cnumpy\ndtype\nU\x02f4K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89U\x08" + struct.pack("<2f", 1.5, -2.0) + b"tbss."
    )
    (tmp_path / "w.pkl").write_bytes(content)
    assert flatten(read_checkpoint(tmp_path / "w.pkl")).tensors["blobs.conv1_w"].tolist() == [1.5, -2.0]


def planted(monkeypatch: pytest.MonkeyPatch, module: str, **fields: object) -> type:
    """Return a class of a module that is there only until the patch is undone."""
    package = module.split(".")[0]
    kind = type("DictConfig" if package == "omegaconf" else "Config", (), {"__module__": module, **fields})
    for name in (package, module):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    setattr(sys.modules[module], kind.__name__, kind)
    return kind


def test_configurations_of_omegaconf_are_their_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        kind = planted(patch, "omegaconf.dictconfig")

        def node(**state: object) -> object:
            made = kind()
            made.__dict__.update(state)
            return made

        config = node(
            _metadata=node(key=None), _parent=None, _content={"lr": node(_val=0.1), "m": node(_content={})}
        )
        torch.save({"w": ONE, "cfg": config}, tmp_path / "w.pth")
    found = read_checkpoint(tmp_path / "w.pth")
    assert isinstance(found, dict)
    assert found["cfg"] == {"lr": 0.1, "m": {}}


def test_the_training_code_is_neither_needed_nor_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        kind = planted(patch, "their_code.config")
        torch.save({"w": ONE, "cfg": kind(), "kind": kind}, tmp_path / "w.pth")
    (tmp_path / "their_code").mkdir()
    (tmp_path / "their_code" / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    found = read_content(tmp_path / "w.pth")
    assert isinstance(found.value, dict)
    assert found.value["kind"] == "their_code.config.Config"
    assert "their_code.config.Config" in found.notes[0]


@pytest.mark.parametrize("old", [False, True], ids=["archive", "before 1.6"])
@pytest.mark.filterwarnings("ignore")
def test_a_whole_module_gives_its_state_dict(tmp_path: Path, old: bool) -> None:
    network = wild.network()
    torch.save({"model": network}, tmp_path / "w.pth", _use_new_zipfile_serialization=not old)
    content = read_content(tmp_path / "w.pth")
    found = flatten(content.value).tensors
    wanted = {f"model.{name}": tensor for name, tensor in network.state_dict().items()}
    assert list(found) == list(wanted)
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)
    assert "torchvision.models.resnet.ResNet" in content.notes[0]


TYPES = (
    *(
        torch.float32,
        torch.float16,
        torch.bfloat16,
        torch.float64,
        torch.int64,
        torch.int32,
        torch.int8,
        torch.uint8,
    ),
    *(torch.bool, torch.complex64),
)


@st.composite
def tensors(draw: st.DrawFn) -> Tensor:
    size = draw(st.lists(st.integers(0, 4), max_size=4))
    dtype = draw(st.sampled_from(TYPES))
    whole = torch.arange(500).remainder(5).to(dtype)
    many = int(np.prod(size, dtype=int))
    tensor = whole[3 : 3 + many].reshape(size)
    if draw(st.booleans()):
        tensor = tensor.permute(tuple(draw(st.permutations(range(len(size))))))
    if draw(st.booleans()):
        tensor = tensor.unsqueeze(0).expand(3, *tensor.shape)
    if draw(st.booleans()) and tensor.ndim:
        tensor = tensor[..., ::2]
    if draw(st.booleans()) and dtype.is_floating_point:
        tensor = torch.nn.Parameter(tensor, requires_grad=draw(st.booleans()))
    return tensor if draw(st.booleans()) else tensor.clone()


def contents() -> st.SearchStrategy[Any]:
    leaves = st.one_of(tensors(), st.none(), st.booleans(), st.integers(), st.text(max_size=3))
    return st.recursive(
        st.dictionaries(st.text(max_size=3), leaves, max_size=4),
        lambda below: st.one_of(
            st.lists(below, max_size=3),
            st.dictionaries(st.one_of(st.text(max_size=2), st.integers()), below, max_size=3),
        ),
        max_leaves=5,
    )


def equal(one: Any, other: Any) -> bool:
    if isinstance(other, Tensor):
        same = isinstance(one, Tensor) and one.dtype == other.dtype and one.shape == other.shape
        return same and torch.equal(one.detach(), other.detach())
    if isinstance(other, dict):
        return list(one) == list(other) and all(equal(one[key], other[key]) for key in other)
    if isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return type(one) is type(other) and one == other


@given(content=contents(), old=st.booleans())
@settings(max_examples=30, deadline=None)
def test_what_torch_reads_is_read_alike(
    tmp_path_factory: pytest.TempPathFactory, content: object, old: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "alike.pth"
    torch.save(content, path, _use_new_zipfile_serialization=not old)
    assert equal(read_checkpoint(path), torch.load(path, weights_only=True))


def test_a_state_dict_that_was_pickled_without_torch_is_read(tmp_path: Path) -> None:
    state = {"w": ONE.T, "half": torch.ones(2, dtype=torch.float16), "p": torch.nn.Parameter(ONE)}
    for protocol in (2, 4):
        (tmp_path / "w.pkl").write_bytes(pickle.dumps({"model": state}, protocol))
        found = flatten(read_checkpoint(tmp_path / "w.pkl")).tensors
        assert equal(dict(found), {f"model.{name}": tensor for name, tensor in state.items()})


def test_shared_numbers_stay_shared_and_mapped(tmp_path: Path) -> None:
    whole = torch.arange(10.0)
    torch.save({"a": whole[:4], "b": whole[2:], "again": whole[2:]}, tmp_path / "w.pth")
    found = flatten(read_checkpoint(tmp_path / "w.pth")).tensors
    assert found["b"].data_ptr() == found["a"].data_ptr() + 8


def test_numbers_of_the_other_byte_order_are_turned(tmp_path: Path) -> None:
    stream = io.BytesIO()
    torch.save({"a": torch.tensor([1.0, -2.5])}, stream)
    with zipfile.ZipFile(stream) as little, zipfile.ZipFile(tmp_path / "w.pth", "w") as big:
        for name in little.namelist():
            content = little.read(name)
            if "/data/" in name:
                content = np.frombuffer(content, "<f4").astype(">f4").tobytes()
            big.writestr(name, b"big" if name.endswith("byteorder") else content)
    found = read_checkpoint(tmp_path / "w.pth")
    assert isinstance(found, dict)
    assert found["a"].tolist() == [1.0, -2.5]
    assert torch.load(tmp_path / "w.pth", weights_only=True)["a"].tolist() == [1.0, -2.5]


def call(module: str, name: str, argument: str = "touch RAN") -> bytes:
    return (
        f"\x80\x02c{module}\n{name}\nX".encode("latin1")
        + struct.pack("<I", len(argument))
        + argument.encode()
        + b"\x85R."
    )


def stacked(module: str, name: str) -> bytes:
    """Protocol 4: the name is on the stack, and may be dotted."""
    return (
        b"\x80\x04"
        + b"".join(b"\x8c" + bytes([len(each)]) + each.encode() for each in (module, name))
        + b"\x93)R."
    )


PAYLOADS: dict[str, tuple[bytes, str]] = {
    "os.system": (call("os", "system"), "os.system"),
    "posix.system": (call("posix", "system"), "posix.system"),
    "eval": (call("builtins", "eval"), "builtins.eval"),
    "eval of Python 2": (call("__builtin__", "eval"), "builtins.eval"),
    "exec": (call("builtins", "exec"), "builtins.exec"),
    "import": (call("builtins", "__import__", "os"), "builtins.__import__"),
    "open": (call("builtins", "open"), "builtins.open"),
    "commands of Python 2": (call("commands", "getoutput"), "subprocess.getoutput"),
    "Popen": (call("subprocess", "Popen"), "subprocess.Popen"),
    "runpy": (call("runpy", "run_path"), "runpy.run_path"),
    "importlib": (call("importlib", "import_module", "os"), "importlib.import_module"),
    "pickle in a pickle": (call("pickle", "loads"), "pickle.loads"),
    "marshal": (call("marshal", "loads"), "marshal.loads"),
    "code": (call("types", "CodeType"), "types.CodeType"),
    "function": (call("types", "FunctionType"), "types.FunctionType"),
    "attrgetter": (call("operator", "attrgetter", "system"), "operator.attrgetter"),
    "socket": (call("socket", "create_connection"), "socket.create_connection"),
    "shutil": (call("shutil", "rmtree"), "shutil.rmtree"),
    "torch.hub": (call("torch.hub", "load"), "torch.hub.load"),
    "torch.load": (call("torch", "load"), "torch.load"),
    "numpy's runstring": (
        call("numpy.testing._private.utils", "runstring"),
        "numpy.testing._private.utils.runstring",
    ),
    "dill": (call("dill._dill", "_create_function"), "dill._dill._create_function"),
    "INST": (b"(S'touch RAN'\nios\nsystem\n.", "os.system"),
    "OBJ": (b"\x80\x02(cos\nsystem\nX\x09\x00\x00\x00touch RANo.", "os.system"),
    "dotted, through another module": (stacked("numpy", "os.system"), "numpy.os.system"),
    "dotted, a method": (stacked("pathlib", "Path.touch"), "pathlib.Path.touch"),
    "getattr of text": (
        b"\x80\x02cbuiltins\ngetattr\nX\x01\x00\x00\x00aX\x06\x00\x00\x00encode\x86R.",
        "builtins.getattr",
    ),
    "getattr of a dunder": (
        b"\x80\x02cbuiltins\ngetattr\ncmy\nClass\nX\x09\x00\x00\x00__class__\x86R.",
        "builtins.getattr",
    ),
    "getattr of a method": (
        b"\x80\x02cbuiltins\ngetattr\ncpathlib\nPath\nX\x05\x00\x00\x00touch\x86R.",
        "pathlib.Path.touch",
    ),
    "named and not called": (b"\x80\x02}X\x01\x00\x00\x00acos\nsystem\ns.", "os.system"),
}


def alone(path: Path, content: bytes) -> Path:
    path.write_bytes(content if content[:1] == b"\x80" else b"\x80\x02" + content)
    return path


def first_of_old(path: Path, content: bytes) -> Path:
    """The payload stands where a file of old says its byte order."""
    path.write_bytes(b"".join(pickle.dumps(each, 2) for each in LEGACY[:2]) + content)
    return path


@pytest.mark.parametrize("write", [archive, legacy, alone, first_of_old])
@pytest.mark.parametrize("name", PAYLOADS)
def test_payload_is_named_and_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, write: Callable[[Path, bytes], Path]
) -> None:
    monkeypatch.chdir(tmp_path)
    content, named = PAYLOADS[name]
    with pytest.raises(BackboneError) as error:
        read_checkpoint(write(tmp_path / "w.pth", content))
    assert f"its pickle asks for {named}, which could run code" in str(error.value)
    assert "Nothing of it was run" in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["w.pth"]


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02cmy\nClass\n}X\x01\x00\x00\x00aK\x01sb.",
        b"\x80\x02cmy\nClass\nN}X\x07\x00\x00\x00__new__K\x01s\x86b.",
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\nN}X\x04\x00\x00\x00fullK\x01s\x86b.",
        b"\x80\x02]}X\x01\x00\x00\x00aK\x01sb.",
        b"\x80\x02K\x05)R.",
        b"\x80\x02cmy\nClass\n)R)R.",
        b"\x80\x02X\x01\x00\x00\x00a)\x81.",
        b"\x80\x02X\x03\x00\x00\x00abcQ.",
        b"\x80\x02\x82\x01.",
        b"\x80\x02]r\x00\x00\x01\x00",
    ],
    ids=[
        *(
            "state of a class",
            "slots of a class",
            "slots of a known class",
            "state of a list",
            "call of a number",
        ),
        *("call of an object", "object of text", "foreign reference", "extension", "no end"),
    ],
)
def test_what_no_file_of_torch_does_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BackboneError, match="not a readable PyTorch file"):
        read_checkpoint(archive(tmp_path / "w.pth", content))
    torch.save({"x": collections.OrderedDict(a=ONE)}, tmp_path / "good.pth")
    assert torch.equal(flatten(read_checkpoint(tmp_path / "good.pth")).tensors["x.a"], ONE)


def test_a_memo_of_two_billion_places_ends_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "MEMORY", 1 << 30)
    with pytest.raises(
        BackboneError, match=r"w\.pth is refused: its pickle asks for more memory than its size"
    ):
        understand_file(alone(tmp_path / "w.pth", b"\x80\x02]r\xff\xff\xff\x7f."), "resnet18")


def test_names_are_bounded(tmp_path: Path) -> None:
    names = b"".join(b"cmy\nC%d\n0" % number for number in range(10_001))
    with pytest.raises(BackboneError, match="more than 10,000 different objects"):
        read_checkpoint(alone(tmp_path / "w.pth", b"\x80\x02" + names + b"N."))


NAMED = (
    "my\nClass",
    "os\nsystem",
    "builtins\ngetattr",
    "builtins\nset",
    "collections\nOrderedDict",
    "numpy\ndtype",
)
TORCHS = (
    "torch._utils\n_rebuild_tensor_v2",
    "torch\nFloatStorage",
    "torch.nn.parameter\nParameter",
    "torch\nSize",
)
NUMPYS = ("numpy.core.multiarray\n_reconstruct", "numpy.core.multiarray\nscalar", "copyreg\n_reconstructor")
STEPS = [
    *(f"c{name}\n".encode() for name in (*NAMED, *TORCHS, *NUMPYS)),
    *(
        b"N",
        b"K\x01",
        b"X\x01\x00\x00\x00a",
        b"X\x07\x00\x00\x00storage",
        b"\x88",
        b"C\x01a",
        b"}",
        b"]",
        b")",
        b"(",
    ),
    *(
        b"\x85",
        b"\x86",
        b"\x87",
        b"t",
        b"R",
        b"b",
        b"\x81",
        b"a",
        b"e",
        b"s",
        b"u",
        b"2",
        b"0",
        b"Q",
        b"d",
        b"l",
    ),
    *(b"q\x00", b"q\x01", b"h\x00", b"h\x01", b"\x8f", b"\x90", b"\x91", b"o", b"1", b"\x93", b"\x92"),
]


@given(steps=st.lists(st.sampled_from(STEPS), max_size=25))
@settings(max_examples=300, deadline=None)
def test_any_pickle_gives_plain_values_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, steps: list[bytes]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.pth"
    ran: list[object] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "system", ran.append)
        try:
            waiting = [read_checkpoint(alone(path, b"\x80\x04" + b"".join(steps) + b"."))]
        except BackboneError as error:
            waiting = [str(error)]
    assert not ran
    seen: set[int] = set()
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        assert value is None or type(value) in (dict, list, str, int, float, bool, Tensor)
        waiting += [*value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
