"""How NumPy stores arrays and scalars in a pickle: read here without calling NumPy's own reading functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from lovt_bench.benchmark.backbone.understand.inert import Stub, raw_bytes


def _dtype(value: Any) -> np.dtype[Any] | None:
    """Return a type of plain numbers, None for all others (objects, text, records)."""
    if not isinstance(value, Stub) or value.full != "numpy.dtype" or not value.args:
        return None
    code = value.args[0]
    order = value.state[1] if isinstance(value.state, tuple) and len(value.state) > 1 else "="
    if (
        not isinstance(code, str)
        or not re.fullmatch(r"[biufc][0-9]{1,2}", code)
        or order not in ("<", ">", "|", "=")
    ):
        return None
    return np.dtype(f"{order}{code}")


def _array(dtype: Any, shape: Any, data: Any, order: str) -> Any:
    """Return an array of numbers as a tensor, None where it is of something else."""
    kind, content = _dtype(dtype), raw_bytes(data)
    if kind is None or content is None or not isinstance(shape, tuple):
        return None
    found = np.frombuffer(bytearray(content), kind).reshape(shape, order="F" if order == "F" else "C")
    native = np.ascontiguousarray(found, kind.newbyteorder("="))
    try:
        return torch.from_numpy(native).reshape(found.shape)
    except TypeError:  # longdouble
        return None


def _reconstructed(stub: Stub) -> Any:
    """`_reconstruct(ndarray, (0,), b"b")` and, as its state, (version, shape, dtype, Fortran's order, data)."""
    if not isinstance(stub.state, tuple) or len(stub.state) != 5:
        return None
    _version, shape, dtype, fortran, data = stub.state
    if isinstance(data, list):
        return data  # an array of objects
    return _array(dtype, shape, data, "F" if fortran else "C")


def _from_buffer(stub: Stub) -> Any:
    """`_frombuffer(data, dtype, shape, order)` of protocol 5."""
    data, dtype, shape, order = stub.args
    return _array(dtype, shape, data, order if isinstance(order, str) else "C")


def _scalar(stub: Stub) -> Any:
    """`scalar(dtype, data)`: a number of Python."""
    if len(stub.args) != 2:
        return None
    found = _array(stub.args[0], (), stub.args[1], "C")
    return None if found is None or found.is_complex() else found.item()


NUMPY: Mapping[str, Callable[[Stub], Any]] = {
    f"numpy.{core}.{name}": read
    for core in ("core", "_core")
    for name, read in (
        ("multiarray._reconstruct", _reconstructed),
        ("multiarray.scalar", _scalar),
        ("numeric._frombuffer", _from_buffer),
    )
}
"""By dotted name: what a stub means."""
