"""How torch stores tensors in a pickle: calls of its rebuilding functions, which are read here and never called."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from lovt_bench.benchmark.backbone.understand.inert import Storage, Stub, raw_bytes

Numbers = Callable[[Storage | bytes], Tensor]
"""Gives the one-dimensional tensor of a storage, or of one that lies in the pickle as a file of its own."""

STORAGES: Mapping[str, torch.dtype] = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
    "ComplexFloatStorage": torch.complex64,
    "ComplexDoubleStorage": torch.complex128,
    "QInt8Storage": torch.int8,
    "QUInt8Storage": torch.uint8,
    "QInt32Storage": torch.int32,
    "UntypedStorage": torch.uint8,
}
"""Types of numbers by the classes that files name; `torch.cuda.FloatStorage` of old files, too."""

MOST = 1 << 60
"""Numbers that a shape may claim; a number that is stretched takes no memory."""


def storage_dtype(storage: Storage) -> torch.dtype:
    """Return the type of a storage's numbers.

    Raises:
        ValueError: It is none that torch has.
    """
    full = storage.kind.full if isinstance(storage.kind, type) and issubclass(storage.kind, Stub) else ""
    name = full.rsplit(".", 1)[-1]
    if not full.startswith("torch.") or name not in STORAGES:
        raise ValueError("a tensor's numbers are of a type that torch does not have")
    return STORAGES[name]


def whole(value: Any) -> int:
    """Return a number of things.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST:
        raise ValueError("a tensor's shape, stride or offset is no whole number, or a huge one")
    return value


def _sizes(value: Any) -> tuple[int, ...]:
    if isinstance(value, Stub) and value.full == "torch.Size" and len(value.args) == 1:
        value = value.args[0]
    if not isinstance(value, tuple | list) or len(value) > 64:
        raise ValueError("a tensor's shape or stride is none")
    found = tuple(map(whole, value))
    if math.prod(found) > MOST:
        raise ValueError("a tensor claims more numbers than there could be")
    return found


def _dtype(value: Any) -> torch.dtype:
    full = value.full if isinstance(value, type) and issubclass(value, Stub) else ""
    found = getattr(torch, full.removeprefix("torch."), None) if re.fullmatch(r"torch\.\w+", full) else None
    if not isinstance(found, torch.dtype):
        raise ValueError("a tensor's numbers are of a type that torch does not have")
    return found


def _strided(flat: Tensor, offset: Any, size: Any, stride: Any) -> Tensor:
    """Return a view of a storage.

    Raises:
        ValueError: It would reach beyond the storage.
    """
    sizes, strides, first = _sizes(size), _sizes_of_strides(stride), whole(offset)
    if len(sizes) != len(strides):
        raise ValueError("a tensor has as many strides as it has dimensions")
    last = first + sum((many - 1) * step for many, step in zip(sizes, strides, strict=True))
    if 0 not in sizes and last >= flat.numel():
        raise ValueError(f"a tensor of shape {list(sizes)} claims more numbers than are stored")
    if 0 in sizes:
        return flat.new_empty(sizes)
    return flat.as_strided(sizes, strides, flat.storage_offset() + first)


def _sizes_of_strides(value: Any) -> tuple[int, ...]:
    if not isinstance(value, tuple | list) or len(value) > 64:
        raise ValueError("a tensor's stride is none")
    return tuple(map(whole, value))


def _flat(storage: Any, numbers: Numbers) -> Tensor:
    if isinstance(storage, Stub) and storage.full == "torch.storage._load_from_bytes" and storage.args:
        storage = raw_bytes(storage.args[0])
        if storage is not None:
            return numbers(storage)
    if not isinstance(storage, Storage):
        raise ValueError("a tensor has no storage")
    return numbers(storage)


def _rebuilt(stub: Stub, numbers: Numbers) -> Tensor | None:
    """`_rebuild_tensor(storage, offset, size, stride)`, `_v2(…, requires_grad, hooks, metadata)`."""
    storage, offset, size, stride, *more = stub.args
    if len(more) > 2 and more[2]:
        return None  # conjugate or negated, which no weights are
    return _strided(_flat(storage, numbers), offset, size, stride)


def _rebuilt_as(stub: Stub, numbers: Numbers) -> Tensor | None:
    """`_rebuild_tensor_v3(storage, offset, size, stride, requires_grad, hooks, dtype, metadata)`."""
    storage, offset, size, stride, _grad, _hooks, dtype, *more = stub.args
    if more and more[0]:
        return None
    raw = _flat(storage, numbers)
    kind = _dtype(dtype)
    return _strided(_typed(raw, kind), offset, size, stride)


def _typed(raw: Tensor, dtype: torch.dtype) -> Tensor:
    if raw.dtype != torch.uint8 or raw.numel() % dtype.itemsize:
        raise ValueError("a tensor's storage has another length than its type asks for")
    return raw.view(dtype)


def _of_old_class(stub: Stub, numbers: Numbers) -> Any:
    """`torch.FloatTensor()` and, as its state, (storage, offset, size, stride): files of torch 0.1."""
    if isinstance(stub.state, tuple) and len(stub.state) == 4:
        storage, offset, size, stride = stub.state
        return _strided(_flat(storage, numbers), offset, size, stride)
    return None


def _parameter(stub: Stub, _numbers: Numbers) -> Any:
    """A parameter or variable around its data; before torch 0.4 in its state."""
    if stub.args:
        return stub.args[0]
    return stub.state[0] if isinstance(stub.state, tuple) and stub.state else None


def _of_subclass(stub: Stub, _numbers: Numbers) -> Any:
    """`_rebuild_from_type_v2(function, type, arguments, state)`: a tensor of a subclass is taken as a tensor."""
    function, _kind, arguments, *_ = stub.args
    if isinstance(function, type) and issubclass(function, Stub) and isinstance(arguments, tuple):
        return function(*arguments)
    return None


def _on_meta(stub: Stub, _numbers: Numbers) -> Tensor:
    dtype, size, *_ = stub.args
    return torch.empty(_sizes(size), dtype=_dtype(dtype), device="meta")


def _sparse(stub: Stub, _numbers: Numbers) -> Tensor:
    """Return an empty sparse tensor of its shape: values of sparse tensors are never taken, only named."""
    _layout, data = stub.args
    size = _sizes(data[2] if len(data) == 4 else data[3])
    return torch.sparse_coo_tensor(torch.zeros(len(size), 0, dtype=torch.int64), torch.zeros(0), size)


def _quantised(stub: Stub, _numbers: Numbers) -> Tensor:
    """Return a quantised zero stretched to its shape: values of quantised tensors are never taken, only named."""
    return torch.quantize_per_tensor(torch.zeros(1), 1.0, 0, torch.qint8).as_strided(
        _sizes(stub.args[2]), [0] * len(_sizes(stub.args[2])), 0
    )


TENSORS: Mapping[str, Callable[[Stub, Numbers], Any]] = {
    "torch._utils._rebuild_tensor": _rebuilt,
    "torch._utils._rebuild_tensor_v2": _rebuilt,
    "torch._utils._rebuild_tensor_v3": _rebuilt_as,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch._utils._rebuild_device_tensor_from_numpy": _parameter,
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": _parameter,
    "torch._utils._rebuild_meta_tensor_no_storage": _on_meta,
    "torch._utils._rebuild_sparse_tensor": _sparse,
    "torch._utils._rebuild_qtensor": _quantised,
    "torch._tensor._rebuild_from_type_v2": _of_subclass,
    "torch.nn.parameter.Parameter": _parameter,
    "torch.autograd.variable.Variable": _parameter,
    **{
        f"torch.{where}{name.removesuffix('Storage')}Tensor": _of_old_class
        for name in (
            "DoubleStorage",
            "FloatStorage",
            "HalfStorage",
            "LongStorage",
            "IntStorage",
            "ByteStorage",
        )
        for where in ("", "cuda.")
    },
}
"""By dotted name: what a stub means; a stub again where another has to be looked at."""
