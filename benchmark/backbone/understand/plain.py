"""What an inert pickle holds becomes tensors, numbers, text, dictionaries and lists; nothing else comes out.

Breadth first, so that a part which occurs twice is met where it lies nearest to the top, and nothing is recursive.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from lovt_bench.benchmark.backbone.understand.inert import Stub
from lovt_bench.benchmark.backbone.understand.plain_numpy import NUMPY
from lovt_bench.benchmark.backbone.understand.plain_tensor import TENSORS, Numbers

HOPS = 32
"""Wrappers in wrappers (a parameter of a subclass of a tensor) that are looked through."""

_SILENT = frozenset({"torch", "numpy", "_codecs", "copyreg", "builtins"})
"""Packages whose objects are part of how tensors and numbers are stored; others are told in a note."""
_BUILT = frozenset({"collections.OrderedDict", "collections.defaultdict", "collections.Counter"})


def plain(content: object, numbers: Numbers) -> object:
    """Return content without stubs.

    Args:
        content: As `InertUnpickler` reads it.
        numbers: Gives the one-dimensional tensor of a storage.

    Raises:
        ValueError, TypeError, RuntimeError: A tensor claims more than its storage holds, or is no tensor at all.
    """
    return _Plain(numbers).value_of(content)


def passed_over(stubs: Mapping[str, type[Stub]]) -> list[str]:
    """Return the names of classes and functions for which only plain values stand."""
    return [full for full in stubs if full.split(".", 1)[0] not in _SILENT and full not in _BUILT] + [
        full for full in stubs if full.startswith("torch.nn.modules.")
    ]


class _Plain:
    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers
        self._done: dict[int, Any] = {}
        """What stands for an object of the pickle, by its id; the pickle keeps all of them alive."""
        self._kept: list[Any] = []
        self._waiting: deque[tuple[Any, Any]] = deque()

    def value_of(self, content: object) -> object:
        found = self._begun(content)
        while self._waiting:
            raw, value = self._waiting.popleft()
            if isinstance(value, dict):
                for key, entry in raw.items():
                    value[_key(key, len(value))] = self._begun(entry)
            else:
                value.extend(self._begun(entry) for entry in raw)
        return found

    def _begun(self, raw: Any) -> Any:
        """Return the value of an object; dictionaries and lists are filled later."""
        if raw is None or isinstance(raw, str | bool | int | float):
            return raw
        if id(raw) not in self._done:
            self._done[id(raw)] = self._value(raw)
            self._kept.append(raw)
        return self._done[id(raw)]

    def _value(self, raw: Any) -> Any:
        stands = raw
        for _ in range(HOPS):
            if not isinstance(stands, Stub):
                break
            stands = self._meaning(stands)
        if isinstance(stands, dict):
            value: Any = {}
        elif isinstance(stands, list | tuple | set | frozenset):
            value = []
        elif isinstance(stands, type) and issubclass(stands, Stub):
            return stands.full
        elif stands is None or isinstance(stands, str | bool | int | float | Tensor):
            return stands
        else:
            return None  # bytes, complex numbers, storages by themselves
        if stands is not raw and id(stands) in self._done:
            return self._done[id(stands)]
        self._done[id(stands)] = value
        self._kept.append(stands)
        self._waiting.append((stands, value))
        return value

    def _meaning(self, stub: Stub) -> Any:
        """Return what a stub stands for: a tensor, a plain value, or a simpler object of the pickle."""
        if stub.full in TENSORS:
            return TENSORS[stub.full](stub, self._numbers)
        if stub.full in NUMPY:
            return NUMPY[stub.full](stub)
        if stub.full == "_codecs.encode":
            return None  # bytes
        if stub.items:
            return {_key(key, place): value for place, (key, value) in enumerate(stub.items)}
        if stub.entries:
            return stub.entries
        if stub.full == "collections.OrderedDict" and stub.args and isinstance(stub.args[0], list):
            return {_key(pair[0], place): pair[1] for place, pair in enumerate(stub.args[0])}  # of Python 2
        if stub.full == "copyreg._reconstructor" and stub.state is None:
            return stub.args[2] if len(stub.args) == 3 else None
        if stub.full in _BUILT:
            return stub.args[0] if stub.args and isinstance(stub.args[0], dict) else {}
        return _generic(stub)


def _generic(stub: Stub) -> Any:
    """Return the plain content of an object of an unknown class."""
    state = stub.state
    if isinstance(state, tuple) and len(state) == 2 and all(isinstance(p, dict | None) for p in state):
        state = {**(state[0] or {}), **(state[1] or {})}  # attributes and slots
    if isinstance(state, dict):
        if stub.full.startswith("omegaconf."):
            return state.get("_content", state.get("_val"))
        return _module(state)
    if state is not None:
        return state
    if len(stub.args) == 1:
        return stub.args[0]
    return list(stub.args) if stub.args else {}


def _module(state: dict[Any, Any]) -> dict[Any, Any]:
    """Return the names of a whole module's state dict, one level of them; other objects' attributes as they are."""
    parts = [_items(state.get(part)) for part in ("_parameters", "_buffers", "_modules")]
    if any(part is None for part in parts):
        return state
    return {name: value for part in parts if part for name, value in part.items() if value is not None}


def _items(part: object) -> dict[Any, Any] | None:
    """Return the entries of a dictionary, which of old PyTorch is an OrderedDict; None where it is none."""
    if isinstance(part, Stub) and part.full in _BUILT:
        pairs = part.items or (part.args[0] if part.args and isinstance(part.args[0], list) else [])
        return {_key(pair[0], place): pair[1] for place, pair in enumerate(pairs)}
    return part if isinstance(part, dict) else None


def _key(key: Any, place: int) -> Any:
    """Return a key that cannot cost time: text and numbers are kept, an object is its name or its place."""
    if isinstance(key, str | int | float | bytes | None):
        return key
    if isinstance(key, type) and issubclass(key, Stub):
        return key.full
    if isinstance(key, Stub) and len(key.args) == 1 and isinstance(key.args[0], str | int):
        return key.args[0]
    return (place,)
